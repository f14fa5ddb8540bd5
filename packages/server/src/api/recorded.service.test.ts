import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestBytes, noteKey, vkeyText } from '@tappass/audit';
import { instant, type Json, type SandboxId } from '@tappass/core';
import { documentBytes, generateSigner, signerFromPem, signRoot } from '@tappass/signing';
import { pinRoot } from '@tappass/trust';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sealText } from '../gateway-store/sealed.ts';
import type { OrgTransaction } from '../store/store.ts';
import { fileOf, type Reply, type TestServer, testServer } from '../test-support/test-server.ts';
import { operatorRoutes } from './app.ts';

/*
 * Every operation that is recorded, each asked twice: first while nothing can be recorded, when it must change nothing, and
 * then for good, when its event must be there the moment it is answered. Together: one transaction.
 */

let test: TestServer;
let client: pg.Client;
let org: string;
/** What earlier steps made. */
const made: Record<string, string> = {};

beforeAll(async () => {
	test = await testServer();
	org = test.server.created!.org_id;
	const { postgres: password } = JSON.parse(
		await readFile(path.join(test.directory, 'secrets', 'engine.json'), 'utf8'),
	) as { postgres: string };
	const host = path.join(test.directory, 'postgres', 'socket');
	client = new pg.Client({ host, user: 'postgres', password, database: 'tappass' });
	await client.connect();
}, 120_000);
afterAll(async () => {
	await client.end();
	await test.close();
});

const within = <T>(work: (transaction: OrgTransaction) => Promise<T>): Promise<T> =>
	test.server.services.store.withOrg(test.server.created!.org_id, work);
const ask = (method: string, where: string, body?: unknown): (() => Promise<Reply>) => {
	return () => test.call(method, where, body);
};
const rego = (deny: string): object[] => [
	fileOf('own.rego', `package tappass.policy\n\ntools.deny contains "${deny}"\n`),
];
const spec = (id: string): string => `/v1/sandbox-specs/${id}/bootstraps`;

async function insertSession(): Promise<void> {
	await within(async (transaction) => {
		const sandbox = await transaction
			.selectFrom('sandboxes')
			.select(['org_id', 'id', 'project', 'agent'])
			.executeTakeFirstOrThrow();
		made['sandbox'] = sandbox.id;
		const { org_id, id } = sandbox;
		await transaction
			.insertInto('sessions')
			.values({ org_id, id: 'ses_recorded', sandbox_id: id, detail: '{}' })
			.execute();
		for (const at of [1, 2]) {
			const ticket = `apr_${String(at).padStart(32, '0')}`;
			const sealed = await sealText(transaction, test.server.services.keys, org_id, '{}', `approval ${ticket}`);
			await transaction
				.insertInto('approvals')
				.values({
					org_id,
					ticket,
					sandbox_id: id,
					policy_version: at,
					tool: 'acme.mail',
					args_sha256: 'a'.repeat(64),
					approval_id: 'rule',
					approvers: 1,
					project: sandbox.project,
					agent: sandbox.agent,
					session_id: 'ses_recorded',
					requested_by: 'rule',
					expires_at: new Date(Date.now() + 600_000),
					...sealed,
				})
				.execute();
		}
		await transaction
			.insertInto('discovered_tools')
			.values({
				org_id,
				tool: 'acme.lookup',
				definition_sha256: 'b'.repeat(64),
				server: 'acme',
				kind: 'unknown',
				description: '',
				definition: '{}',
				sandbox_id: id as SandboxId,
			} as never)
			.execute();
		await transaction
			.insertInto('unenrolled_callers')
			.values({ org_id, source: '127.0.0.1', signature: 'POST /v1/messages', user_agent: null })
			.execute();
	});
}

async function nextRootDocument(): Promise<string> {
	const folder = path.join(test.directory, 'root-keys');
	const passphrase = (await readFile(path.join(folder, 'passphrase'), 'utf8')).trim();
	const files = (await readdir(folder)).filter((name) => name.endsWith('.pem')).slice(0, 2);
	const roots = await Promise.all(
		files.map(async (name) => signerFromPem(await readFile(path.join(folder, name), 'utf8'), passphrase)),
	);
	const held = pinRoot(Buffer.from((await test.call('GET', '/v1/root')).body.document, 'base64')).document;
	const next = { ...held, version: held.version + 1, issued_at: instant(Date.now() - 1_000) };
	return Buffer.from(documentBytes(await signRoot(next, roots))).toString('base64');
}

// An hour that ended a while ago: checkpoints of today come after it.
const period = {
	from: new Date(Date.now() - 7_200_000).toISOString(),
	to: new Date(Date.now() - 3_600_000).toISOString(),
};
const evidence = `/v1/audit/evidence?from=${period.from}&to=${period.to}`;

