import type { Socket } from 'node:net';

/*
 * Requests that nobody honest would send, from a seed: the same seed makes the same ones. What they are sent to, and what
 * must come back, the tests say.
 */

/** From 0 to `below` - 1. */
export type Random = (below: number) => number;

/** Numbers from a seed (mulberry32). */
export function randomOf(seed: number): Random {
	let state = seed | 0;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
	};
}

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
	return list[random(list.length)]!;
}

/** Bytes without any sense. */
export function randomBytesOf(random: Random, length: number): Buffer {
	return Buffer.from(Array.from({ length }, () => random(256)));
}

const nastyTexts: readonly string[] = [
	'',
	' ',
	'\u0000',
	'a\u0000',
	'\u0000b',
	'a\u0000b',
	'\ud800',
	'\udfff\ud800',
	'\u202e\u200b',
	'__proto__',
	'constructor',
	'../../etc/passwd',
	'%00',
	'%2e%2e%2f',
	"'; drop table orgs; --",
	'org_acme01',
	'1e309',
	'-1',
	'9223372036854775808',
	'0001-01-01T00:00:00Z',
	'9999-12-31T23:59:59Z',
	'a'.repeat(300),
	'é'.repeat(5_000),
	'AAAA',
	'=',
	'*',
	'**',
	'\r\nx: y',
];

/** A value that is rarely what was asked for. */
export function nastyValue(random: Random, depth = 0): unknown {
	const kind = random(depth > 3 ? 6 : 9);
	if (kind < 3) return pick(random, nastyTexts);
	if (kind === 3)
		return pick(random, [0, -1, 1, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 1e308, 0.1, 99_999_999_999]);
	if (kind === 4) return pick(random, [null, true, false]);
	if (kind === 5) return pick(random, [[], {}]);
	if (kind === 6) return Array.from({ length: random(5) }, () => nastyValue(random, depth + 1));
	if (kind === 7)
		return Object.fromEntries(
			Array.from({ length: random(5) }, () => [pick(random, nastyTexts), nastyValue(random, depth + 1)]),
		);
	return Array.from({ length: 200 }, () => random(10));
}

/** A JSON Schema as zod prints one; only what is used here. */
export interface Schema {
	readonly type?: string;
	readonly const?: unknown;
	readonly enum?: readonly unknown[];
	readonly anyOf?: readonly Schema[];
	readonly oneOf?: readonly Schema[];
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly items?: Schema;
	readonly contentEncoding?: string;
	readonly format?: string;
}

/** A value that nearly has the shape of a schema: most parts fit, some do not. @param words that often fit a text */
export function sampleOf(schema: Schema, random: Random, words: readonly string[]): unknown {
	if (random(12) === 0) return nastyValue(random);
	if (schema.const !== undefined) return schema.const;
	if (schema.enum !== undefined) return pick(random, schema.enum);
	const choices = schema.anyOf ?? schema.oneOf;
	if (choices !== undefined) return sampleOf(pick(random, choices), random, words);
	switch (schema.type) {
		case 'object': {
			const parts = Object.entries(schema.properties ?? {})
				.filter(([name]) => random(4) > 0 || (schema.required?.includes(name) === true && random(12) > 0))
				.map(([name, part]): [string, unknown] => [name, sampleOf(part, random, words)]);
			return Object.fromEntries(random(15) === 0 ? [...parts, [pick(random, nastyTexts), 1]] : parts);
		}
		case 'array':
			return Array.from({ length: random(4) }, () => sampleOf(schema.items ?? {}, random, words));
		case 'string':
			if (random(5) === 0) return pick(random, nastyTexts);
			if (schema.contentEncoding === 'base64') return Buffer.from(pick(random, words)).toString('base64');
			if (schema.format === 'date-time') return pick(random, ['2026-01-01T00:00:00Z', '9999-12-31T23:59:59Z']);
			return pick(random, words);
		case 'integer':
		case 'number':
			return pick(random, [0, 1, 2, 30, -1, 2 ** 31, 2 ** 53 - 1, 0.5]);
		case 'boolean':
			return random(2) === 0;
		case 'null':
			return null;
		default:
			return nastyValue(random);
	}
}

/** Changes a value in one place or a few. */
export function mutatedValue(value: unknown, random: Random): unknown {
	if (random(6) === 0) return nastyValue(random);
	if (Array.isArray(value)) {
		const at = random(value.length + 1);
		return random(3) === 0
			? [...value, ...value]
			: value.map((part, index) => (index === at ? mutatedValue(part, random) : part));
	}
	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value);
		if (entries.length === 0) return nastyValue(random);
		const at = random(entries.length);
		return Object.fromEntries(
			entries.flatMap(([name, part], index): [string, unknown][] => {
				if (index !== at) return [[name, part]];
				return random(8) === 0 ? [] : [[name, mutatedValue(part, random)]];
			}),
		);
	}
	return nastyValue(random);
}

