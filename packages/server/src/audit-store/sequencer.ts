import { randomUUID } from 'node:crypto';
import {
	edgeBytes,
	emptyRoot,
	emptyTree,
	type FullTile,
	grow,
	rootOf,
	sameBytes,
	signCheckpoint,
	tileBytes,
} from '@tappass/audit';
import { type OrgId, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgKeys } from '../keys/org-keys.ts';
import { orgEpoch } from '../store/enrolment.ts';
import type { OrgTransaction, PinnedStore, Store } from '../store/store.ts';
import type { ErasureList } from './erase.ts';
import type { Head, LastSigned } from './last-signed.ts';
import { auditLimits } from './limits.ts';
import { readCheckpoint, readTree, type TreeRow } from './read.ts';
import { contains, halted, treeOf, verifyContains, verifyEntries, verifyParents, verifyStore } from './verify-store.ts';

export interface SequencerOptions {
	readonly store: Pick<Store, 'pin' | 'orgIds' | 'withOrg'>;
	readonly keys: Pick<OrgKeys, 'current'>;
	readonly lastSigned: LastSigned;
	readonly erasures: Pick<ErasureList, 'reapply'>;
	/** Name of a new log in its checkpoints. */
	readonly originOf: (transaction: OrgTransaction, orgId: OrgId) => Promise<string>;
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly log: (level: 'info' | 'warn' | 'error', msg: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** A log that this process sequences. */
interface Held {
	readonly epoch: number;
	/** False until what is stored was verified, and again after any error. */
	verified: boolean;
	/** When the next checkpoint may be signed, by the monotonic clock. */
	signAt: number;
	/** Up to which entry the log was read through again, and when that may begin anew. */
	reread: number;
	rereadAt: number;
	/** When a verification that failed is tried again, by the monotonic clock. */
	retryAt: number;
}

/**
 * Gives events their index, builds the tree, and signs checkpoints: for each org one process at a time.
 *
 * The lock of a session says who, and is free again when that session ends, however it ends. What keeps a process from
 * going on after it lost the lock is the epoch: every transaction names it, under a lock on the row of the tree. Whatever
 * fails, the log is claimed anew and verified before anything is added to it again.
 */
export class Sequencer {
	readonly #options: SequencerOptions;
	readonly #name = randomUUID();
	readonly #held = new Map<OrgId, Held>();
	readonly #haltedBy = new Map<OrgId, string>();
	readonly #observed = new Map<OrgId, number>();
	readonly #waitUntil = new Map<OrgId, number>();
	/** Of a log that another process holds: the answer that its connection does not take, and since when that is known. */
	readonly #stuck = new Map<OrgId, { readonly answer: string; readonly at: number }>();
	#pinned: PinnedStore | undefined;
	#orgs: { readonly ids: readonly OrgId[]; readonly at: number } | undefined;
	#timer: NodeJS.Timeout | undefined;
	#due = Number.POSITIVE_INFINITY;
	#running: Promise<void> = Promise.resolve();
	#stopped = false;

	constructor(options: SequencerOptions) {
		this.#options = options;
	}

	/** Begins to look, now and then and when woken. */
	start(): void {
		this.#schedule(0);
	}

	/** Looks soon: something was appended. */
	wake(): void {
		this.#schedule(auditLimits.wakeMs);
	}

	/** Why an org's log is not continued, as far as this process knows. */
	haltedBy(orgId: OrgId): string | undefined {
		return this.#haltedBy.get(orgId);
	}

	/** Whether this process sequences the org. */
	holds(orgId: OrgId): boolean {
		return this.#held.has(orgId);
	}

	/** Ends after the round under way; the lock is free then. */
	async stop(): Promise<void> {
		this.#stopped = true;
		clearTimeout(this.#timer);
		await this.#running;
		await this.#drop();
	}

	#schedule(ms: number): void {
		const due = performance.now() + ms;
		if (this.#stopped || due >= this.#due) return;
		clearTimeout(this.#timer);
		this.#due = due;
		this.#timer = setTimeout(() => {
			// Not before the round under way has ended.
			this.#running = this.#running.then(async () => {
				this.#due = Number.POSITIVE_INFINITY;
				await this.round();
				this.#schedule(auditLimits.tickMs);
			});
		}, ms).unref();
	}

