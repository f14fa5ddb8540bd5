import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { type AuditEvent, makeLeaf, saltBytes } from '@tappass/audit';
import { type OrgId, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgKeys } from '../keys/org-keys.ts';
import { seal } from '../keys/seal.ts';
import { type OrgTransaction, waitForStandbys } from '../store/store.ts';
import { auditLimits } from './limits.ts';

/** An event of the control plane: its place in the cascade decides which auditors may see it. */
export interface ServerEvent extends AuditEvent {
	/** Left out: of the whole org, or as its sandbox says. */
	readonly project?: string | null;
	readonly agent?: string | null;
}

/**
 * Appends events within a transaction: they are durable when it commits, and never happened when it does not.
 * An event whose id is there already is passed over.
 *
 * @throws {TapPassError} audit_unavailable, and whatever it is thrown inside is undone with it
 */
export type AppendIn = (transaction: OrgTransaction, events: readonly ServerEvent[]) => Promise<void>;

/** What those need who change something that the log has to tell of. */
export interface Audit {
	readonly appendIn: AppendIn;
	/** An event of this moment, with a new id. */
	readonly event: (event: Omit<ServerEvent, 'id' | 'at'>) => ServerEvent;
}

/** Turns events into rows, with the pseudonyms and keys of their org. */
export class Appender {
	readonly #keys: OrgKeys;
	readonly #pseudonyms = new Map<string, { readonly pseudonym: string; readonly at: number }>();

	constructor(keys: OrgKeys) {
		this.#keys = keys;
	}

	/** @throws {TapPassError} request_too_large, audit_event_invalid; what the database says */
	async append(transaction: OrgTransaction, orgId: OrgId, events: readonly ServerEvent[]): Promise<void> {
		if (events.length === 0) return;
		if (events.some(({ org_id }) => org_id !== orgId))
			throw new TapPassError('internal', { detail: 'an event of another org than its transaction' });
		const dataKey = await this.#keys.dataKey(transaction, orgId);
		const pseudonyms = await this.#pseudonymsOf(transaction, orgId, events);
		const rows = [...new Map(events.map((event) => [event.id, event])).values()].map((event) => {
			const actor = pseudonyms.get(nameOf(event))!;
			const { leaf, opening } = makeLeaf(event, { pseudonym: actor, salt: randomBytes(saltBytes) });
			if (opening.length > auditLimits.payloadBytesMax)
				throw new TapPassError('request_too_large', {
					detail: `an audit payload: at most ${auditLimits.payloadBytesMax} bytes`,
				});
			return { event, leaf, sealed: seal(dataKey.key, opening, payloadContext(orgId, event.id)), actor };
		});
		await insertRows(transaction, orgId, dataKey.id, rows);
	}

	/** The pseudonyms of an actor: most have one; one that several processes met at once may have more. */
	async find(transaction: OrgTransaction, orgId: OrgId, actorId: string): Promise<readonly string[]> {
		const key = await this.#lookupKey(transaction, orgId);
		const rows = await transaction
			.selectFrom('audit_subjects')
			.select('pseudonym')
			.where(
				'lookup',
				'in',
				actorKinds.map((kind) => lookupOf(key, `${kind} ${actorId}`)),
			)
			.execute();
		return rows.map(({ pseudonym }) => pseudonym);
	}

	/** Forgets who is behind an actor's pseudonym. @returns whether it was known */
	async forget(transaction: OrgTransaction, orgId: OrgId, actorId: string): Promise<boolean> {
		const key = await this.#lookupKey(transaction, orgId);
		const { numDeletedRows } = await transaction
			.deleteFrom('audit_subjects')
			.where(
				'lookup',
				'in',
				actorKinds.map((kind) => lookupOf(key, `${kind} ${actorId}`)),
			)
			.executeTakeFirstOrThrow();
		this.#pseudonyms.clear();
		return numDeletedRows > 0n;
	}

