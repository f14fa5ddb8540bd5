import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attacked, attackForAWhile, planes, startAttacked } from './test-support/attack-listeners.ts';
import { send } from './test-support/test-server.ts';

/* A short run of what `npm run fuzz` does for as long as it is told to: always the same seeds. */

let attacked: Attacked;

beforeAll(async () => {
	attacked = await startAttacked();
});
afterAll(() => attacked.close());

describe.each(planes)('the %s plane', (plane) => {
	it('answers whatever comes with a code, and serves others meanwhile', async () => {
		const rounds = await attackForAWhile(attacked, plane, 1, (done) => done < 400);

		expect(rounds).toBeGreaterThanOrEqual(400);
	});
});

describe('an operator who hangs up', () => {
	it('in the middle of a body is refused, and counts as no fault of ours', async () => {
		const { test } = attacked;
		const { hostname, port } = new URL(test.url);
		const { token } = (
			await send(test.url, 'POST', '/v1/auth/token', undefined, { authorization: `Bearer ${test.key}` })
		).body;
		const socket = connect(Number(port), hostname);
		const head = `POST /v1/teams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
		socket.write(`${head}content-length: 400\r\nexpect: 100-continue\r\n\r\n`);
		// The server asks for the body once it reads the request.
		await once(socket, 'data');
		socket.write('{"name":');
		const before = test.logged().length;
		socket.destroy();

		await expect
			.poll(() => test.logged().slice(before), { timeout: 10_000 })
			.toMatch(/"route":"\/v1\/teams","status":400,"code":"request_malformed"/);
	});
});
