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
	const { capabilities, instructions } = await context.broker.reach(identified, server);
	const served = Object.entries(all).filter(([name]) => name === 'tools' || isObject(capabilities[name]));
	return {
		capabilities: Object.fromEntries(served),
		...(instructions === undefined ? {} : { instructions }),
	};
}