	/** One round over all orgs. Never throws: what fails is said in the log, and tried again in the next. */
	async round(): Promise<void> {
		try {
			const pinned = await this.#pin();
			for (const orgId of await this.#orgIds()) {
				if (this.#stopped) return;
				// One org's fault must not keep the others from being sequenced.
				await this.#advance(pinned, orgId).catch((error: unknown) => this.#setBack(pinned, orgId, error));
			}
		} catch (error) {
			this.#options.log('warn', interrupted, reasonOf(error));
			await this.#drop();
		}
	}

	// The lock stays with the connection; the log is claimed and verified anew before anything is added to it.
	#setBack(pinned: PinnedStore, orgId: OrgId, error: unknown): void {
		if (pinned.isBroken() || (error instanceof TapPassError && error.code === 'store_unavailable')) throw error;
		this.#held.delete(orgId);
		this.#waitUntil.set(orgId, performance.now() + auditLimits.observeMs);
		this.#options.log('warn', interrupted, { org_id: orgId, ...reasonOf(error) });
	}

	async #pin(): Promise<PinnedStore> {
		if (this.#pinned !== undefined && !this.#pinned.isBroken()) return this.#pinned;
		await this.#drop();
		const pinned = await this.#options.store.pin();
		this.#pinned = pinned;
		// A process that was stopped, not ended, would keep the lock as long as its connection lasts.
		for (const name of ['idle_session_timeout', 'idle_in_transaction_session_timeout'])
			await pinned.query('select set_config($1, $2, false)', [name, `${auditLimits.silentMs}`]);
		return pinned;
	}

