import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { readFirstBytes } from './first-bytes.ts';

/** The first bytes that Node's own TLS client sends. */
async function clientHello(servername?: string): Promise<Buffer> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as { port: number };
	const client = connect({ host: '127.0.0.1', port, ...(servername !== undefined && { servername }) });
	client.on('error', () => undefined);
	const [socket] = (await once(server, 'connection')) as [Socket];
	const [bytes] = (await once(socket, 'data')) as [Buffer];
	client.destroy();
	server.close();
	return bytes;
}

/** Where the length of the extensions stands in a record with a whole hello. */
function extensionsAt(bytes: Buffer): number {
	let at = 5 + 4 + 34;
	at += 1 + bytes[at]!;
	at += 2 + bytes.readUInt16BE(at);
	return at + 1 + bytes[at]!;
}

describe('first bytes of a tunnel', () => {
	test('TLS: names the server that is asked for, however the bytes are cut', async () => {
		const bytes = await clientHello('files.acme.com');

		expect(readFirstBytes(bytes)).toEqual({ kind: 'named', host: 'files.acme.com' });
		for (let length = 1; length < bytes.length; length += 1)
			expect(readFirstBytes(bytes.subarray(0, length)).kind, String(length)).toBe('incomplete');
	});
	test('TLS: the same message over many records', async () => {
		const bytes = await clientHello('files.acme.com');
		const message = bytes.subarray(5);
		const records: Buffer[] = [];
		for (let at = 0; at < message.length; at += 7) {
			const part = message.subarray(at, at + 7);
			records.push(Buffer.from([0x16, 3, 1, 0, part.length]), part);
		}

		expect(readFirstBytes(Buffer.concat(records))).toEqual({ kind: 'named', host: 'files.acme.com' });
	});
	test('TLS: may name nobody', async () => {
		expect(readFirstBytes(await clientHello())).toEqual({ kind: 'named', host: undefined });
	});
	test('TLS: what is cut inside is not taken for a hello without a name', async () => {
		const bytes = Buffer.from(await clientHello('files.acme.com'));
		const at = bytes.indexOf('files.acme.com');
		bytes.writeUInt16BE(60_000, at - 2);

		expect(readFirstBytes(bytes)).toEqual({ kind: 'named', host: '' });
	});
	test('TLS: a hello with two names is not taken by either', async () => {
		const bytes = await clientHello('files.acme.com');
		const name = Buffer.from('files.acme.com');
		// The extension as it stands: type, length, list length, kind, name length, name.
		const from = bytes.indexOf(name) - 9;
		const extension = bytes.subarray(from, from + 9 + name.length);
		const twice = Buffer.concat([bytes.subarray(0, from), extension, bytes.subarray(from)]);
		const extra = extension.length;
		twice.writeUInt16BE(bytes.readUInt16BE(3) + extra, 3);
		twice.writeUIntBE(bytes.readUIntBE(6, 3) + extra, 6, 3);
		const at = extensionsAt(bytes);
		twice.writeUInt16BE(bytes.readUInt16BE(at) + extra, at);

		expect(readFirstBytes(twice)).toEqual({ kind: 'named', host: '' });
	});
	test('HTTP: names its host', () => {
		expect(readFirstBytes(Buffer.from('GET / HTTP/1.1\r\nHost: A.acme.com:80\r\n\r\n'))).toEqual({
			kind: 'named',
			host: 'a.acme.com',
		});
	});
	test.each([
		['empty lines in front of it', '\r\n\nGET / HTTP/1.1\r\nHost: a.acme.com\r\n\r\n'],
		['a carriage return in its line', 'GET /\r HTTP/1.1\r\nHost: a.acme.com\r\n\r\n'],
		['a version to come', 'GET / HTTP/1.7\r\nHost: a.acme.com\r\n\r\n'],
		['a method of its own', 'get\t/ HTTP/1.1 \nhost:a.acme.com\n\n'],
	])('HTTP: is read with %s', (_, text) => {
		expect(readFirstBytes(Buffer.from(text))).toEqual({ kind: 'named', host: 'a.acme.com' });
	});
	test.each([
		['two hosts', 'GET / HTTP/1.1\r\nHost: a.com\r\nhost: b.com\r\n\r\n'],
		['no host name', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
		['blanks without end', `GET${' '.repeat(20_000)}`],
		['versions without end', `GET${' HTTP/1.1'.repeat(2_000)}`],
		['a line without end', `GET /${'a'.repeat(20_000)}`],
		['nothing but empty lines', '\r\n'.repeat(10_000)],
		['a header without end', `GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}`],
		['HTTP/2 without TLS, which names its hosts where nobody looks', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
		['a hello of one byte after the other', '\u0016\u0003\u0001\u0000\u0001\u0001'.repeat(600)],
		['another record', '\u0016\u0009\u0001\u0000\u0001x'],
	])('%s is malformed', (_, text) => {
		expect(readFirstBytes(Buffer.from(text, 'latin1')).kind).toBe('malformed');
	});
	test.each(['', '\r\n', 'G', 'GET', 'GET /', 'GET /\u00e4', 'GET / HTTP/1.1\r\nHo'])('%j is not enough', (text) => {
		expect(readFirstBytes(Buffer.from(text)).kind).toBe('incomplete');
	});
	test.each(['SSH-2.0-x\r\n', '\u0000\u0001', 'hello there\n'])('%j is something else', (text) => {
		expect(readFirstBytes(Buffer.from(text)).kind).toBe('opaque');
	});
});
