import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Listener, startListener } from '../events/listener.ts';
import type { Notice } from '../events/notices.ts';
import { type Caller, type TestServer, testServer } from '../test-support/test-server.ts';

const waiting = { timeout: 60_000, interval: 100 };
// A fixture: nobody believes it.
const fixture = 'fixture-secret-4711';
let test: TestServer;
let call: Caller['call'];
beforeAll(async () => {
	test = await testServer();
	({ call } = test);
});
afterAll(() => test.close());
beforeEach(async () => {
	for (const [where, key] of [
		['upstreams', 'name'],
		['mcp-servers', 'name'],
		['secrets', 'name'],
	] as const)
		for (const item of (await call('GET', `/v1/${where}`)).body.items)
			await call('DELETE', `/v1/${where}/${item[key] as string}`);
});

async function as(role: string, scopes: readonly string[] = ['*']): Promise<Caller> {
	const user = `${role.replace('_', '-')}@acme.example`;
	await call('PUT', `/v1/teams/admins/members/${user}`, { role });
	const made = await call('POST', '/v1/keys', { name: 'k', scopes, user });
	const caller = await test.signIn(made.body.key);
	return caller;
}
const upstream = { speaks: 'openai', url: 'https://models.example/v1', models: ['gpt-*'] };
const httpServer = { transport: { kind: 'http', url: 'https://mcp.example/mcp' } };

/** What the records of some types hold, opened. */
async function recorded(...types: readonly string[]): Promise<string> {
	const { items } = (await call('GET', '/v1/audit/events?limit=500')).body;
	const payloads: string[] = [];
	for (const { event_id, type } of items) {
		if (!types.includes(type)) continue;
		const { opening } = (await call('GET', `/v1/audit/events/${event_id}/payload`)).body;
		payloads.push(Buffer.from(opening, 'base64').toString('latin1'));
	}
	expect(payloads.length).toBeGreaterThanOrEqual(types.length);
	return payloads.join('\n');
}

describe('those without the right', () => {
	it.each(['project_admin', 'agent_owner', 'auditor'])('%s changes no upstream, server or secret', async (role) => {
		const caller = await as(role);
		const replies = await Promise.all([
			caller.call('PUT', '/v1/secrets/x', { value: fixture }),
			caller.call('GET', '/v1/secrets'),
			caller.call('DELETE', '/v1/secrets/x'),
			caller.call('PUT', '/v1/upstreams/x', { ...upstream, secret_value: fixture }),
			caller.call('DELETE', '/v1/upstreams/x'),
			caller.call('PUT', '/v1/mcp-servers/x', { transport: { kind: 'stdio', command: 'sh' } }),
			caller.call('DELETE', '/v1/mcp-servers/x'),
		]);

		expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 403));
		expect((await call('GET', '/v1/upstreams')).body.items).toEqual([]);
	});

	it('a key for upstreams and servers has no secret of the vault sent anywhere', async () => {
		await call('PUT', '/v1/secrets/other', { value: fixture });
		const { body } = await call('POST', '/v1/keys', { name: 'sender', scopes: ['upstream.*', 'mcp.*'] });
		const narrow = await test.signIn(body.key);
		const credentials = { authorization: 'bearer:vault://other' };

		expect(await narrow.call('PUT', '/v1/upstreams/x', { ...upstream, secret: 'vault://other' })).toMatchObject({
			status: 403,
		});
		expect(await narrow.call('PUT', '/v1/mcp-servers/x', { ...httpServer, credentials })).toMatchObject({
			status: 403,
		});
	});

	it('a key for upstreams puts no secret of another name, and registers no server', async () => {
		const { body } = await call('POST', '/v1/keys', { name: 'narrow', scopes: ['upstream.*', 'gateway.read'] });
		const narrow = await test.signIn(body.key);

		expect(await narrow.call('PUT', '/v1/secrets/x', { value: fixture })).toMatchObject({ status: 403 });
		expect(await narrow.call('PUT', '/v1/mcp-servers/x', httpServer)).toMatchObject({ status: 403 });
		expect(await narrow.call('PUT', '/v1/upstreams/x', upstream)).toMatchObject({ status: 200 });
	});
});

