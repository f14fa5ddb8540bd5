import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type HeldAnswer, passOver, sendHttp } from './exchange.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0)) await close();
});

/** A server that answers by `answer`, one connection to it, and the sockets that were ever opened. */
async function serve(answer: (res: ServerResponse) => void) {
	const sockets: Socket[] = [];
	const server = createServer((req, res) => void req.resume().on('end', () => answer(res)));
	server.on('connection', (socket) => sockets.push(socket));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const agent = new Agent({ connections: 1 });
	closing.push(async () => {
		await agent.destroy();
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
	const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const ask = (signal = new AbortController().signal): Promise<HeldAnswer> =>
		sendHttp(agent, { origin, path: '/', method: 'POST', body: '{}' }, signal);
	return { ask, sockets };
}

/** Takes one chunk. */
async function first(answer: HeldAnswer): Promise<AsyncIterator<Uint8Array>> {
	const chunks = answer.body[Symbol.asyncIterator]();
	await chunks.next();
	return chunks;
}

describe('an answer', () => {
	it('is not read further than a little while nobody takes it', async () => {
		const total = 64 * 1_048_576;
		let sent = 0;
		const { ask } = await serve((res) => {
			const more = (): void => {
				while (sent < total) {
					sent += 65_536;
					if (!res.write(Buffer.alloc(65_536))) return void res.once('drain', more);
				}
				res.end();
			};
			more();
		});
		const answer = await ask();
		const chunks = answer.body[Symbol.asyncIterator]();
		let read = (await chunks.next()).value!.byteLength;

		let before = -1;
		while (sent !== before) {
			before = sent;
			await sleep(200);
		}
		// What the kernel keeps for both ends, and little else.
		expect(sent).toBeLessThan(total / 2);

		for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) read += next.value.byteLength;
		expect(read).toBe(total);
	});

	it('that said all that is wanted leaves its connection to the next, when its end follows', async () => {
		const { ask, sockets } = await serve((res) => {
			res.write('data: 1\n\n');
			setImmediate(() => res.end(': bye\n\n'));
		});
		for (let round = 0; round < 3; round += 1) {
			const answer = await ask();
			await passOver(answer, await first(answer));
		}
		expect(sockets).toHaveLength(1);
	});

	it('that goes on and on is closed', async () => {
		const { ask, sockets } = await serve((res) => {
			const more = (): void => {
				if (res.destroyed) return;
				res.write('x'.repeat(1_024));
				setImmediate(more);
			};
			more();
		});
		const answer = await ask();
		await passOver(answer, await first(answer));
		if (!sockets[0]!.destroyed) await new Promise((resolve) => sockets[0]!.once('close', resolve));
	});

	it('that neither says more nor ends is closed', async () => {
		const { ask, sockets } = await serve((res) => void res.write('data: 1\n\n'));
		const answer = await ask();
		await passOver(answer, await first(answer));
		if (!sockets[0]!.destroyed) await new Promise((resolve) => sockets[0]!.once('close', resolve));
	});

	it('whose caller stops in the middle is closed at once', async () => {
		const { ask, sockets } = await serve((res) => void res.write('data: 1\n\n'));
		const answer = await ask();
		for await (const chunk of answer.body) {
			expect(chunk.byteLength).toBe(9);
			break;
		}
		if (!sockets[0]!.destroyed) await new Promise((resolve) => sockets[0]!.once('close', resolve));
	});
});
