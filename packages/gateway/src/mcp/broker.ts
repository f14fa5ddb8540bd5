import { randomUUID } from 'node:crypto';
import { type OrgId, TapPassError } from '@tappass/core';
import type { Agent } from 'undici';
import type { Identified } from '../pipeline/admission.ts';
import { BoundedMap } from '../pipeline/bounded-map.ts';
import type { GatewayPorts, McpServer } from '../ports.ts';
import { judgeJson } from './judge-json.ts';
import { mcpLimits } from './limits.ts';
import type { Connection } from './outbound/connection.ts';
import { type ListedTool, Listings } from './outbound/listing.ts';
import { ConnectionPool } from './outbound/pool.ts';
import type { ParkedCall } from './parked.ts';
import type { JsonObject, RpcAnswer } from './rpc.ts';

/** Where a call goes: its server, connected, and the tool as it is defined there; undefined: it is no tool. */
export interface Target {
	readonly connection: Connection;
	readonly tool: ListedTool | undefined;
}

/** A resource that changed at its server. */
export interface ChangedResource {
	readonly server: string;
	readonly uri: string;
}

/** The registered servers of all orgs, as agents reach them. One for each process; what it holds can be made anew. */
export class Broker {
	readonly #pool: ConnectionPool;
	readonly #listings: Listings;
	readonly #ports: GatewayPorts;
	readonly #keys = new BoundedMap<Promise<Uint8Array>>(mcpLimits.sessionsKeptMax);
	/** Servers that said that a list changed, which is told in a moment. */
	readonly #changing = new Map<string, NodeJS.Timeout>();
	readonly #listeners = new Set<{
		readonly org_id: OrgId;
		readonly changed: (resource: ChangedResource | undefined) => void;
	}>();
	/** Of this process: what waits here says so in what its client brings back. */
	readonly id: string = randomUUID();
	/** Of definitions that nobody has approved, by policy: whether a model may read them. */
	readonly #harmless = new BoundedMap<Promise<boolean>>(mcpLimits.sessionsKeptMax);
	/** What sessions are asked: who waits for the answer. */
	readonly answers: Map<string, (answer: RpcAnswer) => void> = new Map();
	/** Requests of sessions under way, and how each is cancelled. */
	readonly cancels: Map<string, () => void> = new Map();
	/** Sessions that their clients ended. */
	readonly ended: BoundedMap<boolean> = new BoundedMap(mcpLimits.sessionsKeptMax);
	/** Resources, `server uri`, that sessions want to hear of. */
	readonly watched: BoundedMap<Set<string>> = new BoundedMap(mcpLimits.sessionsKeptMax);
	/** From which level on sessions want to be told. */
	readonly logLevels: BoundedMap<number> = new BoundedMap(mcpLimits.sessionsKeptMax);
	/** Calls that wait for their client's next request. */
	readonly parked: BoundedMap<ParkedCall> = new BoundedMap(mcpLimits.parkedMax, (call) => call.end());

	constructor(ports: GatewayPorts, agent: Agent) {
		this.#ports = ports;
		this.#pool = new ConnectionPool(
			ports.mcpServers,
			agent,
			() => ports.monotonicMs(),
			(...said) => this.#tell(...said),
		);
		this.#listings = new Listings(() => ports.monotonicMs());
	}

	/** The servers that are registered now. Connections to others, and to older entries, are closed. */
	async servers({ policy }: Identified): Promise<readonly McpServer[]> {
		const servers = await this.#ports.mcpServers.list(policy.org_id);
		this.#pool.keep(policy.org_id, servers);
		return servers;
	}

	connect({ policy }: Identified, server: McpServer): Promise<Connection> {
		return this.#pool.get(policy.org_id, server);
	}

	/** A connection to the server of that name. @throws {TapPassError} not_found; whatever is wrong with the server */
	async reach(identified: Identified, name: string): Promise<Connection> {
		const server = (await this.servers(identified)).find((one) => one.name === name);
		if (server === undefined) throw new TapPassError('not_found', { detail: `no registered server ${name}` });
		return this.connect(identified, server);
	}

	/**
	 * Tools that the agent may use, of every server that answers.
	 * @throws {TapPassError} whatever is wrong with them, when none does: no tools would mean that it may use none
	 */
	async tools(identified: Identified, of: readonly McpServer[]): Promise<readonly ListedTool[]> {
		const listed = await answersOf(
			of.map(async (server) => {
				const connection = await this.connect(identified, server);
				return [...(await this.#listings.tools(server.name, connection)).values()];
			}),
		);
		const allowed = await Promise.all(
			listed.flat().map(async (tool) => ((await this.#isOffered(identified, tool)) ? tool : undefined)),
		);
		return allowed.filter((tool) => tool !== undefined);
	}

	/** What a server lists besides tools. @throws {TapPassError} whatever is wrong with the server */
	listed(connection: Connection, method: string, field: string): Promise<readonly JsonObject[]> {
		return this.#listings.others(connection, method, field);
	}

	/** Whether the agent may use a tool of a server. @throws {TapPassError} whatever is wrong with the server */
	async offersAny(identified: Identified, name: string): Promise<boolean> {
		const servers = (await this.servers(identified)).filter((one) => one.name === name);
		return (await this.tools(identified, servers)).length > 0;
	}

	/**
	 * Where a tool is executed.
	 * @throws {TapPassError} not_found: no server has it; whatever is wrong with the server
	 */
	async find(identified: Identified, name: string): Promise<Target> {
		const [prefix] = name.split('.', 1);
		const server = (await this.servers(identified)).find((one) => one.name === prefix);
		if (server === undefined) throw new TapPassError('not_found', { detail: `no registered server has ${name}` });
		const connection = await this.connect(identified, server);
		const tool = (await this.#listings.tools(server.name, connection)).get(name);
		if (tool === undefined) throw new TapPassError('not_found', { detail: `${server.name} offers no ${name}` });
		return { connection, tool };
	}

	/** The secret of an agent's session, which is the same for all replicas: what travels through its client is signed by it. */
	keyOf({ policy, session }: Identified): Promise<Uint8Array> {
		const name = `${policy.org_id} ${session.id}`;
		const held = this.#keys.get(name);
		if (held !== undefined) return held;
		const key = this.#ports.pseudonyms.key(policy.org_id, session.id);
		this.#keys.set(name, key);
		key.catch(() => this.#keys.delete(name));
		return key;
	}

	/** Tells when a server of the org says that a list changed, or one of its resources. Returns its undoing. */
	onChange(org_id: OrgId, changed: (resource: ChangedResource | undefined) => void): () => void {
		const listener = { org_id, changed };
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	close(): Promise<void> {
		for (const timer of this.#changing.values()) clearTimeout(timer);
		return this.#pool.close();
	}

	#tell(org_id: OrgId, server: string, method: string, { uri }: JsonObject): void {
		const resource = method === 'notifications/resources/updated' ? String(uri) : undefined;
		if (resource === undefined) {
			this.#listings.forget(this.#pool.held(org_id, server));
			// A server that says so all the time must not have everybody ask for its lists all the time.
			const key = `${org_id} ${server}`;
			if (this.#changing.has(key)) return;
			const tell = (): void => {
				this.#changing.delete(key);
				this.#tellAll(org_id, undefined);
			};
			this.#changing.set(key, setTimeout(tell, mcpLimits.changedMs).unref());
			return;
		}
		this.#tellAll(org_id, { server, uri: resource });
	}

	#tellAll(org_id: OrgId, resource: ChangedResource | undefined): void {
		for (const listener of this.#listeners) if (listener.org_id === org_id) listener.changed(resource);
	}

	/** Allowed by the policy, and still what was agreed to. */
	async #isOffered(identified: Identified, tool: ListedTool): Promise<boolean> {
		const { name, sha256 } = tool;
		if (!(await identified.mayUse(name))) return false;
		const pin = await this.#ports.discovery.pin(identified.policy.org_id, name);
		return pin === undefined ? this.#isHarmless(identified, tool) : pin === sha256;
	}

	/** What nobody approved is judged before a model reads it. The same definition is judged once for each policy. */
	#isHarmless(identified: Identified, { definition, sha256 }: ListedTool): Promise<boolean> {
		const { org_id, sandbox_id, policy_version } = identified.policy;
		const name = `${org_id} ${sandbox_id} ${policy_version} ${sha256}`;
		const held = this.#harmless.get(name);
		if (held !== undefined) return held;
		const found = judgeJson(identified.guard(), definition).then(({ effect }) => effect === 'release');
		this.#harmless.set(name, found);
		found.catch(() => this.#harmless.delete(name));
		return found;
	}
}

/** What servers answered. One that does not takes only its own along; when none does, the first fault is thrown. */
export async function answersOf<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
	const settled = await Promise.allSettled(asked);
	const faults = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
	const ours = faults.find((fault) => !(fault instanceof TapPassError));
	if (ours !== undefined) throw ours;
	if (faults.length > 0 && faults.length === settled.length) throw faults[0];
	return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
