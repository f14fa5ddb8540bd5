import type { OrgId } from '@tappass/core';
import type { ApprovalBinding, ApprovalPort } from '../ports.ts';
import { type Deciders, isDecidedBy, judgeVote } from '../session/proposals.ts';

type Ask = Parameters<ApprovalPort['request']>[1];
interface Ticket extends Omit<Ask, 'deciders'> {
	readonly org_id: OrgId;
	readonly ticket: string;
	deciders: Deciders;
	approved_by: readonly string[];
	state: 'pending' | 'granted' | 'denied' | 'used';
}

/** Approvals of one process. */
export class MemoryApprovals implements ApprovalPort {
	readonly #tickets = new Map<string, Ticket>();
	readonly #makeTicket: () => string;

	constructor(makeTicket: () => string) {
		this.#makeTicket = makeTicket;
	}

	readonly use: ApprovalPort['use'] = async (org_id, name, binding, deciders, now) => {
		const ticket = this.#tickets.get(name);
		if (ticket === undefined || ticket.org_id !== org_id) return 'unknown';
		if (!isSame(ticket.binding, binding)) return 'mismatch';
		if (ticket.state !== 'used' && ticket.state !== 'denied' && now >= ticket.expires_at) return 'expired';
		if (ticket.state !== 'granted') return ticket.state;
		if (!isDecidedBy(ticket.approved_by, deciders)) return 'mismatch';
		ticket.state = 'used';
		return 'granted';
	};
	readonly request: ApprovalPort['request'] = async (org_id, ask) => {
		for (const held of this.#tickets.values())
			if (held.org_id === org_id && held.state === 'pending' && isSame(held.binding, ask.binding)) {
				if (ask.deciders === 'people') held.deciders = 'people';
				return held;
			}
		const made: Ticket = { ...ask, org_id, ticket: this.#makeTicket(), approved_by: [], state: 'pending' };
		this.#tickets.set(made.ticket, made);
		return made;
	};
	readonly granted: ApprovalPort['granted'] = async (org_id, binding, deciders, now) => {
		for (const held of this.#tickets.values())
			if (
				held.org_id === org_id &&
				held.state === 'granted' &&
				now < held.expires_at &&
				isSame(held.binding, binding) &&
				isDecidedBy(held.approved_by, deciders)
			)
				return held.ticket;
		return undefined;
	};
	readonly proposals: ApprovalPort['proposals'] = async (org_id, voter, now) =>
		[...this.#tickets.values()]
			.filter(
				(held) =>
					held.org_id === org_id &&
					held.project === voter.project &&
					held.agent !== voter.agent &&
					held.deciders === 'agents' &&
					held.state === 'pending' &&
					now < held.expires_at,
			)
			.map(({ ticket, agent, binding: { tool }, expires_at }) => ({ ticket, agent, tool, expires_at }));
	readonly vote: ApprovalPort['vote'] = async (org_id, vote, now) => {
		const held = this.#tickets.get(vote.ticket);
		const known = held === undefined || held.org_id !== org_id ? undefined : { ...held, ...held.binding };
		const outcome = judgeVote(known, vote, now);
		if (held !== undefined && !('refused' in outcome)) {
			held.state = outcome.state;
			held.approved_by = outcome.approved_by;
		}
		return outcome;
	};

	/** A person says yes; the call goes through once enough different people have. */
	approve(name: string, who: string): void {
		const ticket = this.#tickets.get(name);
		if (ticket?.state !== 'pending') return;
		ticket.approved_by = [...new Set([...ticket.approved_by, who])];
		if (ticket.approved_by.length >= ticket.approvers) ticket.state = 'granted';
	}
	deny(name: string): void {
		const ticket = this.#tickets.get(name);
		if (ticket !== undefined && ticket.state !== 'used') ticket.state = 'denied';
	}
	list(): readonly Ticket[] {
		return [...this.#tickets.values()];
	}
}

function isSame(a: ApprovalBinding, b: ApprovalBinding): boolean {
	return (
		a.sandbox_id === b.sandbox_id &&
		a.policy_version === b.policy_version &&
		a.tool === b.tool &&
		a.args_sha256 === b.args_sha256
	);
}
