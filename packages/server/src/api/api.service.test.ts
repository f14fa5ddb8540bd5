import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { type PolicyStatement, pinRoot, policyStatementSchema } from '@tappass/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, fileOf, send, type TestServer, testServer } from '../test-support/test-server.ts';
import { operatorRoutes } from './app.ts';

let test: TestServer;
let call: Caller['call'];
beforeAll(async () => {
	test = await testServer();
	({ call } = test);
});
afterAll(() => test.close());

const baseline = `package tappass.policy

tools.allow contains "gmail.*"
tools.allow contains "zendesk.*"
network.allow_domains contains "files.acme.com"
network.allow_domains contains "docs.acme.com"
`;
const problemOf = (code: string) => expect.objectContaining({ type: `urn:tappass:problem:${code}`, code });

async function newKey(scopes: readonly string[], user?: string): Promise<{ id: string; key: string }> {
	const made = await call('POST', '/v1/keys', { name: 'k', scopes, ...(user === undefined ? {} : { user }) });
	expect(made.status, JSON.stringify(made.body)).toBe(201);
	return made.body;
}

describe('the first start', () => {
	it('keeps its secrets in files that only their owner may read', async () => {
		const files = [
			'secrets/kms.key',
			'secrets/engine.json',
			'credentials/operator.key',
			'root-keys/root-1.pem',
			'root-keys/passphrase',
		];

		for (const file of files) expect((await stat(path.join(test.directory, file))).mode & 0o777, file).toBe(0o600);
		for (const folder of ['secrets', 'credentials', 'root-keys'])
			expect((await stat(path.join(test.directory, folder))).mode & 0o777).toBe(0o700);
	});

	it('makes three root keys, encrypted, whose document pins', async () => {
		const pem = await readFile(path.join(test.directory, 'root-keys', 'root-1.pem'), 'utf8');
		const root = await call('GET', '/v1/root');
		const pinned = pinRoot(Buffer.from(root.body.document, 'base64'));

		expect(pem).toContain('ENCRYPTED PRIVATE KEY');
		expect((await readdir(path.join(test.directory, 'root-keys'))).sort()).toEqual([
			'passphrase',
			'root-1.pem',
			'root-2.pem',
			'root-3.pem',
		]);
		expect(pinned.document.roles.root).toMatchObject({ threshold: 2 });
		expect(pinned.document.roles.root.keyids).toHaveLength(3);
	});

	it('leaves no private key in the clear in the database', async () => {
		const { store } = test.server.services;
		const [org] = await store.orgIds();
		const rows = await store.withOrg(org!, (transaction) =>
			transaction.selectFrom('org_keys').select(['role', 'sealed']).execute(),
		);

		expect(rows.map(({ role }) => role).sort()).toEqual([
			'audit',
			'freshness',
			'host_ca',
			'operator_token',
			'policy',
			'token',
		]);
		for (const { sealed } of rows) expect(sealed.toString('latin1')).not.toContain('PRIVATE KEY');
	});

	it('writes neither keys nor tokens to the log', async () => {
		await call('GET', '/v1/whoami');

		expect(test.logged()).not.toContain(test.key);
		expect(test.logged()).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
		expect(test.logged()).toContain('"route":"/v1/whoami"');
	});
});

describe('a request without a valid token', () => {
	it.each(operatorRoutes.map((each) => [each.method.toUpperCase(), each.path] as const))(
		'%s %s is refused',
		async (method, where) => {
			const address = where.replaceAll(/\{\w+\}/g, 'x');
			for (const authorization of ['', 'Bearer ', 'Bearer x', `Bearer ${test.key}`, 'Basic eDp5'])
				expect(
					await send(test.url, method, address, method === 'GET' ? undefined : {}, { authorization }),
				).toMatchObject({ status: 401, body: problemOf('unauthenticated') });
		},
	);

	it('gets no token for a key that is wrong by one digit, and is told nothing about it', async () => {
		const wrong = `${test.key.slice(0, -1)}${test.key.endsWith('0') ? '1' : '0'}`;
		const reply = await send(test.url, 'POST', '/v1/auth/token', undefined, { authorization: `Bearer ${wrong}` });
		const foreign = await send(test.url, 'POST', '/v1/auth/token', undefined, {
			authorization: `Bearer tappass_sk_zzzzzz_${'0'.repeat(64)}`,
		});

		expect(reply).toMatchObject({ status: 401, body: problemOf('unauthenticated') });
		expect({ ...foreign.body, request_id: 0 }).toEqual({ ...reply.body, request_id: 0 });
	});
});

