import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { finding, isDoubted } from '../findings.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { knownFacts } from '../tool-facts.ts';
import { refusalOfTool } from '../tool-rights.ts';

/**
 * Step 20: forbidden capabilities, deny, allow, trust level. An observer reads; of a suggester or collaborator what changes
 * something is a proposal, which a person or another collaborator approves; an autonomous agent's goes through, unless a
 * detector had something to say about it.
 */
export const authorizeTool: Step = defineStep('authorize_tool', {
	budget: gatewayLimits.stepComputesMs,
	run: (state) => {
		if (state.call.kind === 'model') return nothing;
		const facts = knownFacts(state);
		const said = refusalOfTool(state, facts);
		if (said !== undefined) return [finding(state, 'authorize_tool', said)];
		const { trust_level } = bound(state).policy.pipeline;
		if (facts.effect !== 'read' && (trust_level !== 'autonomous' || isDoubted(state))) {
			const why = finding(state, 'authorize_tool', {
				code: 'approval_required',
				message:
					trust_level === 'autonomous'
						? `What ${facts.name} would change is a proposal: a detector found something in the call.`
						: `What ${facts.name} would change is a proposal, as the trust level is ${trust_level}.`,
				paths: [['trust_level']],
			});
			state.asked.push({
				approval_id: `trust_level.${trust_level}`,
				approvers: 1,
				expires_minutes: gatewayLimits.approvalMinutes,
				by: 'trust_level',
				finding: why,
			});
		}
		return nothing;
	},
});
