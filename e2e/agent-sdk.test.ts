/** The SDK beside an agent: what it refuses to believe, what it says of refusals, and that it has no way to ask for more. */
import { chmod, copyFile, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyCompiledPolicy } from '@tappass/core';
import { generateKeys, makeDevelopmentKeyring, makeDevelopmentRoot } from '@tappass/signing';
import { Client, Keyring } from 'tappass-agent';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const keys = generateKeys();
const strangers = generateKeys();
const now = Date.UTC(2026, 0, 1, 12);
let directory: string;
let clock: { wall: number; monotonic: number };
const open: Keyring[] = [];

beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-sdk-'));
	clock = { wall: now, monotonic: 1_000 };
	await writeFile(join(directory, 'root.json'), await makeDevelopmentRoot(keys), { mode: 0o444 });
	await put(5, 10);
});
afterEach(async () => {
	for (const keyring of open.splice(0)) await keyring.close();
	await rm(directory, { recursive: true, force: true });
});

async function put(policy_version: number, seq: number, signer = keys, at = now): Promise<void> {
	await replace(await makeDevelopmentKeyring(signer, terms(policy_version, seq, at)));
}
function terms(policy_version: number, seq: number, at = now): Parameters<typeof makeDevelopmentKeyring>[1] {
	return { compiled_policy: emptyCompiledPolicy, policy_version, seq, ttl_seconds: 300, now: at };
}
async function replace(bytes: Uint8Array | string): Promise<void> {
	await writeFile(join(directory, '.new'), bytes, { mode: 0o444 });
	await rename(join(directory, '.new'), join(directory, 'keyring.json'));
}
async function load(more: { readonly allowWritable?: boolean } = { allowWritable: true }): Promise<Keyring> {
	const keyring = await Keyring.load({
		directory,
		pollMs: 20,
		now: () => clock.wall,
		monotonicMs: () => clock.monotonic,
		...more,
	});
	open.push(keyring);
	return keyring;
}
function attempt(work: () => void): boolean {
	try {
		work();
		return true;
	} catch {
		// Not yet.
		return false;
	}
}
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('a keyring is not read', () => {
	test('from a file that this process could write itself', async () => {
		await expect(load({})).rejects.toThrow(code('file_unreadable'));
	});

	test('through a symbolic link, from a file with two names, or one that others may write', async () => {
		const [file, other] = [join(directory, 'keyring.json'), join(directory, 'other.json')];
		await link(file, other);
		await expect(load()).rejects.toThrow(/another name/);
		await rm(file);
		await symlink(other, file);
		await expect(load()).rejects.toThrow(/ELOOP/);
		await rm(file);
		await rename(other, file);
		await chmod(file, 0o466);
		await expect(load()).rejects.toThrow(/others may write/);
	});

	test('in parts from two files: what is put in its place while it is read is not mixed in', async () => {
		const keyring = await load();
		const honest = await makeDevelopmentKeyring(keys, terms(5, 10));
		// Far larger, so that a read that went by name again would end in the middle of it.
		const foreign = Buffer.concat([await makeDevelopmentKeyring(strangers, terms(9, 99)), Buffer.alloc(500_000, 32)]);
		const refused: unknown[] = [];
		keyring.on('refused', ({ code: told }) => refused.push(told));

		// Its own watch and looks read all the while.
		for (let round = 0; round < 60; round += 1) {
			await replace(foreign);
			await replace(honest);
		}
		await keyring.reload();

		// Each look saw one file or the other, whole: the stranger's signature is what it was refused for.
		expect(new Set(refused)).toEqual(new Set(['key_unknown']));
		expect(keyring.policy_version).toBe(5);
		expect(attempt(() => keyring.assertFresh())).toBe(true);
	});

	test.each([
		['empty', ''],
		['cut off', '{"schema":"tappass.keyring/1"'],
		['too large', 'x'.repeat(1_100_000)],
	])('when it is %s', async (_, text) => {
		await replace(text);

		await expect(load()).rejects.toThrow(/./);
	});

	test('when a stranger signed it, or it has expired', async () => {
		await put(6, 11, strangers);
		await expect(load()).rejects.toThrow(code('key_unknown'));
		await put(6, 12, keys, now - 600_000);
		await expect(load()).rejects.toThrow(code('expired'));
	});
});