describe('bad input', () => {
	it.each([
		['no JSON', '{"name":', 'json_malformed', 400],
		['a key twice', '{"name":"a","name":"b"}', 'json_duplicate_key', 400],
		['__proto__', '{"__proto__":{}}', 'json_forbidden_key', 400],
		['an unknown field', '{"name":"a","admin":true}', 'schema_invalid', 422],
		['a wrong type', '{"name":1}', 'schema_invalid', 422],
		['an array', '[]', 'schema_invalid', 422],
	])('%s is refused with all that is wrong', async (_name, body, code, status) => {
		expect(await call('POST', '/v1/teams', body)).toMatchObject({ status, body: problemOf(code) });
	});

	it('of another content type, too large, to no address, or with another method has a code each', async () => {
		expect(await call('POST', '/v1/teams', '{}', { 'content-type': 'text/plain' })).toMatchObject({
			status: 415,
			body: problemOf('media_type_unsupported'),
		});
		expect(await call('POST', '/v1/teams', ' '.repeat(8_388_609))).toMatchObject({
			status: 413,
			body: problemOf('request_too_large'),
		});
		expect(await call('GET', '/v1/nothing')).toMatchObject({ status: 404, body: problemOf('not_found') });
		expect(await call('PATCH', '/v1/teams')).toMatchObject({ status: 405, body: problemOf('method_not_allowed') });
		expect(await call('GET', '/v1/teams?limit=0')).toMatchObject({ status: 422, body: problemOf('schema_invalid') });
		expect(await call('GET', '/v1/teams?cursor=%00')).toMatchObject({
			status: 400,
			body: problemOf('request_malformed'),
		});
		expect(await call('GET', '/v1/teams?limit=1&limit=2')).toMatchObject({
			status: 400,
			body: problemOf('request_malformed'),
		});
	});

	it.each([
		'/v1/teams/%00',
		'/v1/teams/..%2f..%2fetc',
		`/v1/sandboxes/${'x'.repeat(200)}`,
		"/v1/sandboxes/'%20or%201=1--",
		'/v1/sandboxes/%F0%28%8C%28',
	])('%s is answered with a problem, not with a fault', async (where) => {
		const reply = await call(where.includes('teams') ? 'DELETE' : 'GET', where);

		expect(reply.status).toBeGreaterThanOrEqual(400);
		expect(reply.status).toBeLessThan(500);
	});
});

describe('API keys', () => {
	it('end at once when they are revoked, with their tokens', async () => {
		const { id, key } = await newKey(['*']);
		const other = await test.signIn(key);
		const before = await other.call('GET', '/v1/whoami');
		await call('DELETE', `/v1/keys/${id}`);

		expect(before.status).toBe(200);
		expect(await other.call('GET', '/v1/whoami')).toMatchObject({ status: 401 });
		await expect(test.signIn(key)).rejects.toThrow('unauthenticated');
	});

	it('are ten per user at most, also when asked for at once', async () => {
		await call('PUT', `/v1/teams/admins/members/many@acme.example`, { role: 'auditor' });
		const made = await Promise.all(
			Array.from({ length: 14 }, () =>
				call('POST', '/v1/keys', { name: 'k', scopes: ['*'], user: 'many@acme.example' }),
			),
		);

		expect(made.filter(({ status }) => status === 201)).toHaveLength(10);
		expect(made.filter(({ body }) => body.code === 'limit_reached')).toHaveLength(4);
	});

	it('limited to some actions do only those, and make no key that does more', async () => {
		const { key, id } = await newKey(['policy.read', 'status.*']);
		const limited = await test.signIn(key);
		const replies = await Promise.all([
			limited.call('GET', '/v1/status'),
			limited.call('POST', '/v1/policies/apply', { files: [fileOf('x.rego', baseline)] }),
			limited.call('POST', '/v1/keys', { name: 'wider', scopes: ['*'] }),
			limited.call('POST', '/v1/keys', { name: 'wider', scopes: ['policy.*'] }),
		]);
		await call('DELETE', `/v1/keys/${id}`);

		expect(replies.map(({ status }) => status)).toEqual([200, 403, 403, 403]);
	});

	it('limited to some actions make none that outlives them, and end no other', async () => {
		const { key, id } = await newKey(['policy.read']);
		const other = await newKey(['policy.read']);
		const limited = await test.signIn(key);
		const { body: list } = await call('GET', '/v1/keys');
		const own = (list.items as { id: string; expires_at: string }[]).find((one) => one.id === id)!;

		const made = await limited.call('POST', '/v1/keys', { name: 'long', scopes: ['policy.read'], days: 365 });
		const ended = await limited.call('DELETE', `/v1/keys/${other.id}`);
		for (const one of [id, other.id, made.body.id as string]) await call('DELETE', `/v1/keys/${one}`);

		expect(made.body.expires_at).toBe(own.expires_at);
		expect(ended.status).toBe(403);
	});

	it('are shown once: neither lists, nor the database, nor a repeated idempotency key has the text', async () => {
		const headers = { 'idempotency-key': 'make-a-key' };
		const body = { name: 'once', scopes: ['status.read'] };
		const made = await call('POST', '/v1/keys', body, headers);
		const again = await call('POST', '/v1/keys', body, headers);
		const listed = await call('GET', '/v1/keys?limit=500');
		await call('DELETE', `/v1/keys/${made.body.id}`);

		expect(made.status).toBe(201);
		expect(again).toMatchObject({ status: 409, body: problemOf('idempotency_conflict') });
		expect(JSON.stringify(listed.body)).not.toContain(made.body.key);
	});
});

