import type { TrustLevel } from '@tappass/core';
import type { ApprovalBinding } from '../ports.ts';

/*
 * An agent that is trusted to collaborate may decide about what another agent proposes. The rule is here, once, for every
 * store: a vote is judged under the lock that its outcome is written under.
 */

/** A call that waits, as stores keep it. */
export interface Proposal extends ApprovalBinding {
	readonly project: string;
	readonly agent: string;
	readonly state: 'pending' | 'granted' | 'denied' | 'used';
	readonly deciders: Deciders;
	readonly approvers: number;
	readonly approved_by: readonly string[];
	/** Unix milliseconds. */
	readonly expires_at: number;
}

/** Who may decide: where a rule, Rego or a detector had a say, people alone. */
export type Deciders = 'people' | 'agents';

/** What an agent says to a proposal, and what it knows it to be. */
export interface Vote {
	readonly ticket: string;
	readonly decision: 'approve' | 'deny';
	readonly tool: string;
	readonly args_sha256: string;
	readonly by: Pick<ApprovalBinding, 'sandbox_id'> & { readonly project: string; readonly agent: string };
	/** Of the vote, to thread its record. */
	readonly request_id: string;
}

/** Why a vote does not count. */
export type VoteRefusal = 'unknown' | 'own' | 'people' | 'mismatch' | 'closed' | 'twice';

/** What became of a vote. */
export type VoteOutcome =
	| { readonly refused: VoteRefusal }
	| { readonly state: 'pending' | 'granted' | 'denied'; readonly approved_by: readonly string[] };

/** What a vote makes of a proposal; undefined: there is none of that ticket. */
export function judgeVote(held: Proposal | undefined, vote: Vote, now: number): VoteOutcome {
	const { by } = vote;
	// Another project's proposals are none of its business: it is not even told that there are some.
	if (held === undefined || held.project !== by.project) return { refused: 'unknown' };
	// The agent, not the sandbox: two installations of one agent are one mind.
	if (held.agent === by.agent || held.sandbox_id === by.sandbox_id) return { refused: 'own' };
	if (held.deciders !== 'agents') return { refused: 'people' };
	if (held.state !== 'pending' || now >= held.expires_at) return { refused: 'closed' };
	if (held.tool !== vote.tool || held.args_sha256 !== vote.args_sha256) return { refused: 'mismatch' };
	const { approved_by, approvers } = held;
	if (vote.decision === 'deny') return { state: 'denied', approved_by };
	const name = voterName(by);
	if (approved_by.includes(name)) return { refused: 'twice' };
	const all = [...approved_by, name];
	return { state: all.length >= approvers ? 'granted' : 'pending', approved_by: all };
}

const voterPrefix = 'agent:';

/** An agent among those who approved; people stand there by their ids. */
export function voterName({ project, agent }: Pick<Vote['by'], 'project' | 'agent'>): string {
	return `${voterPrefix}${project}/${agent}`;
}

/** Whether an approval holds for a call that now needs these deciders: what agents agreed to is no person's yes. */
export function isDecidedBy(approved_by: readonly string[], deciders: Deciders): boolean {
	return deciders === 'agents' || !approved_by.some((name) => name.startsWith(voterPrefix));
}

/** Levels that may decide about what others propose. */
export function mayVote(level: TrustLevel): boolean {
	return level === 'collaborator' || level === 'autonomous';
}