describe('a keyring that is watched', () => {
	test('takes a newer one, and tells', async () => {
		const keyring = await load();
		const changed = new Promise((resolve) => keyring.once('change', resolve));

		await put(6, 11);
		await changed;

		expect(keyring.policy_version).toBe(6);
	});

	test('takes one that no event told of: the directory that it watched is not there any more', async () => {
		const keyring = await load();
		await rename(directory, `${directory}.away`);
		await mkdir(directory);
		await copyFile(join(`${directory}.away`, 'root.json'), join(directory, 'root.json'));

		await put(6, 11);

		await expect.poll(() => keyring.policy_version).toBe(6);
		await rm(`${directory}.away`, { recursive: true });
	});

	test.each([
		['an older version', 4, 11],
		['an older freshness', 5, 9],
	])('keeps what it has when %s is put there', async (_, version, seq) => {
		const keyring = await load();
		const refused = new Promise<Error>((resolve) => keyring.once('refused', resolve));

		await put(version, seq);

		expect(await refused).toEqual(code(version < 5 ? 'version_rollback' : 'seq_replay'));
		expect(keyring.policy_version).toBe(5);
	});

	test('keeps nothing when what is there is no keyring, until there is one again', async () => {
		const keyring = await load();
		const refused = new Promise((resolve) => keyring.once('refused', resolve));
		await replace('{"schema":"tappass.key');
		await refused;
		expect(() => keyring.assertFresh()).toThrow(code('payload_malformed'));

		await put(5, 12);
		await expect.poll(() => keyring.remaining_ms > 0 && attempt(() => keyring.assertFresh())).toBe(true);
	});

	test('does not take another policy under the version that it has', async () => {
		const keyring = await load();
		const refused = new Promise<Error>((resolve) => keyring.once('refused', resolve));
		const other = { ...emptyCompiledPolicy, compliance_tags: ['OTHER:1'] };

		const terms = { compiled_policy: other, policy_version: 5, seq: 11, ttl_seconds: 300, now };
		await replace(await makeDevelopmentKeyring(keys, terms));

		expect(await refused).toEqual(code('version_conflict'));
		expect(keyring.compiled_policy.compliance_tags).toEqual([]);
	});

	test('allows nothing once it has expired, by either clock', async () => {
		const keyring = await load();
		keyring.assertFresh();

		clock.wall = now + 300_000;
		expect(() => keyring.assertFresh()).toThrow(code('keyring_expired'));
		// Set back to when it was good: the monotonic clock does not forget.
		clock = { wall: now - 3_600_000, monotonic: 1_000 + 300_000 };
		expect(() => keyring.assertFresh()).toThrow(code('keyring_expired'));
	});
});

