import type { OrgId, SandboxId } from '@tappass/core';
import type { ApprovalBinding, GatewayPorts, RecentCall, Vote } from '@tappass/gateway';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startListener } from '../events/listener.ts';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { fileOf, type TestServer, testServer } from '../test-support/test-server.ts';
import { type StoredPorts, storedPorts } from './ports.ts';

let test: TestServer;
let host: HostSimulator;
let one: StoredPorts;
let two: StoredPorts;
let listening: { readonly stop: () => Promise<void> };
let org_id: OrgId;
let sandbox_id: SandboxId;
let session_id: string;
const errors: unknown[] = [];
const morning = Date.UTC(2026, 5, 30, 9);

beforeAll(async () => {
	test = await testServer();
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', rules(10))] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'support',
	});
	host = await HostSimulator.enrol(body.items[0].url, { name: 'tenant_a' });
	({ org_id, sandbox_id } = host.identity);
	({ session_id } = (await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} }))
		.body as unknown as { session_id: string });
	const { audit, keys, store } = test.server.services;
	const options = { store, keys, audit, prices: [], now: Date.now, onError: (error: unknown) => errors.push(error) };
	// Two replicas: they share nothing but the database.
	[one, two] = [storedPorts(options), storedPorts(options)];
	listening = startListener({ store, onNotice: one.onNotice, onGap: one.onGap });
});
afterAll(async () => {
	await listening.stop();
	await one.close();
	await two.close();
	host.stop();
	await test.close();
	expect(errors).toEqual([]);
});

function rules(rate: number): string {
	return `package tappass.policy\n\ntools.allow contains "gmail.*"\n\nbudget.tool_calls_per_minute := ${rate}\n`;
}
function who(request_id: string) {
	return { org_id, sandbox_id, request_id };
}
const both = (): readonly GatewayPorts[] => [one.ports, two.ports];

