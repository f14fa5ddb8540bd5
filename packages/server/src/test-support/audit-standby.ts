import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TapPassError } from '@tappass/core';
import pg from 'pg';
import { prepareBinaries } from '../store/engine/binaries.ts';
import { findEngineUser } from '../store/engine/user.ts';
import type { AuditCluster } from './audit-cluster.ts';
import { engineUser } from './engine-template.ts';

/** A standby of a cluster: a PostgreSQL of its own that follows it. */
export interface Standby {
	readonly name: string;
	readonly connection: pg.ClientConfig;
	readonly start: () => Promise<void>;
	/** Ends it as a machine that loses its power would. */
	readonly kill: () => Promise<void>;
	/** How far it has come, as a number that grows. */
	readonly position: () => Promise<bigint>;
	/** Runs a statement as the superuser. */
	readonly query: <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
	/** Makes it the primary. */
	readonly promote: () => Promise<void>;
}

/** Makes a standby from the data of a cluster that is stopped. */
export async function makeStandby(cluster: AuditCluster, name: string): Promise<Standby> {
	const home = path.join(cluster.directory, name);
	const [data, sockets] = [path.join(home, 'data'), path.join(home, 'socket')];
	const user = await findEngineUser(() => {}, engineUser);
	const { postgres: program } = await prepareBinaries(cluster.directory, user);
	const { host, database } = cluster.connection();
	const secrets = path.join(cluster.directory, 'secrets', 'engine.json');
	const { postgres: password } = JSON.parse(await readFile(secrets, 'utf8')) as { postgres: string };
	await mkdir(sockets, { recursive: true });
	await cp(cluster.data, data, { recursive: true });
	await writeFile(path.join(data, 'standby.signal'), '');
	const primary = `host=${host} port=5432 user=postgres password=${password} application_name=${name}`;
	await writeFile(path.join(data, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
	if (user !== undefined) await promisify(execFile)('chown', ['-R', `${user.uid}:${user.gid}`, home]);
	await promisify(execFile)('chmod', ['0700', data, sockets]);
	const connection: pg.ClientConfig = { host: sockets, port: 5432, ...(database === undefined ? {} : { database }) };
	let child: ChildProcess | undefined;
	const query: Standby['query'] = async (text, values = []) => {
		const client = new pg.Client({ ...connection, user: 'postgres', password });
		client.on('error', () => {});
		await client.connect();
		try {
			return (await client.query(text, [...values])).rows as never;
		} finally {
			await client.end();
		}
	};
	const start = async (): Promise<void> => {
		await rm(path.join(data, 'postmaster.pid'), { force: true });
		const settings = ['listen_addresses=', `unix_socket_directories=${sockets}`, 'port=5432', 'hot_standby=on'];
		child = spawn(program, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
			...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
			cwd: data,
			stdio: 'ignore',
		});
		for (let attempt = 0; attempt < 200; attempt += 1) {
			const isReady = await query('select 1').then(
				() => true,
				() => false,
			);
			if (isReady) return;
			await sleep(100);
		}
		throw new TapPassError('engine_failed', { detail: `the standby ${name} does not answer` });
	};
	return {
		name,
		connection: { ...cluster.connection(), ...connection },
		start,
		query,
		kill: async () => {
			if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
			const ended = once(child, 'exit');
			child.kill('SIGKILL');
			await ended;
			// Those that it began see that it is gone within moments.
			await sleep(500);
		},
		position: async () => {
			const [row] = await query<{ at: string }>("select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::text as at");
			return BigInt(row?.at ?? 0);
		},
		promote: async () => {
			await query('select pg_promote(true, 30)');
		},
	};
}
