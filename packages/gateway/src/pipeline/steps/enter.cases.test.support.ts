import type { StepName } from '@tappass/core';
import { estimateTokens } from '../../budget/estimate.ts';
import { modelCall, noon, toolCall } from '../../sandbox.test.support.ts';
import { allows, broken, type Cases, refuses } from './case.test.support.ts';

const asset = (id: string) => toolCall('collibra.get_asset', { asset_id: id, schema: 'finance' });
const { prompt, answer } = estimateTokens(modelCall());
const needed = prompt + answer;
const decision = (body: string) => ({
	pipeline: {
		decisions: [{ origin: 'org', modules: [{ file: 'org.rego', source: `package tappass.decision\n\n${body}\n` }] }],
	},
});

/** Steps 1 to 11. */
export const enterCases: Readonly<Partial<Record<StepName, Cases>>> = {
	assign_request_id: {
		allowed: [allows('a call whose caller brings an id of its own: it gets another')],
		denied: [
			refuses('a call when there is no randomness to make an id of', 'step_failed', {
				prepare: ({ ports }) => Object.assign(ports, { randomBytes: () => new Uint8Array(0) }),
			}),
		],
	},
	authenticate: {
		allowed: [
			allows('a genuine token of the gateway at the door for models'),
			allows('a genuine token of the broker at the door for tools', { call: asset('1') }),
			allows('a genuine token of the gateway at the door for tools', {
				call: asset('1'),
				caller: async ({ caller }) => caller,
			}),
		],
		denied: [
			refuses('no token', 'unauthenticated', { caller: async () => ({ token: undefined }) }),
			refuses('a token of the broker at the door for models', 'token_audience', {
				caller: async ({ broker }) => broker,
			}),
			refuses('a token that is over', 'token_expired', { prepare: ({ wait }) => wait(300_000) }),
			refuses('a token of an org that this server does not know', 'unauthenticated', {
				caller: async ({ token }) => ({ token: await token({ org_id: 'org_other1' as never }) }),
			}),
		],
	},
	check_revocation: {
		allowed: [allows('a sandbox that is active')],
		denied: [
			refuses('a revoked sandbox', 'sandbox_revoked', { terms: { bound: { state: 'revoked' } } }),
			refuses('a locked sandbox', 'sandbox_locked', { terms: { bound: { state: 'locked' } } }),
			refuses('a sandbox that is not known', 'sandbox_unknown', {
				caller: async ({ token }) => ({ token: await token({ sub: 'sbx_other1' as never }) }),
			}),
			refuses('anyone while the store does not answer', 'store_unavailable', {
				prepare: ({ ports }) => Object.assign(ports.policies, { find: broken }),
			}),
		],
	},
	bind_policy: {
		allowed: [
			allows('a token of an older version: the newest one judges', {
				caller: async ({ token }) => ({ token: await token({ pv: 4, ad: 'a'.repeat(64) }) }),
			}),
		],
		denied: [
			refuses('a sandbox without a policy', 'policy_pending', { terms: { bound: { state: 'pending' } } }),
			refuses('a token of a version that has not arrived', 'policy_pending', {
				caller: async ({ token }) => ({ token: await token({ pv: 6 }) }),
			}),
			refuses('a token that was minted under another policy of the same version', 'token_invalid', {
				caller: async ({ token }) => ({ token: await token({ ad: 'a'.repeat(64) }) }),
			}),
		],
	},
	check_session: {
		allowed: [
			allows('the last call that a session may make', {
				terms: { steps: { check_session: { parameters: { session_calls_max: 1 } } } },
			}),
		],
		denied: [
			refuses('a session that nobody opened', 'session_unknown', {
				caller: async ({ token }) => ({ token: await token({ sid: 'ses_mine' }) }),
			}),
			refuses('the session of another sandbox', 'session_unknown', {
				prepare: ({ ports, policy }) => ports.sessions.open(policy.org_id, 'sbx_other1' as never, 'ses_1', noon),
			}),
			refuses('a killed session', 'session_killed', {
				prepare: ({ ports, policy }) => ports.sessions.kill(policy.org_id, 'ses_1', 'loop_guard', 'r'),
			}),
			refuses('a closed session', 'session_closed', {
				prepare: ({ ports, policy }) => ports.sessions.close(policy.org_id, 'ses_1'),
			}),
			refuses('a session that has lasted too long', 'session_over', {
				terms: { steps: { check_session: { parameters: { session_minutes_max: 1 } } } },
				prepare: ({ wait }) => wait(61_000),
			}),
			refuses('one call more than a session may make', 'session_over', {
				terms: { steps: { check_session: { parameters: { session_calls_max: 0 } } } },
			}),
		],
	},
	validate_wire: {
		allowed: [
			allows('a body of exactly the permitted size', {
				terms: { steps: { validate_wire: { parameters: { body_bytes_max: modelCall().body_bytes } } } },
			}),
		],
		denied: [
			refuses('a body that is a byte larger', 'request_too_large', {
				terms: { steps: { validate_wire: { parameters: { body_bytes_max: modelCall().body_bytes - 1 } } } },
			}),
			refuses('a body that is nested too deeply', 'json_too_deep', {
				terms: { steps: { validate_wire: { parameters: { depth_max: 2 } } } },
			}),
			refuses('too many messages', 'request_too_large', {
				terms: { steps: { validate_wire: { parameters: { messages_max: 0 } } } },
			}),
			refuses('no model', 'request_malformed', { call: modelCall('x', { model: '' }) }),
			refuses('a limit of tokens that is none', 'request_malformed', {
				call: modelCall('x', { max_tokens: Number.NaN }),
			}),
			refuses('a tool whose name is none', 'request_malformed', { call: toolCall('collibra..get_asset') }),
			refuses('arguments with a number that two readers read differently', 'json_unsafe_number', {
				call: toolCall('collibra.get_asset', { n: 2 ** 60 }),
			}),
		],
	},
	enforce_rate: {
		allowed: [
			allows('the last call of a minute', {
				call: asset('1'),
				caller: async ({ token }) => ({ token: await token({ aud: 'broker', rate: 1 }) }),
			}),
		],
		denied: [
			refuses('more than the token says, however much the policy allows', 'budget_exhausted', {
				call: asset('1'),
				caller: async ({ token }) => ({ token: await token({ aud: 'broker', rate: 0 }) }),
			}),
			refuses('more than the policy allows, whatever the token says', 'rate_limited', {
				terms: { compiled: { budget: { tokens_per_day: 1, dollars_per_month: 1, tool_calls_per_minute: 1 } } },
				call: asset('1'),
				prepare: ({ ports, policy }) => ports.budgets.takeRate(policy, 'tool', 1, noon),
			}),
			refuses('more calls of models than a step allows', 'rate_limited', {
				terms: { steps: { enforce_rate: { parameters: { calls_per_minute_max: 1 } } } },
				prepare: ({ ports, policy }) => ports.budgets.takeRate(policy, 'model', 1, noon),
			}),
		],
	},
	reserve_budget: {
		allowed: [
			allows('a call that fits exactly', {
				terms: { compiled: { budget: { tokens_per_day: needed, dollars_per_month: 1, tool_calls_per_minute: 1 } } },
			}),
		],
		denied: [
			refuses('one token more than is left', 'budget_exhausted', {
				terms: { compiled: { budget: { tokens_per_day: needed - 1, dollars_per_month: 1, tool_calls_per_minute: 1 } } },
			}),
			refuses('what costs more than is left', 'budget_exhausted', {
				terms: { compiled: { budget: { tokens_per_day: 1_000, dollars_per_month: 0, tool_calls_per_minute: 1 } } },
			}),
			refuses('a price that nobody knows, when the policy says so', 'price_unknown', {
				terms: {
					steps: { reserve_budget: { parameters: { deny_unknown_price: true } } },
					pipeline: { models: { allow: ['*'] } },
				},
				call: modelCall('x', { model: 'nameless' }),
			}),
			refuses(
				'a price that nobody knows, at more than any list says, when nothing states a ceiling',
				'budget_exhausted',
				{
					terms: {
						pipeline: { models: { allow: ['*'] } },
						compiled: { budget: { tokens_per_day: 1_000_000, dollars_per_month: 1, tool_calls_per_minute: 1 } },
					},
					call: modelCall('x', { model: 'nameless', max_tokens: 5_000 }),
				},
			),
			refuses('a price that nobody knows, at the ceiling it is taken for', 'budget_exhausted', {
				terms: {
					steps: { reserve_budget: { parameters: { unknown_price_dollars_per_million_tokens: 10_000 } } },
					pipeline: { models: { allow: ['*'] } },
					compiled: { budget: { tokens_per_day: 1_000, dollars_per_month: 1, tool_calls_per_minute: 1 } },
				},
				call: modelCall('x', { model: 'nameless' }),
			}),
		],
	},
	enforce_model: {
		allowed: [
			allows('a listed model'),
			allows('a listed model in a permitted region', {
				terms: { steps: { enforce_model: { parameters: { residency: ['eu'] } } } },
			}),
		],
		denied: [
			refuses('a model that is on no list', 'model_denied', { call: modelCall('x', { model: 'unscripted' }) }),
			refuses('every model when no level lists one', 'model_denied', {
				terms: { pipeline: { models: { allow: [] } } },
			}),
			refuses('a region where it may not run', 'model_denied', {
				terms: { steps: { enforce_model: { parameters: { residency: ['us'] } } } },
			}),
			refuses('a listed model that nobody serves', 'model_unserved', {
				terms: { pipeline: { models: { allow: ['*'] } } },
				call: modelCall('x', { model: 'nameless' }),
			}),
		],
	},
	enforce_clearance: {
		allowed: [
			allows('what the agent is cleared for', {
				terms: { steps: { enforce_clearance: {} } },
				call: asset('1'),
				prepare: ({ ports, policy }) => {
					ports.barriers.classify(policy.org_id, 'collibra.get_asset', { sensitivity: 2 });
					ports.barriers.clear(policy.org_id, 'data', 'steward', { sensitivity: 2 });
				},
			}),
		],
		denied: [
			refuses('a tool that is classified higher', 'clearance_denied', {
				terms: { steps: { enforce_clearance: {} } },
				call: asset('1'),
				prepare: ({ ports, policy }) =>
					ports.barriers.classify(policy.org_id, 'collibra.get_asset', { sensitivity: 1 }),
			}),
			refuses('a resource that is classified higher', 'clearance_denied', {
				terms: { steps: { enforce_clearance: {} } },
				call: asset('7'),
				prepare: ({ ports, policy }) => ports.barriers.classify(policy.org_id, 'mcp://collibra/7', { sensitivity: 1 }),
			}),
			refuses('a resource of a tool that was approved since', 'clearance_denied', {
				terms: {
					steps: { enforce_clearance: {} },
					compiled: { tools: { allow: ['wiki.*'], deny: [], schemas_acl: {} } },
				},
				call: toolCall('wiki.read', { page: '7' }),
				prepare: ({ ports, policy }) => {
					const slots = { resource_param: 'page' };
					ports.discovery.approve(policy.org_id, { name: 'wiki.read', effect: 'read', capabilities: [], slots });
					ports.barriers.classify(policy.org_id, 'mcp://wiki/7', { sensitivity: 1 });
				},
			}),
			refuses('a prompt with a section that is classified higher', 'clearance_denied', {
				terms: { steps: { enforce_clearance: {} } },
				call: modelCall('See [[section:financials]].'),
				prepare: ({ ports, policy }) =>
					ports.barriers.classify(policy.org_id, 'section:financials', { sensitivity: 1 }),
			}),
		],
	},
	evaluate_rego: {
		allowed: [
			allows('what no rule denies', { terms: decision('deny contains "no" if input.call.model == "other"') }),
			allows('what a rule only notifies of', { terms: decision('notify contains "seen" if input.session.calls >= 1') }),
		],
		denied: [
			refuses('what a rule denies', 'decision_denied', {
				terms: decision('deny contains "no" if input.call.model == "scripted"'),
			}),
			refuses('arguments that a rule denies', 'decision_denied', {
				terms: decision('deny contains "no" if input.tool.slots.schema_param == "finance"'),
				call: asset('1'),
			}),
			refuses('a moment that a rule denies', 'decision_denied', {
				terms: decision(`deny contains "late" if input.now >= ${noon}000000`),
			}),
			refuses(
				'what a rule wants approved',
				'approval_required',
				{ terms: decision('require_approval contains "ask" if true') },
				'require_human_approval',
			),
			refuses('what a rule cannot decide within its limits', 'step_failed', {
				terms: {
					...decision(
						'deny contains "no" if {\n\tsome i in numbers.range(1, 1000)\n\tsome j in numbers.range(1, 1000)\n\ti + j == 5000\n}',
					),
					steps: { evaluate_rego: { parameters: { steps_max: 1_000 } } },
				},
			}),
			refuses('everything, when a rule does not compile', 'step_failed', { terms: decision('deny contains') }),
		],
	},
};
