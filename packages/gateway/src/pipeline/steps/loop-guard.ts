import { gatewayLimits } from '../../limits.ts';
import type { RecentCall } from '../../ports.ts';
import { findLoop, type Loop } from '../../session/loops.ts';
import { exactOf, shapeOf } from '../../session/recent.ts';
import { bound, type CallState } from '../call-state.ts';
import { actionOf, finding } from '../findings.ts';
import { boundOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { argsOf, knownFacts, toolCall } from '../tool-facts.ts';

/** Step 24: a session that runs in circles, or destroys again and again, is killed; only an operator brings it back. */
export const loopGuard: Step = defineStep('loop_guard', {
	budget: gatewayLimits.stepAsksMs,
	// What a session did is remembered in any case: decision rules ask for it.
	needed: ({ call }) => call.kind === 'tool',
	run: async (state, { ports }) => {
		if (state.call.kind === 'model') return nothing;
		const { policy, session } = bound(state);
		const { recent } = await ports.sessions.remember(policy.org_id, session.id, recentOf(state));
		if (policy.pipeline.steps.loop_guard.enabled === false) return nothing;
		const bounds = {
			same_shape_max: boundOf(state, 'loop_guard', 'same_shape_max'),
			destructive_max: boundOf(state, 'loop_guard', 'destructive_max'),
			cycle_length_max: boundOf(state, 'loop_guard', 'cycle_length_max'),
			window_minutes: boundOf(state, 'loop_guard', 'window_minutes'),
		};
		const loop = findLoop(recent, bounds, state.at);
		if (loop === undefined) return nothing;
		const action = actionOf(state, 'loop_guard');
		if (action === 'block') await ports.sessions.kill(policy.org_id, session.id, 'loop_guard', meaning[loop]);
		const message = `${meaning[loop]}${action === 'block' ? ' The session was killed.' : ''}`;
		return [finding(state, 'loop_guard', { code: 'session_killed', message, action })];
	},
});

const meaning: Readonly<Record<Loop, string>> = {
	destructive: 'The agent made destructive calls again and again.',
	same_call: 'The agent made the very same call again and again.',
	same_shape: 'The agent made calls of one shape again and again.',
	cycle: 'The agent ran in a circle of calls.',
};

function recentOf(state: CallState): RecentCall {
	const { tool, args } = toolCall(state);
	const facts = knownFacts(state);
	return {
		tool,
		shape: shapeOf(tool, args),
		exact: exactOf(tool, argsOf(state)),
		destructive: facts.effect === 'delete' || facts.capabilities.includes('destructive'),
		emitted: state.emitted,
		at: state.at,
	};
}