type Step = readonly [operation: string, request: () => Promise<() => Promise<Reply>> | (() => Promise<Reply>)];
const steps: readonly Step[] = [
	['createTeam', () => ask('POST', '/v1/teams', { name: 'crew' })],
	['putMember', () => ask('PUT', '/v1/teams/crew/members/eva@acme.example', { role: 'auditor' })],
	['deleteMember', () => ask('DELETE', '/v1/teams/crew/members/eva@acme.example')],
	['deleteTeam', () => ask('DELETE', '/v1/teams/crew')],
	['createKey', () => ask('POST', '/v1/keys', { name: 'k', scopes: ['status.read'] })],
	[
		'revokeKey',
		async () => {
			const { items } = (await test.call('GET', '/v1/keys')).body;
			return ask('DELETE', `/v1/keys/${items.find(({ name }: { name: string }) => name === 'k').id}`);
		},
	],
	['applyPolicies', () => ask('POST', '/v1/policies/apply', { project: 'support', files: rego('gmail.x') })],
	['removePolicies', () => ask('POST', '/v1/policies/remove', { project: 'support', file_keys: ['own.rego'] })],
	['rollbackPolicies', () => ask('POST', '/v1/policies/rollback', { project: 'support', revision: 1 })],
	[
		'applyRuntime',
		() => {
			const { files } = test.server.services.derive.shipped;
			const content = Buffer.from(files.get('policies/runtimes/node-bubblewrap.yaml')!).toString('utf8');
			return ask('POST', '/v1/runtimes', fileOf('own.yaml', content.replace('id: node-bubblewrap', 'id: own-node')));
		},
	],
	['createSpec', () => ask('POST', '/v1/sandbox-specs', { project: 'support', shipped: 'eu-support-emailer' })],
	['emitBootstraps', () => ask('POST', spec('eu-support-emailer'), { count: 2 })],
	[
		'killSession',
		async () => {
			await insertSession();
			return ask('POST', '/v1/sessions/ses_recorded/kill', {});
		},
	],
	['resumeSession', () => ask('POST', '/v1/sessions/ses_recorded/resume', {})],
	['openApproval', () => ask('GET', `/v1/approvals/apr_${'1'.padStart(32, '0')}`)],
	['approveCall', () => ask('POST', `/v1/approvals/apr_${'1'.padStart(32, '0')}/approve`, {})],
	['denyCall', () => ask('POST', `/v1/approvals/apr_${'2'.padStart(32, '0')}/deny`, {})],
	['approveTool', () => ask('POST', '/v1/discovered-tools/acme.lookup/approve', { effect: 'read' })],
	['refineTool', () => ask('POST', '/v1/discovered-tools/acme.lookup/refine', { effect: 'write' })],
	['denyTool', () => ask('POST', '/v1/discovered-tools/acme.lookup/deny', {})],
	[
		'enrollCaller',
		async () => {
			const { items } = (await test.call('GET', '/v1/unenrolled-callers')).body;
			return ask('POST', `/v1/unenrolled-callers/${items[0].id}/enroll`, { spec: 'eu-support-emailer' });
		},
	],
	['reenrollSandbox', () => ask('POST', `/v1/sandboxes/${made['sandbox']}/bootstrap`, {})],
	['revokeSandbox', () => ask('POST', `/v1/sandboxes/${made['sandbox']}/revoke`, {})],
	['grantClearance', () => ask('POST', '/v1/barriers/clear', { ...agentOfSpec(), framework: 'nato', level: 2 })],
	['revokeClearance', () => ask('POST', '/v1/barriers/withdraw', { ...agentOfSpec(), framework: 'nato' })],
	[
		'classifyResource',
		() => ask('POST', '/v1/barriers/classify', { resource: 'section:a', framework: 'nato', level: 2 }),
	],
	['declassifyResource', () => ask('POST', '/v1/barriers/declassify', { resource: 'section:a', framework: 'nato' })],
	['putSecret', () => ask('PUT', '/v1/secrets/fixture', { value: 'fixture-secret' })],
	['removeSecret', () => ask('DELETE', '/v1/secrets/fixture')],
	[
		'addUpstream',
		() => ask('PUT', '/v1/upstreams/none', { speaks: 'openai', url: 'http://127.0.0.1:9/v1', models: ['m'] }),
	],
	['testUpstream', () => ask('POST', '/v1/upstreams/none/test', {})],
	['removeUpstream', () => ask('DELETE', '/v1/upstreams/none')],
	[
		'registerMcpServer',
		() => ask('PUT', '/v1/mcp-servers/none', { transport: { kind: 'http', url: 'http://127.0.0.1:9/mcp' } }),
	],
	['testMcpServer', () => ask('POST', '/v1/mcp-servers/none/test', {})],
	['removeMcpServer', () => ask('DELETE', '/v1/mcp-servers/none')],
	[
		'addWitness',
		() => {
			const { spki } = generateSigner('ed25519');
			return ask('POST', '/v1/audit/witnesses', { vkey: vkeyText(noteKey('witness.example/w1', spki, 'witness')) });
		},
	],
	[
		'removeWitness',
		async () => {
			const { items } = (await test.call('GET', '/v1/audit/witnesses')).body;
			return ask('DELETE', `/v1/audit/witnesses/${items[0].key_id}`);
		},
	],
	[
		'readAuditPayload',
		async () => {
			const event = await vi.waitFor(
				async () => {
					const { items } = (await test.call('GET', '/v1/audit/events?type=policy.applied&limit=1')).body;
					expect(items).toHaveLength(1);
					return items[0].event_id as string;
				},
				{ timeout: 60_000, interval: 100 },
			);
			made['event'] = event;
			return ask('GET', `/v1/audit/events/${event}/payload`);
		},
	],
	['eraseAudit', () => ask('POST', '/v1/audit/erasures', { events: [made['event']], legal_basis: 'gdpr-art-17' })],
	[
		'collectEvidence',
		async () => {
			await vi.waitFor(async () => expect((await test.call('GET', evidence)).status).toBe(200), {
				timeout: 60_000,
				interval: 200,
			});
			return ask('GET', evidence);
		},
	],
	[
		'signEvidence',
		async () => {
			const { files } = (await test.call('GET', evidence)).body as { files: { path: string; content: string }[] };
			const manifest = manifestBytes(
				files.map((file) => ({ path: file.path, bytes: Buffer.from(file.content, 'base64') })),
			);
			const body = { ...period, framework: 'soc2', manifest: Buffer.from(manifest).toString('base64') };
			return ask('POST', '/v1/audit/evidence', body);
		},
	],
	['prepareKey', () => ask('POST', '/v1/root/keys', { role: 'audit' })],
	['rotateDataKey', () => ask('POST', '/v1/data-keys', {})],
	['rewrapDataKeys', () => ask('POST', '/v1/data-keys/rewrap', {})],
	['acceptRoot', async () => ask('POST', '/v1/root', { document: await nextRootDocument() })],
];

