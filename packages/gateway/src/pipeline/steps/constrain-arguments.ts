import { type RegexSearch, testArgument } from '@tappass/core';
import { RE2JS } from 're2js';
import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding } from '../findings.ts';
import { rulesAbout } from '../rules.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { knownFacts, toolCall } from '../tool-facts.ts';

/** Step 22: what the policy says about arguments, tool by tool. */
export const constrainArguments: Step = defineStep('constrain_arguments', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, context) => {
		if (state.call.kind === 'model') return nothing;
		const { policy, rules } = bound(state);
		const facts = knownFacts(state);
		const { constraints } = rulesAbout(rules, policy.pipeline, facts);
		const { args } = toolCall(state);
		const search = searchRe2(context);
		return constraints
			.filter(({ subject, test }) => !testArgument(subject, test, args, facts.slots, search))
			.map(({ id, message, action }) =>
				finding(state, 'constrain_arguments', {
					code: 'constraint_violated',
					message: message ?? `The arguments do not meet the constraint ${id}.`,
					paths: [['constraints', id]],
					action,
				}),
			);
	},
});

/** RE2 search, in time linear in the text. @throws for a pattern that is not RE2: what cannot be tested is refused */
export function searchRe2({ caches }: Context): RegexSearch {
	return (pattern, text) => {
		let compiled = caches.patterns.get(pattern);
		if (compiled === undefined) {
			compiled = RE2JS.compile(pattern);
			caches.patterns.set(pattern, compiled);
		}
		return compiled.matcher(text).find();
	};
}
