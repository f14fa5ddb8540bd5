import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, fileOf, type TestServer, testServer } from '../test-support/test-server.ts';

let test: TestServer;
let call: Caller['call'];
let eva: Caller;
beforeAll(async () => {
	test = await testServer();
	({ call } = test);
	for (const project of ['eu-team', 'us-team']) {
		const files = [fileOf('base.rego', 'package tappass.policy\n\ntools.deny contains "gmail.x"\n')];
		expect((await call('POST', '/v1/policies/apply', { project, files })).status).toBe(200);
	}
	await call('POST', '/v1/teams', { name: 'eu-admins', project: 'eu-team' });
	await call('PUT', '/v1/teams/eu-admins/members/eva@acme.example', { role: 'project_admin' });
	const { body } = await call('POST', '/v1/keys', { name: 'k', scopes: ['*'], user: 'eva@acme.example' });
	eva = await test.signIn(body.key);
});
afterAll(() => test.close());

const within = <T>(work: Parameters<TestServer['server']['services']['store']['withOrg']>[1]): Promise<T> =>
	test.server.services.store.withOrg(test.server.created!.org_id, work) as Promise<T>;

/** Every page of a list, and the cursors between them. */
async function pages(who: Caller, path: string): Promise<{ items: Record<string, unknown>[]; cursors: string[] }> {
	const items: Record<string, unknown>[] = [];
	const cursors: string[] = [];
	for (let cursor: string | null = ''; cursor !== null; ) {
		const separator = path.includes('?') ? '&' : '?';
		const { status, body } = await who.call('GET', `${path}${cursor === '' ? '' : `${separator}cursor=${cursor}`}`);
		expect(status, JSON.stringify(body)).toBe(200);
		items.push(...body.items);
		cursor = body.next_cursor;
		if (cursor !== null) cursors.push(Buffer.from(cursor, 'base64url').toString('utf8'));
	}
	return { items, cursors };
}

describe('a list', () => {
	beforeAll(async () => {
		for (const [spec, project] of [
			['eu-support-emailer', 'eu-team'],
			['collibra-steward', 'us-team'],
		])
			await call('POST', `/v1/sandbox-specs/${spec}/bootstraps`, { count: 4, project });
		await call('POST', '/v1/teams', { name: 'us-admins', project: 'us-team' });
		await within(async (transaction) => {
			const sandboxes = await transaction
				.selectFrom('sandboxes')
				.select(['org_id', 'id', 'project', 'agent'])
				.execute();
			for (const [at, { org_id, id, project, agent }] of sandboxes.entries()) {
				const session_id = `ses_${at}${id.slice(4)}`.slice(0, 24);
				await transaction
					.insertInto('sessions')
					.values({ org_id, id: session_id, sandbox_id: id, detail: '{}' })
					.execute();
				await transaction
					.insertInto('approvals')
					.values({
						org_id,
						ticket: `apr_${String(at).padStart(32, '0')}`,
						sandbox_id: id,
						policy_version: 1,
						tool: 'gmail.send',
						args_sha256: 'a'.repeat(64),
						approval_id: 'rule',
						approvers: 1,
						project,
						agent,
						session_id,
						requested_by: 'rule',
						sealed: Buffer.from('x'),
						data_key_id: 'dk',
						expires_at: new Date(Date.now() + 600_000),
					})
					.execute();
			}
		});
	});

	it.each([
		['/v1/sandboxes', 'id', 4],
		['/v1/sessions', 'id', 4],
		['/v1/sessions?state=open', 'id', 4],
		['/v1/approvals', 'ticket', 4],
		['/v1/approvals?state=pending', 'ticket', 4],
		['/v1/approvals?state=used', 'ticket', 0],
	])(
		'%s shows a project admin full pages of their own project, and no id of another, not even in a cursor',
		async (path, key, count) => {
			const separator = path.includes('?') ? '&' : '?';
			const all = (await pages(test, path)).items;
			const own = await pages(eva, `${path}${separator}limit=1`);

			expect(own.items.map((item) => item['project'])).toEqual(Array(count).fill('eu-team'));
			const foreign = all.filter((item) => item['project'] !== 'eu-team').map((item) => String(item[key]));
			expect(foreign).toHaveLength(count);
			expect(own.cursors).toHaveLength(Math.max(0, count - 1));
			expect(own.cursors.filter((cursor) => foreign.some((id) => cursor.includes(id)))).toEqual([]);
		},
	);

	it('of teams has those of one’s own project and of the org above it', async () => {
		const { items, cursors } = await pages(eva, '/v1/teams?limit=1');

		expect(items.map(({ name }) => name).sort()).toEqual(['admins', 'eu-admins']);
		expect(cursors).toHaveLength(1);
	});

	it('of revisions shows each change whole, though a page is shorter than a revision', async () => {
		const files = Array.from({ length: 5 }, (_, at) =>
			fileOf(`many-${at}.rego`, `package tappass.policy\n\ntools.deny contains "gmail.y${at}"\n`),
		);
		const { body } = await call('POST', '/v1/policies/apply', { project: 'eu-team', files });
		const { items } = await pages(test, '/v1/policies/revisions?limit=2');

		expect(items.filter(({ revision }) => revision === body.revision).map(({ file_key }) => file_key)).toEqual(
			files.map(({ file }) => file),
		);
		expect(items).toHaveLength(7);
		const { items: seen } = await pages(eva, '/v1/policies/revisions?limit=2');
		expect(seen.map(({ project }) => project)).toEqual(Array(6).fill('eu-team'));
	});

	it.each(['AAAA', Buffer.from('1').toString('base64url'), Buffer.from('9e9.0').toString('base64url')])(
		'refuses the cursor %j, which it never gave out',
		async (cursor) => {
			expect((await call('GET', `/v1/policies/revisions?cursor=${cursor}`)).body.code).toBe('request_malformed');
		},
	);
});

