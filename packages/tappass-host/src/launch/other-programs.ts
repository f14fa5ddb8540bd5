import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, lstat, readFile, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { type Principal, unreachablePart } from './reachable.ts';

/** Programs other than bwrap by which a Runtime may have its kernel ring made. */
export const otherTargets = ['sandbox-runtime', 'nono', 'openshell'] as const;
/** One of `otherTargets`. */
export type OtherTarget = (typeof otherTargets)[number];

/** Whether a Runtime's kernel ring is made by another program than ours. */
export function isOtherTarget(provider: string | null): provider is OtherTarget {
	return otherTargets.some((one) => one === provider);
}

/** A program that makes sandboxes, by name. */
interface Command {
	readonly command: string;
	/** What brings it. */
	readonly fix: string;
	/** What it says of itself in the version that its Provider renders for; any will do where there is none. */
	readonly version?: { readonly name: string; readonly said: RegExp };
}

const commands: Readonly<Record<OtherTarget, Command>> = {
	'sandbox-runtime': { command: 'srt', fix: 'npm install --global @anthropic-ai/sandbox-runtime@0.0.83' },
	nono: {
		command: 'nono',
		fix: 'cargo install nono-cli@0.81.0',
		version: { name: '0.81', said: /^nono 0\.81\.\d+$/ },
	},
	openshell: {
		command: 'openshell',
		fix: 'install it as https://github.com/NVIDIA/OpenShell says, or name bubblewrap as kernel ring in the Runtime',
	},
};

/** A program that makes sandboxes. */
export interface OtherProgram {
	/** How it is started. */
	readonly program: readonly [string, ...string[]];
	/** What it runs inside, by the name that its Provider knows. */
	readonly binaries: Readonly<Record<string, string>>;
}

/**
 * Finds the program of a target. What makes the sandbox must be beyond the reach of whoever is kept in one: a file or a
 * directory on the way that others may change is refused.
 *
 * @param path `PATH` to look in
 * @param user who starts it
 * @throws {TapPassError} program_missing when it is not there; sandbox_failed when others could change it, or `user` cannot
 * reach it
 */
export async function otherProgram(target: OtherTarget, path: string, user: Principal): Promise<OtherProgram> {
	const { command, fix } = commands[target];
	const real = await firstExecutable(command, path);
	if (real === undefined) {
		const detail = `the Runtime names ${target} as kernel ring, and ${command} is not in PATH`;
		throw new TapPassError('program_missing', { detail, hint: fix });
	}
	await assertOurs(real);
	await assertReached(real, user);
	if (!(await isScript(real))) return { program: [real], binaries: {} };
	const node = await realpath(process.execPath);
	await assertReached(node, user);
	return { program: [node, real], binaries: target === 'sandbox-runtime' ? seccompProgram(real) : {} };
}

/**
 * Refuses another version than its Provider renders for: the same words may mean something else to it, and less.
 *
 * @param user who starts it
 * @throws {TapPassError} program_missing
 */
export async function assertVersion(
	target: OtherTarget,
	{ program: [command, ...words] }: OtherProgram,
	{ gid, uid }: Principal,
): Promise<void> {
	const { fix, version } = commands[target];
	if (version === undefined) return;
	const options = { ...(process.getuid?.() === uid ? {} : { uid, gid }), cwd: '/', env: {}, timeout: limits.requestMs };
	const said = await promisify(execFile)(command, [...words, '--version'], options).then(
		({ stdout }) => stdout.trim().slice(0, 80),
		// One that cannot say it is none that was tried.
		() => '',
	);
	if (version.said.test(said)) return;
	const found = said === '' ? 'does not say its version' : `says ${JSON.stringify(said)}`;
	const detail = `the Runtime names ${target} as kernel ring, which is made for ${target} ${version.name}, and ${command} ${found}`;
	throw new TapPassError('program_missing', { detail, hint: fix });
}

/** The filter that sandbox-runtime loads inside; it lies in its own package. */
function seccompProgram(real: string): Readonly<Record<string, string>> {
	const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
	return { 'apply-seccomp': join(dirname(dirname(real)), 'vendor/seccomp', architecture, 'apply-seccomp') };
}

async function firstExecutable(command: string, path: string): Promise<string | undefined> {
	for (const folder of path.split(delimiter).filter((one) => one.startsWith('/'))) {
		const there = await access(join(folder, command), constants.X_OK).then(
			() => true,
			// Not there: the next folder may have it.
			() => false,
		);
		if (there) return realpath(join(folder, command));
	}
	return undefined;
}

async function assertOurs(real: string): Promise<void> {
	for (let at = real; ; at = dirname(at)) {
		const { mode, uid } = await lstat(at);
		const isOurs = uid === 0 || uid === process.getuid?.();
		// In a directory with the sticky bit others may add, and cannot replace.
		const isClosed = (mode & 0o022) === 0 || (mode & 0o1000) !== 0;
		if (!isOurs || !isClosed) {
			const detail = `${real} makes the sandbox, and others can change ${at}`;
			throw new TapPassError('sandbox_failed', { detail, hint: `chown root ${at}; chmod go-w ${at}` });
		}
		if (at === dirname(at)) return;
	}
}

async function assertReached(real: string, user: Principal): Promise<void> {
	const part = await unreachablePart(real, user);
	if (part === undefined) return;
	const detail = `user ${user.uid} cannot reach ${real}: ${part} does not let it`;
	throw new TapPassError('sandbox_failed', { detail, hint: `chmod o+x ${part}` });
}

async function isScript(real: string): Promise<boolean> {
	const line = (await readFile(real)).subarray(0, 128).toString('latin1').split('\n')[0] ?? '';
	return line.startsWith('#!') && line.includes('node');
}