describe('an idempotency key', () => {
	it('gives the same answer to the same request, and refuses another', async () => {
		const headers = { 'idempotency-key': 'team-1' };
		const both = await Promise.all([1, 2].map(() => call('POST', '/v1/teams', { name: 'twice' }, headers)));
		const other = await call('POST', '/v1/teams', { name: 'other' }, headers);

		expect(both.map(({ status }) => status)).toEqual([201, 201]);
		expect(both[0]!.body).toEqual(both[1]!.body);
		expect(other).toMatchObject({ status: 409, body: problemOf('idempotency_conflict') });
	});
});

describe('teams and roles', () => {
	it('the last org admin cannot be removed, nor demoted', async () => {
		const me = (await call('GET', '/v1/whoami')).body;

		expect(await call('DELETE', `/v1/teams/admins/members/${me.user_id}`)).toMatchObject({
			status: 409,
			body: problemOf('limit_reached'),
		});
		expect(await call('PUT', `/v1/teams/admins/members/${me.user_id}`, { role: 'auditor' })).toMatchObject({
			status: 409,
		});
		expect(await call('DELETE', '/v1/teams/admins')).toMatchObject({ status: 409 });
		expect((await call('GET', '/v1/whoami')).body.memberships).toEqual([
			{ role: 'org_admin', project: null, agent: null },
		]);
	});

	it('a project admin governs one project and sees nothing of another', async () => {
		await call('POST', '/v1/policies/apply', {
			project: 'eu-team',
			files: [fileOf('eu.rego', 'package tappass.policy\n\ntools.deny contains "gmail.delete_*"\n')],
		});
		await call('POST', '/v1/policies/apply', {
			project: 'us-team',
			files: [fileOf('us.rego', 'package tappass.policy\n\ntools.deny contains "gmail.delete_*"\n')],
		});
		await call('POST', '/v1/teams', { name: 'eu-admins', project: 'eu-team' });
		await call('PUT', '/v1/teams/eu-admins/members/eva@acme.example', { role: 'project_admin' });
		const { key } = await newKey(['*'], 'eva@acme.example');
		const eva = await test.signIn(key);
		const files = [fileOf('more.rego', 'package tappass.policy\n\nbudget.tool_calls_per_minute := 5\n')];
		const statuses = await Promise.all([
			eva.call('POST', '/v1/policies/apply', { files }),
			eva.call('POST', '/v1/policies/apply', { project: 'us-team', files }),
			eva.call('POST', '/v1/policies/apply', { project: 'brand-new', files }),
			eva.call('GET', '/v1/keys?all=true'),
			eva.call('POST', '/v1/teams', { name: 'all-org' }),
			eva.call('PUT', '/v1/teams/admins/members/eva@acme.example', { role: 'org_admin' }),
			eva.call('PUT', '/v1/teams/eu-admins/members/eva@acme.example', { role: 'org_admin' }),
			eva.call('POST', '/v1/policies/apply', { project: 'eu-team', files }),
		]);
		const seen = (await eva.call('GET', '/v1/policies')).body.items.map((row: { project: string }) => row.project);

		expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403, 422, 200]);
		expect(seen).toContain('eu-team');
		expect(seen).not.toContain('us-team');
	});
});

