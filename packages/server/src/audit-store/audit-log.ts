import { randomBytes } from 'node:crypto';
import { type AuditEvent, noteKey, originOf, vkeyText } from '@tappass/audit';
import { type OrgId, TapPassError } from '@tappass/core';
import type { OrgKeys } from '../keys/org-keys.ts';
import { findKey } from '../store/keys.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
import { Appender, type AppendIn, type ServerEvent } from './append.ts';
import { Committer, isOwnFault, unavailable } from './committer.ts';
import { ErasureList } from './erase.ts';
import { LastSigned } from './last-signed.ts';
import { Sequencer, type SequencerOptions } from './sequencer.ts';

export interface AuditLogOptions {
	readonly store: Store;
	readonly keys: OrgKeys;
	/** Where what was last signed is kept: not restored together with the database. */
	readonly directory: string;
	/** Host part of the origin of new logs: `audit.<region>.<host>/<org>`. */
	readonly host: string;
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly log: SequencerOptions['log'];
}

/** The audit log of every org, on PostgreSQL: DESIGN.md §12. */
export class AuditLog {
	readonly appender: Appender;
	readonly lastSigned: LastSigned;
	readonly erasures: ErasureList;
	readonly #keys: OrgKeys;
	readonly #committer: Committer;
	readonly #sequencer: Sequencer;
	readonly #now: () => number;

	constructor({ store, keys, directory, host, now, log }: AuditLogOptions) {
		this.appender = new Appender(keys);
		this.lastSigned = new LastSigned(directory);
		this.erasures = new ErasureList(directory);
		this.#keys = keys;
		this.#now = now;
		this.#sequencer = new Sequencer({
			store,
			keys,
			lastSigned: this.lastSigned,
			erasures: this.erasures,
			originOf: async (transaction, orgId) => {
				const { region } = await transaction.selectFrom('orgs').select('region').executeTakeFirstOrThrow();
				return originOf(region, host, orgId);
			},
			now,
			log,
		});
		this.#committer = new Committer({ store, appender: this.appender, onAppended: () => this.#sequencer.wake() });
	}

	/** Begins to sequence and sign. */
	start(): void {
		this.#sequencer.start();
	}

	/** Ends after what is under way. What was appended is durable, and is sequenced by whoever comes next. */
	stop(): Promise<void> {
		return this.#sequencer.stop();
	}

	/** Appends events of one org in the transaction of the change that they tell of. */
	readonly appendIn: AppendIn = async (transaction, events) => {
		const [first] = events;
		if (first === undefined) return;
		if (!events.every(({ type }) => wayOut.has(type))) this.#assertRunning(first.org_id);
		try {
			await this.appender.append(transaction, first.org_id, events);
		} catch (error) {
			throw isOwnFault(error) ? error : unavailable(error);
		}
		// Sooner than its commit, perhaps; the next look finds it then.
		this.#sequencer.wake();
	};

	/** The `AuditPort` of the gateway: resolves when every event is durable. @throws {TapPassError} audit_unavailable */
	async append(events: readonly ServerEvent[], canWait = false): Promise<void> {
		const orgs = Map.groupBy(events, ({ org_id }) => org_id);
		for (const orgId of orgs.keys()) this.#assertRunning(orgId);
		await Promise.all([...orgs].map(([orgId, own]) => this.#committer.append(orgId, own, canWait)));
	}

	/** Why an org's log is halted; undefined while it is not, as far as this process knows. */
	haltedBy(orgId: OrgId): string | undefined {
		return this.#sequencer.haltedBy(orgId);
	}

	/** The verifier key of a log: what anyone checks its newest checkpoint with. @param keyId that signed it; the key in use when left out */
	async vkey(transaction: OrgTransaction, orgId: OrgId, origin: string, keyId?: string): Promise<string> {
		const signed = keyId === undefined ? undefined : await findKey(transaction, keyId);
		const { spki } = signed ?? (await this.#keys.current(transaction, orgId, 'audit'));
		return vkeyText(noteKey(origin, spki));
	}

	/** Whether this process is the one that sequences an org's log. */
	holds(orgId: OrgId): boolean {
		return this.#sequencer.holds(orgId);
	}

	/** An event of this moment, with a new id. */
	event(event: Omit<ServerEvent, 'id' | 'at'>): ServerEvent {
		const at = this.#now();
		return { ...event, id: newEventId(at), at };
	}

	/** For metrics. */
	figures(): { readonly audit_outstanding: number } {
		return { audit_outstanding: this.#committer.outstanding };
	}

	// What cannot be proven afterwards does not happen: a log that does not verify takes nothing more.
	#assertRunning(orgId: OrgId): void {
		const reason = this.haltedBy(orgId);
		if (reason !== undefined) throw new TapPassError('audit_unavailable', { detail: `the log is halted: ${reason}` });
	}
}

// What an operator needs to mend a log that is halted: it waits for its index until then.
const wayOut: ReadonlySet<string> = new Set(['operator.signed_in', 'root.accepted']);

/** A UUIDv7 (RFC 9562 §5.7). @param at Unix milliseconds */
export function newEventId(at: number): AuditEvent['id'] {
	const bytes = randomBytes(16);
	bytes.writeUIntBE(Math.max(0, at), 0, 6);
	bytes[6] = (bytes[6]! & 0x0f) | 0x70;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	const hex = bytes.toString('hex');
	return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
