import { hash } from 'node:crypto';
import { canonicalJson, decideVerdict, type Json } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { append, callEvent, describeCall, orgOf } from '../audit-events.ts';
import type { CallState } from '../call-state.ts';
import { contentOf } from '../content.ts';
import type { Context } from '../context.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/**
 * Step 32: the last record of the call, with its mandate: a signature over who asked, which policy answered what, and
 * commitments to what went in and came out. It is durable before the call is over.
 */
export const signAudit: Step = defineStep('sign_audit', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const org_id = orgOf(state);
		// Nobody knows whose log would tell of it; step 2 reported the caller.
		if (org_id === undefined) return nothing;
		const { outcome } = state;
		const verdict = decideVerdict(state.findings);
		const result: Readonly<Record<string, Json>> =
			outcome === undefined
				? {}
				: {
						how: outcome.how,
						status: outcome.status,
						...(outcome.code === undefined ? {} : { code: outcome.code }),
						released_bytes: outcome.released_bytes,
						usage: outcome.usage === undefined ? null : { ...outcome.usage },
						...(outcome.payload === undefined ? {} : { output: outcome.payload }),
					};
		const stopped = verdict.effect === 'block' || outcome?.how === 'aborted' || outcome?.how === 'blocked';
		const mandate = await mandateOf(state, context, stopped ? 'block' : 'allow', result);
		const decided = verdict.effect === 'block' ? verdict.decided_by : undefined;
		const event = callEvent(state, context, org_id, {
			type: outcome === undefined ? 'call.denied' : 'call.settled',
			decided,
			payload: {
				...describeCall(state, outcome === undefined && state.policy !== undefined ? contentOf(state) : undefined),
				...result,
				timings_ms: state.timings as Readonly<Record<string, number>>,
				...(mandate === undefined ? {} : { mandate }),
			},
		});
		// What ended a call that no step refused: a revocation, a kill, a fault of its upstream.
		const ended =
			decided === undefined && outcome?.code !== undefined
				? { code: outcome.code, ...(stopped ? { decision: 'block' as const } : {}) }
				: {};
		// A refusal goes out once it is recorded; an answer has gone out already.
		await append({ ...event, ...ended }, context, outcome !== undefined);
		return nothing;
	},
});

async function mandateOf(
	state: CallState,
	{ ports }: Context,
	verdict: 'allow' | 'block',
	result: Readonly<Record<string, Json>>,
): Promise<string | undefined> {
	const { policy, claims } = state;
	if (policy === undefined || claims === undefined) return undefined;
	return ports.mandates.sign(policy.org_id, {
		iss: 'tappass',
		iat: Math.floor(ports.now() / 1_000),
		request_id: state.request_id,
		org_id: policy.org_id,
		sandbox_id: policy.sandbox_id,
		session_id: claims.sid,
		policy_version: policy.policy_version,
		token_policy_version: claims.pv,
		verdict,
		commitments: {
			call_sha256: contentOf(state).sha256,
			outcome_sha256: hash('sha256', canonicalJson(result), 'hex'),
		},
	});
}
