import { canonicalBytes, isToolName, type Json, sha256Hex, TapPassError } from '@tappass/core';
import { mcpLimits } from '../limits.ts';
import { isObject, type JsonObject } from '../rpc.ts';
import { type Connection, lonely } from './connection.ts';
import { type MirroredParameter, mirroredParameters } from './mirrored-headers.ts';

/** A tool as its server offers it now. */
export interface ListedTool {
	/** Canonical: `server.tool`. */
	readonly name: string;
	/** Its name at the server. */
	readonly at_server: string;
	/** Everything that the server says of it. */
	readonly definition: JsonObject;
	/** Arguments that travel in headers as well. */
	readonly mirrored: readonly MirroredParameter[];
	/** Over the canonical JSON of all of it: whatever changes is a change. */
	readonly sha256: string;
}

/** What servers list, believed for a short while by each connection. */
export class Listings {
	readonly #kept = new WeakMap<
		Connection,
		{ readonly at: number; readonly tools: Promise<ReadonlyMap<string, ListedTool>> }
	>();
	readonly #others = new WeakMap<
		Connection,
		Map<string, { readonly at: number; readonly items: Promise<readonly JsonObject[]> }>
	>();
	readonly #monotonicMs: () => number;

	/** A server said that its list has changed: it is asked again. */
	forget(connection: Connection | undefined): void {
		if (connection === undefined) return;
		this.#kept.delete(connection);
		this.#others.delete(connection);
	}

	constructor(monotonicMs: () => number) {
		this.#monotonicMs = monotonicMs;
	}

	/** Resources, templates or prompts of a server: nobody's call, so agents must not have it asked for each time. */
	others(connection: Connection, method: string, field: string): Promise<readonly JsonObject[]> {
		const now = this.#monotonicMs();
		const lists = this.#others.get(connection) ?? new Map();
		this.#others.set(connection, lists);
		const held = lists.get(method);
		if (held !== undefined && now - held.at < mcpLimits.listedMs) return held.items;
		const items = listAll(connection, method, field);
		lists.set(method, { at: now, items });
		items.catch(() => lists.delete(method));
		return items;
	}

	/** The tools of a server, by canonical name. @throws {TapPassError} whatever is wrong with the server */
	tools(server: string, connection: Connection): Promise<ReadonlyMap<string, ListedTool>> {
		const now = this.#monotonicMs();
		const held = this.#kept.get(connection);
		if (held !== undefined && now - held.at < mcpLimits.listedMs) return held.tools;
		const tools = listTools(server, connection);
		this.#kept.set(connection, { at: now, tools });
		tools.catch(() => this.#kept.delete(connection));
		return tools;
	}
}

/** Under it the policy speaks of what is no tool: `server.mcp.read_resource`. No server may offer such a name. */
export const ownPrefix = 'mcp.';

async function listTools(server: string, connection: Connection): Promise<ReadonlyMap<string, ListedTool>> {
	const found = new Map<string, ListedTool>();
	if (!isObject(connection.capabilities['tools'])) return found;
	for (const definition of await listAll(connection, 'tools/list', 'tools')) {
		const { name: at_server } = definition;
		const name = `${server}.${String(at_server)}`;
		// A name that no policy can speak of is a tool that nobody can be allowed.
		if (typeof at_server !== 'string' || !isToolName(name) || at_server.startsWith(ownPrefix)) continue;
		const mirrored = mirroredParameters(definition['inputSchema']);
		if (mirrored === undefined) continue;
		// Of two with one name nobody knows which is called.
		if (found.has(name)) throw new TapPassError('upstream_malformed', { detail: 'it lists one tool twice' });
		found.set(name, { name, at_server, definition, mirrored, sha256: sha256Hex(canonicalBytes(definition)) });
	}
	return found;
}

/** All pages of a listing. */
export async function listAll(connection: Connection, method: string, field: string): Promise<readonly JsonObject[]> {
	const items: JsonObject[] = [];
	const exchange = lonely(AbortSignal.timeout(mcpLimits.listMs));
	let cursor: Json | undefined;
	for (let page = 0; page < mcpLimits.pagesMax; page += 1) {
		const answer = await connection.request(method, cursor === undefined ? {} : { cursor }, exchange);
		if (answer.kind === 'error')
			throw new TapPassError('upstream_failed', { detail: `${method} was answered with ${answer.error.code}` });
		const listed = answer.result[field];
		if (!Array.isArray(listed) || !listed.every(isObject) || items.length + listed.length > mcpLimits.itemsMax)
			throw new TapPassError('upstream_malformed', { detail: `${method} was answered with no honest list` });
		items.push(...listed);
		cursor = answer.result['nextCursor'];
		if (typeof cursor !== 'string') return items;
	}
	throw new TapPassError('upstream_malformed', { detail: `${method} has no end` });
}