describe('a budget', () => {
	it('is never exceeded by parallel calls of two replicas, and a settlement gives back what was not used', async () => {
		const ceilings = { tokens_per_day: 1_000, dollars_per_month: 5 };
		const asked = Array.from({ length: 60 }, (_, at) =>
			both()[at % 2]!.budgets.reserve(who(`race-${at}`), { tokens: 90, dollars: 0.01 }, ceilings, morning),
		);

		const effects = (await Promise.all(asked)).map(({ effect }) => effect);

		expect(effects.filter((effect) => effect === 'reserved')).toHaveLength(11);
		const first = effects.indexOf('reserved');
		await one.ports.budgets.settle(who(`race-${first}`), { tokens: 1, dollars: 0 });
		await two.ports.budgets.settle(who(`race-${first}`), { tokens: 1, dollars: 0 });
		const again = await two.ports.budgets.reserve(who('late'), { tokens: 99, dollars: 0 }, ceilings, morning);
		expect(again.effect).toBe('reserved');
		expect(await two.ports.budgets.reserve(who('later'), { tokens: 1, dollars: 0 }, ceilings, morning)).toMatchObject({
			effect: 'exhausted',
			which: 'tokens_per_day',
			left: 0,
		});
	});

	it('takes nothing for a call that was settled before its reservation came', async () => {
		const ceilings = { tokens_per_day: 10_000, dollars_per_month: 5 };
		const evening = morning + 86_400_000;
		await one.ports.budgets.settle(who('gone'), { tokens: 0, dollars: 0 });

		const { effect } = await two.ports.budgets.reserve(who('gone'), { tokens: 10, dollars: 0 }, ceilings, evening);

		expect(effect).toBe('exhausted');
	});

	it('is counted right when reservations and settlements of many sandboxes cross on two replicas', async () => {
		const ceilings = { tokens_per_day: 1_000_000, dollars_per_month: 1_000 };
		const at = Date.UTC(2026, 9, 1, 12);
		const sandboxes = Array.from({ length: 8 }, (_, n) => `sbx_cross${n}` as SandboxId);
		const request = (n: number) => ({
			org_id,
			sandbox_id: sandboxes[(n * 5) % 8]!,
			request_id: `cross-${n}`,
		});

		const effects = await Promise.all(
			Array.from({ length: 200 }, async (_, n) => {
				const [asking, settling] = n % 2 === 0 ? both() : both().toReversed();
				const taken = await asking!.budgets.reserve(request(n), { tokens: 10, dollars: 0.5 }, ceilings, at);
				// Each is settled twice, at once and elsewhere: only one of them counts.
				await Promise.all([
					settling!.budgets.settle(request(n), { tokens: 3, dollars: 0.25 }),
					asking!.budgets.settle(request(n), { tokens: 3, dollars: 0.25 }),
				]);
				return taken.effect;
			}),
		);

		expect(new Set(effects)).toEqual(new Set(['reserved']));
		const rows = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction
				.selectFrom('budget_periods')
				.select(['period', 'tokens', 'dollars'])
				.where('sandbox_id', 'in', sandboxes)
				.orderBy('sandbox_id')
				.orderBy('period')
				.execute(),
		);
		expect(rows).toEqual(
			sandboxes.flatMap(() => [
				{ period: 'day:2026-10-01', tokens: 75, dollars: 6.25 },
				{ period: 'month:2026-10', tokens: 75, dollars: 6.25 },
			]),
		);
	});

	it('reserves once for one request, however often it is asked', async () => {
		const ceilings = { tokens_per_day: 100, dollars_per_month: 5 };
		const at = Date.UTC(2026, 10, 2, 9);
		const asked = both().flatMap(({ budgets }) =>
			[1, 2].map(() => budgets.reserve(who('twice'), { tokens: 40, dollars: 0 }, ceilings, at)),
		);

		const effects = (await Promise.all(asked)).map(({ effect }) => effect);

		expect(effects.filter((effect) => effect === 'reserved')).toHaveLength(1);
		expect((await one.ports.budgets.reserve(who('rest'), { tokens: 60, dollars: 0 }, ceilings, at)).effect).toBe(
			'reserved',
		);
	});

	it('forgets reservations once no call of theirs can be under way, and what was taken stays taken', async () => {
		const ceilings = { tokens_per_day: 1_000, dollars_per_month: 100, tool_calls_per_minute: 1 };
		const at = Date.UTC(2026, 7, 3, 9);
		const { store } = test.server.services;
		const rows = () =>
			store.withOrg(org_id, (transaction) =>
				transaction
					.selectFrom('budget_reservations')
					.select('request_id')
					.where('request_id', 'in', ['old-settled', 'old-lost', 'new', 'newer'])
					.execute(),
			);
		for (const id of ['old-settled', 'old-lost', 'new'])
			await one.ports.budgets.reserve(who(id), { tokens: 300, dollars: 0 }, ceilings, at);
		await one.ports.budgets.settle(who('old-settled'), { tokens: 100, dollars: 0 });
		await store.withOrg(org_id, (transaction) =>
			transaction
				.updateTable('budget_reservations')
				.set({ created_at: new Date(Date.now() - 3_660_000) })
				.where('request_id', 'in', ['old-settled', 'old-lost'])
				.execute(),
		);

		// A process that has just begun looks at once.
		const { audit, keys } = test.server.services;
		const third = storedPorts({
			store,
			keys,
			audit,
			prices: [],
			now: Date.now,
			onError: (error) => errors.push(error),
		});
		await third.ports.budgets.reserve(who('newer'), { tokens: 1, dollars: 0 }, ceilings, at);

		await expect.poll(async () => (await rows()).map(({ request_id }) => request_id).sort()).toEqual(['new', 'newer']);
		expect(await one.ports.budgets.reserve(who('all'), { tokens: 300, dollars: 0 }, ceilings, at)).toMatchObject({
			effect: 'exhausted',
			left: 299,
		});
		await third.close();
	});

	it('of money ends with the month, of tokens with the day', async () => {
		const ceilings = { tokens_per_day: 10, dollars_per_month: 1 };
		const at = Date.UTC(2026, 7, 31, 23);
		const take = (name: string, now: number, tokens: number, dollars: number) =>
			one.ports.budgets.reserve(who(name), { tokens, dollars }, ceilings, now);

		expect((await take('m1', at, 10, 1)).effect).toBe('reserved');
		expect(await take('m2', at, 1, 0)).toMatchObject({ which: 'tokens_per_day' });
		expect(await take('m3', at, 0, 0.5)).toMatchObject({ which: 'dollars_per_month' });
		expect((await take('m4', at + 7_200_000, 10, 1)).effect).toBe('reserved');
	});
});

