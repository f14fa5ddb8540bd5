import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy, type PathKind } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { agentEnvironment } from '../launch/environment.ts';
import { launchSandbox } from '../launch/launch-sandbox.ts';
import type { Sandbox, SandboxExit, SandboxOptions, Spawnable } from '../launch/types.ts';

/** Directories of one sandbox on this host, as a daemon would lay them out. */
export interface SandboxPlace {
	readonly folder: string;
	readonly workspace: string;
	readonly keyring: string;
	readonly run: string;
	readonly uid: number;
	readonly remove: () => void;
}

/** As root each sandbox has a user of its own; else the one that runs the tests. */
export function makePlace(uid = 20_001): SandboxPlace {
	const own = process.getuid!() === 0 ? uid : process.getuid!();
	const folder = mkdtempSync('/var/tmp/tappass-launch-');
	chmodSync(folder, 0o755);
	const [workspace, keyring] = [join(folder, 'workspace'), join(folder, 'keyring')];
	mkdirSync(workspace, { mode: 0o700 });
	chownSync(workspace, own, own);
	mkdirSync(keyring, { mode: 0o755 });
	writeFileSync(join(keyring, 'keyring.json'), '{"keyring":1}', { mode: 0o644 });
	return {
		folder,
		workspace,
		keyring,
		run: join(folder, 'run'),
		uid: own,
		remove: () => rmSync(folder, { recursive: true, force: true }),
	};
}

/** What one program said and how it ended. */
export interface Outcome {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
	readonly why?: SandboxExit['why'];
}

export interface TestSandboxOptions extends Partial<SandboxOptions> {
	readonly filesystem?: Partial<CompiledPolicy['filesystem']>;
	readonly pathKinds?: Readonly<Record<string, PathKind>>;
	readonly binaries?: Readonly<Record<string, string>>;
}

/** What `launchSandbox` is given for a script run by bash in this place. */
export function sandboxOptions(place: SandboxPlace, script: string, options: TestSandboxOptions = {}): SandboxOptions {
	const rendered = findTarget('bubblewrap')!.render(
		{
			...emptyCompiledPolicy,
			network: { allow_domains: ['files.acme.com'], deny_categories: [] },
			filesystem: { workspace: '/workspace', read_only: [], deny_paths: [], ...options.filesystem },
		},
		{
			os: 'linux',
			home: '/home/agent',
			uid: place.uid,
			workspace_host: place.workspace,
			gateway_url: 'http://inference.local:3128/v1',
			mcp_url: 'http://mcp.local:3128/mcp',
			binaries: { socat: '/usr/bin/socat', ...options.binaries },
			target_version: null,
			tool_aliases: {},
			domain_categories: {},
			path_kinds: { [place.workspace]: 'directory', ...options.pathKinds },
		},
	);
	return {
		name: 'test',
		command: '/usr/bin/bash',
		args: ['-c', script],
		rendered,
		runDirectory: place.run,
		workspaceHost: place.workspace,
		keyringDirectory: place.keyring,
		egressSocket: null,
		uid: place.uid,
		gid: place.uid,
		env: agentEnvironment,
		onExit: () => undefined,
		...options,
	};
}

/** A sandbox that runs, and what comes of it. */
export interface Running {
	readonly sandbox: Sandbox;
	readonly outcome: Promise<Outcome>;
	readonly said: () => string;
}

export async function launch(place: SandboxPlace, script: string, options: TestSandboxOptions = {}): Promise<Running> {
	let ended: (exit: SandboxExit) => void = () => undefined;
	const exit = new Promise<SandboxExit>((resolve) => (ended = resolve));
	const sandbox = await launchSandbox({ ...sandboxOptions(place, script, options), onExit: (one) => ended(one) });
	const texts = { stdout: '', stderr: '' };
	sandbox.process.stdout?.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	sandbox.process.stderr?.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const closed = once(sandbox.process, 'close');
	const outcome = Promise.all([exit, closed]).then(([one]) => ({ ...texts, ...one }));
	return { sandbox, outcome, said: () => texts.stdout };
}

/** Runs a script in a sandbox to its end. */
export async function run(place: SandboxPlace, script: string, options: TestSandboxOptions = {}): Promise<Outcome> {
	return (await launch(place, script, options)).outcome;
}

/** Runs what `enter` gives, to its end. */
export async function runEntered({ command, args, env }: Spawnable): Promise<Outcome> {
	const child = spawn(command, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
	const texts = { stdout: '', stderr: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
	return { ...texts, code, signal };
}
