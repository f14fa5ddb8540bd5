import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { emptyTree, grow, rootOf } from '@tappass/audit';
import { type Json, type OrgId, TapPassError } from '@tappass/core';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { ServerEvent } from '../audit-store/append.ts';
import { AuditLog } from '../audit-store/audit-log.ts';
import { fileKms } from '../keys/kms.ts';
import { OrgKeys } from '../keys/org-keys.ts';
import { type Engine, startEngine } from '../store/engine/engine.ts';
import { migrate } from '../store/migrate.ts';
import { openStore } from '../store/store.ts';
import type { WriterMessage, WriterOptions } from './audit-writer.ts';
import { engineDirectory, engineUser } from './engine-template.ts';

/** A PostgreSQL that can be killed, with one org in it. */
export interface AuditCluster {
	readonly directory: string;
	readonly org_id: OrgId;
	readonly kmsKeyFile: string;
	readonly connection: () => pg.ClientConfig;
	/** Runs a statement as the superuser. */
	readonly query: <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
	/** Ends the engine as a machine that loses its power would, and starts it again. */
	readonly crash: () => Promise<void>;
	readonly kill: () => Promise<void>;
	readonly start: () => Promise<void>;
	/** Ends the engine in good order. */
	readonly stop: () => Promise<void>;
	/** Where the engine has its data; to be copied while it is stopped. */
	readonly data: string;
	/** The log in this process, sequencing. */
	readonly openLog: (name: string) => Promise<OpenLog>;
	readonly close: () => Promise<void>;
}

/** A log that runs in this process. */
export interface OpenLog {
	readonly audit: AuditLog;
	/** An event of some kind. */
	readonly event: (payload?: Json) => ServerEvent;
	/** Why it was halted, so far. */
	readonly alarms: readonly string[];
	readonly close: () => Promise<void>;
}

const asUser = engineUser === undefined ? {} : { user: engineUser };

/** Makes a cluster with its tables and an org with its keys. @param at a directory in place of a temporary one */
export async function auditCluster(at?: string): Promise<AuditCluster> {
	const directory = at ?? (await engineDirectory('tappass-audit-'));
	const kmsKeyFile = path.join(directory, 'secrets', 'kms.key');
	const org_id = 'org_crash01' as OrgId;
	let engine: Engine = await startEngine({ directory, ...asUser });
	const { postgres: password } = JSON.parse(await readFile(path.join(directory, 'secrets', 'engine.json'), 'utf8')) as {
		postgres: string;
	};
	const owner = new Kysely<unknown>({
		dialect: new PostgresDialect({ pool: new pg.Pool({ ...engine.owner, max: 2 }) }),
	});
	await migrate(owner);
	await owner.destroy();
	const store = await openStore({ connection: engine.app });
	const keys = new OrgKeys(await fileKms(kmsKeyFile));
	await store.withOrg(org_id, async (transaction) => {
		await transaction.insertInto('orgs').values({ org_id, name: 'crash', region: 'local' }).execute();
		await keys.create(transaction, org_id);
	});
	await store.close();
	const data = path.join(directory, 'postgres', 'data');
	const openLog = async (name: string): Promise<OpenLog> => {
		const alarms: string[] = [];
		const opened = await openStore({ connection: engine.app });
		const audit = new AuditLog({
			store: opened,
			keys: new OrgKeys(await fileKms(kmsKeyFile)),
			directory: path.join(directory, `watermarks-${name}`),
			host: 'test',
			now: Date.now,
			log: (level, _msg, fields) => {
				if (level === 'error') alarms.push(String(fields['reason']));
			},
		});
		audit.start();
		const actor = { kind: 'server', id: 'test' } as const;
		return {
			audit,
			alarms,
			event: (payload = {}) => audit.event({ org_id, type: 'catalog.changed', actor, decision: 'none', payload }),
			close: async () => {
				await audit.stop();
				await opened.close();
			},
		};
	};
	const kill = async (): Promise<void> => {
		const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8');
		process.kill(Number(text.split('\n')[0]), 'SIGKILL');
		await engine.ended;
	};
	const start = async (): Promise<void> => {
		// Its backends see that it is gone, and end, within moments; until then another may not start.
		for (let attempt = 0; ; attempt += 1) {
			try {
				engine = await startEngine({ directory, ...asUser });
				return;
			} catch (error) {
				if (attempt === 20) throw error;
				await sleep(250);
			}
		}
	};
	return {
		directory,
		org_id,
		kmsKeyFile,
		connection: () => engine.app,
		query: async (text, values = []) => {
			const client = new pg.Client({ ...engine.app, user: 'postgres', password });
			client.on('error', () => {});
			await client.connect();
			try {
				return (await client.query(text, [...values])).rows as never;
			} finally {
				await client.end();
			}
		},
		data,
		openLog,
		kill,
		start,
		stop: () => engine.stop(),
		crash: async () => {
			await kill();
			await start();
		},
		close: async () => {
			await engine.stop();
			if (at === undefined) await rm(directory, { recursive: true, force: true });
		},
	};
}

