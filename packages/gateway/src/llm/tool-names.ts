import { fromWireName } from '@tappass/core';

// Harnesses put MCP tools to their model as `mcp__server__tool`.
const harnessPrefix = 'mcp__';

/**
 * The canonical name of a tool that travels under `wire`: `collibra__get_asset` and `mcp__collibra__get_asset` are
 * `collibra.get_asset`, a lone name is a function of no server. A name that stands for none comes back as it is: no
 * pattern allows it and no catalog knows it.
 */
export function canonicalToolName(wire: string, directory: Iterable<string> = []): string {
	return toolOfWireName(wire, directory) ?? wire;
}

/** The same, and undefined for a name that stands for no tool. */
export function toolOfWireName(wire: string, directory: Iterable<string> = []): string | undefined {
	const bare = wire.startsWith(harnessPrefix) ? wire.slice(harnessPrefix.length) : wire;
	return fromWireName(bare, directory);
}

/** The wire name of a tool that a vendor runs on its own side, such as its web search: `openai.web_search`. */
export function hostedToolWireName(vendor: 'openai' | 'anthropic', type: string): string {
	return `${vendor}__${type.replace(/_(?:preview(?:_\d+)*|\d{8})$/, '')}`;
}