describe('a client', () => {
	let server: Server;
	let answer: { readonly status: number; readonly body: object | string };
	let asked: { readonly url: string; readonly headers: Readonly<Record<string, unknown>> }[];

	beforeEach(async () => {
		asked = [];
		server = createServer((request, response) => {
			asked.push({ url: request.url ?? '', headers: request.headers });
			request.resume().on('end', () => {
				const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
				response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});
	async function client(): Promise<Client> {
		const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		return new Client(await load(), { gatewayUrl: `${base}/v1/`, mcpUrl: `${base}/mcp` });
	}

	test('asks nobody anything once the keyring has expired', async () => {
		const { tools } = await client();
		clock.wall = now + 300_000;

		await expect(tools.execute('a.b')).rejects.toThrow(code('keyring_expired'));
		expect(asked).toEqual([]);
	});

	test('gives a refusal as a value, with its reasons and the ticket of an approval', async () => {
		const { tools } = await client();
		answer = {
			status: 202,
			body: {
				code: 'approval_required',
				detail: 'A person decides.',
				because: ['Rule: x', 7],
				request_id: 'r1',
				ticket: 't1',
			},
		};

		expect(await tools.execute('a.b', { c: 1 })).toEqual({
			denied: true,
			status: 202,
			code: 'approval_required',
			message: 'A person decides.',
			because: ['Rule: x'],
			request_id: 'r1',
			ticket: 't1',
		});
		answer = { status: 403, body: { error: { code: 'keyring_expired', message: 'tappass: nothing is allowed now' } } };
		expect(await tools.execute('a.b')).toMatchObject({ denied: true, code: 'keyring_expired' });
		answer = { status: 401, body: { code: 'sandbox_revoked', title: 'Revoked', request_id: 'r2' } };
		expect(await tools.list()).toMatchObject({ denied: true, code: 'sandbox_revoked' });
	});

	test.each([
		['a page', 200, '<html>'],
		['an answer without a result', 200, {}],
		['an error that is none of the gateway', 502, { message: 'no' }],
		['null', 200, 'null'],
		['a result that is null', 200, { result: null }],
		['content that is no list', 200, { result: { content: 'text' } }],
		['content that holds null', 200, { result: { content: [null] } }],
		['a list in place of a result', 200, { result: [] }],
		['a denial with status 200', 200, { code: 'tool_denied' }],
	])('does not take %s for an answer of the broker', async (_, status, body) => {
		const { tools } = await client();
		answer = { status, body };

		await expect(tools.execute('a.b')).rejects.toThrow(code('gateway_unreachable'));
	});

	test.each([
		['a number', { items: 5 }],
		['nothing', {}],
		['null', { items: [null] }],
		['a tool without a schema', { items: [{ name: 'a.b', wire_name: 'a_b', description: '' }] }],
		[
			'a tool whose schema is a list',
			{ items: [{ name: 'a.b', wire_name: 'a_b', description: '', input_schema: [] }] },
		],
	])('does not take %s for the tools of the broker', async (_, body) => {
		const { tools } = await client();
		answer = { status: 200, body };

		await expect(tools.list()).rejects.toThrow(code('gateway_unreachable'));
	});

	test('does not take an answer that is cut off for one', async () => {
		const { tools } = await client();
		server.removeAllListeners('request').on('request', (_, response) => {
			response.writeHead(200, { 'content-length': '100' });
			response.write('{"items":[');
			setImmediate(() => response.destroy());
		});

		await expect(tools.list()).rejects.toThrow(code('gateway_unreachable'));
	});

	test('pollutes no prototype with what it is told', async () => {
		const { tools } = await client();
		answer = { status: 403, body: '{"code":"tool_denied","__proto__":{"admin":1},"because":["x"],"ticket":{"a":1}}' };
		const denied = (await tools.execute('a.b')) as unknown as Record<string, unknown>;
		expect([denied['admin'], denied['ticket'], ({} as Record<string, unknown>)['admin']]).toEqual([
			undefined,
			undefined,
			undefined,
		]);

		answer = { status: 200, body: '{"result":{"content":[],"__proto__":{"denied":true}},"__proto__":{"denied":true}}' };
		expect(await tools.execute('a.b')).toMatchObject({ text: '', is_error: false });
	});

	test('gives up when its caller does, and says so in the caller\u2019s words', async () => {
		const { tools } = await client();
		server.removeAllListeners('request');
		const gone = new AbortController();
		const asking = tools.execute('a.b', {}, { signal: gone.signal });
		gone.abort();

		await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
	});

	test.each([
		'http://user:s3cr3t-fixture@127.0.0.1/mcp',
		'data:application/json,{}',
		'file:///etc/passwd',
		'mcp.local',
	])('is not made for %s, and does not repeat it', async (mcpUrl) => {
		const keyring = await load();
		const refused = (() => {
			try {
				return new Client(keyring, { mcpUrl });
			} catch (error) {
				return error;
			}
		})();

		expect(refused).toEqual(code('usage'));
		expect(String((refused as Error).stack)).not.toMatch(/s3cr3t-fixture|passwd/);
	});

	test('reads what a tool answered, under the trace it was given', async () => {
		const { tools, llm } = await client();
		answer = {
			status: 200,
			body: {
				request_id: 'r3',
				result: {
					content: [
						{ type: 'text', text: 'one' },
						{ type: 'text', text: 'two' },
					],
				},
			},
		};

		expect(await tools.execute('a.b')).toMatchObject({ text: 'one\ntwo', is_error: false, request_id: 'r3' });
		expect(asked[0]?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
		expect(asked[0]?.headers['authorization']).toBeUndefined();
		expect(llm.anthropic().baseURL).not.toMatch(/v1/);
	});

	test('has no way to ask for more', async () => {
		const one = await client();
		expect((one as unknown as Record<string, unknown>)['requestMoreScopes']).toBeUndefined();
		const offered = [one, one.tools, one.llm].flatMap((each) => Object.keys(each));
		expect(offered.sort()).toEqual(['anthropic', 'execute', 'keyring', 'list', 'llm', 'mcp', 'openai', 'tools']);
		expect(Object.getOwnPropertyNames(Client.prototype)).toEqual(['constructor']);
	});
});
