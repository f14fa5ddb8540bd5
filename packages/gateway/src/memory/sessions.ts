import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import type { RecentCall, Session, SessionPort } from '../ports.ts';
import { countCall, rememberCall } from '../session/recent.ts';

/** Sessions of one process. */
export class MemorySessions implements SessionPort {
	readonly #sessions = new Map<string, Session>();
	readonly #changed: (org_id: OrgId, sandbox_id: SandboxId) => void;

	constructor(changed: (org_id: OrgId, sandbox_id: SandboxId) => void) {
		this.#changed = changed;
	}

	readonly find = async (org_id: OrgId, id: string): Promise<Session | undefined> =>
		this.#sessions.get(`${org_id}/${id}`);
	readonly count: SessionPort['count'] = async (org_id, id, call) => {
		const held = this.#sessions.get(`${org_id}/${id}`);
		return held === undefined ? undefined : this.#update(org_id, id, (session) => countCall(session, call));
	};
	readonly remember = async (org_id: OrgId, id: string, call: RecentCall): Promise<Session> =>
		this.#update(org_id, id, ({ recent }) => ({ recent: rememberCall(recent, call) }));
	readonly spend = async (org_id: OrgId, id: string, tokens: number, dollars: number): Promise<void> => {
		this.#update(org_id, id, (session) => ({ tokens: session.tokens + tokens, dollars: session.dollars + dollars }));
	};
	readonly kill = async (org_id: OrgId, id: string, code: string, reason: string): Promise<void> => {
		this.#end(org_id, id, { state: 'killed', killed_code: code, killed_reason: reason });
	};

	/** Opens a session, as a host does at each launch of a sandbox. */
	open(org_id: OrgId, sandbox_id: SandboxId, id: string, now: number): Session {
		const session: Session = {
			id,
			sandbox_id,
			state: 'open',
			killed_code: null,
			killed_reason: null,
			opened_at: now,
			calls: 0,
			tool_calls: 0,
			tokens: 0,
			dollars: 0,
			recent: [],
		};
		this.#sessions.set(`${org_id}/${id}`, session);
		return session;
	}
	close(org_id: OrgId, id: string): void {
		this.#end(org_id, id, { state: 'closed' });
	}
	/** An operator's act: what was killed may go on, with nothing held against it. */
	resume(org_id: OrgId, id: string): void {
		this.#end(org_id, id, { state: 'open', killed_code: null, killed_reason: null, recent: [] });
	}

	#end(org_id: OrgId, id: string, how: Partial<Session>): void {
		this.#changed(org_id, this.#update(org_id, id, () => how).sandbox_id);
	}
	#update(org_id: OrgId, id: string, change: (session: Session) => Partial<Session>): Session {
		const held = this.#sessions.get(`${org_id}/${id}`);
		if (held === undefined) throw new TapPassError('session_unknown');
		const session = { ...held, ...change(held) };
		this.#sessions.set(`${org_id}/${id}`, session);
		return session;
	}
}