describe('a rate', () => {
	it('is held over replicas, and a clock set back gives no fresh allowance', async () => {
		const taken = await Promise.all(
			Array.from({ length: 20 }, (_, at) => both()[at % 2]!.budgets.takeRate(who('-'), 'tool', 7, morning)),
		);

		expect(taken.filter(({ effect }) => effect === 'taken')).toHaveLength(7);
		expect((await one.ports.budgets.takeRate(who('-'), 'tool', 7, morning - 60_000)).effect).toBe('exceeded');
		expect((await one.ports.budgets.takeRate(who('-'), 'tool', 7, morning + 60_000)).effect).toBe('taken');
		expect((await one.ports.budgets.takeRate(who('-'), 'model', 0, morning)).effect).toBe('exceeded');
	});
});

describe('a session', () => {
	const call = (tool: string): RecentCall => ({
		tool,
		shape: 'a',
		exact: tool,
		destructive: true,
		emitted: false,
		at: 1,
	});

	const counted = () => ({ sandbox_id, kind: 'tool' as const, calls_max: undefined });

	it('counts on every replica, and remembers calls in order', async () => {
		await Promise.all(
			both().flatMap(({ sessions }) => [1, 2, 3].map(() => sessions.count(org_id, session_id, counted()))),
		);
		await one.ports.sessions.remember(org_id, session_id, call('a.x'));
		const held = await two.ports.sessions.remember(org_id, session_id, call('b.y'));

		expect(held).toMatchObject({ calls: 6, tool_calls: 6, sandbox_id, state: 'open' });
		expect(held.recent.map(({ tool }) => tool)).toEqual(['a.x', 'b.y']);
	});

	it('of another org does not exist', async () => {
		await expect(one.ports.sessions.find('org_other01' as OrgId, session_id)).resolves.toBeUndefined();
		await expect(one.ports.sessions.count('org_other01' as OrgId, session_id, counted())).resolves.toBeUndefined();
		await expect(one.ports.sessions.remember('org_other01' as OrgId, session_id, call('a.x'))).rejects.toMatchObject({
			code: 'session_unknown',
		});
	});

	it('is not counted for another sandbox, nor past its last call', async () => {
		const before = (await one.ports.sessions.find(org_id, session_id))!.calls;

		const of_another = await one.ports.sessions.count(org_id, session_id, {
			...counted(),
			sandbox_id: 'sbx_other01' as SandboxId,
		});
		const last = await Promise.all(
			both().flatMap(({ sessions }) =>
				[1, 2, 3].map(() => sessions.count(org_id, session_id, { ...counted(), calls_max: before + 1 })),
			),
		);

		expect(of_another).toMatchObject({ calls: before, sandbox_id });
		// One more than the last is counted, so that whoever asks sees that it is one too many.
		expect(Math.max(...last.map((session) => session!.calls))).toBe(before + 2);
		expect((await one.ports.sessions.find(org_id, session_id))!.calls).toBe(before + 2);
	});

	it('that is killed is killed everywhere, stays so, and the log says why', async () => {
		await one.ports.sessions.kill(org_id, session_id, 'loop_detected', 'three deletes');
		await two.ports.sessions.kill(org_id, session_id, 'other', 'again');

		expect(await two.ports.sessions.find(org_id, session_id)).toMatchObject({
			state: 'killed',
			killed_code: 'loop_detected',
			killed_reason: 'three deletes',
		});
		// Nor does its agent begin anew by ending itself: its host is given no other session.
		const again = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
		expect([again.status, again.body!['code']]).toEqual([409, 'session_killed']);
	});
});