describe('a secret', () => {
	it.each(['', ' ', 'x'.repeat(16_385), 'a\u0000b'])('%j is refused', async (value) => {
		const { status } = await call('PUT', '/v1/secrets/x', { value });

		expect(status).toBeGreaterThanOrEqual(400);
		expect(status).toBeLessThan(500);
	});

	it.each(['..', 'a b', 'a/b', 'x'.repeat(65), 'é'])('is not named %j', async (name) => {
		const { status } = await call('PUT', `/v1/secrets/${encodeURIComponent(name)}`, { value: fixture });

		expect([400, 404, 405, 422]).toContain(status);
	});

	it('is written nowhere but sealed: not into rows, records, answers, problems or the log', async () => {
		const put = await call('PUT', '/v1/secrets/collibra', { value: fixture });
		const added = await call('PUT', '/v1/upstreams/own', { ...upstream, secret_value: fixture });
		const wrong = await call('PUT', '/v1/upstreams/Own!', { ...upstream, secret_value: fixture });
		const refused = await (await as('auditor')).call('PUT', '/v1/secrets/collibra', { value: fixture });
		const listed = await call('GET', '/v1/secrets');
		const { store } = test.server.services;
		const [org] = await store.orgIds();
		const rows = await store.withOrg(org!, (transaction) => transaction.selectFrom('secrets').selectAll().execute());

		expect([put.status, added.status, wrong.status, refused.status]).toEqual([200, 200, 422, 403]);
		expect(rows.map(({ name }) => name).sort()).toEqual(['collibra', 'upstream.own']);
		for (const { sealed } of rows) expect(sealed.toString('latin1')).not.toContain(fixture);
		const texts = [put, added, wrong, refused, listed].map(({ body }) => JSON.stringify(body));
		// An event has its place in the log shortly after it is durable.
		const records = await vi.waitFor(async () => {
			const found = await recorded('secret.put', 'upstream.added', 'operator.refused');
			expect(found).toContain('"upstream":"own"');
			expect(found).toContain('"secret":"collibra"');
			return found;
		}, waiting);
		for (const text of [...texts, test.logged(), records]) expect(text).not.toContain(fixture);
	});

	it('is put without an idempotency key, which would keep a hash of it', async () => {
		const reply = await call('PUT', '/v1/secrets/x', { value: fixture }, { 'idempotency-key': 'once' });

		expect(reply).toMatchObject({ status: 400, body: { code: 'request_malformed' } });
	});

	it('says what uses it, and is gone when it is removed', async () => {
		await call('PUT', '/v1/secrets/shared', { value: fixture });
		await call('PUT', '/v1/upstreams/one', { ...upstream, secret: 'vault://shared' });
		await call('PUT', '/v1/mcp-servers/two', {
			...httpServer,
			credentials: { authorization: 'bearer:vault://shared' },
		});
		const used_by = ['mcp two', 'upstream one'];

		expect((await call('GET', '/v1/secrets')).body.items).toMatchObject([{ name: 'shared', used_by }]);
		expect((await call('PUT', '/v1/secrets/shared', { value: 'other' })).body).toEqual({
			name: 'shared',
			replaced: true,
			used_by,
		});
		expect((await call('DELETE', '/v1/secrets/shared')).body).toEqual({ name: 'shared', used_by });
		expect(await call('DELETE', '/v1/secrets/shared')).toMatchObject({ status: 404 });
	});

	it('that changes gives the servers which use it a new revision, so that older connections are closed', async () => {
		await call('PUT', '/v1/secrets/shared', { value: fixture });
		await call('PUT', '/v1/mcp-servers/two', { ...httpServer, credentials: { 'x-key': 'vault://shared' } });
		await call('PUT', '/v1/mcp-servers/other', httpServer);
		const before = (await call('GET', '/v1/mcp-servers')).body.items;
		await call('DELETE', '/v1/secrets/shared');
		const after = (await call('GET', '/v1/mcp-servers')).body.items;

		expect(after[1].revision).toBeGreaterThan(before[1].revision);
		expect(after[0].revision).toBe(before[0].revision);
	});
});

