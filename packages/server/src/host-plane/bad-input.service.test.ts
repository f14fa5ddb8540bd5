import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostSimulator, send } from '../test-support/host-simulator.ts';
import { type TestControlPlane, type TestOrg, testControlPlane } from '../test-support/test-control-plane.ts';

/* Whatever bytes come, the host plane answers with a code or hangs up, keeps its memory, and goes on serving others. */

let control: TestControlPlane;
let org: TestOrg;
let host: HostSimulator;
let port: number;
const logged: string[] = [];

beforeAll(async () => {
	control = await testControlPlane();
	org = await control.addOrg('org_acme01');
	({ port } = await control.start({ log: (...line) => logged.push(JSON.stringify(line)) }));
	const [id] = await control.addSandboxes(org, 1);
	host = await HostSimulator.enrol((await control.emit(org, id!)).url);
});
afterAll(async () => {
	host.stop();
	await control.close();
});

const tls = (): Promise<TLSSocket> =>
	new Promise((resolve, reject) => {
		const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(socket));
		socket.on('error', reject);
	});

/** Everything that comes back until the other side closes. */
function drained(socket: Socket | TLSSocket): Promise<string> {
	return new Promise((resolve) => {
		let text = '';
		socket.on('data', (chunk) => {
			text += String(chunk);
		});
		socket.on('error', () => resolve(text));
		socket.on('close', () => resolve(text));
	});
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

describe('the host plane', () => {
	it('hangs up on what is no TLS, and serves others meanwhile', async () => {
		const sockets = [...Array(50).keys()].map(() => connectTcp(port, '127.0.0.1'));
		const closed = sockets.map(drained);
		for (const socket of sockets) socket.write(randomBytes(2_000));

		expect((await host.reconcile()).status).toBe(200);
		await Promise.all(closed);
	});

	it.each([
		['random bytes', () => randomBytes(4_000)],
		['a header without end', () => `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}`],
		[
			'two lengths',
			() => 'POST /v1/sync/status HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
		],
		[
			'a length and chunks',
			() =>
				'POST /v1/sync/status HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
		],
		[
			'a broken chunk',
			() =>
				'POST /install/a.b/exchange HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
		],
	])('hangs up on %s', async (_name, bytes) => {
		const socket = await tls();
		socket.write(bytes());

		await drained(socket);

		expect((await host.reconcile()).status).toBe(200);
	});

	it('hangs up on a request that is sent a byte at a time', async () => {
		const socket = await tls();
		const timer = setInterval(() => socket.write('a'), 200);
		socket.write('GET /v1/sync/stream HTTP/1.1\r\nx: ');

		const answer = await drained(socket);
		clearInterval(timer);

		expect(answer).toBe('');
	});

	it('refuses every body that is not the message, each with a code', async () => {
		const path = '/v1/sync/status';
		const bodies: readonly (readonly [string, Record<string, string>, number])[] = [
			['', {}, 400],
			['{', {}, 400],
			['null', {}, 422],
			['[]', {}, 422],
			['{"__proto__":{}}', {}, 400],
			['{"schema":"tappass.status/1","schema":"tappass.status/1"}', {}, 400],
			['['.repeat(1_000), {}, 400],
			['\ufeff{}', {}, 400],
			['{"schema":"tappass.status/1"}', { 'content-type': 'text/plain' }, 415],
			[`"${'a'.repeat(300_000)}"`, {}, 413],
		];
		for (const [body, headers, status] of bodies) {
			const answer = await host.call('POST', path, body, headers);
			expect([answer.status, typeof answer.body!['code']], body.slice(0, 60)).toEqual([status, 'string']);
			expect(answer.headers['content-type']).toBe('application/problem+json');
			await pause();
		}
	});

	it('keeps what a host tells of, also with a character that no column holds: a spool must not stay behind it', async () => {
		const body = { code: 'egress_denied', 'ho\0st': 'evil\0.example' };
		const event = { event_id: 'nul', kind: 'egress_denied', at: '2026-01-01T00:00:00Z', body };
		const status = { schema: 'tappass.status/1', epoch: 2 ** 40, policy_version: 2 ** 53 - 1, policy_sha256: null };

		const answers = [
			await host.call('POST', '/v1/sync/events', { schema: 'tappass.events/1', events: [event] }),
			await host.call('POST', '/v1/sync/status', { ...status, rings: {}, detail: body }),
			await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: body }),
		];

		expect(answers.map(({ status: each }) => each)).toEqual([200, 200, 201]);
		await pause();
	});

	it('refuses path tricks and unknown methods with a code', async () => {
		const before = logged.length;
		for (const path of [
			'/v1/sync/../sync/stream',
			'/v1/sync/stream/',
			'/install/%00',
			'/install/a/../../etc/passwd',
			'/.env',
			`/${'a'.repeat(8_000)}`,
		]) {
			const answer = await send(`https://127.0.0.1:${port}${path}`, { agent: false, method: 'GET' });
			expect([404, 401], path).toContain(answer.status);
		}
		expect((await send(`https://127.0.0.1:${port}/v1/sync/stream`, { agent: false, method: 'PUT' })).status).toBe(405);
		expect(logged.slice(before).some((line) => line.includes('passwd'))).toBe(false);
	});

	it('keeps its memory over many broken connections', async () => {
		const flood = async (): Promise<void> => {
			await Promise.all(
				[...Array(100).keys()].map(async () => {
					const socket = connectTcp(port, '127.0.0.1');
					socket.on('error', () => {});
					const done = drained(socket);
					socket.end(randomBytes(500));
					await done;
				}),
			);
		};
		await flood();
		const before = process.memoryUsage().rss;
		for (let round = 0; round < 10; round += 1) await flood();

		expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1_048_576);
		expect((await host.reconcile()).status).toBe(200);
	});
});
