import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, rename, rm, unlink, writeFile } from 'node:fs/promises';
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
			await takeAway(path);
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

/** Removes the claim of one that has died: by moving it, so that what is removed is what was looked at. */
async function takeAway(path: string): Promise<void> {
	const aside = `${path}.${randomBytes(8).toString('hex')}`;
	const moved = await rename(path, aside).then(
		() => true,
		() => false,
	);
	if (!moved) return;
	const held = readClaim(aside);
	if (held !== undefined && isAlive(held.process)) {
		// Somebody was faster, and what was moved is theirs.
		await linked(aside, path);
		await unlink(aside);
		throw running(path, held);
	}
	await unlink(aside);
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