describe('an upstream', () => {
	it.each([
		['metadata of the machine', { url: 'https://169.254.169.254/v1' }],
		['http to another machine', { url: 'http://models.example/v1' }],
		['a password in the address', { url: 'https://a:b@models.example/v1' }],
		['a secret that is not in the vault', { secret: 'vault://nothing' }],
		['a secret in place of its name', { secret: 'fixture-in-the-clear' }],
		['two secrets', { secret: 'vault://x', secret_value: fixture }],
		['no models', { models: [] }],
		['a pattern in the middle', { models: ['gpt-*-mini'] }],
		['another wire', { speaks: 'soap' }],
		['a price below nothing', { price: { input: -1, output: 1 } }],
		['a field that nobody knows', { header: 'x' }],
	])('with %s is refused, and nothing is stored', async (_name, fault) => {
		const { status } = await call('PUT', '/v1/upstreams/x', { ...upstream, ...fault });

		expect([400, 404, 422]).toContain(status);
		expect((await call('GET', '/v1/upstreams')).body.items).toEqual([]);
		expect((await call('GET', '/v1/secrets')).body.items).toEqual([]);
	});

	it('is replaced only when that is asked for', async () => {
		await call('PUT', '/v1/upstreams/x', upstream);

		expect(await call('PUT', '/v1/upstreams/x', { ...upstream, models: ['o*'] })).toMatchObject({
			status: 409,
			body: { code: 'already_exists' },
		});
		expect(await call('PUT', '/v1/upstreams/x', { ...upstream, models: ['o*'], replace: true })).toMatchObject({
			status: 200,
			body: { models: ['o*'], replaced: true },
		});
	});

	it('is listed with the name of its secret, and takes the one that came with it along', async () => {
		await call('PUT', '/v1/upstreams/x', { ...upstream, region: 'eu', secret_value: fixture });
		const { items } = (await call('GET', '/v1/upstreams')).body;
		const removed = await call('DELETE', '/v1/upstreams/x');

		expect(items).toMatchObject([{ name: 'x', region: 'eu', secret: 'vault://upstream.x', url: upstream.url }]);
		expect(removed.body).toEqual({ name: 'x', secret_removed: true });
		expect((await call('GET', '/v1/secrets')).body.items).toEqual([]);
	});
});