describe('a repeated request', () => {
	const files = [fileOf('again.rego', 'package tappass.policy\n\ntools.deny contains "gmail.z"\n')];
	const headers = { 'idempotency-key': 'apply-again' };

	it('gets the answer of the first, with what that waited for', async () => {
		const first = await call('POST', '/v1/policies/apply', { files }, headers);
		const again = await call('POST', '/v1/policies/apply', { files }, headers);

		expect(first.body).toMatchObject({ stale: 8, signed: 8, failed: 0 });
		expect(again).toMatchObject({ status: 200, body: first.body });
	});

	it('by another key of the same person, which may less, is not answered from memory', async () => {
		const { body } = await call('POST', '/v1/keys', { name: 'reader', scopes: ['status.read'] });
		const reader = await test.signIn(body.key);

		expect((await reader.call('POST', '/v1/policies/apply', { files }, headers)).status).not.toBe(200);
	});

	it('whose first answer was cut off after its change waits for what the change made stale', async () => {
		const cut = { 'idempotency-key': 'apply-cut-off' };
		const [file] = [fileOf('cut.rego', 'package tappass.policy\n\ntools.deny contains "gmail.cut"\n')];
		const first = await call('POST', '/v1/policies/apply', { files: [file] }, cut);
		// As a server leaves it that ends right after the commit: the sandboxes are stale, and nobody was told.
		await within((transaction) =>
			transaction.updateTable('sandboxes').set({ stale: true, policy_key: null }).execute(),
		);
		const again = await call('POST', '/v1/policies/apply', { files: [file] }, cut);
		const rows = await within<{ stale: boolean }[]>((transaction) =>
			transaction.selectFrom('sandboxes').select('stale').execute(),
		);

		expect(again.body).toEqual(first.body);
		expect(rows.map(({ stale }) => stale)).toEqual(Array(8).fill(false));
	});
});

it('an answer counts what a change has made stale, not what denied everything before it', async () => {
	await within((transaction) => transaction.updateTable('sandboxes').set({ compile_error: 'as before' }).execute());
	const reply = await test.server.services.recompiler.settle(test.server.created!.org_id, {
		specs: ['eu-support-emailer', 'collibra-steward'],
		stale: 0,
	});

	expect(reply).toEqual({ signed: 0, failed: 0 });
	await within((transaction) => transaction.updateTable('sandboxes').set({ compile_error: null }).execute());
});

describe('two at once', () => {
	it('cannot take the role from the last two org admins', async () => {
		const me = (await call('GET', '/v1/whoami')).body.user_id as string;
		await call('POST', '/v1/teams', { name: 'more-admins' });
		const other = await call('PUT', '/v1/teams/more-admins/members/zoe@acme.example', { role: 'org_admin' });
		expect(other.status).toBe(200);
		// Both have removed, and neither has counted yet: what the other did cannot be seen before it is committed.
		const replies = await Promise.all([
			call('DELETE', `/v1/teams/admins/members/${me}`),
			call('DELETE', '/v1/teams/more-admins/members/zoe@acme.example'),
			call('DELETE', '/v1/teams/more-admins'),
		]);
		const { rows } = await within<{ rows: { count: number }[] }>((transaction) =>
			sql`select count(*)::int as count from members where role = 'org_admin'`.execute(transaction),
		);

		expect(rows[0]!.count, JSON.stringify(replies.map(({ status }) => status))).toBeGreaterThan(0);
	});
});
