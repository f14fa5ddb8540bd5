import { uuidv7 } from '../pipeline/uuid.ts';
import type { GatewayPorts, MandatePort } from '../ports.ts';
import { MemoryApprovals } from './approvals.ts';
import { MemoryBarriers } from './barriers.ts';
import { MemoryBudgets } from './budgets.ts';
import { MemoryDiscovery } from './discovery.ts';
import { MemoryPolicies } from './policies.ts';
import { MemoryAudit, MemoryPseudonyms, MemorySignals, MemoryUnenrolled } from './records.ts';
import { MemorySessions } from './sessions.ts';
import { MemoryMcpServers, MemoryUpstreams } from './upstreams.ts';

/** What the ports in memory take from the edge. */
export interface MemoryOptions {
	readonly now: () => number;
	readonly monotonicMs: () => number;
	readonly randomBytes: (count: number) => Uint8Array;
	/** Signs mandates; the key is the caller's. */
	readonly mandates: MandatePort;
	/** Audit events that are kept. */
	readonly eventsMax?: number;
}

/** Everything the gateway stands on, in the memory of one process: for tests and evaluation. */
export interface MemoryPorts extends GatewayPorts {
	readonly policies: MemoryPolicies;
	readonly sessions: MemorySessions;
	readonly budgets: MemoryBudgets;
	readonly approvals: MemoryApprovals;
	readonly discovery: MemoryDiscovery;
	readonly barriers: MemoryBarriers;
	readonly upstreams: MemoryUpstreams;
	readonly mcpServers: MemoryMcpServers;
	readonly audit: MemoryAudit;
	readonly unenrolled: MemoryUnenrolled;
	readonly pseudonyms: MemoryPseudonyms;
	readonly signals: MemorySignals;
}

export function memoryPorts(options: MemoryOptions): MemoryPorts {
	const { now, monotonicMs, randomBytes, mandates } = options;
	const policies = new MemoryPolicies();
	return {
		policies,
		sessions: new MemorySessions((org_id, sandbox_id) => policies.tell(org_id, sandbox_id)),
		budgets: new MemoryBudgets(),
		approvals: new MemoryApprovals(() => `apr_${uuidv7(now(), randomBytes)}`),
		discovery: new MemoryDiscovery(),
		barriers: new MemoryBarriers(),
		upstreams: new MemoryUpstreams(),
		mcpServers: new MemoryMcpServers(),
		audit: new MemoryAudit(options.eventsMax ?? 100_000),
		unenrolled: new MemoryUnenrolled(),
		pseudonyms: new MemoryPseudonyms(randomBytes),
		mandates,
		signals: new MemorySignals(),
		now,
		monotonicMs,
		randomBytes,
	};
}