describe('an approval', () => {
	const binding = (args_sha256: string): ApprovalBinding => ({
		sandbox_id,
		policy_version: 3,
		tool: 'gmail.send',
		args_sha256,
	});
	const ask = (args_sha256: string, expires_at = Date.now() + 60_000, deciders: 'people' | 'agents' = 'people') =>
		one.ports.approvals.request(org_id, {
			binding: binding(args_sha256),
			approval_id: 'ask',
			approvers: 1,
			deciders,
			expires_at,
			project: 'support',
			agent: 'emailer',
			session_id,
			args: { to: 'planted@example.eu' },
			requested_by: 'rule',
		});
	const grant = (ticket: string) =>
		test.server.services.store.withOrg(org_id, (transaction) =>
			transaction.updateTable('approvals').set({ state: 'granted' }).where('ticket', '=', ticket).execute(),
		);

	it('is asked for once however often, and is good for exactly what was asked, once', async () => {
		const { ticket } = await ask('a'.repeat(64));
		expect((await ask('a'.repeat(64))).ticket).toBe(ticket);
		expect(await two.ports.approvals.use(org_id, ticket, binding('a'.repeat(64)), 'people', Date.now())).toBe(
			'pending',
		);
		await grant(ticket);

		const exact = binding('a'.repeat(64));
		for (const other of [
			binding('b'.repeat(64)),
			{ ...exact, sandbox_id: 'sbx_other1' as SandboxId },
			{ ...exact, policy_version: exact.policy_version + 1 },
			{ ...exact, tool: 'gmail.other' },
		]) {
			expect(await two.ports.approvals.use(org_id, ticket, other, 'people', Date.now())).toBe('mismatch');
			expect(await two.ports.approvals.granted(org_id, other, 'people', Date.now())).toBeUndefined();
		}
		expect(await two.ports.approvals.granted(org_id, binding('a'.repeat(64)), 'people', Date.now())).toBe(ticket);
		const uses = await Promise.all(
			Array.from({ length: 10 }, (_, at) =>
				both()[at % 2]!.approvals.use(org_id, ticket, binding('a'.repeat(64)), 'people', Date.now()),
			),
		);
		expect(uses.sort()).toEqual(['granted', ...Array<string>(9).fill('used')]);
		expect(await one.ports.approvals.use(org_id, 'apr_none', binding('a'.repeat(64)), 'people', 0)).toBe('unknown');
	});

	it('is over when its time is', async () => {
		const { ticket, expires_at } = await ask('c'.repeat(64));
		await grant(ticket);

		expect(await one.ports.approvals.use(org_id, ticket, binding('c'.repeat(64)), 'people', expires_at)).toBe(
			'expired',
		);
	});

	it('of two agents is decided once when they answer at two replicas at the same time, and no agent decides its own', async () => {
		const sha = 'e'.repeat(64);
		const { ticket } = await ask(sha, undefined, 'agents');
		const vote = (agent: string, more: Partial<Vote> = {}): Vote => ({
			ticket,
			decision: 'approve',
			tool: 'gmail.send',
			args_sha256: sha,
			by: { sandbox_id: 'sbx_other1' as SandboxId, project: 'support', agent },
			request_id: '0198c0de-0000-7000-8000-000000000000',
			...more,
		});
		const now = Date.now();
		const ask2 = (at: number, one: Vote) => both()[at]!.approvals.vote(org_id, one, now);

		expect(await ask2(0, vote('emailer'))).toEqual({ refused: 'own' });
		expect(await ask2(1, vote('reviewer', { args_sha256: 'f'.repeat(64) }))).toEqual({ refused: 'mismatch' });
		expect(await ask2(1, vote('reviewer', { ticket: 'apr_none' }))).toEqual({ refused: 'unknown' });
		expect(await one.ports.approvals.proposals(org_id, { project: 'support', agent: 'emailer' }, now)).toEqual([]);
		expect(await two.ports.approvals.proposals(org_id, { project: 'support', agent: 'reviewer' }, now)).toMatchObject([
			{ ticket, agent: 'emailer', tool: 'gmail.send' },
		]);
		const votes = await Promise.all([ask2(0, vote('reviewer')), ask2(1, vote('other'))]);

		expect(votes.map((outcome) => ('refused' in outcome ? outcome.refused : outcome.state)).sort()).toEqual([
			'closed',
			'granted',
		]);
		// A call that needs a person by now does not go on an agent's word.
		expect(await two.ports.approvals.granted(org_id, binding(sha), 'people', now)).toBeUndefined();
		expect(await two.ports.approvals.use(org_id, ticket, binding(sha), 'people', now)).toBe('mismatch');
		expect(await two.ports.approvals.use(org_id, ticket, binding(sha), 'agents', now)).toBe('granted');
		expect(await one.ports.approvals.use(org_id, ticket, binding(sha), 'agents', now)).toBe('used');
		const types = await test.server.services.store.withOrg(org_id, async (transaction) => [
			...(await transaction.selectFrom('audit_entries').select('type').execute()),
			...(await transaction.selectFrom('audit_pending').select('type').execute()),
		]);
		expect(types.map(({ type }) => type)).toEqual(expect.arrayContaining(['approval.granted', 'approval.used']));
	});

	it('that people must decide after all is no longer one for agents', async () => {
		const { ticket } = await ask('9'.repeat(64), undefined, 'agents');
		expect((await ask('9'.repeat(64))).ticket).toBe(ticket);

		const outcome = await two.ports.approvals.vote(
			org_id,
			{
				ticket,
				decision: 'approve',
				tool: 'gmail.send',
				args_sha256: '9'.repeat(64),
				by: { sandbox_id: 'sbx_other1' as SandboxId, project: 'support', agent: 'reviewer' },
				request_id: '0198c0de-0000-7000-8000-000000000001',
			},
			Date.now(),
		);

		expect(outcome).toEqual({ refused: 'people' });
	});

	it('keeps what people decide about sealed', async () => {
		const { ticket } = await ask('d'.repeat(64));
		const { sealed } = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction.selectFrom('approvals').select('sealed').where('ticket', '=', ticket).executeTakeFirstOrThrow(),
		);

		expect(sealed.toString('latin1')).not.toContain('planted');
	});
});