	// Random, so that nothing but the row leads from one to the other.
	async #pseudonymsOf(
		transaction: OrgTransaction,
		orgId: OrgId,
		events: readonly ServerEvent[],
	): Promise<ReadonlyMap<string, string>> {
		const found = new Map<string, string>();
		const wanted = new Set(events.map(nameOf));
		const now = performance.now();
		for (const name of wanted) {
			const held = this.#pseudonyms.get(`${orgId} ${name}`);
			if (held !== undefined && now - held.at < auditLimits.pseudonymMs) found.set(name, held.pseudonym);
		}
		const missing = [...wanted].filter((name) => !found.has(name));
		if (missing.length === 0) return found;
		const key = await this.#lookupKey(transaction, orgId);
		const lookups = new Map(missing.map((name) => [lookupOf(key, name).toString('hex'), name]));
		const known = await transaction
			.selectFrom('audit_subjects')
			.select(['lookup', 'pseudonym'])
			.where(
				'lookup',
				'in',
				[...lookups.keys()].map((hex) => Buffer.from(hex, 'hex')),
			)
			.orderBy('pseudonym', 'desc')
			.execute();
		if (this.#pseudonyms.size > auditLimits.pseudonymsMax) this.#pseudonyms.clear();
		// Remembered only when it was there before: what this transaction adds may yet be undone.
		for (const { lookup, pseudonym } of known) {
			const name = lookups.get(lookup.toString('hex'))!;
			found.set(name, pseudonym);
			this.#pseudonyms.set(`${orgId} ${name}`, { pseudonym, at: now });
		}
		const added = [...lookups]
			.filter(([, name]) => !found.has(name))
			.map(([hex, name]) => ({
				name,
				lookup: Buffer.from(hex, 'hex'),
				pseudonym: randomBytes(16).toString('base64url'),
			}));
		if (added.length === 0) return found;
		// Two transactions that meet an actor for the first time give it a pseudonym each: better than that one waits for
		// the other's end.
		await transaction
			.insertInto('audit_subjects')
			.values(added.map(({ lookup, pseudonym }) => ({ org_id: orgId, lookup, pseudonym })))
			.execute();
		for (const { name, pseudonym } of added) found.set(name, pseudonym);
		return found;
	}

	async #lookupKey(transaction: OrgTransaction, orgId: OrgId): Promise<Buffer> {
		const { key } = await this.#keys.firstDataKey(transaction, orgId);
		return Buffer.from(hkdfSync('sha256', key, new Uint8Array(), 'tappass audit subjects', 32));
	}
}

const actorKinds = ['operator', 'host', 'agent', 'server', 'unknown'] as const;

function nameOf({ actor }: ServerEvent): string {
	return `${actor.kind} ${actor.id}`;
}

function lookupOf(key: Uint8Array, name: string): Buffer {
	return createHmac('sha256', key).update(name).digest();
}

/** What a payload is bound to when it is sealed. */
export function payloadContext(orgId: OrgId, eventId: string): string {
	return `tappass audit payload ${orgId} ${eventId}`;
}

interface Row {
	readonly event: ServerEvent;
	readonly leaf: Uint8Array;
	readonly sealed: Uint8Array;
	readonly actor: string;
}

// One statement: an event that is there already brings no second payload. An id is unique over what waits and what has an
// index; when it moves from one to the other just now, the sequencer drops the copy.
async function insertRows(
	transaction: OrgTransaction,
	orgId: OrgId,
	dataKeyId: string,
	rows: readonly Row[],
): Promise<void> {
	const column = <T>(of: (row: Row) => T): T[] => rows.map(of);
	const { numAffectedRows } = await sql`
		with given as (
			select * from unnest(
				${column(({ event }) => event.id)}::uuid[], ${column(({ leaf }) => Buffer.from(leaf))}::bytea[],
				${column(({ event }) => new Date(event.at))}::timestamptz[], ${column(({ event }) => event.type)}::text[],
				${column(({ actor }) => actor)}::text[], ${column(({ event }) => event.decision)}::text[],
				${column(({ event }) => event.sandbox_id ?? null)}::text[], ${column(({ event }) => event.project ?? '')}::text[],
				${column(({ event }) => event.agent ?? '')}::text[], ${column(({ event }) => event.request_id ?? null)}::text[],
				${column(({ event }) => event.code ?? null)}::text[], ${column(({ sealed }) => Buffer.from(sealed))}::bytea[]
			) as g(event_id, leaf, at, type, actor, decision, sandbox_id, project, agent, request_id, code, sealed)
		), added as (
			insert into audit_pending
				(org_id, event_id, leaf, at, type, actor, decision, sandbox_id, project, agent, request_id, code)
			select ${orgId}, event_id, leaf, at, type, actor, decision, sandbox_id, project, agent, request_id, code from given g
				where not exists (select from audit_entries e where e.org_id = ${orgId} and e.event_id = g.event_id)
			on conflict (org_id, event_id) do nothing returning event_id
		)
		insert into audit_payloads (org_id, event_id, data_key_id, sealed)
			select ${orgId}, event_id, ${dataKeyId}, sealed from given join added using (event_id)
			on conflict (org_id, event_id) do nothing`.execute(transaction);
	if (numAffectedRows !== BigInt(rows.length)) await waitForStandbys(transaction);
}
