import { TapPassError } from '@tappass/core';
import type { Agent } from 'undici';
import type { Identified } from '../pipeline/admission.ts';
import type { GatewayPorts, McpServer } from '../ports.ts';
import type { Connection } from './outbound/connection.ts';
import { type ListedTool, Listings } from './outbound/listing.ts';
import { ConnectionPool } from './outbound/pool.ts';

/** Where a tool is: its server, connected, and its definition there. */
export interface Target {
	readonly server: McpServer;
	readonly connection: Connection;
	readonly tool: ListedTool;
}

/** The registered servers of all orgs, as agents reach them. One for each process; what it holds can be made anew. */
export class Broker {
	readonly #pool: ConnectionPool;
	readonly #listings: Listings;
	readonly #ports: GatewayPorts;

	constructor(ports: GatewayPorts, agent: Agent) {
		this.#ports = ports;
		this.#pool = new ConnectionPool(ports.mcpServers, agent, () => ports.monotonicMs());
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

	/** Tools that the agent may use, of every server that answers. */
	async tools(identified: Identified, of: readonly McpServer[]): Promise<readonly ListedTool[]> {
		const listed = await Promise.all(
			of.map(async (server) => {
				try {
					const connection = await this.connect(identified, server);
					return [...(await this.#listings.tools(server.name, connection)).values()];
				} catch (error) {
					// A dead server takes only its own tools along.
					if (error instanceof TapPassError) return [];
					throw error;
				}
			}),
		);
		const allowed = await Promise.all(
			listed.flat().map(async (tool) => ((await this.#isOffered(identified, tool)) ? tool : undefined)),
		);
		return allowed.filter((tool) => tool !== undefined);
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
		return { server, connection, tool };
	}

	close(): Promise<void> {
		return this.#pool.close();
	}

	/** Allowed by the policy, and still what was agreed to. */
	async #isOffered(identified: Identified, { name, sha256 }: ListedTool): Promise<boolean> {
		if (!(await identified.mayUse(name))) return false;
		const pin = await this.#ports.discovery.pin(identified.policy.org_id, name);
		return pin === undefined || pin === sha256;
	}
}