describe('discovery', () => {
	const found = (definition_sha256: string) => ({
		tool: 'acme.wipe',
		server: 'acme',
		sandbox_id,
		kind: 'unknown' as const,
		definition: { name: 'wipe' },
		definition_sha256,
		description: 'Wipes.',
	});

	it('is kept of a server that describes its tool with a NUL, which no column holds', async () => {
		const hostile = { ...found('nul'), tool: 'acme.nul', description: 'a\0b', definition: { 'x\0': ['\0'] } };
		await one.ports.discovery.report(org_id, hostile);
		expect(await one.ports.discovery.setPin(org_id, 'acme.nul', 'nul', { 'x\0': '\0' })).toBe('nul');

		const { description } = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction
				.deleteFrom('discovered_tools')
				.where('tool', '=', 'acme.nul')
				.returning('description')
				.executeTakeFirstOrThrow(),
		);
		expect(description).toBe('a\ufffdb');
	});

	it('lists a tool once for each definition, and counts how often it was met', async () => {
		await one.ports.discovery.report(org_id, found('1'));
		await two.ports.discovery.report(org_id, found('1'));
		await two.ports.discovery.report(org_id, found('2'));

		const rows = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction
				.selectFrom('discovered_tools')
				.select(['definition_sha256', 'seen', 'state'])
				.orderBy('definition_sha256')
				.execute(),
		);
		expect(rows).toEqual([
			{ definition_sha256: '1', seen: 2, state: 'open' },
			{ definition_sha256: '2', seen: 1, state: 'open' },
		]);
		expect(await one.ports.discovery.facts(org_id, 'acme.wipe')).toBeUndefined();
	});

	it('pins the first definition for both, and no later one', async () => {
		expect(await one.ports.discovery.pin(org_id, 'acme.read')).toBeUndefined();
		expect(await one.ports.discovery.setPin(org_id, 'acme.read', 'first', {})).toBe('first');
		expect(await two.ports.discovery.setPin(org_id, 'acme.read', 'second', {})).toBe('first');
		expect(await one.ports.discovery.pin(org_id, 'acme.read')).toBe('first');
	});
});