describe('policies', () => {
	it('that do not parse, do not exist or contradict the floor store nothing', async () => {
		await call('POST', '/v1/policies/apply', { files: [fileOf('policies/baseline.rego', baseline)] });
		const before = (await call('GET', '/v1/policies')).body;
		const refused = await Promise.all([
			call('POST', '/v1/policies/apply', {
				files: [fileOf('broken.rego', 'package tappass.policy\n\ntools.alow contains "x"\n')],
			}),
			call('POST', '/v1/policies/apply', { packs: ['gdprr'] }),
			call('POST', '/v1/policies/remove', { file_keys: ['nothing.rego'] }),
			call('POST', '/v1/policies/apply', {
				project: 'refused-team',
				files: [fileOf('wide.rego', 'package tappass.policy\n\nnetwork.allow_domains contains "evil.example"\n')],
			}),
		]);

		expect(refused.map(({ body }) => body.code)).toEqual([
			'policy_invalid',
			'not_found',
			'not_found',
			'policy_contradiction',
		]);
		expect(refused[0]!.body.diagnostics[0]).toMatchObject({ file: 'broken.rego', row: 3 });
		expect((await call('GET', '/v1/policies')).body).toEqual(before);
	});

	it('are keyed by place and basename: the same again changes nothing, another replaces, a dry run stores nothing', async () => {
		const file = (minute: number) =>
			fileOf('policies/limits.rego', `package tappass.policy\n\nbudget.tool_calls_per_minute := ${minute}\n`);
		const first = await call('POST', '/v1/policies/apply', { files: [file(20)] });
		const same = await call('POST', '/v1/policies/apply', { files: [file(20)] });
		const dry = await call('POST', '/v1/policies/apply', { files: [file(10)], dry_run: true });
		const held = await call('GET', '/v1/policies/content?file_key=limits.rego');
		const second = await call('POST', '/v1/policies/apply', { files: [file(10)] });

		expect([first, same, dry, second].map(({ body }) => body.applied[0].change)).toEqual([
			'added',
			'unchanged',
			'replaced',
			'replaced',
		]);
		expect(same.body.revision).toBeNull();
		expect(dry.body.revision).toBeNull();
		expect(Buffer.from(held.body.content, 'base64').toString()).toContain(':= 20');
		expect(second.body.revision).toBe(first.body.revision + 1);
	});

	it('come back as they were at a revision', async () => {
		const before = (await call('GET', '/v1/status')).body.policy_revision;
		const held = (await call('GET', '/v1/policies')).body.items
			.filter(({ level }: { level: string }) => level === 'org')
			.map(({ file_key, sha256 }: { file_key: string; sha256: string }) => [file_key, sha256]);
		await call('POST', '/v1/policies/remove', { file_keys: ['limits.rego'] });
		await call('POST', '/v1/policies/apply', {
			files: [fileOf('extra.rego', 'package tappass.policy\n\ntools.deny contains "gmail.x"\n')],
		});
		const back = await call('POST', '/v1/policies/rollback', { revision: before });
		const now = (await call('GET', '/v1/policies')).body.items
			.filter(({ level }: { level: string }) => level === 'org')
			.map(({ file_key, sha256 }: { file_key: string; sha256: string }) => [file_key, sha256]);

		expect(back.status).toBe(200);
		expect(now).toEqual(held);
	});
});

