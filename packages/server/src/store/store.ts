import { type OrgId, TapPassError } from '@tappass/core';
import { Kysely, PostgresDialect, type PostgresDialectConfig, PostgresDriver, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { serverLimits } from '../limits.ts';
import { DurableClient } from './durable-client.ts';
import type { Tables } from './tables.ts';

/** A transaction that sees one org and nothing else. */
export type OrgTransaction = Transaction<Tables>;

/** The database as the control plane uses it: always on behalf of one org, always in a transaction. */
export interface Store {
	/**
	 * Runs `work` in one transaction whose claim names `orgId`. Everything it did is undone when it throws.
	 * @throws {TapPassError} store_unavailable when the database cannot be reached; whatever `work` throws
	 */
	readonly withOrg: <T>(orgId: OrgId, work: (transaction: OrgTransaction) => Promise<T>) => Promise<T>;
	/** The ids of all orgs: the only thing that is read across them. */
	readonly orgIds: () => Promise<readonly OrgId[]>;
	/** Resolves when the database answers. */
	readonly ping: () => Promise<void>;
	/** A connection of its own, as the app role, for LISTEN. The caller ends it. */
	readonly connect: () => Promise<pg.Client>;
	/** A connection of its own that lasts, for work whose lock it holds. The caller closes it. */
	readonly pin: () => Promise<PinnedStore>;
	readonly close: () => Promise<void>;
}

/** One connection: what it locks is free again when it ends. */
export interface PinnedStore extends Pick<Store, 'withOrg'> {
	readonly query: <Row>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;
	/** Whether the connection, and with it every lock, is gone. */
	readonly isBroken: () => boolean;
	readonly close: () => Promise<void>;
}

/** How the app role reaches the database. */
export interface StoreOptions {
	readonly connection: pg.ClientConfig;
	/** The role to take on after connecting, when the login is not the app role itself. */
	readonly role?: string;
	/** Told of connections that broke while idle; the pool replaces them. */
	readonly onError?: (error: Error) => void;
}

/**
 * Opens the database as the app role.
 * @throws {TapPassError} database_unsuitable when that role could look past row-level security; store_unavailable
 */
export async function openStore({ connection, role, onError = () => {} }: StoreOptions): Promise<Store> {
	const config: pg.ClientConfig = {
		...connection,
		types: { getTypeParser },
		connectionTimeoutMillis: serverLimits.connectTimeoutMs,
		application_name: 'tappass',
		// Durable before it is answered, whatever the database or the role is set to.
		options: [
			connection.options,
			'-c synchronous_commit=on',
			`-c idle_in_transaction_session_timeout=${serverLimits.idleTransactionMs}`,
			role === undefined ? '' : `-c role=${role}`,
		]
			.join(' ')
			.trim(),
	};
	const pool = new pg.Pool({ ...config, Client: DurableClient, max: serverLimits.connectionsMax });
	pool.on('error', onError);
	const db = new Kysely<Tables>({ dialect: new ClaimedDialect({ pool }) });
	const guard = <T>(work: Promise<T>): Promise<T> => work.catch(unavailable);
	const store: Store = {
		withOrg: (orgId, work) => guard(inOrg(db, orgId, work)),
		orgIds: async () => {
			const { rows } = await guard(sql<{ readonly id: OrgId }>`select tp_org_ids() as id`.execute(db));
			return rows.map(({ id }) => id);
		},
		ping: async () => {
			await guard(sql`select 1`.execute(db));
		},
		connect: async () => {
			const client = new pg.Client(config);
			await guard(client.connect());
			return client;
		},
		pin: async () => {
			const client = new DurableClient(config);
			let broken = false;
			client.on('error', (error) => {
				broken = true;
				onError(error);
			});
			client.on('end', () => {
				broken = true;
			});
			await guard(client.connect());
			// A pool of this one connection, which is never replaced by another.
			const one = { connect: async () => Object.assign(client, { release: () => {} }), end: () => client.end() };
			const pinned = new Kysely<Tables>({ dialect: new ClaimedDialect({ pool: one as never }) });
			return {
				withOrg: (orgId, work) => guard(inOrg(pinned, orgId, work)),
				query: async (text, values) => (await guard(client.query(text, [...values]))).rows,
				isBroken: () => broken,
				close: () => client.end().catch(() => {}),
			};
		},
		close: () => db.destroy(),
	};
	try {
		await guard(refusePowerfulRole(db));
	} catch (error) {
		await db.destroy();
		throw error;
	}
	return store;
}

/**
 * Makes the commit of a transaction wait for standbys though it changes nothing: for an answer that rests on what an earlier
 * transaction wrote. That one may be visible without being confirmed, and a commit without a change waits for nothing.
 */
export async function waitForStandbys(transaction: OrgTransaction): Promise<void> {
	await sql`select pg_logical_emit_message(true, 'tappass', '')`.execute(transaction);
}

/** Transactions that begin with their claim, in one trip: there are many of them, and each does little. */
class ClaimedDialect extends PostgresDialect {
	readonly #config: PostgresDialectConfig;

	constructor(config: PostgresDialectConfig) {
		super(config);
		this.#config = config;
	}

	override createDriver(): PostgresDriver {
		const driver = new PostgresDriver(this.#config);
		// `inOrg` is the only one to begin a transaction, and says so with its first statement.
		driver.beginTransaction = async () => {};
		return driver;
	}
}

async function inOrg<T>(
	db: Kysely<Tables>,
	orgId: OrgId,
	work: (transaction: OrgTransaction) => Promise<T>,
): Promise<T> {
	// It becomes part of a statement's text.
	if (!/^[a-z0-9_]+$/.test(orgId)) throw new TapPassError('internal', { detail: 'the id of no org' });
	return db.transaction().execute(async (transaction) => {
		// Two statements in one take no parameters. The third argument makes it SET LOCAL: the claim ends with the transaction
		// and never stays on a pooled connection. The database's own clock gives the claim its end.
		await sql`begin; select set_config('tappass.claims', json_build_object('org_id', ${sql.lit(orgId)}::text,
			'exp', extract(epoch from now()) + ${sql.lit(serverLimits.claimSeconds)})::text, true)`.execute(transaction);
		return work(transaction);
	});
}

// Row-level security says nothing to a superuser, to BYPASSRLS, or (unless forced) to a table's owner.
async function refusePowerfulRole(db: Kysely<Tables>): Promise<void> {
	const { rows } = await sql<{ readonly name: string; readonly powerful: boolean }>`
		select current_user as name, rolsuper or rolbypassrls or exists (
			select from pg_class where relnamespace = 'public'::regnamespace and pg_has_role(current_user, relowner, 'usage')
		) as powerful from pg_roles where rolname = current_user`.execute(db);
	if (rows[0]?.powerful === false) return;
	throw new TapPassError('database_unsuitable', {
		detail: `the role ${rows[0]?.name ?? ''} owns the tables or may bypass row-level security`,
		hint: 'let the app connect as tappass_app',
	});
}

const integer8 = 20;
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
	oid === integer8 ? safeInteger : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser;

// Versions and sequence numbers are at most 2^53-1; a larger one is not rounded but refused.
function safeInteger(text: string): number {
	const value = Number(text);
	if (!Number.isSafeInteger(value)) throw new TapPassError('internal', { detail: 'an integer past 2^53-1' });
	return value;
}

function unavailable(error: unknown): never {
	if (isUnreachable(error)) throw new TapPassError('store_unavailable', { cause: error });
	throw error;
}

// SQLSTATE class 08 (connection), 25P03 (idle in a transaction), 57P (shutdown), 53300 (too many connections), and what sockets say.
function isUnreachable(error: unknown): boolean {
	if (!(error instanceof Error) || error instanceof TapPassError) return false;
	const code = (error as { readonly code?: unknown }).code;
	if (typeof code === 'string')
		return /^(?:08|25P03|57P0|53300|ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND)/.test(code);
	return /Connection terminated|not queryable|connection timeout|timeout exceeded/i.test(error.message);
}

/** Whether an error is the database's refusal of a second row with the same key. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
	const { code, constraint: found } = (error ?? {}) as { readonly code?: unknown; readonly constraint?: unknown };
	return code === '23505' && (constraint === undefined || found === constraint);
}
