import { spawn } from 'node:child_process';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { systemProgram } from './programs.ts';
import type { SandboxLimits } from './types.ts';

const mebibyte = 1_048_576;

/** Bounds with nothing left open. */
export type Bounds = Required<SandboxLimits>;

/** Puts the defaults where nothing was asked for. */
export function boundsOf(asked: SandboxLimits = {}): Bounds {
	return {
		memoryBytes: asked.memoryBytes ?? limits.sandboxMemoryBytes,
		processes: asked.processes ?? limits.sandboxProcesses,
		openFiles: asked.openFiles ?? limits.sandboxOpenFiles,
		fileBytes: asked.fileBytes ?? limits.sandboxFileBytes,
		scratchBytes: asked.scratchBytes ?? limits.sandboxScratchBytes,
		workspaceBytes: asked.workspaceBytes ?? limits.sandboxWorkspaceBytes,
	};
}

/** What a host owner may set lower, by variable of the daemon: in mebibytes, or in numbers. */
const owners: Readonly<
	Record<string, { readonly bound: keyof SandboxLimits; readonly unit: number; readonly max: number }>
> = {
	TAPPASS_HOST_MEMORY_MIB: { bound: 'memoryBytes', unit: mebibyte, max: limits.sandboxMemoryBytes },
	TAPPASS_HOST_PROCESSES: { bound: 'processes', unit: 1, max: limits.sandboxProcesses },
	TAPPASS_HOST_WORKSPACE_MIB: { bound: 'workspaceBytes', unit: mebibyte, max: limits.sandboxWorkspaceBytes },
};

/**
 * Bounds that the host owner sets for every sandbox of this machine. They can only be lower than ours.
 * @throws {TapPassError} usage
 */
export function ownerBounds(env: Readonly<Record<string, string | undefined>>): SandboxLimits {
	const set = Object.entries(owners).flatMap(([name, { bound, max, unit }]) => {
		const text = env[name];
		if (text === undefined || text === '') return [];
		const value = /^\d{1,9}$/.test(text) ? Number(text) * unit : Number.NaN;
		if (value >= unit && value <= max) return [[bound, value]];
		throw new TapPassError('usage', {
			detail: `${name}: a whole number from 1 to ${max / unit}, not ${JSON.stringify(text.slice(0, 40))}`,
		});
	});
	return Object.fromEntries(set) as SandboxLimits;
}

/** The words of prlimit(1) for these bounds. */
function boundsOptions(bounds: Bounds): readonly string[] {
	const both = (name: string, value: number): string => `--${name}=${value}:${value}`;
	return [
		both('nproc', bounds.processes),
		both('nofile', bounds.openFiles),
		both('fsize', bounds.fileBytes),
		// Not the address space: runtimes reserve far more of it than they use.
		both('data', bounds.memoryBytes),
		both('core', 0),
		both('memlock', limits.sandboxLockedBytes),
	];
}

/**
 * Bounds the first process of a sandbox, and so everything that it starts. On that process, not on bwrap: the kernel counts
 * processes for each user in each user namespace, and outside an ordinary user's other programs would count too.
 *
 * @param user the sandbox's own, when it is not ours: a root without CAP_SYS_RESOURCE may not do it to others
 * @throws {TapPassError} sandbox_failed
 */
export async function boundProcess(
	pid: number,
	bounds: Bounds,
	user: { readonly uid?: number; readonly gid?: number },
): Promise<void> {
	const child = spawn(systemProgram('prlimit'), [`--pid=${pid}`, ...boundsOptions(bounds)], {
		...user,
		env: {},
		stdio: 'ignore',
	});
	const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
	if (code !== 0)
		throw new TapPassError('sandbox_failed', { detail: `its bounds could not be set (prlimit: ${code})` });
}

/** The words that go before a program that comes into a sandbox later. */
export function boundsWrapper(bounds: Bounds): readonly string[] {
	return [systemProgram('prlimit'), ...boundsOptions(bounds), '--'];
}
