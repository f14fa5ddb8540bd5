import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { instant, type OrgId, TapPassError } from '@tappass/core';
import { PolicyMemo } from '@tappass/policy';
import { type Logger, pino } from 'pino';
import { startAgentPlane } from './agent-plane/agent-plane.ts';
import { operatorApp, type RequestRecord } from './api/app.ts';
import type { Services } from './api/services.ts';
import { AuditLog } from './audit-store/audit-log.ts';
import { holdDirectory } from './control.ts';
import { emitBootstrap } from './enrol/enrolment.ts';
import { openRestoreGuard } from './freshness/restore-guard.ts';
import { type HostPlane, startHostPlane } from './host-plane/host-plane.ts';
import { type CreatedOrg, createFirstOrg } from './keys/create-org.ts';
import { fileKms } from './keys/kms.ts';
import { OrgKeys } from './keys/org-keys.ts';
import { serverLimits } from './limits.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Recompiler } from './recompile/recompiler.ts';
import { readShipped } from './recompile/shipped.ts';
import { type Database, openDatabase } from './store/database.ts';
import { startTracing, type TracingOptions } from './tracing.ts';

/** A plane: a listener of its own for one kind of caller. */
export type Plane = 'operator' | 'host' | 'agent';

/** Where a plane listens. */
export interface Listen {
	readonly host: string;
	/** 0 takes a free one. */
	readonly port: number;
}

export interface ServerOptions {
	/** Data directory: the embedded engine, secrets, root keys, the first credential. */
	readonly directory: string;
	/** `postgres://…`; the embedded engine when left out. */
	readonly databaseUrl?: string;
	/** When started as root: the user the embedded engine runs as; `tappass`, made once, when left out. */
	readonly engineUser?: string;
	/** Which planes run in this process; all when left out. */
	readonly planes?: readonly Plane[];
	readonly operatorListen?: Listen;
	readonly hostListen?: Listen;
	readonly agentListen?: Listen;
	/** How hosts reach the host plane, `https://…`; from the listener when left out. */
	readonly hostUrl?: string;
	/** How sandboxes reach the agent plane. */
	readonly agentUrl?: string;
	/** Authority part of the hosts' SPIFFE ids. */
	readonly trustDomain?: string;
	/** Whether anyone who reaches the operator plane may read the checkpoints and tiles of the audit logs. */
	readonly auditIsPublic?: boolean;
	/** The file of the local KMS key, which replicas share; in the data directory when left out. */
	readonly kmsKeyFile?: string;
	/** Of the org that the first start makes. */
	readonly org?: { readonly name?: string; readonly region?: string; readonly email?: string };
	/** A collector for traces; none are made without it. */
	readonly tracing?: Omit<TracingOptions, 'version'>;
	/** Told what an operator should know: the system user that was made, where the credential is. */
	readonly say?: (line: string) => void;
	readonly log?: Logger;
	/** Unix milliseconds; the system clock unless a test says otherwise. */
	readonly now?: () => number;
}

/** A server that runs. */
export interface RunningServer {
	/** Address of each plane that runs here; null for one that does not. */
	readonly urls: Readonly<Record<Plane, string | null>>;
	/** What the first start made; null on every later one. */
	readonly created: CreatedOrg | null;
	readonly engine: Database['engine'];
	/** Settles when the server should end: a stop was asked for, or its database engine is gone. */
	readonly ended: Promise<'stopped' | 'engine_lost'>;
	/** Takes nothing new, finishes what is under way, and ends the engine last. */
	readonly close: () => Promise<void>;
	readonly services: Services;
}

/** This program's version; every package has the same. */
export const serverVersion = '0.1.0';

const defaults = {
	operator: { host: '127.0.0.1', port: 7600 },
	host: { host: '127.0.0.1', port: 7601 },
	agent: { host: '127.0.0.1', port: 7602 },
	trustDomain: 'tappass.local',
} as const;

