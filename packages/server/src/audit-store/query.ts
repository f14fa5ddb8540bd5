import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgKeys } from '../keys/org-keys.ts';
import { open } from '../keys/seal.ts';
import type { OrgTransaction } from '../store/store.ts';
import { payloadContext } from './append.ts';

/** What is looked for: every given field must match. */
export interface Filter {
	/** Only entries after, or before, this index. */
	readonly after?: number | undefined;
	readonly before?: number | undefined;
	readonly since?: Date | undefined;
	readonly until?: Date | undefined;
	readonly type?: string | undefined;
	/** Pseudonyms; empty finds nothing. */
	readonly actors?: readonly string[] | undefined;
	readonly sandbox_id?: string | undefined;
	readonly code?: string | undefined;
	readonly decision?: string | undefined;
	readonly request_id?: string | undefined;
	readonly event_id?: string | undefined;
	/** Places whose entries may be seen; undefined: all. */
	readonly places?: readonly { readonly project: string; readonly agent: string | null }[] | undefined;
}

/** An entry as it is found. */
export interface EntryRow {
	readonly index: number;
	readonly event_id: string;
	readonly leaf: Buffer;
	readonly at: Date;
	readonly type: string;
	readonly actor: string;
	readonly decision: string;
	readonly sandbox_id: SandboxId | null;
	readonly project: string | null;
	readonly agent: string | null;
	readonly request_id: string | null;
	readonly code: string | null;
	/** Whether its payload can still be read. */
	readonly has_payload: boolean;
}

/** Entries of the log, by their index: upward, or from the newest down. */
export async function findEntries(
	transaction: OrgTransaction,
	filter: Filter,
	order: 'asc' | 'desc',
	limit: number,
): Promise<readonly EntryRow[]> {
	const conditions = [sql`true`];
	const { after, before, since, until, type, actors, sandbox_id, code, decision, request_id, event_id, places } =
		filter;
	if (after !== undefined) conditions.push(sql`e.index > ${after}`);
	if (before !== undefined) conditions.push(sql`e.index < ${before}`);
	if (since !== undefined) conditions.push(sql`e.at >= ${since}`);
	if (until !== undefined) conditions.push(sql`e.at < ${until}`);
	if (type !== undefined)
		conditions.push(type.endsWith('.*') ? sql`starts_with(e.type, ${type.slice(0, -1)})` : sql`e.type = ${type}`);
	if (actors !== undefined) conditions.push(sql`e.actor = any(${[...actors]}::text[])`);
	if (sandbox_id !== undefined) conditions.push(sql`e.sandbox_id = ${sandbox_id}`);
	if (code !== undefined) conditions.push(sql`e.code = ${code}`);
	if (decision !== undefined) conditions.push(sql`e.decision = ${decision}`);
	if (request_id !== undefined) conditions.push(sql`e.request_id = ${request_id}`);
	if (event_id !== undefined) conditions.push(sql`e.event_id = ${event_id}::uuid`);
	if (places !== undefined) {
		const [projects, agents] = [places.map(({ project }) => project), places.map(({ agent }) => agent)];
		conditions.push(sql`exists (select from unnest(${projects}::text[], ${agents}::text[]) as m(project, agent)
			where m.project = coalesce(s.project, e.project)
				and (m.agent is null or m.agent = coalesce(s.agent, e.agent)))`);
	}
	const { rows } = await sql<EntryRow>`
		select e.index, e.event_id, e.leaf, e.at, e.type, e.actor, e.decision, e.sandbox_id,
			nullif(coalesce(s.project, e.project), '') as project, nullif(coalesce(s.agent, e.agent), '') as agent,
			e.request_id, e.code,
			exists (select from audit_payloads p where p.org_id = e.org_id and p.event_id = e.event_id) as has_payload
		from audit_entries e left join sandboxes s on s.org_id = e.org_id and s.id = e.sandbox_id
		where ${sql.join(conditions, sql` and `)}
		order by e.index ${order === 'asc' ? sql`asc` : sql`desc`} limit ${limit}`.execute(transaction);
	return rows;
}

/** Opens the payload of an event; undefined when there is none, or none any more. */
export async function readPayload(
	transaction: OrgTransaction,
	keys: OrgKeys,
	orgId: OrgId,
	eventId: string,
): Promise<Uint8Array | undefined> {
	const row = await transaction
		.selectFrom('audit_payloads')
		.select(['data_key_id', 'sealed'])
		.where('event_id', '=', eventId)
		.executeTakeFirst();
	if (row === undefined) return undefined;
	const { key } = await keys.dataKeyOf(transaction, orgId, row.data_key_id);
	return open(key, row.sealed, payloadContext(orgId, eventId));
}

/** The entries of some event ids. @throws {TapPassError} not_found, naming those that the log does not have (yet) */
export async function entriesOf(
	transaction: OrgTransaction,
	eventIds: readonly string[],
): Promise<readonly { readonly event_id: string; readonly index: number; readonly type: string }[]> {
	const rows = await transaction
		.selectFrom('audit_entries')
		.select(['event_id', 'index', 'type'])
		.where('event_id', 'in', [...eventIds])
		.orderBy('index')
		.execute();
	const missing = eventIds.filter((id) => !rows.some(({ event_id }) => event_id === id));
	if (missing.length > 0)
		throw new TapPassError('not_found', {
			detail: `no entry ${missing[0]}`,
			hint: 'an event gets its index within a second; tappass audit query lists entries',
		});
	return rows;
}
