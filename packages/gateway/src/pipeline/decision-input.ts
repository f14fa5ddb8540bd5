import { argumentsAt, type Json } from '@tappass/core';
import type { Value } from '@tappass/rego';
import type { ModelCall, ToolCall } from './call.ts';
import { bound, type CallState } from './call-state.ts';
import type { Context } from './context.ts';
import { canonicalTool } from './rules.ts';
import { factsOf, unknownFacts } from './tool-facts.ts';

/** The input to `tappass.decision`: exactly the fields that `decisionFields` of core lists for this kind of call. */
export async function decisionInput(state: CallState, context: Context): Promise<Value> {
	const { policy, session } = bound(state);
	const { call } = state;
	const own = call.kind === 'model' ? ofModel(state, call) : await ofTool(state, call, context);
	return {
		...own,
		session: {
			id: session.id,
			calls: session.calls,
			tool_calls: session.tool_calls,
			tokens: session.tokens,
			dollars: session.dollars,
			age_seconds: Math.max(0, (state.at - session.opened_at) / 1_000),
			recent_tools: session.recent.map(({ tool }) => tool),
		},
		sandbox: {
			id: policy.sandbox_id,
			org: policy.org_id,
			project: policy.project,
			agent: policy.agent,
			trust_level: policy.pipeline.trust_level,
			clearance: await context.ports.barriers.clearance(policy.org_id, policy.project, policy.agent),
		},
		policy: {
			version: policy.policy_version,
			function: policy.pipeline.function,
			categories: policy.pipeline.categories,
			packs: policy.pipeline.packs,
			compiled: policy.compiled_policy as unknown as Json,
		},
		// Nanoseconds do not fit a double.
		now: BigInt(Math.trunc(state.at)) * 1_000_000n,
	} as unknown as Value;
}

function ofModel(state: CallState, call: ModelCall): Readonly<Record<string, unknown>> {
	const { rules } = bound(state);
	return {
		call: {
			kind: 'model',
			request_id: state.request_id,
			emitted: false,
			wire: call.wire,
			stream: call.stream,
			model: call.model,
			...(call.max_tokens === undefined ? {} : { max_tokens: call.max_tokens }),
			messages: call.texts.map(({ role, text }) => ({ role, text })),
			offered_tools: call.offered_tools.map(({ wire_name, name }) => canonicalTool(rules, wire_name, name)),
		},
	};
}

async function ofTool(state: CallState, call: ToolCall, context: Context): Promise<Readonly<Record<string, unknown>>> {
	const facts = (await factsOf(state, context)) ?? unknownFacts(call.tool);
	const slots = Object.entries(facts.slots).flatMap(([slot, path]) => {
		const values = argumentsAt(call.args, path);
		return values.length === 0 ? [] : [[slot, path.includes('[]') ? values : values[0]] as const];
	});
	return {
		call: {
			kind: 'tool',
			request_id: state.request_id,
			emitted: state.emitted,
			wire: state.wire,
			stream: false,
		},
		tool: {
			name: call.tool,
			server: call.tool.split('.')[0]!,
			capabilities: facts.capabilities,
			effect: facts.effect,
			slots: Object.fromEntries(slots),
		},
		args: call.args,
	};
}
