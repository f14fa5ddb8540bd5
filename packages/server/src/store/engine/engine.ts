import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sha256Hex, TapPassError } from '@tappass/core';
import pg from 'pg';
import { z } from 'zod';
import { writeSecret } from '../../keys/secret-file.ts';
import { serverLimits } from '../../limits.ts';
import { type EngineBinaries, prepareBinaries } from './binaries.ts';
import { type EngineUser, findEngineUser } from './user.ts';

/** A running PostgreSQL of our own. */
export interface Engine {
	/** As the owner of the tables, for migrations alone. */
	readonly owner: pg.ClientConfig;
	/** As the app role. */
	readonly app: pg.ClientConfig;
	/** Settles when the engine ends by itself, which it should not. */
	readonly ended: Promise<void>;
	readonly stop: () => Promise<void>;
}

export interface EngineOptions {
	/** The server's data directory; the engine keeps `postgres/` in it. */
	readonly directory: string;
	/** Told what an operator should know. */
	readonly say?: (line: string) => void;
	/** When started as root: an existing user to run as, in place of `tappass`. */
	readonly user?: string;
}

const database = 'tappass';
const roles = { owner: 'tappass_owner', app: 'tappass_app' } as const;

/**
 * Starts the embedded PostgreSQL on its data directory, which it makes at first. It listens on a unix socket only, writes
 * with fsync, and an engine that a killed server left behind is stopped first.
 *
 * @throws {TapPassError} engine_failed, with the path of its log
 */
export async function startEngine({ directory, say = () => {}, user: userName }: EngineOptions): Promise<Engine> {
	const user = await findEngineUser(say, userName);
	const home = path.join(directory, 'postgres');
	const log = path.join(home, 'postgres.log');
	try {
		await mkdir(directory, { recursive: true, mode: 0o711 });
		// The engine's user must be able to pass through, though not to list: what is secret has directories of its own.
		if (user !== undefined) await chmod(directory, ((await stat(directory)).mode & 0o777) | 0o011);
		await ownedDirectory(home, user);
		const passwords = await readPasswords(path.join(directory, 'secrets', 'engine.json'));
		const binaries = await prepareBinaries(directory, user);
		const data = path.join(home, 'data');
		if ((await stat(path.join(data, 'PG_VERSION')).catch(() => null)) === null)
			await initialize(binaries, home, data, passwords.postgres, user);
		await stopOrphan(data);
		const sockets = await socketDirectory(home, user);
		const child = await launch(binaries, data, sockets, log, user);
		const ended = once(child, 'exit').then(() => undefined);
		const as = (name: string, password: string, base = database): pg.ClientConfig => ({
			host: sockets,
			port,
			user: name,
			password,
			database: base,
		});
		try {
			await untilReady(child, as('postgres', passwords.postgres, 'postgres'));
			await prepareRoles(as('postgres', passwords.postgres, 'postgres'), passwords);
		} catch (error) {
			await stopProcess(child, ended);
			throw error;
		}
		return {
			owner: as(roles.owner, passwords.owner),
			app: as(roles.app, passwords.app),
			ended,
			stop: () => stopProcess(child, ended),
		};
	} catch (cause) {
		if (cause instanceof TapPassError && cause.code === 'engine_failed') throw cause;
		throw new TapPassError('engine_failed', {
			detail: `${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'unknown'}; its log is ${log}`,
			hint: `read the log; ${user === undefined ? '' : `the user ${user.name} must be able to reach ${directory}; `}or give a database with --database`,
			cause,
		});
	}
}

const port = 5432;

const passwordsSchema = z.strictObject({ postgres: z.string(), owner: z.string(), app: z.string() });
type Passwords = z.infer<typeof passwordsSchema>;

async function readPasswords(file: string): Promise<Passwords> {
	const held = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return undefined;
		throw error;
	});
	if (held !== undefined) return passwordsSchema.parse(JSON.parse(held));
	const one = (): string => randomBytes(24).toString('base64url');
	const made = { postgres: one(), owner: one(), app: one() };
	await writeSecret(file, `${JSON.stringify(made)}\n`);
	return made;
}

async function ownedDirectory(directory: string, user: EngineUser | undefined): Promise<void> {
	await mkdir(directory, { recursive: true, mode: 0o700 });
	if (user !== undefined) await chown(directory, user.uid, user.gid);
	await chmod(directory, 0o700);
}

async function initialize(
	{ initdb }: EngineBinaries,
	home: string,
	data: string,
	password: string,
	user: EngineUser | undefined,
): Promise<void> {
	// Made under another name and renamed, so that a crash half way leaves nothing that looks complete.
	const fresh = `${data}.new`;
	const passwordFile = path.join(home, 'password');
	await rm(fresh, { recursive: true, force: true });
	try {
		await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
		if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
		const options = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
		await promisify(execFile)(initdb, ['-D', fresh, ...options, '--no-locale', '--no-instructions'], {
			...identity(user),
			cwd: '/',
		});
	} finally {
		await rm(passwordFile, { force: true });
	}
	await rename(fresh, data);
}