describe('sandboxes', () => {
	it('are made by bootstrap URLs, with a statement signed before the answer', async () => {
		const made = await call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
			count: 3,
			project: 'eu-team',
		});
		const listed = await call('GET', '/v1/sandboxes');

		expect(made.status, JSON.stringify(made.body)).toBe(201);
		expect(made.body).toMatchObject({ signed: 3, failed: 0, project: 'eu-team' });
		expect(made.body.items[0].url).toMatch(
			/^https:\/\/127\.0\.0\.1:\d+\/install\/[a-z0-9]+\.[\w-]{43}#root=[0-9a-f]{64}$/,
		);
		expect(listed.body.items).toHaveLength(3);
		for (const each of listed.body.items)
			expect(each).toMatchObject({ state: 'pending', policy_version: 1, stale: false, compile_error: null });
		const { store } = test.server.services;
		const [org] = await store.orgIds();
		const rows = await store.withOrg(org!, (transaction) =>
			transaction.selectFrom('policy_statements').selectAll().execute(),
		);
		expect(rows).toHaveLength(3);
		for (const { envelope, sandbox_id } of rows) {
			const { payload } = JSON.parse(envelope.toString()) as { payload: string };
			const statement: PolicyStatement = policyStatementSchema.parse(
				JSON.parse(Buffer.from(payload, 'base64').toString()),
			);
			expect(statement.identity).toMatchObject({ sandbox_id, project: 'eu-team', agent: 'eu-support-emailer' });
			expect(statement.compiled_policy.tools.allow.length).toBeGreaterThan(0);
		}
	});

	it('a shipped spec that is bound to no project yet says how to bind it', async () => {
		expect(await call('POST', '/v1/sandbox-specs/customer-support/bootstraps', {})).toMatchObject({
			status: 400,
			body: { code: 'usage', hint: expect.stringContaining('--project') },
		});
	});

	it('exactly those that a change concerns are derived anew, one version each, chained to the one before', async () => {
		await call('POST', '/v1/policies/apply', {
			project: 'kb-team',
			files: [fileOf('kb.rego', 'package tappass.policy\n\ntools.deny contains "gmail.send"\n')],
		});
		await call('POST', '/v1/sandbox-specs/internal-kb-assistant/bootstraps', { count: 2, project: 'kb-team' });
		const changed = await call('POST', '/v1/policies/apply', {
			project: 'eu-team',
			files: [fileOf('eu.rego', 'package tappass.policy\n\ntools.deny contains "gmail.*"\n')],
		});
		const { items } = (await call('GET', '/v1/sandboxes')).body;
		const versions = (project: string) =>
			items
				.filter((each: { project: string }) => each.project === project)
				.map((each: { policy_version: number }) => each.policy_version);
		const { store } = test.server.services;
		const [org] = await store.orgIds();
		const chain = await store.withOrg(org!, (transaction) =>
			transaction
				.selectFrom('policy_statements')
				.select(['policy_version', 'sha256', 'envelope'])
				.where('sandbox_id', '=', items.find((each: { project: string }) => each.project === 'eu-team').id)
				.orderBy('policy_version')
				.execute(),
		);
		const payload = JSON.parse(Buffer.from(JSON.parse(chain[1]!.envelope.toString()).payload, 'base64').toString());

		expect(changed.body).toMatchObject({ stale: 3, signed: 3, failed: 0 });
		expect(versions('eu-team')).toEqual([2, 2, 2]);
		expect(versions('kb-team')).toEqual([1, 1]);
		expect(payload.prev_sha256).toBe(chain[0]!.sha256);
		expect(changed.body.effects[0]).toMatchObject({
			spec: 'eu-support-emailer',
			sandbox_count: 3,
			summary: { tools: 'stricter' },
		});
	});

	it('a floor that contradicts what lies below is refused, unless it is to narrow it', async () => {
		await call('POST', '/v1/policies/apply', {
			project: 'eu-team',
			files: [fileOf('net.rego', 'package tappass.policy\n\nnetwork.allow_domains contains "docs.acme.com"\n')],
		});
		const narrower = {
			files: [
				fileOf('policies/baseline.rego', baseline.replace('network.allow_domains contains "docs.acme.com"\n', '')),
			],
		};
		const refused = await call('POST', '/v1/policies/apply', narrower);
		const forced = await call('POST', '/v1/policies/apply', { ...narrower, force_narrow: true });
		const below = await call('POST', '/v1/policies/apply', {
			project: 'eu-team',
			force_narrow: true,
			files: [fileOf('wide.rego', 'package tappass.policy\n\nnetwork.allow_domains contains "evil.example"\n')],
		});
		const unrelated = await call('POST', '/v1/policies/apply', {
			project: 'eu-team',
			files: [fileOf('fine.rego', 'package tappass.policy\n\ntools.deny contains "zendesk.x"\n')],
		});

		expect(refused).toMatchObject({
			status: 409,
			body: { code: 'policy_contradiction', hint: expect.stringContaining('--force-narrow') },
		});
		expect(forced.status, JSON.stringify(forced.body)).toBe(200);
		expect(
			forced.body.effects.flatMap((each: { narrowed: { stated: string }[] }) => each.narrowed).length,
		).toBeGreaterThan(0);
		expect(below).toMatchObject({ status: 409, body: { code: 'policy_contradiction' } });
		expect(unrelated.status, JSON.stringify(unrelated.body)).toBe(200);
	});

	it('a revoked one stays revoked and is derived no more', async () => {
		const [first] = (await call('GET', '/v1/sandboxes')).body.items;
		const once = await call('POST', `/v1/sandboxes/${first.id}/revoke`, {});
		const again = await call('POST', `/v1/sandboxes/${first.id}/revoke`, {});
		await call('POST', '/v1/policies/apply', {
			files: [fileOf('limits.rego', 'package tappass.policy\n\nbudget.tool_calls_per_minute := 2\n')],
		});
		const after = (await call('GET', `/v1/sandboxes/${first.id}`)).body;

		expect([once.body.changed, again.body.changed]).toEqual([true, false]);
		expect(after).toMatchObject({ state: 'revoked', policy_version: first.policy_version });
	});

	it('are listed page by page, each once', async () => {
		const seen: string[] = [];
		let cursor = '';
		do {
			const { body } = await call('GET', `/v1/sandboxes?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
			seen.push(...body.items.map(({ id }: { id: string }) => id));
			cursor = body.next_cursor ?? '';
		} while (cursor !== '');

		expect(seen).toHaveLength(5);
		expect(new Set(seen).size).toBe(5);
	});

	it('are enrolled anew by a URL of their own, unless they have ended', async () => {
		const { items } = (await call('GET', '/v1/sandboxes')).body;
		const { id } = items.find(({ state }: { state: string }) => state === 'pending');
		const made = await call('POST', `/v1/sandboxes/${id}/bootstrap`, {});
		expect(made).toMatchObject({ status: 201, body: { sandbox_id: id, name: null } });
		expect(made.body.url).toMatch(/\/install\/[a-z0-9]+\.[\w-]{43}#root=[0-9a-f]{64}$/);

		const [other] = (await call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {})).body.items;
		await call('POST', `/v1/sandboxes/${other.sandbox_id}/revoke`, {});
		expect(await call('POST', `/v1/sandboxes/${other.sandbox_id}/bootstrap`, {})).toMatchObject({
			status: 400,
			body: { code: 'usage', hint: expect.stringContaining('sandbox-spec emit-bootstrap eu-support-emailer') },
		});
		expect((await call('POST', '/v1/sandboxes/nobody/bootstrap', {})).status).toBe(404);
	});
});

describe('the description', () => {
	it('has nothing that a linter of OpenAPI documents complains about', async () => {
		const { body } = await send(test.url, 'GET', '/openapi.json');
		const config = await createConfig({ extends: ['recommended'] });

		const problems = await lintFromString({ source: JSON.stringify(body), absoluteRef: 'openapi.json', config });

		expect(problems.map(({ location, message, ruleId }) => [ruleId, location[0]?.pointer, message])).toEqual([]);
	});

	it('is OpenAPI 3.1: every operation named once, every path parameter declared, every reference there', async () => {
		const { body } = await send(test.url, 'GET', '/openapi.json');
		const operations = Object.entries(body.paths as Record<string, Record<string, Record<string, unknown>>>).flatMap(
			([where, methods]) => Object.entries(methods).map(([method, operation]) => ({ where, method, operation })),
		);
		const ids = operations.map(({ operation }) => operation['operationId']);

		expect(body.openapi).toBe('3.1.0');
		expect(new Set(ids).size).toBe(ids.length);
		expect(operations).toHaveLength(operatorRoutes.length + 1);
		for (const { where, operation } of operations) {
			const declared = ((operation['parameters'] ?? []) as { in: string; name: string }[])
				.filter((each) => each.in === 'path')
				.map(({ name }) => name);
			expect(declared.sort(), where).toEqual([...where.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
			expect(operation['summary'], where).toBeTruthy();
			expect(Object.keys(operation['responses'] as object), where).toContain('default');
		}
		for (const [, reference] of JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
			const found = reference!
				.split('/')
				.reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], body);
			expect(found, reference).toBeDefined();
		}
	});
});

describe('the server', () => {
	it('says that it lives, that it is ready, and what it counts, naming no org', async () => {
		const metrics = await send(test.url, 'GET', '/metrics');

		expect((await send(test.url, 'GET', '/healthz')).status).toBe(200);
		expect((await send(test.url, 'GET', '/readyz')).status).toBe(200);
		expect(metrics.body).toContain('tappass_operator_request_seconds_count');
		expect(metrics.body).not.toContain('org_');
	});
});
