/** Row 11 of the attack table: servers that trickle, never end, or say nothing. */
import { Agent } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TrustedRoot } from '@tappass/trust';
import { afterEach, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { EventReader, type StreamEvent } from './event-reader.ts';
import { connectPinned } from './pinned.ts';
import { ask, expectStatus, type Reply } from './request.ts';

const servers: Server[] = [];
afterEach(() => {
	for (const server of servers.splice(0)) server.close();
});

/** A server that does with each connection as it is told. */
async function serve(answer: (socket: Socket) => void): Promise<Socket> {
	const server = createServer((socket) => {
		socket.on('error', () => undefined);
		socket.once('data', () => answer(socket));
	});
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	return connect((server.address() as AddressInfo).port, '127.0.0.1');
}

const url = 'https://control.example/v1/sync/snapshot';

test('an answer that never ends is cut off at a mebibyte', async () => {
	const socket = await serve((client) => {
		client.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n');
		const more = (): void => {
			let isRoom: boolean = true;
			while (isRoom && !client.destroyed) isRoom = client.write('x'.repeat(65_536));
		};
		client.on('drain', more);
		more();
	});

	await expect(ask({ socket }, { method: 'GET', url })).rejects.toMatchObject({ code: 'payload_too_large' });
});

test.each([
	['says nothing', ''],
	['stops in its head', 'HTTP/1.1 200 OK\r\ncontent-ty'],
	['stops in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a"'],
])('a server that %s costs the deadline and no more', async (_what, said) => {
	const socket = await serve((client) => client.write(said));

	await expect(ask({ socket }, { method: 'GET', url, deadlineMs: 60 })).rejects.toMatchObject({
		code: 'server_unreachable',
	});
});

test.each([
	['says nothing', () => undefined],
	[
		'trickles bytes that could be the beginning of one',
		(socket: Socket) => {
			const more = setInterval(() => socket.write(Buffer.from([0])), 10);
			socket.write(Buffer.from([22, 3, 3, 64, 0, 2, 0, 63, 252]));
			socket.on('close', () => clearInterval(more));
		},
	],
])('a server that %s in the handshake costs the deadline and no more', async (_what, act) => {
	const server = createServer((socket) => {
		socket.on('error', () => undefined);
		act(socket);
	});
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const root = { document: { org_id: 'org_acme01' } } as unknown as TrustedRoot;

	await expect(connectPinned(origin, root, 80)).rejects.toMatchObject({ code: 'server_unreachable' });
	await expect(
		ask({ agent: new Agent({ rejectUnauthorized: false }) }, { method: 'GET', url: `${origin}/v1`, deadlineMs: 80 }),
	).rejects.toMatchObject({ code: 'server_unreachable' });
});

test('a refusal of another program is told by its status alone, and ours by its code', () => {
	const reply = (text: string): Reply => ({ status: 502, bytes: Buffer.from(text), server_ms: undefined });

	expect(() => expectStatus(reply('<html>\u001b[2J'), 200)).toThrow('answered 502');
	expect(() => expectStatus(reply('{"code":"__proto__"}'), 200)).toThrow('answered 502');
	expect(() => expectStatus(reply('{"code":"sandbox_revoked"}'), 200)).toThrow('revoked');
});

test('an event that never ends ends the stream', () => {
	const reader = new EventReader(() => undefined);
	const chunk = Buffer.from('data: '.padEnd(65_536, 'x'));

	expect(() => {
		for (let size = 0; size <= limits.answerBytesMax; size += chunk.byteLength) reader.push(chunk);
	}).toThrow('larger than any honest one');
});

test('events are the same however they are cut', () => {
	const text = Buffer.from('event: keyring\nid: 4\ndata: {"a":"ä"}\n\nevent: ping\ndata: {}\n\nevent: revo');
	const whole: StreamEvent[] = [];
	new EventReader((event) => whole.push(event)).push(text);
	expect(whole.map(({ data, event }) => [event, data.toString()])).toEqual([
		['keyring', '{"a":"ä"}'],
		['ping', '{}'],
	]);

	for (let size = 1; size < text.byteLength; size += 1) {
		const cut: StreamEvent[] = [];
		const reader = new EventReader((event) => cut.push(event));
		for (let at = 0; at < text.byteLength; at += size) reader.push(text.subarray(at, at + size));
		expect(cut).toEqual(whole);
		expect(reader.isWithin).toBe(true);
	}
});
