import type { Connection } from './outbound/connection.ts';
import { ownPrefix } from './outbound/listing.ts';
import type { McpRequest } from './routes.ts';
import { isObject, type JsonObject } from './rpc.ts';

/**
 * What is served at this address. Of one server: what it can do. Of all: everything, since asking each would have a client
 * wait for the slowest, and what a server lacks is an empty list.
 */
export async function capabilitiesAt(request: McpRequest): Promise<{
	readonly capabilities: JsonObject;
	readonly instructions?: string;
}> {
	const { context, identified, server } = request;
	const all = {
		tools: { listChanged: true },
		resources: { subscribe: true },
		prompts: {},
		completions: {},
		logging: {},
	};
	if (server === undefined) return { capabilities: all };
	const connection = await context.broker.reach(identified, server);
	const { capabilities } = connection;
	const instructions = await instructionsOf(request, server, connection);
	const served = Object.entries(all).filter(([name]) => name === 'tools' || isObject(capabilities[name]));
	return {
		capabilities: Object.fromEntries(served),
		...(instructions === undefined ? {} : { instructions }),
	};
}

/** What a server tells models in general: for those who may use something of it, and judged, since nobody approved it. */
async function instructionsOf(
	{ context, identified }: McpRequest,
	server: string,
	{ instructions }: Connection,
): Promise<string | undefined> {
	if (instructions === undefined) return undefined;
	const own = ['read_resource', 'get_prompt', 'complete'].map((one) =>
		identified.mayUse(`${server}.${ownPrefix}${one}`),
	);
	const mayUse = (await Promise.all(own)).includes(true) || (await context.broker.offersAny(identified, server));
	if (!mayUse) return undefined;
	const judged = await identified.guard().whole(instructions);
	return judged.effect === 'release' ? judged.text : undefined;
}