/**
 * Starts the control plane: database, migrations, the first org, and the planes that were asked for.
 *
 * @throws {TapPassError} already_running, engine_failed, database_unsuitable, store_unavailable, key_invalid, and
 * policy_invalid when the shipped data has faults; nothing is left running then
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
	const undo: (() => Promise<void>)[] = [];
	const close = once(async () => {
		for (const step of undo.splice(0).reverse()) await step();
	});
	try {
		return await assemble(options, undo, close);
	} catch (error) {
		await close();
		throw error;
	}
}

async function assemble(
	options: ServerOptions,
	undo: (() => Promise<void>)[],
	close: () => Promise<void>,
): Promise<RunningServer> {
	const { directory, say = () => {} } = options;
	const now = options.now ?? Date.now;
	const log = options.log ?? createLog();
	const planes = new Set<Plane>(options.planes ?? ['operator', 'host', 'agent']);
	const listens = {
		operator: options.operatorListen ?? defaults.operator,
		host: await withPort(options.hostListen ?? defaults.host),
		agent: await withPort(options.agentListen ?? defaults.agent),
	};
	const hostUrl = options.hostUrl ?? urlOf('https', listens.host);
	const agentUrl = options.agentUrl ?? urlOf('http', listens.agent);
	const urls: Record<Plane, string | null> = { operator: null, host: null, agent: null };

	let end: (how: 'stopped' | 'engine_lost') => void = () => {};
	const ended = new Promise<'stopped' | 'engine_lost'>((resolve) => {
		end = resolve;
	});
	if (options.tracing !== undefined) undo.push(startTracing({ ...options.tracing, version: serverVersion }));
	const shipped = await readShipped();
	const kms = await fileKms(options.kmsKeyFile ?? path.join(directory, 'secrets', 'kms.key'));
	const started_at = instant(now());
	const status = () => ({ pid: process.pid, version: serverVersion, urls, started_at });
	const hold = await holdDirectory(directory, status, () => end('stopped'));
	undo.push(hold.release);

	const database = await openDatabase({
		directory,
		say,
		...(options.databaseUrl === undefined ? {} : { url: options.databaseUrl }),
		...(options.engineUser === undefined ? {} : { engineUser: options.engineUser }),
		onError: (error) => log.warn({ code: 'store_unavailable', cause: error.message }, 'a database connection broke'),
	});
	undo.push(database.close);
	void database.ended.then(() => end('engine_lost'));
	if (database.migrated.length > 0) log.info({ migrations: database.migrated }, 'migrated the database');

	const { store } = database;
	const keys = new OrgKeys(kms);
	const trustDomain = options.trustDomain ?? defaults.trustDomain;
	const watermarks = path.join(directory, 'watermarks');
	const audit = new AuditLog({
		store,
		keys,
		directory: watermarks,
		host: trustDomain,
		now,
		log: (level, msg, fields) => log[level](fields, msg),
	});
	const { name = 'default', region = 'local', email = 'operator@localhost' } = options.org ?? {};
	const created = await createFirstOrg(store, keys, audit, { name, region, email, directory, now: now() });
	for (const line of created?.advice ?? []) say(line);
	audit.start();
	undo.push(() => audit.stop());

	let hostPlane: HostPlane | undefined;
	const metrics: Metrics = createMetrics(() => numbers({ ...hostPlane?.figures(), ...audit.figures() }));
	const context = {
		shipped,
		memo: new PolicyMemo(),
		keys,
		terms: { sync_url: hostUrl, agent_plane_url: agentUrl },
	};
	const recompiler = new Recompiler({
		store,
		audit,
		context,
		now,
		log: ({ msg, ...fields }) => log.info(fields, msg),
		onDerived: metrics.derived,
	});
	undo.push(() => recompiler.stop());
	for (const orgId of await store.orgIds()) await markOutdated(recompiler, orgId, log);
	recompiler.start(serverLimits.recompileSweepMs, (error) =>
		logFault(log, error, 'looking for stale sandboxes failed'),
	);

	let accepting = true;
	const services: Services = {
		store,
		audit,
		auditIsPublic: options.auditIsPublic ?? false,
		keys,
		recompiler,
		derive: context,
		now,
		version: serverVersion,
		planes: urls,
		mintBootstrap: (transaction, { orgId, sandboxId, createdBy, now: at }) =>
			emitBootstrap(transaction, {
				org_id: orgId,
				sandbox_id: sandboxId,
				created_by: createdBy,
				address: hostUrl,
				now: at,
			}),
	};
	if (planes.has('host')) {
		hostPlane = await startHostPlane({
			store,
			keys,
			audit,
			guard: openRestoreGuard(watermarks, store),
			trustDomain,
			address: hostUrl,
			listen: listens.host,
			now,
			log: (level, msg, fields) => log[level](fields, msg),
		});
		undo.push(hostPlane.close);
		urls.host = hostUrl;
	}
	if (planes.has('agent')) {
		const agentPlane = await startAgentPlane({
			store,
			keys,
			audit,
			listen: listens.agent,
			tls: agentUrl.startsWith('https:'),
			now,
			log: (level, msg, fields) => log[level](fields, msg),
		});
		undo.push(agentPlane.close);
		urls.agent = agentUrl;
	}
	if (planes.has('operator')) {
		const record = (request: RequestRecord): void => {
			metrics.request(request);
			const { error, ...fields } = request;
			if (error === undefined) log.info(fields, 'answered a request');
			else log.error({ ...fields, cause: causeOf(error) }, 'a request failed');
		};
		const app = operatorApp({ services, record, metrics: metrics.text, accepting: () => accepting });
		const server = createAdaptorServer({
			fetch: app.fetch,
			serverOptions: { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16_384, keepAliveTimeout: 5_000 },
		}) as Server;
		await listen(server, listens.operator);
		undo.push(() => closeServer(server));
		urls.operator = urlOf('http', { ...listens.operator, port: portOf(server) });
	}
	undo.push(async () => {
		accepting = false;
	});
	log.info({ urls, engine: database.engine }, 'the server is ready');
	return { urls, created, engine: database.engine, ended, close, services };
}

/** One JSON line per event on stderr; never prompts, completions, arguments, keys or tokens. */
function createLog(): Logger {
	const options = {
		base: null,
		timestamp: () => `,"ts":"${new Date().toISOString()}"`,
		formatters: { level: (level: string) => ({ level }) },
		redact: { paths: ['authorization', 'token', 'key', '*.authorization', '*.token', '*.key'], censor: '[removed]' },
	};
	return pino(options, pino.destination(2));
}

