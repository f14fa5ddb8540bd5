import type { Json, TapPassError } from '@tappass/core';
import type { RingStatus, StatusReport } from '@tappass/trust';
import type { Applied } from '../apply/render-runtime.ts';
import type { KernelTarget } from './kernel-ring.ts';
import type { AgentView, Posture, SandboxView } from './view.ts';

/** What the view of a sandbox is made of. */
export interface SandboxFacts {
	readonly name: string;
	readonly org_id: string | null;
	readonly sandbox_id: string | null;
	readonly posture: Posture;
	readonly error: TapPassError | undefined;
	readonly connected: boolean;
	readonly applied: Applied | undefined;
	/** Version that was accepted last. */
	readonly accepted: number | undefined;
	readonly remainingMs: number;
	readonly unwritten: boolean;
	/** Who holds the network of the agent; null while nothing is applied. */
	readonly network: KernelTarget['network'] | null;
	/** What the kernel ring lacks on this machine. */
	readonly missing: TapPassError | undefined;
	readonly agent: AgentView;
	readonly events_waiting: number;
	readonly certificate_expires_at: string | null;
}

/** A sandbox as `status` shows it. */
export function sandboxView(facts: SandboxFacts): SandboxView {
	const { accepted, agent, applied, certificate_expires_at, connected, error, events_waiting, posture } = facts;
	const check = applied?.rendering.check;
	const loaded_version = applied?.statement.policy_version ?? null;
	return {
		name: facts.name,
		org_id: facts.org_id,
		sandbox_id: facts.sandbox_id,
		posture,
		code: error?.code ?? null,
		why: error?.message ?? null,
		next: error?.hint ?? null,
		connected,
		loaded_version,
		wanted_version: accepted ?? loaded_version,
		epoch: applied?.statement.epoch ?? null,
		keyring_seconds_left: Math.floor(facts.remainingMs / 1_000),
		runtime: applied?.statement.runtime.id ?? null,
		rings: ringsOf(facts),
		network_change: facts.network === null ? null : facts.network === 'ours' ? 'live' : 'restart',
		missing: facts.missing === undefined ? null : { what: facts.missing.message, next: facts.missing.hint ?? null },
		inactive: (check?.inactive ?? []).map(({ position, why }) => ({ position, why })),
		accepted_gaps: (check?.gaps ?? [])
			.filter(({ accepted: reason, covered_by }) => reason !== undefined && covered_by === undefined)
			.map(({ accepted: reason, aspect, provider, value }) => ({
				rule: `${provider} ${aspect} ${value}`,
				reason: reason!,
			})),
		agent,
		events_waiting,
		certificate_expires_at,
	};
}

/** What the control plane is told: nothing but what is in force. */
export function statusReport(facts: SandboxFacts, policy_sha256: string | undefined): StatusReport {
	const { agent, applied, error, posture } = facts;
	const detail: { [key: string]: Json } = {
		posture,
		code: error?.code ?? null,
		agent: agent.state,
		agent_why: agent.why === null ? null : agent.why.slice(0, 200),
		inactive: (applied?.rendering.check.inactive ?? []).map(({ position }) => position),
	};
	return {
		schema: 'tappass.status/1',
		epoch: applied?.statement.epoch ?? 0,
		policy_version: applied?.statement.policy_version ?? 0,
		policy_sha256: applied === undefined ? null : (policy_sha256 ?? null),
		rings: ringsOf(facts),
		detail,
	};
}

function ringsOf(facts: SandboxFacts): Readonly<Record<string, RingStatus>> {
	const { applied } = facts;
	if (applied === undefined) return {};
	const { policy_version, runtime } = applied.statement;
	const state = ringState(facts);
	const entries = Object.entries(runtime.rings).map(([ring, provider]): [string, RingStatus] => [
		ring,
		provider === null ? { provider, state: 'inactive', policy_version: 0 } : { provider, state, policy_version },
	]);
	return Object.fromEntries(entries);
}

function ringState({ agent, missing, posture, unwritten }: SandboxFacts): RingStatus['state'] {
	if (posture === 'stale') return 'stale';
	if (posture !== 'fresh' && posture !== 'quarantined') return 'denied';
	if (agent.state === 'restarting' || agent.state === 'starting') return 'restarting';
	// An agent that runs was started while the program was there.
	if (missing !== undefined && agent.state !== 'running') return 'failed';
	return unwritten ? 'failed' : 'active';
}
