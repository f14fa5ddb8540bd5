import type { IncomingMessage } from 'node:http';
import { limits } from '../limits.ts';

/** A header's lines as they came: name, value, name, value. */
export type RawHeaders = readonly string[];

/** Headers of one connection only (RFC 9110 §7.6.1), and those that speak to a proxy. */
const hopByHop: ReadonlySet<string> = new Set([
	'connection',
	'expect',
	'keep-alive',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);
/** What an agent must not say to the agent plane: who it is and where it comes from are ours to say. */
const ours: ReadonlySet<string> = new Set([
	'api-key',
	'authorization',
	'cookie',
	'forwarded',
	'traceparent',
	'via',
	'x-api-key',
	'x-real-ip',
]);

/** The lines of a header as pairs, names in lower case. */
export function headerLines(raw: RawHeaders): readonly (readonly [string, string])[] {
	const lines: [string, string][] = [];
	for (let index = 0; index + 1 < raw.length; index += 2) lines.push([raw[index]!.toLowerCase(), raw[index + 1]!]);
	return lines;
}

/** What may go on to the other side; the caller sets Host. */
export function onward(raw: RawHeaders, to: 'plane' | 'host' | 'client'): string[] {
	const lines = headerLines(raw);
	const named = connectionOptions(lines);
	const kept = lines.filter(([name]) => !hopByHop.has(name) && !named.includes(name));
	const mine = to === 'client' ? kept : kept.filter(([name]) => name !== 'host');
	const allowed = to === 'plane' ? mine.filter(([name]) => !ours.has(name) && !name.startsWith('x-forwarded-')) : mine;
	return allowed.flat();
}

/** Headers that the Connection header takes away: they are for this connection alone. */
function connectionOptions(lines: readonly (readonly [string, string])[]): readonly string[] {
	return lines.filter(([name]) => name === 'connection').flatMap(([, value]) => value.toLowerCase().split(/[\s,]+/));
}

/** By these the other side knows where a message ends and whom it is for: taken away, a body would be read as the next request. */
const framed = ['content-length', 'host', 'transfer-encoding'];

/** What is wrong with a request's header, or undefined. Node's parser has already refused what is not HTTP. */
export function headerProblem(request: IncomingMessage): string | undefined {
	const lines = headerLines(request.rawHeaders);
	if (lines.length > limits.egressHeadersMax) return `more than ${limits.egressHeadersMax} header lines`;
	if (lines.filter(([name]) => name === 'host').length !== 1) return 'expected exactly one Host header';
	const taken = connectionOptions(lines).find((name) => framed.includes(name));
	if (taken !== undefined) return `the Connection header must not take ${taken} away`;
	const coding = request.headers['transfer-encoding'];
	if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'expected no transfer coding but chunked';
	return undefined;
}

/** The line that frames a body of unknown length: Node frames none for methods that usually have no body. */
export function framing(request: IncomingMessage): readonly string[] {
	return request.headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding', 'chunked'];
}
