import type { OrgId, SandboxId } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgTransaction } from './store.ts';

/** A sandbox's newest statement with the sequence number that was taken for its next freshness. */
export interface SequencedStatement {
	readonly sandbox_id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	readonly policy_sha256: string;
	readonly seq: number;
	/** The DSSE envelope of the PolicyStatement, canonical JSON. */
	readonly envelope: Buffer;
	readonly compiled_sha256: string;
	/** The newest session that is open, or was killed: its tokens say so at every door until an operator resumes it. */
	readonly session_id: string | null;
}

/**
 * Takes the next sequence number of each sandbox that may have a keyring, and reads what goes into it. Sandboxes that are
 * not active, have no statement, or whose statement is of another epoch than the org's are left out.
 */
export async function takeSequence(
	transaction: OrgTransaction,
	sandboxIds: readonly SandboxId[],
): Promise<readonly SequencedStatement[]> {
	// Rows are locked in the order of their ids, so that two replicas never wait for each other in a circle.
	const { rows } = await sql<SequencedStatement>`
		with locked as (
			select s.id from sandboxes s join orgs o using (org_id)
			where s.id = any(${[...sandboxIds]}::text[]) and s.state = 'active' and s.policy_version > 0 and s.epoch = o.epoch
			order by s.id for no key update of s
		), taken as (
			update sandboxes s set seq = seq + 1 from locked where s.id = locked.id
			returning s.org_id, s.id, s.epoch, s.policy_version, s.policy_sha256, s.seq
		)
		select t.id as sandbox_id, t.epoch, t.policy_version, p.sha256 as policy_sha256, t.seq, p.envelope, p.compiled_sha256,
			(select e.id from sessions e where e.org_id = t.org_id and e.sandbox_id = t.id and e.state in ('open', 'killed')
				order by e.opened_at desc limit 1) as session_id
		from taken t join policy_statements p on p.org_id = t.org_id and p.sandbox_id = t.id
			and p.epoch = t.epoch and p.policy_version = t.policy_version and p.sha256 = t.policy_sha256`.execute(
		transaction,
	);
	return rows;
}

/** Compiled Policies by their hash, as far as they are there. */
export async function readCompiledPolicies(
	transaction: OrgTransaction,
	sha256s: readonly string[],
): Promise<ReadonlyMap<string, Record<string, unknown>>> {
	if (sha256s.length === 0) return new Map();
	const rows = await transaction
		.selectFrom('compiled_policies')
		.select(['sha256', 'compiled_policy'])
		.where('sha256', 'in', [...sha256s])
		.execute();
	return new Map(rows.map(({ compiled_policy, sha256 }) => [sha256, compiled_policy]));
}

/** Counts one signing of an org's keyrings; concurrent ones wait for each other. @returns the new count */
export async function raiseWatermark(transaction: OrgTransaction, orgId: OrgId): Promise<Watermark> {
	const { rows } = await sql<Watermark>`
		with raised as (
			insert into watermarks as w (org_id, counter) values (${orgId}, 1)
			on conflict (org_id) do update set counter = w.counter + 1 returning org_id, counter
		) select o.epoch, r.counter from raised r join orgs o using (org_id)`.execute(transaction);
	return rows[0]!;
}

/** How far an org's signing has come. */
export interface Watermark {
	readonly epoch: number;
	readonly counter: number;
}

/** How far signing has come by the database. */
export async function readWatermark(transaction: OrgTransaction): Promise<Watermark | undefined> {
	const { rows } = await sql<Watermark>`
		select o.epoch, coalesce(w.counter, 0) as counter from orgs o left join watermarks w using (org_id)`.execute(
		transaction,
	);
	return rows[0];
}

/** What a replica compares with what it last sent. */
export interface SandboxHead {
	readonly id: SandboxId;
	readonly state: 'pending' | 'active' | 'revoked' | 'locked';
	readonly epoch: number;
	readonly policy_version: number;
	/** Generation of the newest certificate that a host has shown. */
	readonly seen_generation: number;
}

/** The heads of sandboxes. */
export async function readHeads(
	transaction: OrgTransaction,
	sandboxIds: readonly SandboxId[],
): Promise<readonly SandboxHead[]> {
	const { rows } = await sql<SandboxHead>`
		select s.id, s.state, s.epoch, s.policy_version,
			coalesce((select max(c.generation) from certificates c
				where c.org_id = s.org_id and c.sandbox_id = s.id and c.first_seen_at is not null), 0) as seen_generation
		from sandboxes s where s.id = any(${[...sandboxIds]}::text[])`.execute(transaction);
	return rows;
}