async function markOutdated(recompiler: Recompiler, orgId: OrgId, log: Logger): Promise<void> {
	const count = await recompiler.markOutdated(orgId);
	if (count > 0)
		log.info({ org_id: orgId, count }, 'policies are derived anew: shipped data, addresses or epoch changed');
}

async function listen(server: Server, { host, port }: Listen): Promise<Server> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) =>
			reject(
				error.code === 'EADDRINUSE'
					? new TapPassError('already_running', {
							detail: `${host}:${port} is taken`,
							hint: 'choose other addresses with --operator-listen, --host-listen and --agent-listen',
						})
					: error,
			),
		);
		server.listen(port, host, resolve);
	});
	return server;
}

async function closeServer(server: Server): Promise<void> {
	const closed = new Promise((resolve) => server.close(resolve));
	server.closeIdleConnections();
	const late = setTimeout(() => server.closeAllConnections(), serverLimits.drainMs);
	await closed;
	clearTimeout(late);
}

function portOf(server: Server): number {
	return (server.address() as AddressInfo).port;
}

// Statements name the planes' addresses, so a free port is chosen before anything is signed.
async function withPort({ host, port }: Listen): Promise<Listen> {
	if (port !== 0) return { host, port };
	const probe = await listen(createServer(), { host, port });
	const free = portOf(probe);
	await closeServer(probe);
	return { host, port: free };
}

function urlOf(scheme: 'http' | 'https', { host, port }: Listen): string {
	return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function numbers(figures: object | undefined): Readonly<Record<string, number>> {
	return Object.fromEntries(Object.entries(figures ?? {}).filter(([, value]) => typeof value === 'number'));
}

function logFault(log: Logger, error: unknown, msg: string): void {
	log.error({ code: error instanceof TapPassError ? error.code : 'internal', cause: causeOf(error) }, msg);
}

// What went wrong inside, for our log alone; rows and parameters are in other fields of a database error and stay out.
function causeOf(error: unknown): string {
	const inner = error instanceof TapPassError ? (error.cause ?? error) : error;
	return inner instanceof Error ? `${inner.name}: ${inner.message}`.slice(0, 512) : 'unknown';
}

function once(work: () => Promise<void>): () => Promise<void> {
	let running: Promise<void> | undefined;
	return () => {
		running ??= work();
		return running;
	};
}
