import { normalizeHost } from '@tappass/core';
import { limits } from '../limits.ts';

/** What the first bytes of a tunnel say about where they want to go. */
export type FirstBytes =
	/** The name that is asked for inside: of a TLS ClientHello, or of an HTTP request; undefined when it names none. */
	| { readonly kind: 'named'; readonly host: string | undefined }
	/** Some other protocol: nothing to compare. */
	| { readonly kind: 'opaque' }
	/** Begins like one of the two but is not well formed. */
	| { readonly kind: 'malformed' }
	| { readonly kind: 'incomplete' };

/** Reads the name that a client asks for inside a tunnel, from as many bytes as there are so far. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
	const first = read(bytes);
	// All of it is held until it can be read.
	return first.kind === 'incomplete' && bytes.length >= limits.egressHeaderBytesMax ? { kind: 'malformed' } : first;
}

function read(bytes: Buffer): FirstBytes {
	if (bytes.length === 0) return { kind: 'incomplete' };
	if (bytes[0] === 0x16) return readClientHello(bytes);
	// Servers pass over empty lines in front of a request, so they must not hide one.
	const text = bytes.toString('latin1', 0, limits.egressHeaderBytesMax).replace(/^[\r\n]+/, '');
	if (text === '') return { kind: 'incomplete' };
	// HTTP/2 without TLS: each of its requests names a host of its own.
	if (text.startsWith('PRI * HTTP/2')) return { kind: 'malformed' };
	const line = text.indexOf('\n');
	if (line >= 0 && requestLine.test(text.slice(0, line))) return readRequest(text);
	return couldBeHttp.test(text) ? { kind: 'incomplete' } : { kind: 'opaque' };
}

// As broadly as any server reads one: what is taken for something else is not looked into.
// Nothing in them can be matched in two ways: they are asked again with every byte that comes.
const requestLine = /^[\w-]{1,32}[ \t][^\n]*[ \t]HTTP\/\d/i;
const couldBeHttp = /^(?:[A-Z]{1,16}|[A-Z]{3,16}[ \t][^\n]*)$/;

function readRequest(text: string): FirstBytes {
	const end = text.search(/\r?\n\r?\n/);
	if (end < 0) return { kind: 'incomplete' };
	const hosts = [...text.slice(0, end).matchAll(/\nhost[ \t]*:([^\r\n]*)/gi)].map(([, value]) => value!.trim());
	if (hosts.length > 1) return { kind: 'malformed' };
	if (hosts.length === 0) return { kind: 'named', host: undefined };
	const host = normalizeHost(hosts[0]!.replace(/:\d{1,5}$/, ''));
	return host === undefined ? { kind: 'malformed' } : { kind: 'named', host };
}

/** Reads over a run of bytes; past the end every read is undefined. */
class Reader {
	private at = 0;
	private readonly bytes: Buffer;
	constructor(bytes: Buffer) {
		this.bytes = bytes;
	}
	get left(): number {
		return this.bytes.length - this.at;
	}
	number(size: 1 | 2 | 3): number | undefined {
		if (this.left < size) return undefined;
		const value = this.bytes.readUIntBE(this.at, size);
		this.at += size;
		return value;
	}
	/** A run of bytes with its length in front. */
	vector(size: 1 | 2 | 3): Buffer | undefined {
		const length = this.number(size);
		return length === undefined ? undefined : this.take(length);
	}
	take(length: number): Buffer | undefined {
		if (this.left < length) return undefined;
		this.at += length;
		return this.bytes.subarray(this.at - length, this.at);
	}
}

/** RFC 8446 §4.1.2: the handshake message may be spread over several records. */
function readClientHello(bytes: Buffer): FirstBytes {
	const parts: Buffer[] = [];
	const records = new Reader(bytes);
	let have = 0;
	let wanted: number | undefined;
	while (records.left > 0) {
		const type = records.number(1);
		const version = records.number(2);
		if ((type !== undefined && type !== 0x16) || (version !== undefined && version >> 8 !== 3))
			return { kind: 'malformed' };
		const part = records.vector(2);
		if (part === undefined) break;
		if (parts.push(part) > limits.egressRecordsMax) return { kind: 'malformed' };
		have += part.length;
		// Put together once only: a record may hold one byte.
		if (have >= 4) wanted ??= 4 + Buffer.concat(parts).readUIntBE(1, 3);
		if (wanted !== undefined && have >= wanted) return { kind: 'named', ...serverName(parts) };
	}
	return { kind: 'incomplete' };
}

/** RFC 6066 §3. A message that cannot be read names nothing that could be compared, so it is given a name that never fits. */
function serverName(parts: readonly Buffer[]): { host: string | undefined } {
	const never = { host: '' };
	const message = new Reader(Buffer.concat(parts));
	if (message.number(1) !== 1) return never;
	const body = message.vector(3);
	const hello = new Reader(body ?? Buffer.alloc(0));
	hello.take(34);
	hello.vector(1);
	hello.vector(2);
	if (hello.vector(1) === undefined) return never;
	const extensions = new Reader(hello.vector(2) ?? Buffer.alloc(0));
	let host: string | undefined;
	while (extensions.left > 0) {
		const type = extensions.number(2);
		const content = extensions.vector(2);
		if (content === undefined) return never;
		if (type !== 0) continue;
		const names = new Reader(new Reader(content).vector(2) ?? Buffer.alloc(0));
		// Two names: who reads it may take the other.
		if (host !== undefined || names.number(1) !== 0) return never;
		host = normalizeHost(names.vector(2)?.toString('latin1') ?? '') ?? '';
		if (names.left > 0) return never;
	}
	return { host };
}