describe('replicas', () => {
	const notices: Notice[] = [];
	let listener: Listener;
	beforeAll(async () => {
		await new Promise<void>((ready) => {
			listener = startListener({
				store: test.server.services.store,
				onNotice: (notice) => notices.push(notice),
				onGap: ready,
			});
		});
	});
	afterAll(() => listener.stop());

	it.each([
		['PUT', '/v1/secrets/told', { value: fixture }],
		['PUT', '/v1/upstreams/told', upstream],
		['PUT', '/v1/mcp-servers/told', httpServer],
		['DELETE', '/v1/secrets/told', undefined],
		['DELETE', '/v1/upstreams/told', undefined],
		['DELETE', '/v1/mcp-servers/told', undefined],
		['POST', '/v1/discovered-tools/acme.told/approve', { effect: 'read' }],
		['POST', '/v1/discovered-tools/acme.told/refine', { effect: 'write' }],
		['POST', '/v1/discovered-tools/acme.told/deny', {}],
		['POST', '/v1/barriers/clear', { project: 'told', agent: 'told', framework: 'f', level: 1 }],
		['POST', '/v1/barriers/withdraw', { project: 'told', agent: 'told', framework: 'f' }],
		['POST', '/v1/barriers/classify', { resource: 'acme.told', framework: 'f', level: 1 }],
		['POST', '/v1/barriers/declassify', { resource: 'acme.told', framework: 'f' }],
	] as const)('hear of %s %s, once it is done', async (method, where, body) => {
		const { store } = test.server.services;
		const [org_id] = await store.orgIds();
		await store.withOrg(org_id!, async (transaction) => {
			const made = { org_id: org_id!, created_by: 'test' };
			const once = {
				org_id: org_id!,
				tool: 'acme.told',
				definition_sha256: '',
				server: 'acme',
				kind: 'unknown' as const,
			};
			const rows = [
				transaction.insertInto('projects').values({ ...made, name: 'told' }),
				transaction.insertInto('agents').values({ ...made, project: 'told', name: 'told' }),
				transaction
					.insertInto('discovered_tools')
					.values({ ...once, description: '', definition: 'null', sandbox_id: null }),
			];
			for (const row of rows) await row.onConflict((conflict) => conflict.doNothing()).execute();
			// What a row before left behind is gone, since each test begins with nothing; what is removed here is put first.
			const put = { org_id: org_id!, name: 'told', created_by: 'test' };
			if (where === '/v1/secrets/told' && method === 'DELETE')
				await transaction
					.insertInto('secrets')
					.values({ ...put, sealed: Buffer.alloc(1), data_key_id: 'x' })
					.execute();
			if (where === '/v1/upstreams/told' && method === 'DELETE')
				await transaction
					.insertInto('upstreams')
					.values({ ...put, speaks: 'openai', base_url: upstream.url, models: ['x'], timeout_ms: 1_000 })
					.execute();
			if (where === '/v1/mcp-servers/told' && method === 'DELETE')
				await transaction
					.insertInto('mcp_servers')
					.values({ ...put, transport: JSON.stringify(httpServer.transport), credentials: '{}' })
					.execute();
		});
		notices.length = 0;

		expect(await call(method, where, body)).toMatchObject({ status: 200 });
		await vi.waitFor(
			() => expect(notices).toContainEqual({ kind: 'registry', org_id: org_id!, sandbox_ids: [] }),
			waiting,
		);
	});
});

describe('an MCP server', () => {
	it.each([
		['metadata of the machine', { transport: { kind: 'http', url: 'http://169.254.169.254/' } }],
		['a file', { transport: { kind: 'http', url: 'file:///etc/passwd' } }],
		['a secret in the clear', { ...httpServer, credentials: { authorization: 'Bearer fixture' } }],
		['a secret that is not in the vault', { ...httpServer, credentials: { authorization: 'bearer:vault://none' } }],
		['a header with a line end', { ...httpServer, credentials: { 'x\ny': 'vault://none' } }],
		['no command', { transport: { kind: 'stdio', command: '' } }],
	])('with %s is refused, and nothing is stored', async (_name, body) => {
		const { status } = await call('PUT', '/v1/mcp-servers/x', body);

		expect([400, 404, 422]).toContain(status);
		expect((await call('GET', '/v1/mcp-servers')).body.items).toEqual([]);
	});

	it.each(['builtin', 'openai', 'a__b', 'a.b', 'A', '-a'])('is not named %s', async (name) => {
		expect(await call('PUT', `/v1/mcp-servers/${name}`, httpServer)).toMatchObject({ status: 422 });
	});

	it('that was removed and registered again is a later revision', async () => {
		await call('PUT', '/v1/mcp-servers/x', httpServer);
		const [before] = (await call('GET', '/v1/mcp-servers')).body.items;
		await call('DELETE', '/v1/mcp-servers/x');
		await call('PUT', '/v1/mcp-servers/x', { transport: { kind: 'stdio', command: 'node', args: ['server.js'] } });
		const [after] = (await call('GET', '/v1/mcp-servers')).body.items;

		expect(after.revision).toBeGreaterThan(before.revision);
		expect(after.transport).toEqual({ kind: 'stdio', command: 'node', args: ['server.js'] });
	});
});