	async #drop(): Promise<void> {
		this.#held.clear();
		const pinned = this.#pinned;
		this.#pinned = undefined;
		await pinned?.close();
	}

	async #orgIds(): Promise<readonly OrgId[]> {
		const now = performance.now();
		if (this.#orgs === undefined || now - this.#orgs.at > auditLimits.observeMs)
			this.#orgs = { ids: await this.#options.store.orgIds(), at: now };
		return this.#orgs.ids;
	}

	async #advance(pinned: PinnedStore, orgId: OrgId): Promise<void> {
		if (performance.now() < (this.#waitUntil.get(orgId) ?? 0)) return;
		const held = this.#held.get(orgId) ?? (await this.#claim(pinned, orgId));
		if (held === undefined) return this.#observe(pinned, orgId);
		try {
			if (!held.verified) {
				if (performance.now() < held.retryAt) return;
				await this.#verify(pinned, orgId, held);
			}
			while (!this.#stopped && (await this.#integrate(pinned, orgId, held)) === auditLimits.batchMax);
			await this.#sign(pinned, orgId, held);
			await this.#reread(pinned, orgId, held);
		} catch (error) {
			if (!(error instanceof TapPassError) || error.code !== 'audit_halted') throw error;
			held.verified = false;
			held.reread = 0;
			held.rereadAt = 0;
			held.retryAt = performance.now() + auditLimits.observeMs;
			await this.#halt(pinned, orgId, held, error.detail ?? error.message);
		}
	}

	async #claim(pinned: PinnedStore, orgId: OrgId): Promise<Held | undefined> {
		const [lock] = await pinned.query<{ readonly got: boolean }>(
			"select pg_try_advisory_lock(hashtextextended('tappass audit ' || $1, 0)) as got",
			[orgId],
		);
		if (lock?.got !== true) return undefined;
		// This commit is also what makes durable whatever the sequencer before left, wherever it stood.
		const epoch = await pinned.withOrg(orgId, async (transaction) => {
			await transaction
				.insertInto('audit_trees')
				.values({
					org_id: orgId,
					origin: await this.#options.originOf(transaction, orgId),
					size: 0,
					root: emptyRoot,
					edge: edgeBytes(emptyTree),
				})
				.onConflict((conflict) => conflict.column('org_id').doNothing())
				.execute();
			const row = await transaction
				.updateTable('audit_trees')
				.set((set) => ({ epoch: set('epoch', '+', 1), sequencer: this.#name }))
				.returning('epoch')
				.executeTakeFirstOrThrow();
			return row.epoch;
		});
		const held: Held = { epoch, verified: false, signAt: 0, reread: 0, rereadAt: 0, retryAt: 0 };
		this.#held.set(orgId, held);
		this.#options.log('info', 'sequences the audit log', { org_id: orgId, epoch });
		return held;
	}

	async #verify(pinned: PinnedStore, orgId: OrgId, held: Held): Promise<void> {
		await pinned.withOrg(orgId, async (transaction) => {
			const row = await this.#lock(transaction, held);
			await this.#options.erasures.reapply(transaction, orgId);
			const { signed, beginsAnew } = await this.#signedBefore(transaction, orgId, row);
			await verifyStore(transaction, row, signed);
			if (beginsAnew) await this.#beginAnew(transaction, orgId);
			if (row.halted !== null) await transaction.updateTable('audit_trees').set({ halted: null }).execute();
		});
		held.verified = true;
		if (this.#haltedBy.delete(orgId)) this.#options.log('info', 'the audit log verifies again', { org_id: orgId });
	}

	// What the log has to contain. A higher epoch, which the root alone raises, excuses a database that was restored to before it.
	async #signedBefore(
		transaction: OrgTransaction,
		orgId: OrgId,
		row: TreeRow,
	): Promise<{ readonly signed: Head | null; readonly epoch: number; readonly beginsAnew: boolean }> {
		const epoch = (await orgEpoch(transaction)) ?? 1;
		const signed = await this.#options.lastSigned.read(orgId);
		const beginsAnew = signed !== null && epoch > signed.epoch && !(await contains(transaction, treeOf(row), signed));
		return { signed: beginsAnew ? null : signed, epoch, beginsAnew };
	}

	// Under another name: whoever holds a checkpoint of the old one is never shown a second history of it.
	async #beginAnew(transaction: OrgTransaction, orgId: OrgId): Promise<void> {
		const origin = `${await this.#options.originOf(transaction, orgId)}/${await orgEpoch(transaction)}`;
		await transaction.updateTable('audit_trees').set({ origin }).execute();
		this.#options.log('warn', 'the audit log goes on under a new name: its database was restored', {
			org_id: orgId,
			origin,
		});
	}

	// The row stays locked until the transaction ends, so that no other process can begin meanwhile.
	async #lock(transaction: OrgTransaction, held: Held): Promise<TreeRow> {
		const row = await readTree(transaction, true);
		if (row === undefined) throw halted('the row of the tree is gone');
		if (row.epoch !== held.epoch || row.sequencer !== this.#name)
			throw new TapPassError('audit_unavailable', { detail: 'another process has taken the log over' });
		return row;
	}

	// Everything of a batch is one transaction: a crash leaves all of it or nothing.
	async #integrate(pinned: PinnedStore, orgId: OrgId, held: Held): Promise<number> {
		const [waiting] = await pinned.withOrg(orgId, (transaction) =>
			transaction.selectFrom('audit_pending').select('event_id').limit(1).execute(),
		);
		if (waiting === undefined) return 0;
		return pinned.withOrg(orgId, async (transaction) => {
			const row = await this.#lock(transaction, held);
			const tree = treeOf(row);
			const { taken, leaves } = await takePending(transaction, tree.size);
			if (leaves.length > 0) {
				const grown = grow(tree, leaves);
				await storeTiles(transaction, orgId, grown.full);
				const { numUpdatedRows } = await transaction
					.updateTable('audit_trees')
					.set({ size: grown.tree.size, root: rootOf(grown.tree), edge: edgeBytes(grown.tree) })
					.where('epoch', '=', held.epoch)
					.where('size', '=', tree.size)
					.executeTakeFirstOrThrow();
				if (numUpdatedRows !== 1n) throw halted('the tree has changed under its lock');
			}
			return taken;
		});
	}

	async #sign(pinned: PinnedStore, orgId: OrgId, held: Held): Promise<void> {
		const { lastSigned, keys, now } = this.#options;
		if (performance.now() < held.signAt) return;
		await pinned.withOrg(orgId, async (transaction) => {
			const newest = await readCheckpoint(transaction);
			const at = now();
			const isDue = newest === undefined || at - newest.signed_at.getTime() >= auditLimits.checkpointMs;
			const [peek] = await transaction.selectFrom('audit_trees').select('size').execute();
			if (peek === undefined || peek.size === 0 || (!isDue && peek.size === newest.size)) return;
			const row = await this.#lock(transaction, held);
			const tree = treeOf(row);
			const { signed, epoch } = await this.#signedBefore(transaction, orgId, row);
			await verifyContains(transaction, tree, signed, 'what was last signed');
			await verifyContains(transaction, tree, newest ?? null, 'the newest checkpoint');
			await verifyEntries(transaction, tree, Math.min(signed?.size ?? 0, newest?.size ?? 0), tree.size);
			const key = await keys.current(transaction, orgId, 'audit');
			const { origin, root, size } = row;
			const note = await signCheckpoint({ origin, size, root }, key);
			held.signAt = performance.now() + auditLimits.signMs;
			// Before anything leaves: from here on a database without this tree is known to be an older one.
			await lastSigned.write(orgId, { epoch, size, root });
			await transaction
				.insertInto('audit_checkpoints')
				.values({ org_id: orgId, size, root, note, key_id: key.id, signed_at: new Date(at) })
				.onConflict((conflict) =>
					conflict.columns(['org_id', 'size']).doUpdateSet({ note, key_id: key.id, signed_at: new Date(at) }),
				)
				.execute();
		});
	}

	// A slice of the log in each round, from its first entry to its last, and again after a while: what was signed long ago
	// must still be what is served.
	async #reread(pinned: PinnedStore, orgId: OrgId, held: Held): Promise<void> {
		if (performance.now() < held.rereadAt) return;
		await pinned.withOrg(orgId, async (transaction) => {
			const row = await readTree(transaction);
			const tree = treeOf(row!);
			const to = Math.min(tree.size, held.reread + auditLimits.readMax);
			await verifyEntries(transaction, tree, held.reread, to);
			await verifyParents(transaction, tree, held.reread, to);
			held.reread = to;
			if (to < tree.size) return;
			held.reread = 0;
			held.rereadAt = performance.now() + auditLimits.readAgainMs;
		});
	}

	// What another process signs is kept here too, so that this one's copy is never far behind.
	async #observe(pinned: PinnedStore, orgId: OrgId): Promise<void> {
		const now = performance.now();
		if (now - (this.#observed.get(orgId) ?? Number.NEGATIVE_INFINITY) < auditLimits.observeMs) return;
		this.#observed.set(orgId, now);
		const { row, newest, epoch } = await pinned.withOrg(orgId, async (transaction) => ({
			epoch: (await orgEpoch(transaction)) ?? 1,
			row: await readTree(transaction),
			newest: await readCheckpoint(transaction),
		}));
		if (typeof row?.halted === 'string') this.#haltedBy.set(orgId, row.halted);
		else this.#haltedBy.delete(orgId);
		if (row !== undefined && newest !== undefined && newest.size <= row.size)
			await this.#options.lastSigned.write(orgId, { ...newest, epoch });
		await this.#endStuck(pinned, orgId, now);
	}

	// Whoever is stopped while the database sends him something keeps his lock: none of the database's own timeouts counts
	// while it writes. Found twice in one and the same answer, his connection is ended, and the lock is free.
	async #endStuck(pinned: PinnedStore, orgId: OrgId, now: number): Promise<void> {
		const [found] = await pinned.withOrg(orgId, (transaction) => findStuck(transaction, orgId));
		const known = this.#stuck.get(orgId);
		if (found === undefined) this.#stuck.delete(orgId);
		else if (known?.answer !== found.answer) this.#stuck.set(orgId, { answer: found.answer, at: now });
		else if (now - known.at >= auditLimits.silentMs) {
			this.#options.log('warn', 'ends the connection of a sequencer that reads no more', { org_id: orgId });
			await pinned.withOrg(orgId, (transaction) => endBackend(transaction, found.pid));
			this.#stuck.delete(orgId);
		}
	}

	async #halt(pinned: PinnedStore, orgId: OrgId, held: Held, reason: string): Promise<void> {
		if (this.#haltedBy.get(orgId) === reason) return;
		this.#haltedBy.set(orgId, reason);
		this.#options.log('error', 'the audit log is halted: nothing is signed until it verifies', {
			org_id: orgId,
			code: 'audit_halted',
			reason,
		});
		await pinned.withOrg(orgId, (transaction) =>
			transaction.updateTable('audit_trees').set({ halted: reason }).where('epoch', '=', held.epoch).execute(),
		);
	}
}

