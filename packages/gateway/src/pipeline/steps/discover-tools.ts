import type { ToolFacts } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import type { ModelCall, ToolCall } from '../call.ts';
import { bound, type CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding } from '../findings.ts';
import { flagOf } from '../parameters.ts';
import { canonicalTool } from '../rules.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { factsOf, findFacts, unknownFacts } from '../tool-facts.ts';

/** Step 19: a tool that nobody knows is put before a reviewer and denied, and so is one whose definition changed since. */
export const discoverTools: Step = defineStep('discover_tools', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const { call } = state;
		if (call.kind === 'model') return reportOffered(state, call, context);
		const facts = (await factsOf(state, context)) ?? (await approvedByLane(state, call, context));
		if (facts === undefined) {
			state.unknown_tool = true;
			await report(state, context, {
				tool: call.tool,
				kind: 'unknown',
				definition: call.definition ?? null,
				sha256: call.definition_sha256 ?? null,
				description: '',
			});
			return [
				finding(state, 'discover_tools', {
					code: 'tool_unknown',
					message: `Nobody has approved ${call.tool} yet; it was put into the review queue.`,
					because: [[{ kind: 'default', note: 'an unknown tool is denied until an operator approves it' }]],
				}),
			];
		}
		state.facts = facts;
		return checkPin(state, call, context);
	},
});

async function checkPin(state: CallState, call: ToolCall, context: Context) {
	const { policy } = bound(state);
	const offered = call.definition_sha256;
	if (offered === undefined) return nothing;
	const { discovery } = context.ports;
	const pin =
		(await discovery.pin(policy.org_id, call.tool)) ??
		(await discovery.setPin(policy.org_id, call.tool, offered, call.definition ?? null));
	if (pin === offered) return nothing;
	await report(state, context, {
		tool: call.tool,
		kind: 'changed',
		definition: call.definition ?? null,
		sha256: offered,
		description: '',
	});
	return [
		finding(state, 'discover_tools', {
			code: 'tool_changed',
			message: `The definition of ${call.tool} is not the one that was approved; it was put into the review queue.`,
			because: [[{ kind: 'default', note: 'definitions are pinned when a tool is approved' }]],
		}),
	];
}

/**
 * Facts of an unreviewed tool of a server whose operator opted in, under a policy that does too. It is taken to
 * change something; and where capabilities are forbidden, nobody knows that it has none of them.
 */
async function approvedByLane(state: CallState, call: ToolCall, { ports }: Context): Promise<ToolFacts | undefined> {
	const { policy } = bound(state);
	if (!flagOf(state, 'discover_tools', 'auto_approve_registered_servers')) return undefined;
	if (policy.pipeline.forbidden_capabilities.length > 0) return undefined;
	const server = call.tool.split('.')[0];
	const registered = (await ports.mcpServers.list(policy.org_id)).find(({ name }) => name === server);
	return registered?.auto_approve === true ? { ...unknownFacts(call.tool), effect: 'write' } : undefined;
}

async function reportOffered(state: CallState, call: ModelCall, context: Context) {
	const { rules } = bound(state);
	for (const { wire_name, name, description, schema } of call.offered_tools) {
		const tool = canonicalTool(rules, wire_name, name);
		if ((await findFacts(state, context, tool)) !== undefined) continue;
		state.unknown_tool = true;
		await report(state, context, { tool, kind: 'unknown', definition: schema, sha256: null, description });
	}
	return nothing;
}

async function report(
	state: CallState,
	{ ports, caches }: Context,
	found: {
		readonly tool: string;
		readonly kind: 'unknown' | 'changed';
		readonly definition: ToolCall['args'];
		readonly sha256: string | null;
		readonly description: string;
	},
): Promise<void> {
	const { org_id, sandbox_id } = bound(state).policy;
	const { tool, kind, definition, sha256, description } = found;
	const name = `${org_id} ${sandbox_id} ${tool} ${kind} ${sha256 ?? ''}`;
	if (caches.reports.get(name) !== undefined) return;
	const server = tool.split('.')[0]!;
	await ports.discovery.report(org_id, {
		tool,
		server,
		sandbox_id,
		kind,
		definition,
		definition_sha256: sha256,
		description: description.slice(0, gatewayLimits.messageLengthMax),
	});
	caches.reports.set(name, true);
}
