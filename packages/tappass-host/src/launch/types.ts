import type { Rendered } from '@tappass/core';

/** Bounds on what one sandbox may use; each has a default in `limits.ts`. */
export interface SandboxLimits {
	/** Bytes of memory: of the whole sandbox with a cgroup, of each process without. */
	readonly memoryBytes?: number;
	readonly processes?: number;
	/** Open files of each process. */
	readonly openFiles?: number;
	/** Bytes of one file. */
	readonly fileBytes?: number;
	/** Bytes that each directory of memory (/tmp, /run, home) may hold. */
	readonly scratchBytes?: number;
	/** Bytes that the workspace may hold before the agent is stopped. */
	readonly workspaceBytes?: number;
}

/** What a sandbox is started with. */
export interface SandboxOptions {
	/** Name of the sandbox on this host; names its cgroup and its records. */
	readonly name: string;
	/** Program inside the sandbox, and its arguments: never a shell string. */
	readonly command: string;
	readonly args: readonly string[];
	/** Output of the bubblewrap Provider. */
	readonly rendered: Rendered;
	/** Directory for what belongs to this run (rendered files, socket, record); made by `prepareRunDirectory`. */
	readonly runDirectory: string;
	/** Where the workspace is on the host: held to its bound, when told. */
	readonly workspaceHost?: string;
	/** Directory with keyring.json and root.json; the agent's user must be able to reach it, and not to write it. */
	readonly keyringDirectory: string | null;
	/** Socket of the egress proxy; null: no way out. */
	readonly egressSocket: string | null;
	/** The agent's own user; must be the caller's own when the caller is not root. */
	readonly uid: number;
	readonly gid: number;
	/** Variables beside those that are rendered: visible to every process of the host's root, so no secrets. */
	readonly env: Readonly<Record<string, string>>;
	/** stdin, stdout, stderr; nothing and two pipes when absent. */
	readonly stdio?: readonly ('pipe' | 'ignore' | 'inherit' | number)[];
	readonly limits?: SandboxLimits;
	/** A cgroup v2 directory that was delegated to us; found by `delegatedCgroup`. */
	readonly cgroup?: string;
	/** Told when the agent asked for more than it may have, as far as the host can see it: see `Exhausted`. */
	readonly onExhausted?: (what: Exhausted) => void;
	/** Told once, when the agent has ended and everything of it is gone. */
	readonly onExit: (exit: SandboxExit) => void;
}

/**
 * What there was not enough of. The kernel counts refused processes and memory in a cgroup, so these are told where one is
 * delegated; the workspace is looked at everywhere. Open files and the size of one file are refused to the program alone.
 */
export type Exhausted = 'processes' | 'memory' | 'workspace';

/** How an agent ended. */
export interface SandboxExit {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	/** Set when we ended it: `killed` on request, `workspace_full` when it held more than it may. */
	readonly why?: 'killed' | 'workspace_full';
}

/** A program with its arguments, to be started by whoever owns the terminal, as the user that the daemon runs as. */
export interface Spawnable {
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
}

/** A running sandbox. */
export interface Sandbox {
	/** Process of the host that stands for the sandbox: it ends with it, and the sandbox with it. */
	readonly pid: number;
	/** The first process inside, as the host numbers it. */
	readonly innerPid: number;
	/** Standard streams, as far as `stdio` asked for pipes. */
	readonly process: import('node:child_process').ChildProcess;
	/** Ends every process of the sandbox; returns when they are gone. */
	readonly kill: () => Promise<void>;
	/** How to start a second program inside: same namespaces, user, filter and bounds. Spawn it with the terminal's stdio. */
	readonly enter: (command: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Spawnable;
}

/** A defence that is weaker here than it could be; printed by `status` and `doctor`. */
export interface Weakness {
	readonly id: string;
	/** What is weaker. */
	readonly what: string;
	/** Why it is so on this machine. */
	readonly why: string;
	/** One command that mends it, when there is one. */
	readonly fix?: string;
	/** Nothing can be started until it is mended. */
	readonly blocking: boolean;
}