const interrupted = 'sequencing was interrupted; the log is verified before it goes on';

interface StuckBackend {
	readonly pid: number;
	/** Names one answer of one connection. */
	readonly answer: string;
}

/** The connection that holds an org's lock, when its client takes nothing of what it is sent. */
async function findStuck(transaction: OrgTransaction, orgId: OrgId): Promise<readonly StuckBackend[]> {
	await asLogin(transaction);
	const { rows } = await sql<StuckBackend>`
		with lock as (select hashtextextended('tappass audit ' || ${orgId}, 0) as key)
		select a.pid, a.pid || ' ' || a.query_start as answer
		from lock, pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.datname = current_database()
			and l.classid::bigint = (lock.key >> 32) & 4294967295 and l.objid::bigint = lock.key & 4294967295
			and a.wait_event = 'ClientWrite' and a.query_start is not null`.execute(transaction);
	return rows;
}

async function endBackend(transaction: OrgTransaction, pid: number): Promise<void> {
	await asLogin(transaction);
	await sql`select pg_terminate_backend(${pid})`.execute(transaction);
}

// Connections belong to who logged in, not to the role that it took on: only as that one may they be looked at and ended.
async function asLogin(transaction: OrgTransaction): Promise<void> {
	await sql`set local role none`.execute(transaction);
}