/** A writer process, and what it has said so far. */
export interface Writer {
	readonly child: ChildProcess;
	readonly said: WriterMessage[];
	readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
}

const program = fileURLToPath(new URL('../../dist/test-support/audit-writer.js', import.meta.url));

/** Starts a writer; resolves when it is at work. */
export async function startWriter(
	cluster: Pick<AuditCluster, 'connection' | 'org_id' | 'kmsKeyFile' | 'directory'>,
	name: string,
	change: Partial<WriterOptions> = {},
): Promise<Writer> {
	const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
	const said: WriterMessage[] = [];
	child.on('message', (message) => said.push(message as WriterMessage));
	const options: WriterOptions = {
		connection: cluster.connection(),
		org_id: cluster.org_id,
		kmsKeyFile: cluster.kmsKeyFile,
		watermarks: path.join(cluster.directory, `watermarks-${name}`),
		callers: 8,
		...change,
	};
	child.send(options);
	const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, 'exit');
		child.kill(signal);
		await ended;
	};
	return { child, said, kill };
}

/** A checkpoint that someone was given. */
export interface Published {
	readonly size: number;
	readonly root: string;
}

/** Collects every checkpoint that can be read, as witnesses would. */
export class Witness {
	readonly seen: Map<string, Published> = new Map();
	readonly #cluster: AuditCluster;

	constructor(cluster: AuditCluster) {
		this.#cluster = cluster;
	}

	/** Reads all there are; what cannot be read now is read next time. */
	async look(): Promise<void> {
		const rows = await this.#cluster.query<{ size: string; root: Buffer }>('select size, root from audit_checkpoints');
		for (const { size, root } of rows) {
			const each = { size: Number(size), root: root.toString('hex') };
			this.seen.set(`${each.size} ${each.root}`, each);
		}
	}
}

/** What the checker found. */
export interface Report {
	readonly acked: number;
	readonly entries: number;
	readonly checkpoints: number;
	/** Everything that must not be; empty when all is well. */
	readonly faults: readonly string[];
}

/**
 * Checks a log from its entries alone: every acknowledged event once and with its payload, indices contiguous, and every
 * checkpoint that was ever published a prefix of it.
 */
export async function check(
	cluster: AuditCluster,
	said: readonly WriterMessage[],
	published: readonly Published[],
): Promise<Report> {
	const faults: string[] = [];
	const acked = new Set(said.flatMap((each) => (each.kind === 'acked' ? [each.id] : [])));
	const rows = await cluster.query<{ event_id: string; index: string; leaf: Buffer; payload: boolean }>(`
		select e.event_id, e.index, e.leaf, exists (select from audit_payloads p where p.event_id = e.event_id) as payload
		from audit_entries e order by index`);
	const times = Map.groupBy(rows, ({ event_id }) => event_id);
	for (const id of acked) if (!times.has(id)) faults.push(`lost: ${id}`);
	for (const [id, found] of times) if (found.length > 1) faults.push(`twice: ${id}`);
	for (const [at, { index, payload }] of rows.entries()) {
		if (Number(index) !== at) faults.push(`index ${index} at ${at}`);
		if (!payload) faults.push(`no payload: ${index}`);
	}
	const wanted = new Map<number, string[]>();
	for (const { size, root } of published) wanted.set(size, [...(wanted.get(size) ?? []), root]);
	let tree = emptyTree;
	for (let at = 0; at <= rows.length; at += 1) {
		for (const root of wanted.get(at) ?? [])
			if (root !== Buffer.from(rootOf(tree)).toString('hex')) faults.push(`a checkpoint of ${at} was forked`);
		wanted.delete(at);
		if (at < rows.length) tree = grow(tree, [rows[at]!.leaf]).tree;
	}
	for (const size of wanted.keys()) faults.push(`a checkpoint of ${size}, the log has ${rows.length}`);
	return { acked: acked.size, entries: rows.length, checkpoints: published.length, faults: faults.slice(0, 20) };
}

/** Waits until nothing is left to sequence and all of it is signed. */
export async function untilSigned(cluster: AuditCluster): Promise<void> {
	for (let attempt = 0; attempt < 600; attempt += 1) {
		const [row] = await cluster.query<{ done: boolean }>(`
			select not exists (select from audit_pending) and t.size = (select max(size) from audit_checkpoints) as done
			from audit_trees t`);
		if (row?.done === true) return;
		await sleep(100);
	}
	throw new TapPassError('internal', { detail: 'the log is not signed to its end' });
}
