import { homedir } from 'node:os';
import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/** Where this user's daemon keeps things. */
export interface Places {
	/** One directory a sandbox, and `.name.enrolling` while one is being enrolled. */
	readonly state: string;
	/** Owner-only: the socket of the local API, which is also the lock, and what lives as long as the daemon. */
	readonly runtime: string;
	readonly socket: string;
}

/** Files and directories of one sandbox. */
export interface SandboxPlaces {
	readonly directory: string;
	/** Says that enrolment ended, and who the sandbox is; made together with the floor. */
	readonly enrolment: string;
	readonly credentials: string;
	readonly floor: string;
	/** Mounted into the agent as a directory: a file would go stale when it is replaced. */
	readonly keyringDirectory: string;
	readonly keyring: string;
	readonly root: string;
	/** Says that a payload contradicted the policy in force. */
	readonly quarantine: string;
	/** What the host owner wants to run. */
	readonly run: string;
	readonly rendered: string;
	readonly spool: string;
	readonly logs: string;
	readonly log: string;
}

/**
 * Root's daemon serves the machine; another user's daemon serves that user.
 * @throws {TapPassError} usage when a path is too long for a socket
 */
export function placesOf(
	env: Readonly<Record<string, string | undefined>>,
	uid: number = process.getuid?.() ?? 0,
): Places {
	const state = env['TAPPASS_HOST_STATE'] ?? (uid === 0 ? '/var/lib/tappass' : join(stateHome(env), 'tappass'));
	const runtime = env['TAPPASS_HOST_RUNTIME'] ?? (uid === 0 ? '/run/tappass-host' : runtimeOf(env, state));
	const socket = join(runtime, 'api.sock');
	if (Buffer.byteLength(socket) > limits.socketPathMax) {
		throw new TapPassError('usage', {
			detail: `${socket} is too long for a socket: at most ${limits.socketPathMax} bytes`,
			hint: 'set TAPPASS_HOST_RUNTIME to a shorter directory',
		});
	}
	return { state, runtime, socket };
}

/** The places of a sandbox. @throws {TapPassError} usage when the name could be another path */
export function sandboxPlaces(state: string, name: string): SandboxPlaces {
	return placesIn(join(state, assertName(name)));
}

/** Where a sandbox lies until its enrolment has ended. */
export function enrollingPlaces(state: string, name: string): SandboxPlaces {
	return placesIn(join(state, `.${assertName(name)}.enrolling`));
}

/** Where what a sandbox was before lies while it is enrolled anew. */
export function setAsidePlaces(state: string, name: string): SandboxPlaces {
	return placesIn(join(state, `.${assertName(name)}.replaced`));
}

/** Accepts a host's own name for a sandbox. @throws {TapPassError} usage */
export function assertName(name: string): string {
	if (/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/.test(name)) return name;
	throw new TapPassError('usage', {
		detail: `${JSON.stringify(name.slice(0, 80))} is no name of a sandbox`,
		hint: 'use 1 to 63 lower-case letters, digits, dashes or underscores, such as my-agent',
	});
}

function placesIn(directory: string): SandboxPlaces {
	const at = (...parts: readonly string[]): string => join(directory, ...parts);
	return {
		directory,
		enrolment: at('enrolment.json'),
		credentials: at('credentials.json'),
		floor: at('floor.json'),
		keyringDirectory: at('keyring'),
		keyring: at('keyring', 'keyring.json'),
		root: at('keyring', 'root.json'),
		quarantine: at('quarantine.json'),
		run: at('run.json'),
		rendered: at('rendered'),
		spool: at('spool.jsonl'),
		logs: at('logs'),
		log: at('logs', 'agent.log'),
	};
}

function stateHome(env: Readonly<Record<string, string | undefined>>): string {
	return env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state');
}

function runtimeOf(env: Readonly<Record<string, string | undefined>>, state: string): string {
	const given = env['XDG_RUNTIME_DIR'];
	return given === undefined || given === '' ? join(state, '.run') : join(given, 'tappass-host');
}
