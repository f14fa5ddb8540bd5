import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ApiClient, path } from './api-client.ts';

// A fixture: no server knows it.
const key = `tappass_sk_fixture_${'0'.repeat(64)}`;
const shape = z.looseObject({ name: z.string() });
let server: Server;
let url: string;
let asked: { readonly url: string; readonly authorization: string }[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let tokens: number;
let directory: string;

beforeAll(async () => {
	directory = mkdtempSync(join(tmpdir(), 'tappass-client-'));
	server = createServer((request, response) => {
		asked.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' });
		if (request.url !== '/v1/auth/token') return answer(request, response);
		tokens += 1;
		response.end(JSON.stringify({ token: `t${tokens}`, expires_at: new Date(Date.now() + 900_000).toISOString() }));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
	server.close();
	rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
	asked = [];
	tokens = 0;
	vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(directory, 'cache-')));
});
afterEach(() => {
	vi.unstubAllEnvs();
});

const reply =
	(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
	(_: IncomingMessage, response: ServerResponse): void => {
		response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
	};
const get = (): Promise<unknown> => new ApiClient({ server: url, key }).get('/v1/x', shape);

it.each([
	['a page', reply(200, '<html>'), 'server_unexpected'],
	['another shape', reply(200, { nom: 'x' }), 'server_unexpected'],
	['a key twice', reply(200, '{"name":"a","name":"b"}'), 'server_unexpected'],
	['an error without a problem', reply(502, 'bad gateway'), 'server_unexpected'],
	['a code that nobody knows', reply(400, { code: 'constructor' }), 'server_unexpected'],
	[
		'a connection that breaks',
		(_: IncomingMessage, response: ServerResponse) => response.destroy(),
		'server_unreachable',
	],
	['a refusal', reply(403, { code: 'forbidden', detail: 'no', hint: 'ask' }), 'forbidden'],
	['a fault of its own', reply(500, { code: 'internal', request_id: 'r1' }), 'internal'],
])('takes %s for what it is', async (_, how, code) => {
	answer = how;

	await expect(get()).rejects.toMatchObject({ code });
});

it('follows no redirect: the token would go along', async () => {
	answer = reply(302, '', { location: '/elsewhere' });

	await expect(get()).rejects.toMatchObject({ code: 'server_unexpected', detail: expect.stringMatching(/redirects/) });
	expect(asked.map((each) => each.url)).toEqual(['/v1/auth/token', '/v1/x']);
});

it('says where nobody listens, and what to do', async () => {
	const nobody = new ApiClient({ server: 'http://127.0.0.1:1', key });

	await expect(nobody.get('/v1/x', shape)).rejects.toMatchObject({
		code: 'server_unreachable',
		hint: expect.stringMatching(/tappass server start/),
	});
});

it('keeps its token for the commands after it, and sends the key for a token alone', async () => {
	answer = reply(200, { name: 'x' });
	await get();
	await get();

	expect(asked.map((each) => each.url)).toEqual(['/v1/auth/token', '/v1/x', '/v1/x']);
	expect(asked.map(({ authorization }) => authorization.includes(key))).toEqual([true, false, false]);
});

it('exchanges the key again, once, for a kept token that is not taken any more', async () => {
	answer = reply(200, { name: 'x' });
	await get();
	answer = (request, response) =>
		reply(
			...((request.headers.authorization === 'Bearer t2'
				? [200, { name: 'x' }]
				: [401, { code: 'unauthenticated' }]) as [number, object]),
		)(request, response);
	await get();
	answer = reply(401, { code: 'unauthenticated' });

	await expect(get()).rejects.toMatchObject({ code: 'unauthenticated' });
	expect(tokens).toBe(3);
});

it('gives up on a list without end', async () => {
	answer = reply(200, { items: [], next_cursor: 'x' });
	await expect(new ApiClient({ server: url, key }).all('/v1/x', shape)).rejects.toMatchObject({
		code: 'server_unexpected',
	});
});

it('lets no name lead elsewhere', () => {
	expect(path`/v1/teams/${'a/../../keys'}/x`).toBe('/v1/teams/a%2F..%2F..%2Fkeys/x');
	expect(() => path`/v1/teams/${'..'}`).toThrow(expect.objectContaining({ code: 'usage' }));
});

it('says of an id that is none what was typed wrong, in one line', async () => {
	const diagnostics = [{ code: 'schema_invalid', message: 'must match /^apr_/', file: 'the path', path: '/ticket' }];
	answer = reply(422, { code: 'schema_invalid', detail: 'the path', diagnostics });

	await expect(get()).rejects.toMatchObject({ code: 'usage', detail: 'ticket: must match /^apr_/', diagnostics: [] });
});

it('says in words that a connection broke', async () => {
	answer = (_, response) => response.destroy();

	await expect(get()).rejects.toMatchObject({ code: 'server_unreachable', detail: `${url}: the connection broke` });
});
