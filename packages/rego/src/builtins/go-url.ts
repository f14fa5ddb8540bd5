import { quote } from '../value/index.ts';
import { textOfUtf8, utf8 } from './utf8.ts';

/** URLs as Go's `net/url` reads them: more lenient than WHATWG in paths, stricter in hosts, nothing normalised. */
export interface GoUrl {
	readonly scheme: string;
	/** Host and port, decoded. */
	readonly host: string;
	/** Decoded. */
	readonly path: string;
	/** As written, when writing `path` anew would not give it back; otherwise empty. */
	readonly rawPath: string;
	readonly rawQuery: string;
	/** Decoded. */
	readonly fragment: string;
}

/** Why a text is no URL; the message is Go's. */
export class UrlError extends Error {
	override readonly name = 'UrlError';
}

type Part = 'path' | 'host' | 'zone' | 'userinfo' | 'query' | 'fragment';

/** Reads a URL or a relative reference. @throws {UrlError} `parse "<url>": <reason>` */
export function parseUrl(text: string): GoUrl {
	const [beforeFragment, fragment] = cutAt(text, '#');
	const url = within(beforeFragment, () => parseWithoutFragment(beforeFragment));
	return fragment === '' ? url : { ...url, fragment: within(text, () => percentDecode(fragment, 'fragment')) };
}

function within<T>(text: string, run: () => T): T {
	try {
		return run();
	} catch (error) {
		if (error instanceof UrlError) throw new UrlError(`parse ${quote(text)}: ${error.message}`);
		throw error;
	}
}

function parseWithoutFragment(text: string): GoUrl {
	if (/[\0-\x1f\x7f]/.test(text)) throw new UrlError('net/url: invalid control character in URL');
	const empty = { scheme: '', host: '', path: '', rawPath: '', rawQuery: '', fragment: '' };
	if (text === '*') return { ...empty, path: '*' };
	const { scheme, rest: afterScheme } = splitScheme(text);
	const lone = afterScheme.endsWith('?') && afterScheme.indexOf('?') === afterScheme.length - 1;
	const [beforeQuery, rawQuery] = lone ? [afterScheme.slice(0, -1), ''] : cutAt(afterScheme, '?');
	if (!beforeQuery.startsWith('/')) {
		// Such as `mailto:someone`: nothing after the scheme is a path.
		if (scheme !== '') return { ...empty, scheme, rawQuery };
		if (cutAt(beforeQuery, '/')[0].includes(':')) {
			throw new UrlError('first path segment in URL cannot contain colon');
		}
	}
	let host = '';
	let rest = beforeQuery;
	if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
		const slash = rest.indexOf('/', 2);
		const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
		rest = slash < 0 ? '' : rest.slice(slash);
		host = parseAuthority(authority);
	}
	const path = percentDecode(rest, 'path');
	return { ...empty, scheme, host, path, rawPath: percentEncode(path, 'path') === rest ? '' : rest, rawQuery };
}

function cutAt(text: string, separator: string): [before: string, after: string] {
	const at = text.indexOf(separator);
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function splitScheme(text: string): { readonly scheme: string; readonly rest: string } {
	if (text.startsWith(':')) throw new UrlError('missing protocol scheme');
	const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text);
	if (match === null) return { scheme: '', rest: text };
	return { scheme: match[1]!.toLowerCase(), rest: text.slice(match[0].length) };
}

function parseAuthority(authority: string): string {
	const at = authority.lastIndexOf('@');
	const host = parseHost(authority.slice(at + 1));
	if (at >= 0) {
		const userinfo = authority.slice(0, at);
		if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new UrlError('net/url: invalid userinfo');
		// Nobody asks for user and password, but what cannot be decoded makes the URL invalid.
		for (const part of cutAt(userinfo, ':')) percentDecode(part, 'userinfo');
	}
	return host;
}

function parseHost(host: string): string {
	if (!host.startsWith('[')) {
		const colon = host.lastIndexOf(':');
		if (colon >= 0) checkPort(host.slice(colon));
		return percentDecode(host, 'host');
	}
	const close = host.lastIndexOf(']');
	if (close < 0) throw new UrlError("missing ']' in host");
	checkPort(host.slice(close + 1));
	// RFC 6874: `%25` starts the zone of a scoped IPv6 address, where escapes are freer.
	const zone = host.slice(0, close).indexOf('%25');
	if (zone < 0) return percentDecode(host, 'host');
	return (
		percentDecode(host.slice(0, zone), 'host') +
		percentDecode(host.slice(zone, close), 'zone') +
		percentDecode(host.slice(close), 'host')
	);
}

