import { randomFillSync } from 'node:crypto';
import { canonicalJson } from '@tappass/core';
import { type GatewayPorts, type MandatePort, randomPool } from '@tappass/gateway';
import { encodeBase64Url } from '@tappass/trust';
import type { AuditLog } from '../audit-store/audit-log.ts';
import type { Notice } from '../events/notices.ts';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { Store } from '../store/store.ts';
import { StoredApprovals } from './approvals.ts';
import { StoredBarriers } from './barriers.ts';
import { Batches } from './batch.ts';
import { StoredBudgets } from './budgets.ts';
import { StoredDiscovery } from './discovery.ts';
import { StoredMcpServers } from './mcp-servers.ts';
import { StoredPolicies } from './policies.ts';
import type { ModelPrice } from './prices.ts';
import { StoredPseudonyms } from './pseudonyms.ts';
import { StoredSignals, StoredUnenrolled } from './records.ts';
import { Registry } from './registry.ts';
import { StoredSessions } from './sessions.ts';
import { StoredUpstreams } from './upstreams.ts';

export interface StoredPortsOptions {
	readonly store: Store;
	readonly keys: OrgKeys;
	readonly audit: AuditLog;
	readonly prices: readonly ModelPrice[];
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly onError: (error: unknown) => void;
}

/** Everything the gateway stands on, on PostgreSQL. */
export interface StoredPorts {
	readonly ports: GatewayPorts;
	/** What a replica said. */
	readonly onNotice: (notice: Notice) => void;
	/** Notices may have been missed. */
	readonly onGap: () => void;
	readonly close: () => Promise<void>;
}

export function storedPorts({ store, keys, audit, prices, now, onError }: StoredPortsOptions): StoredPorts {
	const batches = new Batches(store);
	const registry = new Registry(batches);
	const policies = new StoredPolicies(batches);
	const signals = new StoredSignals(store, onError);
	const ports: GatewayPorts = {
		policies,
		sessions: new StoredSessions(batches, store, audit),
		budgets: new StoredBudgets(batches, store, onError),
		approvals: new StoredApprovals(batches, keys, audit),
		discovery: new StoredDiscovery(batches, registry, audit),
		barriers: new StoredBarriers(registry),
		upstreams: new StoredUpstreams(batches, registry, keys, prices),
		mcpServers: new StoredMcpServers(batches, registry, keys),
		audit: { append: (events, canWait) => audit.append(events, canWait) },
		unenrolled: new StoredUnenrolled(batches, store.orgIds),
		pseudonyms: new StoredPseudonyms(batches, registry, keys),
		mandates: mandates(registry, keys),
		signals,
		now,
		monotonicMs: () => performance.now(),
		randomBytes: randomPool((bytes) => randomFillSync(bytes)),
	};
	return {
		ports,
		onNotice: (notice) => {
			registry.onNotice(notice);
			if (notice.kind !== 'registry' && notice.kind !== 'renewed') policies.onNotice(notice);
		},
		onGap: () => {
			registry.onGap();
			policies.onGap();
		},
		close: () => signals.close(),
	};
}

// Seed §2.2: an ES256 JWS by the org's token key, whose public half the root document lists.
function mandates(registry: Registry, keys: OrgKeys): MandatePort {
	return {
		sign: async (org_id, claims) => {
			const key = await registry.read(org_id, 'token key', (transaction) => keys.current(transaction, org_id, 'token'));
			const part = (value: object): string => encodeBase64Url(Buffer.from(canonicalJson(value as never)));
			const message = `${part({ alg: 'ES256', kid: key.id, typ: 'JWT' })}.${part(claims)}`;
			return `${message}.${encodeBase64Url(await key.sign(Buffer.from(message)))}`;
		},
	};
}
