import {
	coversTool,
	matchTool,
	parseToolPattern,
	type RenderCapabilities,
	type ToolPattern,
	type ToolsAspect,
	toWireName,
} from '@tappass/core';

/** Name under which every harness knows the MCP Broker; it is the only MCP server a governed harness may use. */
export const brokerServer = 'tappass';

/** One canonical tool, and what a harness calls it. */
export interface NativeTool {
	readonly tool: string;
	readonly names: readonly string[];
	/** `builtin`: a tool of the harness itself. `mcp`: reached through the broker. */
	readonly kind: 'builtin' | 'mcp';
}

/** Splits the tools that the harness knows by what the policy says of each: deny wins over allow, unnamed is denied. */
export interface ToolSplit {
	readonly allowed: readonly NativeTool[];
	readonly denied: readonly NativeTool[];
	/** Patterns of `deny` that no known tool matches yet: to be expressed as patterns, or as gaps. */
	readonly deny_patterns: readonly string[];
}

/**
 * Every tool of `capabilities.tool_aliases` under the policy, in the order of their names. A tool whose alias begins with
 * `mcp__`, or that has none, is reached through the broker and gets the broker's name; others are the harness' own.
 */
export function splitTools(policy: ToolsAspect, capabilities: Pick<RenderCapabilities, 'tool_aliases'>): ToolSplit {
	const allow = patterns(policy.allow);
	const deny = patterns(policy.deny);
	const known = Object.keys(capabilities.tool_aliases)
		.sort()
		.map((tool) => nativeTool(tool, capabilities.tool_aliases[tool] ?? []));
	const isAllowed = (tool: string): boolean =>
		allow.some((one) => matchTool(one, tool)) && !deny.some((one) => matchTool(one, tool));
	return {
		allowed: known.filter(({ tool }) => isAllowed(tool)),
		denied: known.filter(({ tool }) => !isAllowed(tool)),
		deny_patterns: [...policy.deny].sort(),
	};
}

function nativeTool(tool: string, aliases: readonly string[]): NativeTool {
	const builtin = aliases.filter((alias) => !alias.startsWith('mcp__'));
	return builtin.length > 0
		? { tool, names: [...builtin].sort(), kind: 'builtin' }
		: { tool, names: [brokerName(tool)], kind: 'mcp' };
}

/** `mcp__tappass__<wire name>`: how harnesses of the Claude Code family name a tool of the broker. */
export function brokerName(tool: string): string {
	return `mcp__${brokerServer}__${toWireName(tool)}`;
}

/** The canonical tool behind a native name, for audit; undefined when the harness made the name up. */
export function canonicalTool(
	native: string,
	capabilities: Pick<RenderCapabilities, 'tool_aliases'>,
): string | undefined {
	return Object.keys(capabilities.tool_aliases)
		.sort()
		.find((tool) => nativeTool(tool, capabilities.tool_aliases[tool] ?? []).names.includes(native));
}

/** Patterns that can be read; a Compiled Policy holds no others. */
export function patterns(texts: readonly string[]): readonly ToolPattern[] {
	return texts.map((text) => parseToolPattern(text).pattern).filter((pattern) => pattern !== undefined);
}

/** Whether the policy allows no tool at all that `pattern` names. */
export function isWhollyDenied(policy: ToolsAspect, pattern: ToolPattern): boolean {
	return patterns(policy.deny).some((deny) => coversTool(deny, pattern));
}
