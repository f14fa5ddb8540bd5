import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { identify, isAlive, type ProcessIdentity } from '../launch/process-identity.ts';

/** Which daemon works on a state directory. */
interface Claim {
	readonly schema: 'tappass.host-claim/1';
	readonly socket: string;
	readonly process: ProcessIdentity;
}

const claimSchema = z.strictObject({
	schema: z.literal('tappass.host-claim/1'),
	socket: z.string().startsWith('/'),
	process: z.strictObject({ pid: z.int().min(1), started: z.string(), boot: z.string() }),
}) as unknown as z.ZodType<Claim>;

const attemptsMax = 20;

/**
 * Takes a state directory for this process. The socket is the lock of a daemon; but where it lies depends on the environment
 * (`XDG_RUNTIME_DIR` is there in a session and not in a cron job), and two daemons on one state would show one identity
 * twice, which locks the sandbox.
 *
 * @returns what gives it back
 * @throws {TapPassError} already_running, file_unwritable
 */
export function claimState(state: string, socket: string): Promise<() => Promise<void>> {
	return claim(claimPath(state), socket);
}

/**
 * Takes a file's name for this process, until it gives it back or dies.
 * @throws {TapPassError} already_running, file_unwritable
 */
export async function claim(path: string, socket: string): Promise<() => Promise<void>> {
	const mine: Claim = { schema: 'tappass.host-claim/1', socket, process: identify(process.pid)! };
	const fresh = `${path}.${randomBytes(8).toString('hex')}`;
	try {
		await writeFile(fresh, `${JSON.stringify(mine)}\n`, { mode: 0o600, flag: 'wx' });
		for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
			// A name that only one can make, with its content from the first moment on.
			if (await linked(fresh, path)) return () => rm(path, { force: true });
			const held = readClaim(path);
			if (held !== undefined && isAlive(held.process)) throw running(path, held);
			if (await replaced(path, fresh, socket)) return () => rm(path, { force: true });
		}
	} catch (cause) {
		if (cause instanceof TapPassError) throw cause;
		throw new TapPassError('file_unwritable', { detail: `${path}: ${(cause as NodeJS.ErrnoException).code}`, cause });
	} finally {
		await rm(fresh, { force: true });
	}
	throw new TapPassError('already_running', { detail: `another daemon is taking ${dirname(path)}` });
}

/** Where the daemon of a state directory listens; undefined when none works on it, or that cannot be told. */
export function servedAt(state: string): string | undefined {
	const held = readClaim(claimPath(state));
	return held !== undefined && isAlive(held.process) ? held.socket : undefined;
}

/**
 * Puts a claim in the place of one whose process has died. Whoever does so has claimed that first, so that one does at a time,
 * and the name is never free meanwhile: in between a third could take it.
 */
async function replaced(path: string, fresh: string, socket: string): Promise<boolean> {
	const giveBack = await claim(`${path}.next`, socket);
	try {
		const held = readClaim(path);
		if (held !== undefined && isAlive(held.process)) throw running(path, held);
		// It was given back, so that nobody is replaced.
		if (!existsSync(path)) return false;
		await rename(fresh, path);
		return true;
	} finally {
		await giveBack();
	}
}

function linked(from: string, to: string): Promise<boolean> {
	return link(from, to).then(
		() => true,
		(cause: NodeJS.ErrnoException) => {
			if (cause.code === 'EEXIST') return false;
			throw cause;
		},
	);
}

function readClaim(path: string): Claim | undefined {
	try {
		const read = claimSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
		return read.success ? read.data : undefined;
	} catch {
		// Not there, another user's, or cut off: nobody that could be asked.
		return undefined;
	}
}

function claimPath(state: string): string {
	return join(state, '.daemon.json');
}

function running(path: string, { process: { pid }, socket }: Claim): TapPassError {
	return new TapPassError('already_running', {
		detail: `a daemon (process ${pid}) serves ${dirname(path)}, on ${socket}`,
	});
}
