import { TapPassError } from '@tappass/core';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { serverLimits } from '../limits.ts';
import { type Engine, startEngine } from './engine/engine.ts';
import { migrate } from './migrate.ts';
import { openStore, type Store } from './store.ts';

/** A database that is ready: migrated, and opened as the app role. */
export interface Database {
	readonly store: Store;
	/** Migrations that ran now. */
	readonly migrated: readonly string[];
	readonly engine: 'embedded' | 'external';
	/** Settles when an embedded engine ends by itself; never for an external one. */
	readonly ended: Promise<void>;
	readonly close: () => Promise<void>;
}

export interface DatabaseOptions {
	/** Directory of the embedded engine; not used with `url`. */
	readonly directory: string;
	/** `postgres://…` of an external PostgreSQL 15 or later, as a user that may create tables. */
	readonly url?: string;
	readonly engineUser?: string;
	readonly say?: (line: string) => void;
	readonly onError?: (error: Error) => void;
}

/**
 * Starts or reaches the database, brings its tables to this version, and opens it as the app role.
 * @throws {TapPassError} engine_failed, database_unsuitable, store_unavailable
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
	return options.url === undefined ? openEmbedded(options) : openExternal(options.url, options);
}

async function openEmbedded({ directory, engineUser, say, onError }: DatabaseOptions): Promise<Database> {
	const engine: Engine = await startEngine({
		directory,
		...(say === undefined ? {} : { say }),
		...(engineUser === undefined ? {} : { user: engineUser }),
	});
	try {
		const migrated = await migrateAs(engine.owner);
		const store = await openStore({ connection: engine.app, ...(onError === undefined ? {} : { onError }) });
		const close = async (): Promise<void> => {
			await store.close();
			await engine.stop();
		};
		return { store, migrated, engine: 'embedded', ended: engine.ended, close };
	} catch (error) {
		await engine.stop();
		throw error;
	}
}

async function openExternal(url: string, { onError }: DatabaseOptions): Promise<Database> {
	const connection: pg.ClientConfig = { connectionString: url, connectionTimeoutMillis: serverLimits.connectTimeoutMs };
	await prepareExternal(connection);
	const migrated = await migrateAs(connection);
	const store = await openStore({ connection, role: 'tappass_app', ...(onError === undefined ? {} : { onError }) });
	return { store, migrated, engine: 'external', ended: new Promise(() => {}), close: store.close };
}

const versionMin = 150_000;

async function prepareExternal(connection: pg.ClientConfig): Promise<void> {
	const client = new pg.Client(connection);
	try {
		await client.connect();
	} catch (cause) {
		// The message of the driver could hold the URL with its password; the code says what went wrong.
		const { code } = cause as { readonly code?: string };
		throw new TapPassError('store_unavailable', { detail: `connecting failed (${code ?? 'no answer'})` });
	}
	try {
		const { rows } = await client.query<{ readonly version: string }>(
			"select current_setting('server_version_num') as version",
		);
		if (Number(rows[0]?.version) < versionMin)
			throw new TapPassError('database_unsuitable', { detail: 'PostgreSQL 15 or later is needed' });
		const { rowCount } = await client.query("select from pg_roles where rolname = 'tappass_app'");
		if (rowCount === 0) await client.query('create role tappass_app nologin nosuperuser nobypassrls');
		await client.query('grant tappass_app to current_user');
	} catch (error) {
		if (error instanceof TapPassError) throw error;
		throw new TapPassError('database_unsuitable', {
			detail: 'the role tappass_app could not be made or taken on',
			hint: 'as a superuser: create role tappass_app nologin; grant tappass_app to <the user of the URL>',
			cause: error,
		});
	} finally {
		await client.end();
	}
}

async function migrateAs(connection: pg.ClientConfig): Promise<readonly string[]> {
	const pool = new pg.Pool({ ...connection, max: 2 });
	const owner = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
	try {
		return await migrate(owner);
	} finally {
		await owner.destroy();
	}
}
