import { type OrgId, TapPassError } from '@tappass/core';
import type { Agent } from 'undici';
import type { McpServer, McpServerPort } from '../../ports.ts';
import { mcpLimits } from '../limits.ts';
import type { JsonObject } from '../rpc.ts';
import type { Connection, SaidToAll } from './connection.ts';
import { resolveCredentials } from './credentials.ts';
import { HttpConnection } from './http.ts';
import { StdioConnection } from './stdio.ts';

/** Takes what a server says to everybody. */
export type SaidByServer = (org_id: OrgId, server: string, method: string, params: JsonObject) => void;

interface Kept {
	readonly revision: number;
	readonly opening: Promise<Connection>;
	connection: Connection | undefined;
	failed_at: number | undefined;
	used_at: number;
	readonly opened_at: number;
	/** How often in a row it failed before, as far as that counts. */
	readonly failures: number;
}

/** Connections to the registered servers: one for each org and server, of the revision that is registered now. */
export class ConnectionPool {
	readonly #kept = new Map<string, Kept>();
	readonly #servers: McpServerPort;
	readonly #agent: Agent;
	readonly #monotonicMs: () => number;
	readonly #said: SaidByServer;

	constructor(servers: McpServerPort, agent: Agent, monotonicMs: () => number, said: SaidByServer = () => {}) {
		this.#said = said;
		this.#servers = servers;
		this.#agent = agent;
		this.#monotonicMs = monotonicMs;
	}

	/** A live connection. @throws {TapPassError} upstream_unreachable and the other faults of a server that cannot be greeted */
	async get(org_id: OrgId, server: McpServer): Promise<Connection> {
		const key = `${org_id} ${server.name}`;
		const now = this.#monotonicMs();
		this.#sweep(now);
		const held = this.#kept.get(key);
		if (held !== undefined && isGood(held, server, now)) {
			held.used_at = now;
			// The first of the map is the one unused for longest.
			this.#kept.delete(key);
			this.#kept.set(key, held);
			return held.opening;
		}
		const failures = held === undefined ? 0 : failuresOf(held, server, now);
		const rest = held === undefined ? 0 : restOf(held, failures, now);
		if (rest > 0)
			throw new TapPassError('upstream_unreachable', {
				detail: `its program failed ${failures} times in a row and is started again in ${Math.ceil(rest / 1_000)} s`,
			});
		if (held !== undefined) drop(held);
		const kept: Kept = {
			opened_at: now,
			failures,
			revision: server.revision,
			opening: this.#open(org_id, server),
			connection: undefined,
			failed_at: undefined,
			used_at: now,
		};
		this.#kept.set(key, kept);
		kept.opening.then(
			(connection) => {
				kept.connection = connection;
			},
			() => {
				kept.failed_at = this.#monotonicMs();
			},
		);
		return kept.opening;
	}

	/** The connection that stands to a server, when one does. */
	held(org_id: OrgId, server: string): Connection | undefined {
		return this.#kept.get(`${org_id} ${server}`)?.connection;
	}

	/** Closes what is not registered any more. */
	keep(org_id: OrgId, servers: readonly McpServer[]): void {
		for (const [key, kept] of this.#kept) {
			if (!key.startsWith(`${org_id} `)) continue;
			const server = servers.find(({ name }) => key === `${org_id} ${name}`);
			if (server?.revision === kept.revision) continue;
			this.#kept.delete(key);
			drop(kept);
		}
	}

	async close(): Promise<void> {
		const all = [...this.#kept.values()];
		this.#kept.clear();
		await Promise.all(all.map(drop));
	}

	async #open(org_id: OrgId, server: McpServer): Promise<Connection> {
		const credentials = await resolveCredentials(this.#servers, org_id, server);
		const { transport } = server;
		const said: SaidToAll = (method, params) => this.#said(org_id, server.name, method, params);
		if (transport.kind === 'stdio') return StdioConnection.open(transport, credentials, said);
		const url = URL.parse(transport.url);
		if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
			throw new TapPassError('upstream_unreachable', { detail: 'its address is no http(s) URL' });
		return HttpConnection.open({ agent: this.#agent, url, headers: credentials, said });
	}

	#sweep(now: number): void {
		for (const [key, kept] of this.#kept) {
			const full = this.#kept.size > mcpLimits.connectionsMax;
			if (!full && now - kept.used_at < mcpLimits.idleMs) continue;
			this.#kept.delete(key);
			drop(kept);
		}
	}
}

function isGood(kept: Kept, { revision }: McpServer, now: number): boolean {
	if (kept.revision !== revision) return false;
	if (kept.failed_at !== undefined) return now - kept.failed_at < mcpLimits.retryMs;
	return kept.connection?.alive() ?? true;
}

/** How often in a row a program has failed by now: it could not be greeted, or did not last. */
function failuresOf(held: Kept, { revision, transport }: McpServer, now: number): number {
	if (transport.kind !== 'stdio' || held.revision !== revision) return 0;
	if (held.failed_at !== undefined) return held.failures + 1;
	// Seen to be dead now; what is seen late lasted, or nobody missed it.
	if (now - held.opened_at > mcpLimits.steadyMs + waitOf(held.failures)) return 0;
	return held.failures + 1;
}
/** Milliseconds until it is started again. The first that did not last is replaced at once. */
function restOf(held: Kept, failures: number, now: number): number {
	if (failures < 2) return 0;
	return (held.failed_at ?? held.opened_at) + waitOf(failures) - now;
}
function waitOf(failures: number): number {
	return failures < 2 ? 0 : Math.min(mcpLimits.retryMaxMs, mcpLimits.retryMs * 2 ** (failures - 2));
}

/** Closes a connection once it stands; one that never did leaves nothing to close. */
async function drop({ opening }: Kept): Promise<void> {
	await opening.then(
		(connection) => connection.close(),
		() => undefined,
	);
}
