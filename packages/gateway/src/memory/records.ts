import { type AuditEvent, makeLeaf } from '@tappass/audit';
import type { OrgId } from '@tappass/core';
import type { AuditPort, PseudonymPort, SignalPort, UnenrolledPort } from '../ports.ts';

const anyTerms = { pseudonym: 'A'.repeat(22), salt: new Uint8Array(32) };

/** A log that is kept as long as the process lives, and no longer than `max` events. */
export class MemoryAudit implements AuditPort {
	readonly #events: AuditEvent[] = [];
	readonly #max: number;

	constructor(max: number) {
		this.#max = max;
	}

	readonly append: AuditPort['append'] = async (events) => {
		// What no log would take must not pass for recorded here: the entry is made, and only its making counts.
		for (const event of events) makeLeaf(event, anyTerms);
		this.#events.push(...events);
		if (this.#events.length > this.#max) this.#events.splice(0, this.#events.length - this.#max);
	};
	get events(): readonly AuditEvent[] {
		return this.#events;
	}
}

type Seen = { readonly source: string; readonly user_agent: string | undefined; readonly signature: string };

/** Callers that nobody enrolled, counted by source and signature. */
export class MemoryUnenrolled implements UnenrolledPort {
	readonly #callers = new Map<string, Seen & { count: number; readonly claimed: OrgId | undefined }>();
	readonly #max = 10_000;

	readonly report: UnenrolledPort['report'] = async (caller, claimed) => {
		const name = `${caller.source} ${caller.signature}`;
		const held = this.#callers.get(name);
		if (held !== undefined) held.count += 1;
		else if (this.#callers.size < this.#max) this.#callers.set(name, { ...caller, claimed, count: 1 });
	};
	get callers(): readonly (Seen & { readonly count: number; readonly claimed: OrgId | undefined })[] {
		return [...this.#callers.values()];
	}
}

/** Signals, the latest `max` of them. */
export class MemorySignals implements SignalPort {
	readonly #signals: Parameters<SignalPort['record']>[0][] = [];
	readonly #max = 10_000;

	readonly record: SignalPort['record'] = (signal) => {
		this.#signals.push(signal);
		if (this.#signals.length > this.#max) this.#signals.shift();
	};
	get signals(): readonly Parameters<SignalPort['record']>[0][] {
		return this.#signals;
	}
}

/** Reversible tokens of one process. */
export class MemoryPseudonyms implements PseudonymPort {
	readonly #keys = new Map<string, Uint8Array>();
	readonly #values = new Map<string, string>();
	readonly #randomBytes: (count: number) => Uint8Array;

	constructor(randomBytes: (count: number) => Uint8Array) {
		this.#randomBytes = randomBytes;
	}

	readonly key: PseudonymPort['key'] = async (org_id, session_id) => {
		const name = `${org_id}/${session_id}`;
		const key = this.#keys.get(name) ?? this.#randomBytes(32);
		this.#keys.set(name, key);
		return key;
	};
	readonly keep: PseudonymPort['keep'] = async (org_id, session_id, values) => {
		for (const [token, value] of values) this.#values.set(`${org_id}/${session_id}/${token}`, value);
	};
	readonly find: PseudonymPort['find'] = async (org_id, session_id, tokens) =>
		new Map(
			tokens.flatMap((token) => {
				const value = this.#values.get(`${org_id}/${session_id}/${token}`);
				return value === undefined ? [] : [[token, value] as const];
			}),
		);
}
