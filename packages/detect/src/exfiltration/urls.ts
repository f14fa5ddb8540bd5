/** Addresses that carry data away: in an image that is loaded without a click, in a link, in a host name. */
import type { Detection } from '../detection.ts';
import { bytesOfBase64, bytesOfHex } from '../normalize/bytes.ts';
import { entropy, isAsciiAlnum, isBase64, isHex, runEnd } from '../text/chars.ts';

/** Characters of one address that are read. */
const urlLengthMax = 480;
/** Bytes of an encoded value from which it is data rather than an identifier, when it reads as text. */
const readableBytesMin = 12;

/** Services that exist to catch requests: honest documents do not send data there. */
const collectors =
	/(?:^|\.)(?:webhook\.site|requestbin\.[a-z]{2,10}|requestcatcher\.com|pipedream\.net|ngrok(?:-free)?\.(?:io|app|dev)|oast\.[a-z]{2,6}|oastify\.com|interact\.sh|interactsh\.com|burpcollaborator\.net|beeceptor\.com|hookbin\.com|canarytokens\.com|dnslog\.cn|ceye\.io|xss\.ht|bxss\.me|serveo\.net|localhost\.run|transfer\.sh|file\.io|0x0\.st|termbin\.com|paste\.[a-z0-9-]{1,30}\.[a-z]{2,6}|pastebin\.com)$/;

/** Detections for the addresses in `text`. `encodedBytesMax`: opaque encoded bytes that one address may carry. */
export function findUrls(text: string, encodedBytesMax: number): readonly Detection[] {
	const found: Detection[] = [];
	for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
		let start = at;
		while (start > 0 && at - start < 8 && isAsciiAlnum(text.charCodeAt(start - 1))) start -= 1;
		if (start === at) continue;
		const end = runEnd(text, at + 3, Math.min(text.length, at + 3 + urlLengthMax), isUrlUnit);
		const judged = judgeUrl(text.slice(at + 3, end), placeOf(text, start), encodedBytesMax);
		if (judged !== undefined) found.push({ detector: 'exfiltration', start, end, ...judged });
	}
	return found;
}
function isUrlUnit(code: number): boolean {
	return code > 32 && code < 127 && !'"\'<>`()[]{}|\\^'.includes(String.fromCharCode(code));
}

type Place = 'image' | 'link' | 'form' | 'text';
/** What the address stands in, told by the characters before it. */
function placeOf(text: string, start: number): Place {
	const before = text.slice(Math.max(0, start - 80), start);
	if (before.endsWith('](') || before.endsWith('](<')) return /!\[[^\]\n]*\]\(<?$/.test(before) ? 'image' : 'link';
	if (/<img\b[^<>]{0,60}$/i.test(before) || /url\(["']?$/.test(before)) return 'image';
	if (/<form\b[^<>]{0,60}$/i.test(before)) return 'form';
	return /<a\b[^<>]{0,60}$/i.test(before) ? 'link' : 'text';
}

function judgeUrl(
	rest: string,
	place: Place,
	encodedBytesMax: number,
): Pick<Detection, 'class' | 'confidence'> | undefined {
	const hostEnd = runEnd(rest, 0, rest.length, (code) => code !== 47 && code !== 63 && code !== 35);
	const host = rest
		.slice(rest.lastIndexOf('@', hostEnd) + 1, hostEnd)
		.toLowerCase()
		.split(':')[0]!;
	const tail = rest.slice(hostEnd);
	const carried = payloadOf(tail);
	const collector = collectors.test(host);
	if (carried.readable || encodedLabel(host)) {
		const name = place === 'image' ? 'image_beacon' : place === 'link' ? 'link_beacon' : 'encoded_url';
		return { class: name, confidence: 0.9 };
	}
	if (carried.opaqueBytes > encodedBytesMax) return { class: 'encoded_url', confidence: 0.8 };
	if (collector && (tail.length > 1 || place !== 'text')) return { class: 'collector_url', confidence: 0.75 };
	// An image whose address has a long value behind a question mark is loaded, and so sent, without anyone's doing.
	if (place === 'image' && carried.opaqueBytes > 48 && tail.includes('?'))
		return { class: 'image_beacon', confidence: 0.6 };
	return undefined;
}

interface Payload {
	/** An encoded value reads as text. */
	readonly readable: boolean;
	/** Bytes in encoded values that do not. */
	readonly opaqueBytes: number;
}
function payloadOf(tail: string): Payload {
	let readable = false;
	let opaqueBytes = 0;
	for (let at = 0; at < tail.length; ) {
		if (!isBase64(tail.charCodeAt(at)) || tail[at] === '/') {
			at += 1;
			continue;
		}
		const end = runEnd(tail, at, tail.length, (code) => isBase64(code) && code !== 47);
		const run = tail.slice(at, end);
		at = end;
		if (run.length < 12) continue;
		if (run.length >= 16 && readsAsText(run)) readable = true;
		else if (entropy(run) > 3.5 && /[0-9]/.test(run) && /[A-Za-z]/.test(run))
			opaqueBytes += Math.floor(run.length * 0.75);
	}
	return { readable, opaqueBytes };
}

/** By chance twelve bytes are all printable once in a hundred thousand times. */
function readsAsText(run: string): boolean {
	const hex = run.length % 2 === 0 && runEnd(run, 0, run.length, isHex) === run.length;
	const bytes = hex ? bytesOfHex(run) : bytesOfBase64(run);
	return bytes.length >= readableBytesMin && bytes.every((byte) => (byte >= 32 && byte < 127) || byte === 10);
}

/** Whether a label of `host` is too long and too mixed to be a name: data in a DNS query. */
export function encodedLabel(host: string): boolean {
	return host.split('.').some((label) => {
		if (label.length < 24) return false;
		const hex = runEnd(label, 0, label.length, isHex) === label.length;
		return hex ? /[0-9]/.test(label) : entropy(label) > 3.9 && /[0-9].*[0-9]/.test(label) && !label.includes('-');
	});
}