describe('the policy in force', () => {
	it('is the same object until it changes, and then the new one within moments', async () => {
		const before = await one.ports.policies.find(org_id, sandbox_id);
		expect(await one.ports.policies.find(org_id, sandbox_id)).toBe(before);
		expect(before).toMatchObject({ state: 'active', project: 'support' });
		expect(before!.compiled_policy.budget.tool_calls_per_minute).toBe(10);
		const told: string[] = [];
		one.ports.policies.onChange((_org, id) => told.push(id));

		await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', rules(5))] });
		await expect
			.poll(
				async () => (await one.ports.policies.find(org_id, sandbox_id))!.compiled_policy.budget.tool_calls_per_minute,
			)
			.toBe(5);

		expect(told).toContain(sandbox_id);
	});

	it('of a sandbox or org that does not exist is none', async () => {
		expect(await one.ports.policies.find(org_id, 'sbx_nobody1' as SandboxId)).toBeUndefined();
		expect(await one.ports.policies.find('org_nobody1' as OrgId, sandbox_id)).toBeUndefined();
		expect(await one.ports.policies.root('org_nobody1' as OrgId)).toBeUndefined();
		expect((await one.ports.policies.root(org_id))?.document.org_id).toBe(org_id);
	});

	it('says that the sandbox is revoked as soon as it is, and within 5 s to a replica that nobody tells', async () => {
		// The second hears no notices at all, and has just read that the sandbox may.
		expect((await two.ports.policies.find(org_id, sandbox_id))?.state).toBe('active');
		await test.call('POST', `/v1/sandboxes/${sandbox_id}/revoke`, { reason: 'test' });

		await expect.poll(async () => (await one.ports.policies.find(org_id, sandbox_id))!.state).toBe('revoked');
		await expect
			.poll(async () => (await two.ports.policies.find(org_id, sandbox_id))!.state, { timeout: 5_000 })
			.toBe('revoked');
	});
});

describe('reversible tokens', () => {
	it('are made from the same key on both replicas, and their values are sealed', async () => {
		const [a, b] = await Promise.all(both().map(({ pseudonyms }) => pseudonyms.key(org_id, session_id)));
		expect(a).toEqual(b);
		expect(await one.ports.pseudonyms.key(org_id, 'ses_other')).not.toEqual(a);
		await one.ports.pseudonyms.keep(org_id, session_id, new Map([['[EMAIL_1]', 'planted@example.eu']]));

		const known = await two.ports.pseudonyms.find(org_id, session_id, ['[EMAIL_1]', '[EMAIL_2]']);
		expect([...known]).toEqual([['[EMAIL_1]', 'planted@example.eu']]);
		expect((await two.ports.pseudonyms.find(org_id, 'ses_other', ['[EMAIL_1]'])).size).toBe(0);
	});
});

describe('a credential', () => {
	it('that is not in the vault is an error, never an empty one', async () => {
		await expect(one.ports.mcpServers.secret(org_id, 'vault://none')).rejects.toMatchObject({ code: 'not_found' });
		await expect(one.ports.mcpServers.secret(org_id, 'none')).rejects.toMatchObject({ code: 'not_found' });
		await expect(one.ports.upstreams.credential(org_id, 'none')).rejects.toMatchObject({ code: 'not_found' });
	});
});

describe('somebody who is not enrolled', () => {
	it('is counted, not piled up', async () => {
		const caller = { source: '127.0.0.1', user_agent: 'curl', signature: 'POST /v1/messages' };
		for (const { unenrolled } of both()) await unenrolled.report(caller, undefined, Date.now());

		const rows = await test.server.services.store.withOrg(org_id, (transaction) =>
			transaction.selectFrom('unenrolled_callers').select(['source', 'seen', 'user_agent']).execute(),
		);
		expect(rows).toEqual([{ source: '127.0.0.1', seen: 2, user_agent: 'curl' }]);
	});
});
