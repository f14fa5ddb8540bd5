import type { SandboxId, TrustLevel } from '@tappass/core';
import { allowDenyDigest } from '@tappass/trust';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway } from '../app.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import type { BoundPolicy } from '../ports.ts';
import { noon, type TestTerms, testSandbox, toolCall } from '../sandbox.test.support.ts';
import { listen } from '../test-support/listen.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

const args = { schema: 'customers' };
const proposed = toolCall('collibra.update_asset', args);

interface Reply {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

/** A suggester, `data/steward`, whose change waits, and beside it whatever other agents a test needs. */
async function world(terms: TestTerms = {}) {
	const sandbox = await testSandbox({ ...terms, pipeline: { trust_level: 'suggester', ...terms.pipeline } });
	const { ports, policy } = sandbox;
	const pipeline = createPipeline(ports);
	const gateway = createGateway({ pipeline, ports });
	const { url, close } = await listen(gateway);
	closing.push(close);
	let count = 0;
	async function agent(trust_level: TrustLevel, more: Partial<BoundPolicy> = {}) {
		count += 1;
		const id = `sbx_other${count}`;
		const other = { ...policy, sandbox_id: id as SandboxId, agent: `reviewer-${count}`, ...more };
		ports.policies.set({ ...other, pipeline: { ...policy.pipeline, ...more.pipeline, trust_level } });
		ports.sessions.open(policy.org_id, other.sandbox_id, `ses_${id}`, noon);
		const ad = allowDenyDigest(other.compiled_policy);
		return sandbox.token({ aud: 'broker', sub: other.sandbox_id, sid: `ses_${id}`, ad });
	}
	const send = async (token: string, path: string, body?: object): Promise<Reply> => {
		const answer = await fetch(url + path, {
			method: body === undefined ? 'GET' : 'POST',
			headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		return { status: answer.status, body: (await answer.json()) as Reply['body'] };
	};
	/** The steward calls; answers its ticket, or undefined when the call went through. */
	const propose = async (call = proposed): Promise<string | undefined> => {
		const done = await pipeline.admit(call, sandbox.broker);
		return done.effect === 'block' ? done.denial.ticket : undefined;
	};
	const decide = (token: string, ticket: string, more: object = {}): Promise<Reply> =>
		send(token, '/v1/proposals/decide', {
			ticket,
			decision: 'approve',
			tool: 'collibra.update_asset',
			arguments: args,
			...more,
		});
	const events = () =>
		ports.audit.events
			.filter(({ type }) => type.startsWith('approval.'))
			.map(({ type, actor, code }) => [type, actor.id, code]);
	return { sandbox, pipeline, agent, send, propose, decide, events };
}

describe('a proposal of another agent', () => {
	it.each(['observer', 'suggester'] as const)(
		'is not decided, nor seen, by an agent that is only %s',
		async (level) => {
			const { agent, send, propose, decide, events } = await world();
			const ticket = (await propose())!;
			const token = await agent(level);

			expect(await decide(token, ticket)).toMatchObject({ status: 403, body: { code: 'trust_denied' } });
			expect((await send(token, '/v1/proposals')).body['code']).toBe('trust_denied');
			expect(await propose()).toBe(ticket);
			expect(events()).toContainEqual(['approval.refused', 'sbx_other1', 'trust_denied']);
		},
	);

	it.each([
		['its own', { agent: 'steward' }, 'proposal_denied', 403],
		['of another project', { project: 'sales' }, 'not_found', 404],
		['of a revoked sandbox', { state: 'revoked' }, 'sandbox_revoked', 401],
	] as const)('is not decided by an agent when it is %s', async (_, more, code, status) => {
		const { agent, propose, decide } = await world();
		const ticket = (await propose())!;

		expect(await decide(await agent('autonomous', more), ticket)).toMatchObject({ status, body: { code } });
		expect(await propose()).toBe(ticket);
	});

	it('is not decided by the sandbox that made it, whatever its level became since', async () => {
		const { sandbox, propose, decide } = await world();
		const ticket = (await propose())!;
		sandbox.change({ pipeline: { trust_level: 'collaborator' } });

		const reply = await decide(await sandbox.token({ aud: 'broker' }), ticket);

		expect(reply).toMatchObject({ status: 403, body: { code: 'proposal_denied' } });
	});

	it('is not decided by an agent that may not use the tool itself', async () => {
		const { sandbox, agent, propose, decide } = await world();
		const ticket = (await propose())!;
		const narrow = { ...sandbox.policy.compiled_policy, tools: { allow: ['mail.send'], deny: [], schemas_acl: {} } };

		const reply = await decide(await agent('collaborator', { compiled_policy: narrow }), ticket);

		expect(reply).toMatchObject({ status: 403, body: { code: 'tool_denied' } });
		expect(await propose()).toBe(ticket);
	});

	it.each([
		['other arguments', { arguments: { schema: 'finance' } }, 'approval_invalid'],
		['another tool', { tool: 'collibra.delete_asset' }, 'approval_invalid'],
		['another ticket', { ticket: 'apr_none' }, 'not_found'],
		['no arguments', { arguments: undefined }, 'request_malformed'],
		['a field that nothing enforces', { by: 'user_a' }, 'request_malformed'],
	])('is not approved with %s', async (_, more, code) => {
		const { agent, propose, decide } = await world();
		const ticket = (await propose())!;

		expect((await decide(await agent('collaborator'), ticket, more)).body['code']).toBe(code);
		expect(await propose()).toBe(ticket);
	});

	it('is decided no more once it expired, was denied or used', async () => {
		const { sandbox, agent, propose, decide, pipeline } = await world();
		const token = await agent('collaborator');
		const used = (await propose())!;
		await decide(token, used);
		expect((await pipeline.admit(proposed, sandbox.broker)).effect).toBe('allow');
		const denied = (await propose())!;
		await decide(token, denied, { decision: 'deny' });
		const late = (await propose())!;
		for (const ticket of [used, denied]) expect((await decide(token, ticket)).body['code']).toBe('approval_closed');

		sandbox.wait(24 * 3_600_000);
		const fresh = await sandbox.token({ aud: 'broker', sub: 'sbx_other1' as SandboxId, sid: 'ses_sbx_other1' });

		expect((await decide(fresh, late)).body['code']).toBe('approval_closed');
	});

	it('that a rule wants people to approve is for people', async () => {
		const { agent, send, propose, decide } = await world({
			pipeline: {
				approvals: [{ id: 'ask', target: { tools: ['collibra.*'] }, approvers: 1, expires_minutes: 5 }],
			},
		});
		const ticket = (await propose())!;
		const token = await agent('collaborator');

		expect((await decide(token, ticket)).body['code']).toBe('proposal_denied');
		expect((await send(token, '/v1/proposals')).body['items']).toEqual([]);
	});

	it('of which the policy says how many people must approve it is for people', async () => {
		const { agent, propose, decide } = await world({
			steps: { require_human_approval: { parameters: { approvers_min: 1 } } },
		});

		expect((await decide(await agent('collaborator'), (await propose())!)).body['code']).toBe('proposal_denied');
	});

	it('in which a detector found something is for people, also when an agent had approved it before', async () => {
		const { sandbox, pipeline, agent, decide } = await world({
			steps: { detect_pii: { action: 'notify', parameters: { mode: 'flag' } } },
		});
		const call = toolCall('collibra.update_asset', { schema: 'ana.silva@example.com' });
		const { policy, ports } = sandbox;
		const first = await pipeline.admit(call, sandbox.broker);
		const ticket = first.effect === 'block' ? first.denial.ticket! : '';

		const token = await agent('collaborator');
		expect((await decide(token, ticket, { arguments: call.args })).body['code']).toBe('proposal_denied');
		// What an agent agreed to before anything was found, as when a model asked for the call.
		const held = ports.approvals.list().find((one) => one.ticket === ticket)!;
		held.approved_by = ['agent:data/reviewer-9'];
		held.state = 'granted';
		const again = await pipeline.admit({ ...call, ticket }, sandbox.broker);
		expect(again).toMatchObject({ denial: { code: 'approval_invalid' } });
		expect(await ports.approvals.granted(policy.org_id, held.binding, 'people', noon)).toBeUndefined();
	});

	it('goes through once when a collaborator that knows its arguments approves, and the log says who', async () => {
		const { sandbox, pipeline, agent, send, propose, decide, events } = await world();
		const ticket = (await propose())!;
		const token = await agent('collaborator');

		const listed = await send(token, '/v1/proposals');
		expect(listed.body['items']).toMatchObject([{ ticket, agent: 'steward', tool: 'collibra.update_asset' }]);
		expect(JSON.stringify(listed.body)).not.toContain('customers');
		const reply = await decide(token, ticket, { tool: 'collibra__update_asset' });

		expect(reply).toMatchObject({
			status: 200,
			body: { ticket, state: 'granted', approved_by: ['agent:data/reviewer-1'], request_id: expect.any(String) },
		});
		expect((await pipeline.admit(proposed, sandbox.broker)).effect).toBe('allow');
		expect(await pipeline.admit({ ...proposed, ticket }, sandbox.broker)).toMatchObject({
			denial: { code: 'approval_invalid' },
		});
		expect(events()).toEqual([]);
	});

	it('is not approved twice by one agent, from whichever of its sandboxes', async () => {
		const { sandbox, agent, propose, decide } = await world();
		const ticket = (await propose())!;
		const held = sandbox.ports.approvals.list()[0]!;
		Object.assign(held, { approvers: 2 });
		const first = await agent('collaborator', { agent: 'one' });
		const second = await agent('collaborator', { agent: 'one' });

		expect((await decide(first, ticket)).body['state']).toBe('pending');
		expect((await decide(second, ticket)).body['code']).toBe('proposal_denied');
		expect((await decide(await agent('autonomous'), ticket)).body['state']).toBe('granted');
	});

	it('is refused, and unheard, when the refusal cannot be recorded', async () => {
		const { sandbox, agent, propose, decide } = await world();
		const ticket = (await propose())!;
		const token = await agent('suggester');
		Object.assign(sandbox.ports.audit, { append: async () => Promise.reject(new Error('disk')) });

		expect((await decide(token, ticket)).body['code']).toBe('audit_unavailable');
	});
});