function identity(user: EngineUser | undefined): { readonly uid?: number; readonly gid?: number } {
	return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

// A server that was killed leaves its engine running: same directory, so it must go before another can start.
async function stopOrphan(data: string): Promise<void> {
	const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
	const pid = Number(text.split('\n')[0]);
	if (!Number.isSafeInteger(pid) || pid <= 1 || !(await isEngineOf(pid, data))) return;
	process.kill(pid, 'SIGINT');
	const until = Date.now() + serverLimits.engineStopMs;
	while (Date.now() < until) {
		if (!(await isEngineOf(pid, data))) return;
		await sleep(50);
	}
	throw new TapPassError('engine_failed', {
		detail: `process ${pid} still uses ${data}`,
		hint: `stop it with: kill -INT ${pid}`,
	});
}

// The number in the file may by now belong to another program: only one that names this directory is ours.
async function isEngineOf(pid: number, data: string): Promise<boolean> {
	const command =
		process.platform === 'linux'
			? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
			: await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).then(
					({ stdout }) => stdout,
					() => '',
				);
	return command.includes('postgres') && command.includes(data);
}

const socketPathMax = 100;

// A unix socket's path has at most 107 bytes; a deep data directory gets a short private directory for it instead.
async function socketDirectory(home: string, user: EngineUser | undefined): Promise<string> {
	const here = path.join(home, 'socket');
	const directory =
		here.length + '/.s.PGSQL.5432.lock'.length < socketPathMax
			? here
			: path.join(tmpdir(), `tappass-${sha256Hex(new TextEncoder().encode(home)).slice(0, 16)}`);
	await ownedDirectory(directory, user);
	const { uid, mode } = await stat(directory);
	if (uid !== (user?.uid ?? process.getuid?.() ?? uid) || (mode & 0o077) !== 0)
		throw new TapPassError('engine_failed', { detail: `${directory} belongs to another user` });
	return directory;
}

async function launch(
	{ postgres }: EngineBinaries,
	data: string,
	sockets: string,
	log: string,
	user: EngineUser | undefined,
): Promise<ChildProcess> {
	const handle = await open(log, 'a', 0o600);
	try {
		if (user !== undefined) await handle.chown(user.uid, user.gid);
		const settings = ['listen_addresses=', `unix_socket_directories=${sockets}`, `port=${port}`, 'jit=off'];
		// Its own process group: an interrupt at the terminal is for the server, which stops the engine last.
		return spawn(postgres, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
			...identity(user),
			cwd: data,
			detached: true,
			stdio: ['ignore', handle.fd, handle.fd],
		});
	} finally {
		await handle.close();
	}
}

async function untilReady(child: ChildProcess, connection: pg.ClientConfig): Promise<void> {
	let failure: unknown;
	child.once('error', (error) => {
		failure = error;
	});
	const until = Date.now() + serverLimits.engineStartMs;
	while (Date.now() < until) {
		if (failure !== undefined) throw failure;
		if (child.exitCode !== null || child.signalCode !== null) throw new Error('the engine ended while it was starting');
		const client = new pg.Client(connection);
		try {
			await client.connect();
			return;
		} catch (error) {
			// Not there yet, or still recovering; any other answer will not change by waiting.
			const { code } = error as { readonly code?: string };
			if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== '57P03') throw error;
			await sleep(20);
		} finally {
			await client.end().catch(() => {});
		}
	}
	throw new Error(`the engine was not ready within ${serverLimits.engineStartMs} ms`);
}

async function prepareRoles(connection: pg.ClientConfig, passwords: Passwords): Promise<void> {
	const client = new pg.Client(connection);
	await client.connect();
	try {
		for (const name of ['owner', 'app'] as const) {
			const { rowCount } = await client.query('select from pg_roles where rolname = $1', [roles[name]]);
			const verb = rowCount === 0 ? 'create' : 'alter';
			const attributes = 'login nosuperuser nobypassrls nocreaterole nocreatedb';
			await client.query(`${verb} role ${roles[name]} ${attributes} password ${pg.escapeLiteral(passwords[name])}`);
		}
		const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
		if (rowCount === 0) await client.query(`create database ${database} owner ${roles.owner}`);
	} finally {
		await client.end();
	}
}

async function stopProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
	child.kill('SIGINT');
	const late = sleep(serverLimits.engineStopMs, 'late', { ref: false });
	if ((await Promise.race([ended, late])) !== 'late') return;
	// Immediate shutdown: nothing that was committed is lost, the next start recovers.
	child.kill('SIGQUIT');
	await ended;
}