/** Gives what waits an index, in one go. Rows that commit later are found by the next call: nothing is passed over. */
async function takePending(
	transaction: OrgTransaction,
	size: number,
): Promise<{ readonly taken: number; readonly leaves: readonly Uint8Array[] }> {
	const waiting = await transaction
		.selectFrom('audit_pending')
		.select('event_id')
		.orderBy('event_id')
		.limit(auditLimits.batchMax)
		.execute();
	const ids = waiting.map(({ event_id }) => event_id);
	// The leaf comes back as it was stored: what is hashed is what will be read.
	const { rows } = await sql<{ readonly index: number; readonly leaf: Buffer }>`
		insert into audit_entries
			(org_id, event_id, index, leaf, at, type, actor, decision, sandbox_id, project, agent, request_id, code)
		select p.org_id, p.event_id, ${size}::bigint + row_number() over (order by p.event_id) - 1,
			p.leaf, p.at, p.type, p.actor, p.decision, p.sandbox_id, p.project, p.agent, p.request_id, p.code
		from audit_pending p where p.event_id = any(${ids}::uuid[])
			and not exists (select from audit_entries e where e.org_id = p.org_id and e.event_id = p.event_id)
		returning index, leaf`.execute(transaction);
	await sql`delete from audit_pending where event_id = any(${ids}::uuid[])`.execute(transaction);
	const ordered = rows.toSorted((a, b) => a.index - b.index);
	if (ordered.some(({ index }, at) => index !== size + at)) throw halted('the log has entries beyond its tree');
	return { taken: ids.length, leaves: ordered.map(({ leaf }) => leaf) };
}

// Made once; what is there already must be the same.
async function storeTiles(transaction: OrgTransaction, orgId: OrgId, full: readonly FullTile[]): Promise<void> {
	for (const { level, number, hashes } of full) {
		const bytes = tileBytes(hashes);
		const { numInsertedOrUpdatedRows } = await transaction
			.insertInto('audit_tiles')
			.values({ org_id: orgId, level, number, hashes: bytes })
			.onConflict((conflict) => conflict.columns(['org_id', 'level', 'number']).doNothing())
			.executeTakeFirstOrThrow();
		if (numInsertedOrUpdatedRows === 1n) continue;
		const there = await transaction
			.selectFrom('audit_tiles')
			.select('hashes')
			.where('level', '=', level)
			.where('number', '=', number)
			.executeTakeFirst();
		if (there === undefined || !sameBytes(bytes, there.hashes))
			throw halted(`tile ${level}/${number} is there with other hashes`);
	}
}

function reasonOf(error: unknown): Readonly<Record<string, unknown>> {
	return {
		code: error instanceof TapPassError ? error.code : 'internal',
		cause: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 256) : 'unknown',
	};
}