function checkPort(port: string): void {
	if (!/^(?::[0-9]*)?$/.test(port)) throw new UrlError(`invalid port ${quote(port)} after host`);
}

/** Host name and port of a URL, the brackets of an IPv6 address taken off. */
export function splitHost(host: string): { readonly hostname: string; readonly port: string } {
	const match = /^(.*):([0-9]*)$/s.exec(host);
	// The last colon of `[::1]` is no port's.
	const hostname = match === null ? host : match[1]!;
	const port = match === null ? '' : match[2]!;
	return { hostname: /^\[.*\]$/s.test(hostname) ? hostname.slice(1, -1) : hostname, port };
}

const unreserved = /[A-Za-z0-9\-_.~]/;
const reserved = /[$&+,/:;=?@]/;
const hostAllowed = /[!$&'()*+,;=:[\]<>"]/;

function mustEscape(char: string, part: Part): boolean {
	if (/[A-Za-z0-9]/.test(char)) return false;
	if ((part === 'host' || part === 'zone') && hostAllowed.test(char)) return false;
	if (unreserved.test(char)) return false;
	if (reserved.test(char)) {
		if (part === 'path') return char === '?';
		if (part === 'userinfo') return /[@/?:]/.test(char);
		if (part === 'query') return true;
		if (part === 'fragment') return false;
	}
	return !(part === 'fragment' && /[!()*]/.test(char));
}

/** Percent-encodes every byte that may not stand in a part of a URL; in a query, a space becomes `+`. */
export function percentEncode(text: string, part: Part): string {
	let result = '';
	for (const byte of utf8(text)) {
		const char = String.fromCharCode(byte);
		if (byte === 0x20 && part === 'query') result += '+';
		else if (byte >= 0x80 || mustEscape(char, part)) result += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
		else result += char;
	}
	return result;
}

/** Decodes percent escapes. @throws {UrlError} for a bad escape, or a character a host may not have */
export function percentDecode(text: string, part: Part): string {
	checkEscapes(text, part);
	if (!text.includes('%') && !(part === 'query' && text.includes('+'))) return text;
	const input = utf8(text);
	const output: number[] = [];
	for (let i = 0; i < input.length; i++) {
		if (input[i] === 0x25) {
			output.push(Number.parseInt(String.fromCharCode(input[i + 1]!, input[i + 2]!), 16));
			i += 2;
		} else {
			output.push(input[i] === 0x2b && part === 'query' ? 0x20 : input[i]!);
		}
	}
	return textOfUtf8(Uint8Array.from(output));
}

function checkEscapes(text: string, part: Part): void {
	for (let i = 0; i < text.length; i++) {
		const char = text[i]!;
		if (char === '%') {
			const written = text.slice(i, i + 3);
			if (!/^%[0-9a-fA-F]{2}$/.test(written)) throw badEscape(text.slice(i));
			checkHostEscape(written, part);
			i += 2;
		} else if ((part === 'host' || part === 'zone') && char < '\x80' && mustEscape(char, part)) {
			throw new UrlError(`invalid character ${quote(char)} in host name`);
		}
	}
}

/** Hosts may escape only what is not ASCII; zones only what a host may hold plain, and spaces. */
function checkHostEscape(written: string, part: Part): void {
	if (written === '%25') return;
	const byte = Number.parseInt(written.slice(1), 16);
	if (part === 'host' && byte < 0x80) throw badEscape(written);
	const char = String.fromCharCode(byte);
	if (part === 'zone' && byte !== 0x20 && (byte >= 0x80 || mustEscape(char, 'host'))) throw badEscape(written);
}

/** Go shows three bytes, which may end within a character. */
function badEscape(rest: string): UrlError {
	let shown = '';
	let left = 3;
	for (const char of rest) {
		const bytes = utf8(char);
		if (bytes.length > left) {
			const cut = Array.from(bytes.slice(0, left), (byte) => `\\x${byte.toString(16)}`).join('');
			return new UrlError(`invalid URL escape "${quote(shown).slice(1, -1)}${cut}"`);
		}
		shown += char;
		left -= bytes.length;
		if (left === 0) break;
	}
	return new UrlError(`invalid URL escape ${quote(shown)}`);
}
