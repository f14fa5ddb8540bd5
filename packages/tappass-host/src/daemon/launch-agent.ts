import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Rendered, TapPassError } from '@tappass/core';
import type { Logger } from 'pino';
import { doorsOf } from '../apply/capabilities.ts';
import { mountArguments, probeHarnessFiles, writeHarnessFiles } from '../apply/harness-files.ts';
import { type Applied, kernelOutput } from '../apply/render-runtime.ts';
import type { EgressOptions } from '../egress/types.ts';
import type { Exhausted, SandboxExit } from '../launch/types.ts';
import type { RunRequest } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { AgentLog } from './agent-log.ts';
import type { HeldSandbox, KernelRing, KernelTarget } from './kernel-ring.ts';

export interface LaunchAgentOptions extends Pick<EgressOptions, 'policy' | 'token' | 'onDenied' | 'agentPlaneUrl'> {
	readonly name: string;
	readonly run: RunRequest;
	readonly applied: Applied;
	readonly ring: KernelRing;
	readonly files: Files;
	readonly user: { readonly uid: number; readonly gid: number };
	/** Directory of this run. */
	readonly directory: string;
	readonly places: SandboxPlaces;
	readonly onExhausted: (what: Exhausted) => void;
	readonly onExit: (exit: SandboxExit) => void;
	readonly log: Logger;
}

export interface LaunchedAgent {
	readonly sandbox: HeldSandbox;
	readonly refreshEgress: () => void;
	readonly harnessDirectory: string;
	readonly release: () => Promise<void>;
}

/** Names under which a harness's own program is run. */
const harnessPrograms: Readonly<Record<string, readonly string[]>> = {
	'claude-code': ['claude'],
	codex: ['codex'],
	cursor: ['cursor-agent', 'agent'],
	cline: ['cline'],
};

/**
 * Launches an agent under what is applied: proxy first, then the harness's files, then the program.
 * @throws {TapPassError} runtime_unenforced when the agent would run without a ring that its Runtime names; agent_failed
 */
export async function launchAgent(options: LaunchAgentOptions): Promise<LaunchedAgent> {
	const { applied, directory, files, places, ring, run, user } = options;
	const { rendering, statement } = applied;
	const { rendered: kernel, target } = kernelOf(options);
	const harness = harnessOf(options);
	if (target.network === 'theirs') assertShowable(options, harness);
	await ring.prepareRunDirectory(directory, user);
	const harnessDirectory = join(directory, 'harness');
	const mounts = await writeHarnessFiles(files, harnessDirectory, statement, rendering);
	const wrong = await probeHarnessFiles(files, harnessDirectory, statement, rendering);
	if (wrong.length > 0) throw unenforced(`files of the harness are not as they were rendered: ${wrong.join(', ')}`);
	const egressSocket = target.network === 'ours' ? join(directory, 'egress.sock') : null;
	const egress =
		egressSocket === null
			? undefined
			: await ring.startEgress({
					socketPath: egressSocket,
					policy: options.policy,
					token: options.token,
					onDenied: options.onDenied,
					agentPlaneUrl: options.agentPlaneUrl,
				});
	await mkdir(places.logs, { recursive: true, mode: 0o700 });
	const log = new AgentLog(places.log);
	await log.open();
	const release = async (): Promise<void> => {
		await egress?.close();
		await log.close();
	};
	try {
		const [command, ...program] = run.program;
		const sandbox = await target.launch({
			name: options.name,
			command: command!,
			args: [...program, ...(harness?.args ?? []), ...run.args],
			rendered:
				target.network === 'ours'
					? { ...kernel, args: [...kernel.args, ...mountArguments([...run.mounts, ...mounts])] }
					: kernel,
			runDirectory: directory,
			workspaceHost: run.workspace,
			keyringDirectory: places.keyringDirectory,
			egressSocket,
			uid: user.uid,
			gid: user.gid,
			env: { ...(target.network === 'theirs' && variablesOf(options.agentPlaneUrl)), ...harness?.env },
			stdio: ['ignore', 'pipe', 'pipe'],
			onExhausted: options.onExhausted,
			onExit: options.onExit,
		});
		log.follow(sandbox.process.stdout);
		log.follow(sandbox.process.stderr);
		return { sandbox, refreshEgress: () => egress?.refresh(), harnessDirectory, release };
	} catch (error) {
		await release();
		if (error instanceof TapPassError) throw error;
		throw new TapPassError('agent_failed', { detail: run.agent, cause: error });
	}
}

function kernelOf({ applied, ring }: LaunchAgentOptions): {
	readonly rendered: Rendered;
	readonly target: KernelTarget;
} {
	const { kernel } = applied.statement.runtime.rings;
	const output = kernelOutput(applied.statement, applied.rendering);
	// The operator may accept by name what no kernel ring holds; that an agent runs bare on this host they cannot.
	if (kernel === null || output === undefined) throw unenforced('the Runtime names no kernel ring');
	const target = ring.targets.get(kernel);
	if (target !== undefined) return { rendered: output, target };
	throw unenforced(
		`this host launches through ${[...ring.targets.keys()].join(', ')}, and the Runtime names ${kernel}`,
	);
}

/** A program that shows the host's directories where they are can neither put a harness's files in place nor show copies. */
function assertShowable({ applied, run }: LaunchAgentOptions, harness: Rendered | undefined): void {
	const { kernel } = applied.statement.runtime.rings;
	if (harness !== undefined && harness.files.length > 0)
		throw unenforced(`${kernel} cannot put the files of a harness where it reads them: name bubblewrap as kernel ring`);
	const copied = run.mounts.find(({ at, from }) => at !== from);
	if (copied === undefined) return;
	const hint = `move it to a directory that others can pass, or name bubblewrap as kernel ring`;
	throw unenforced(`the agent's user cannot reach ${copied.at}, and ${kernel} cannot show a copy in its place`, hint);
}

/** Where an agent finds the agent plane when no relay of ours stands in its sandbox. */
function variablesOf(agentPlaneUrl: string): Readonly<Record<string, string>> {
	const { gateway_url, mcp_url } = doorsOf(agentPlaneUrl);
	return { TAPPASS_GATEWAY_URL: gateway_url, TAPPASS_MCP_URL: mcp_url };
}

/** The harness's own arguments and variables. @throws {TapPassError} runtime_unenforced when the agent is another program */
function harnessOf({ applied, run }: LaunchAgentOptions): Rendered | undefined {
	const { harness } = applied.statement.runtime.rings;
	if (harness === null) return undefined;
	const output = applied.rendering.outputs.get(harness);
	if (output === undefined) throw unenforced(`nothing is rendered for the harness ${harness}`);
	const programs = harnessPrograms[harness] ?? [];
	if (programs.includes(run.name)) return output;
	throw unenforced(
		`the Runtime names the harness ${harness}, so its agent is ${programs.join(' or ')}; ${run.name} would run without it`,
	);
}

function unenforced(detail: string, hint?: string): TapPassError {
	return new TapPassError('runtime_unenforced', { detail, ...(hint !== undefined && { hint }) });
}