function agentOfSpec(): object {
	return { project: 'support', agent: 'eu-support-emailer' };
}

/** Of every table that belongs to the org, but for the log itself and what counts signing. */
async function fingerprint(): Promise<Json> {
	const { rows } = await client.query<{ readonly name: string }>(
		`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
			and relname !~ '^(audit_|kysely_|watermarks$|idempotency_keys$)' order by relname`,
	);
	const all: Record<string, string> = {};
	for (const { name } of rows) {
		const { rows: found } = await client.query<{ readonly md5: string }>(
			`select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as md5 from ${name} t`,
		);
		all[name] = found[0]!.md5;
	}
	return all;
}

async function eventsOf(reply: Reply): Promise<readonly string[]> {
	const { rows } = await client.query<{ readonly type: string }>(
		`select type from audit_pending where org_id = $1 and request_id = $2
			union all select type from audit_entries where org_id = $1 and request_id = $2`,
		[org, reply.headers.get('x-request-id')],
	);
	return rows.map(({ type }) => type);
}

describe('an operation that is recorded', () => {
	it('is in this list, whichever it is', () => {
		const recorded = operatorRoutes.filter(({ audit }) => audit !== null).map(({ operation }) => operation);

		expect(steps.map(([operation]) => operation).sort()).toEqual([...recorded].sort());
	});

	it.each(steps)('%s does not happen unless its event is recorded with it', async (operation, prepare) => {
		const route = operatorRoutes.find((each) => each.operation === operation)!;
		const request = await prepare();
		const before = await fingerprint();
		await client.query('revoke insert on audit_pending from tappass_app');
		let unrecorded: Reply;
		try {
			unrecorded = await request();
		} finally {
			await client.query('grant insert on audit_pending to tappass_app');
		}
		expect([unrecorded.status, unrecorded.body.code]).toEqual([503, 'audit_unavailable']);
		expect(await fingerprint()).toEqual(before);

		const reply = await request();

		expect(reply.status, JSON.stringify(reply.body)).toBe(route.success);
		expect(await eventsOf(reply)).toContain(route.audit);
	});
});
