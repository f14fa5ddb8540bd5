/** Addresses on a network: e-mail and IPv6. Both are found from one telling character, `@` and `::`/`:`. */
import type { Detection } from '../detection.ts';
import { isAsciiAlnum, isDigit, isHex, isLetter } from '../text/chars.ts';

/** RFC 5321 §4.5.3.1.1. */
const localPartMax = 64;
/** RFC 1035 §2.3.4. */
const hostMax = 253;

/** E-mail addresses that end after `since`. */
export function findEmails(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	for (let at = text.indexOf('@', since); at >= 0; at = text.indexOf('@', at + 1)) {
		let start = at;
		while (start > 0 && at - start < localPartMax && isLocal(text.charCodeAt(start - 1))) start -= 1;
		while (start < at && !isAsciiAlnum(text.charCodeAt(start)) && text[start] !== '_') start += 1;
		const end = hostEnd(text, at + 1);
		if (start === at || end < 0) continue;
		found.push({ detector: 'pii', class: 'email', start, end, confidence: 0.97 });
	}
	return found;
}
function isLocal(code: number): boolean {
	return (
		isAsciiAlnum(code) || code === 46 || code === 95 || code === 43 || code === 45 || code === 37 || isLetter(code)
	);
}
function hostEnd(text: string, from: number): number {
	const to = Math.min(text.length, from + hostMax);
	let end = -1;
	let label = from;
	let at = from;
	for (; at <= to; at += 1) {
		const code = at < to ? text.charCodeAt(at) : 32;
		if (isAsciiAlnum(code) || code === 45 || code > 127) {
			if (code > 127 && !isLetter(code)) break;
			continue;
		}
		// A top-level domain has two letters or more, and no digit.
		if (label > from && at - label >= 2 && !hasDigit(text, label, at)) end = at;
		if (code !== 46 || at === label) break;
		label = at + 1;
	}
	return end;
}
function hasDigit(text: string, from: number, to: number): boolean {
	for (let at = from; at < to; at += 1) if (isDigit(text.charCodeAt(at))) return true;
	return false;
}

/** Characters that an IPv6 address is written in at most. */
const ipv6Max = 46;

/** IPv6 addresses that end after `since`, with a zone or prefix length left out. */
export function findIpv6(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	let free = 0;
	for (let colon = text.indexOf(':', since - ipv6Max); colon >= 0; colon = text.indexOf(':', colon + 1)) {
		if (colon < free) continue;
		let start = colon;
		while (start > free && colon - start < 4 && isHex(text.charCodeAt(start - 1))) start -= 1;
		let end = start;
		while (
			end < text.length &&
			end - start < ipv6Max &&
			(isHex(text.charCodeAt(end)) || text[end] === ':' || text[end] === '.')
		)
			end += 1;
		free = Math.max(end, colon + 1);
		while (end > start && (text[end - 1] === '.' || (text[end - 1] === ':' && text[end - 2] !== ':'))) end -= 1;
		const before = text.charCodeAt(start - 1);
		if ((start > 0 && (isLetter(before) || isDigit(before))) || isLetter(text.charCodeAt(end))) continue;
		if (!isIpv6(text.slice(start, end))) continue;
		const written = text.slice(start, end);
		found.push({
			detector: 'pii',
			class: 'ip_address',
			start,
			end,
			confidence: written === '::1' || written === '::' ? 0.3 : 0.9,
		});
	}
	return found;
}
function isIpv6(text: string): boolean {
	const halves = text.split('::');
	if (halves.length > 2 || text.length < 2) return false;
	const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
	const last = groups.at(-1) ?? '';
	const mapped = last.includes('.');
	if (mapped && !/^(?:\d{1,3}\.){3}\d{1,3}$/.test(last)) return false;
	const plain = mapped ? groups.slice(0, -1) : groups;
	if (plain.some((group) => group === '' || group.length > 4 || group.includes('.'))) return false;
	const count = plain.length + (mapped ? 2 : 0);
	// `::` alone is an operator in many languages: a real address has a group.
	return halves.length === 2 ? count <= 7 && (count >= 1 || text === '::') : count === 8;
}