/** A request before it is bytes. */
export interface Sketch {
	readonly method: string;
	readonly path: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
}

/** The bytes of a request; the connection is closed after its answer. */
export function bytesOf({ method, path, headers = {}, body }: Sketch): Buffer {
	const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
	const type = body === undefined ? {} : { 'content-type': 'application/json' };
	const all = { host: 'localhost', connection: 'close', ...type, ...length, ...headers };
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
	return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

const pathTricks: readonly ((path: string) => string)[] = [
	(path) => `${path}/`,
	(path) => `/${path}`,
	(path) => `${path}/..`,
	(path) => `/x/..${path}`,
	(path) => `${path}%00`,
	(path) => `${path}%2f..%2f`,
	(path) => `${path}/%ff%fe`,
	(path) => `${path}?a=1&a=2`,
	(path) => `${path}?limit=99999999999999999999&cursor=%00`,
	(path) => `${path}?${'a=b&'.repeat(500)}`,
	(path) => `${path};a=b`,
	(path) => path.toUpperCase(),
	(path) => `http://evil.example${path}`,
	(path) => `${path}${'/a'.repeat(2_000)}`,
	() => '*',
	() => '/..;/',
];
const otherHeaders: readonly Readonly<Record<string, string>>[] = [
	{ 'content-type': 'text/plain' },
	{ 'content-type': 'application/json; charset=utf-16' },
	{ 'content-type': 'multipart/form-data; boundary=x' },
	{ 'content-encoding': 'gzip' },
	{ 'transfer-encoding': 'chunked' },
	{ 'content-length': '5' },
	{ 'content-length': '-1' },
	{ expect: '100-continue' },
	{ expect: 'nothing' },
	{ upgrade: 'websocket', connection: 'upgrade' },
	{ authorization: 'Basic YTpi' },
	{ authorization: `Bearer ${'a'.repeat(6_000)}` },
	{ 'idempotency-key': 'a b' },
	{ 'x-forwarded-for': '::1, \u00ff' },
	{ traceparent: '00-zz' },
	{ 'mcp-session-id': '../x' },
	{ 'last-event-id': '-1' },
	{ range: 'bytes=0-,0-,0-' },
];
const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND'];

/** A request as it was sketched, or with something wrong about it. */
export function hostile(sketch: Sketch, random: Random): Buffer {
	switch (random(10)) {
		case 0:
			return bytesOf({ ...sketch, path: pick(random, pathTricks)(sketch.path) });
		case 1:
			return bytesOf({ ...sketch, headers: { ...sketch.headers, ...pick(random, otherHeaders) } });
		case 2:
			return bytesOf({ ...sketch, method: pick(random, methods) });
		case 3:
			return bytesOf({ ...sketch, body: `${'['.repeat(random(5_000))}${sketch.body ?? ''}` });
		case 4:
			return broken(bytesOf(sketch), random);
		case 5:
			return bytesOf({ ...sketch, body: (sketch.body ?? '{}').slice(0, random((sketch.body ?? '{}').length + 1)) });
		default:
			return bytesOf(sketch);
	}
}

function broken(bytes: Buffer, random: Random): Buffer {
	const at = random(bytes.length);
	switch (random(4)) {
		case 0:
			return Buffer.concat([bytes.subarray(0, at), randomBytesOf(random, 20), bytes.subarray(at)]);
		case 1:
			return bytes.subarray(0, at);
		case 2:
			return Buffer.concat([bytes, bytes]);
		default: {
			const flipped = Buffer.from(bytes);
			for (let round = 0; round < 3; round += 1) flipped[random(flipped.length)]! ^= 1 << random(8);
			return flipped;
		}
	}
}

/** What came back: null when the other side only hung up, or said nothing in time. */
export interface Came {
	readonly status: number;
	readonly body: string;
}

/** Sends bytes, and takes what comes until the other side closes or the time is over. */
export function exchangeBytes(socket: Socket, bytes: Buffer, timeoutMs: number): Promise<Came | null> {
	return new Promise((resolve) => {
		let text = '';
		const done = (): void => {
			clearTimeout(timer);
			socket.destroy();
			const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? [];
			const end = text.indexOf('\r\n\r\n');
			resolve(status === undefined ? null : { status: Number(status), body: end < 0 ? '' : text.slice(end + 4) });
		};
		const timer = setTimeout(done, timeoutMs);
		socket.on('data', (part) => {
			text = (text + part.toString('latin1')).slice(0, 1_000_000);
		});
		socket.on('error', done);
		socket.on('close', done);
		socket.write(bytes);
	});
}
