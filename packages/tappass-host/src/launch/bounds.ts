import { limits } from '../limits.ts';
import type { SandboxLimits } from './types.ts';

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

/**
 * The words that go before everything in a sandbox and set its bounds there: inside, since the kernel counts processes for
 * each user in each user namespace, and outside an ordinary user's other programs would count too.
 */
export function boundsWrapper(prlimit: string, bounds: Bounds): readonly string[] {
	const both = (name: string, value: number): string => `--${name}=${value}:${value}`;
	return [
		prlimit,
		both('nproc', bounds.processes),
		both('nofile', bounds.openFiles),
		both('fsize', bounds.fileBytes),
		// Not the address space: runtimes reserve far more of it than they use.
		both('data', bounds.memoryBytes),
		both('core', 0),
		both('memlock', 8_388_608),
		'--',
	];
}
