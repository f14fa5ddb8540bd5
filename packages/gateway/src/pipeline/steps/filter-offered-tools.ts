import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { finding } from '../findings.ts';
import { canonicalTool } from '../rules.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { findFacts } from '../tool-facts.ts';
import { refusalOfTool } from '../tool-rights.ts';

/** Step 18: takes tools out of the request that the agent may not use: a model asks for no tool that it was not shown. */
export const filterOfferedTools: Step = defineStep('filter_offered_tools', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const { call } = state;
		if (call.kind === 'tool' || call.offered_tools.length === 0) return nothing;
		const { rules } = bound(state);
		const removed: string[] = [];
		for (const { at, wire_name, name } of call.offered_tools) {
			const tool = canonicalTool(rules, wire_name, name);
			const facts = await findFacts(state, context, tool);
			if (facts !== undefined && refusalOfTool(state, facts) === undefined) continue;
			state.removed_tools.push(at);
			removed.push(tool);
		}
		if (removed.length === 0) return nothing;
		const message = `${removed.length} offered tools were taken out of the request.`;
		return [finding(state, 'filter_offered_tools', { code: 'tool_denied', message, action: 'log' })];
	},
});
