import { mayPass } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import type { ApprovalBinding } from '../../ports.ts';
import type { Deciders } from '../../session/proposals.ts';
import { argsDigest } from '../../session/recent.ts';
import { type Asked, bound, type CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding, isDoubted, type Said } from '../findings.ts';
import { numberOf } from '../parameters.ts';
import { rulesAbout } from '../rules.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { argsOf, knownFacts } from '../tool-facts.ts';
import { searchRe2 } from './constrain-arguments.ts';

/**
 * Step 23: holds a call until people have approved exactly it: these arguments, this policy version, this sandbox, once.
 * It runs whenever somebody asks for it, whether or not a policy names it.
 */
export const requireHumanApproval: Step = defineStep('require_human_approval', {
	budget: gatewayLimits.stepAsksMs,
	needed: (state) => state.asked.length > 0 || (state.policy?.pipeline.approvals.length ?? 0) > 0,
	run: async (state, context) => {
		const asked = [...state.asked, ...byRule(state, context)];
		if (asked.length === 0) return nothing;
		const said = await decide(state, asked, context);
		return said === undefined ? nothing : [finding(state, 'require_human_approval', said)];
	},
});

function byRule(state: CallState, context: Context): readonly Asked[] {
	if (state.call.kind === 'model') return [];
	const facts = knownFacts(state);
	const { args } = state.call;
	const { policy, rules } = bound(state);
	const search = searchRe2(context);
	return rulesAbout(rules, policy.pipeline, facts)
		.approvals.filter(({ when }) => when === undefined || mayPass(when.subject, when.test, args, facts.slots, search))
		.map(({ id, approvers, expires_minutes }) => ({
			approval_id: id,
			approvers,
			expires_minutes,
			by: 'rule',
			finding: finding(state, 'require_human_approval', {
				code: 'approval_required',
				message: `The policy wants ${id} approved by a person.`,
				paths: [['approvals', id]],
			}),
		}));
}

async function decide(state: CallState, asked: readonly Asked[], { ports }: Context): Promise<Said | undefined> {
	const { policy, session } = bound(state);
	const { org_id } = policy;
	const binding = bindingOf(state);
	const deciders = decidersOf(state, asked);
	const because = asked.flatMap(({ finding: { because } }) => because);
	const ticket =
		(state.call.kind === 'tool' ? state.call.ticket : undefined) ??
		(await ports.approvals.granted(org_id, binding, deciders, state.at));
	// What a model asks for uses nothing up: the call that is made of it does.
	if (ticket !== undefined && state.emitted) return undefined;
	if (ticket !== undefined) {
		const answer = await ports.approvals.use(org_id, ticket, binding, deciders, state.at);
		if (answer === 'granted') return undefined;
		state.ticket = ticket;
		if (answer === 'pending') return waiting(asked, because);
		if (answer === 'denied') return { code: 'approval_denied', message: 'A person has denied this call.', because };
		return { code: 'approval_invalid', message: `The approval does not hold for this call (${answer}).`, because };
	}
	const [first] = asked;
	const approvers = Math.max(
		numberOf(state, 'require_human_approval', 'approvers_min') ?? 1,
		...asked.map((one) => one.approvers),
	);
	const minutes = Math.min(
		numberOf(state, 'require_human_approval', 'expires_minutes') ?? Number.POSITIVE_INFINITY,
		...asked.map(({ expires_minutes }) => expires_minutes),
	);
	const made = await ports.approvals.request(org_id, {
		binding,
		approval_id: first!.approval_id,
		approvers,
		deciders,
		expires_at: state.at + minutes * 60_000,
		project: policy.project,
		agent: policy.agent,
		session_id: session.id,
		args: state.call.kind === 'tool' ? state.call.args : state.call.body,
		requested_by: first!.by,
	});
	state.ticket = made.ticket;
	return waiting(asked, because);
}

/**
 * A proposal that only the trust level asks about is a matter among agents too. Where a rule or Rego wants people, the policy
 * states how many, or a detector found something, it is one for people.
 */
function decidersOf(state: CallState, asked: readonly Asked[]): Deciders {
	const forPeople =
		asked.some(({ by }) => by !== 'trust_level') ||
		isDoubted(state) ||
		numberOf(state, 'require_human_approval', 'approvers_min') !== undefined;
	return forPeople ? 'people' : 'agents';
}

function waiting(asked: readonly Asked[], because: Said['because'] & object): Said {
	const why = [...new Set(asked.map(({ finding: { message } }) => message))].join(' ');
	return { code: 'approval_required', message: `A person must approve this call first. ${why}`, because };
}

function bindingOf(state: CallState): ApprovalBinding {
	const { sandbox_id, policy_version } = bound(state).policy;
	const { call } = state;
	return call.kind === 'tool'
		? { sandbox_id, policy_version, tool: call.tool, args_sha256: argsOf(state) }
		: { sandbox_id, policy_version, tool: `model:${call.model}`, args_sha256: argsDigest(call.body) };
}
