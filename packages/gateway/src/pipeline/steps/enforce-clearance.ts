import { argumentsAt } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { actionOf, finding } from '../findings.ts';
import { listOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { findFacts } from '../tool-facts.ts';

/** Step 10: information barriers. What an agent touches is classified no higher than the agent is cleared. */
export const enforceClearance: Step = defineStep('enforce_clearance', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const barred = await barredBy(state, context, await resourcesOf(state, context));
		if (barred === undefined) return nothing;
		return [
			finding(state, 'enforce_clearance', {
				code: 'clearance_denied',
				message: `The agent is not cleared for what the call touches (${barred}).`,
				action: actionOf(state, 'enforce_clearance'),
			}),
		];
	},
});

/** The framework by which the agent may not see one of the resources; undefined: it may see them all. */
export async function barredBy(
	state: CallState,
	{ ports }: Context,
	resources: readonly string[],
): Promise<string | undefined> {
	if (resources.length === 0) return undefined;
	const { policy } = bound(state);
	const { org_id, project, agent } = policy;
	const cleared = await ports.barriers.clearance(org_id, project, agent);
	state.clearance = cleared;
	const frameworks = listOf(state, 'enforce_clearance', 'frameworks');
	for (const resource of resources) {
		const classified = (await ports.barriers.classification(org_id, resource)) ?? {};
		for (const [framework, level] of Object.entries(classified)) {
			if (frameworks !== undefined && frameworks.length > 0 && !frameworks.includes(framework)) continue;
			// Nobody cleared it for anything: what is public is at level 0.
			const clearance = Object.hasOwn(cleared, framework) ? cleared[framework]! : 0;
			if (!(level <= clearance)) return framework;
		}
	}
	return undefined;
}

async function resourcesOf(state: CallState, context: Context): Promise<readonly string[]> {
	const { call } = state;
	if (call.kind === 'model') return [...new Set(call.texts.flatMap(({ text }) => sectionsIn(text)))];
	const server = call.tool.split('.')[0]!;
	const slots = (await findFacts(state, context, call.tool))?.slots ?? {};
	const slot = Object.hasOwn(slots, 'resource_param') ? slots['resource_param'] : undefined;
	const named =
		slot === undefined ? [] : argumentsAt(call.args, slot).map((value) => `mcp://${server}/${String(value)}`);
	return [call.tool, ...named, ...(call.resource === undefined ? [] : [call.resource])];
}

/** Classified sections that a text is marked with, `[[section:financials]]`. */
export function sectionsIn(text: string): readonly string[] {
	if (!text.includes('[[section:')) return [];
	return [...text.matchAll(/\[\[section:([A-Za-z0-9_.-]{1,128})\]\]/g)].map((match) => `section:${match[1]}`);
}
