import type { ErrorCode } from '@tappass/core';
import type { RingStatus } from '@tappass/trust';
import type { Weakness } from '../launch/types.ts';

/** What a sandbox may do now. Only `fresh`, `stale` and `quarantined` let anything through. */
export type Posture = 'waiting' | 'fresh' | 'stale' | 'quarantined' | 'denied' | 'revoked' | 'locked' | 'failed';

/** Where an agent stands. */
export type AgentState = 'none' | 'starting' | 'running' | 'restarting' | 'held' | 'failing' | 'finished' | 'stopped';

/** A sandbox as `status` shows it. */
export interface SandboxView {
	readonly name: string;
	readonly org_id: string | null;
	readonly sandbox_id: string | null;
	readonly posture: Posture;
	/** Why it is not `fresh`. */
	readonly code: ErrorCode | null;
	readonly why: string | null;
	/** What to do about it, when only a person can. */
	readonly next: string | null;
	readonly connected: boolean;
	/** What is enforced, and the newest that was accepted. */
	readonly loaded_version: number | null;
	readonly wanted_version: number | null;
	readonly epoch: number | null;
	readonly keyring_seconds_left: number;
	readonly runtime: string | null;
	readonly rings: Readonly<Record<string, RingStatus>>;
	/** How a running agent comes by a change of its network: at once, or by being started anew. */
	readonly network_change: 'live' | 'restart' | null;
	/** What the kernel ring lacks on this machine, and what brings it: no agent can be started. */
	readonly missing: { readonly what: string; readonly next: string | null } | null;
	/** Positions that guard nothing, and why. */
	readonly inactive: readonly { readonly position: string; readonly why: string }[];
	/** Rules that no position holds, by the reason that the Runtime gives. */
	readonly accepted_gaps: readonly { readonly rule: string; readonly reason: string }[];
	readonly agent: AgentView;
	readonly events_waiting: number;
	readonly certificate_expires_at: string | null;
}

export interface AgentView {
	readonly state: AgentState;
	readonly agent: string | null;
	readonly pid: number | null;
	readonly since: string | null;
	readonly starts: number;
	readonly why: string | null;
	readonly session_id: string | null;
}

/** The daemon as `status` shows it. */
export interface DaemonView {
	readonly schema: 'tappass.host.status/1';
	readonly daemon: {
		readonly pid: number;
		readonly uid: number;
		readonly started_at: string;
		readonly version: string;
	};
	readonly weaknesses: readonly Weakness[];
	readonly sandboxes: readonly SandboxView[];
}
