import { type Gap, matchTool, type RenderCapabilities, type ToolsAspect } from '@tappass/core';
import { type NativeTool, patterns, splitTools } from './tool-names.ts';

/** What a policy says of the tools of one harness, by the harness' own names. */
export interface HarnessTools {
	/** Tools of the harness itself that every canonical tool naming them allows. */
	readonly builtin: ReadonlySet<string>;
	/** Names of the broker's tools, allowed and denied; nothing is in both. */
	readonly broker_allowed: readonly NativeTool[];
	readonly broker_denied: readonly NativeTool[];
	readonly gaps: readonly Gap[];
}

/**
 * Sorts the known tools into those a harness may offer and those it may not. A native name that an allowed and a denied
 * tool share is denied. An alias that is not among `natives` could be any text, so it is never rendered.
 */
export function harnessTools(
	policy: ToolsAspect,
	capabilities: Pick<RenderCapabilities, 'tool_aliases'>,
	natives: ReadonlySet<string>,
): HarnessTools {
	const { allowed, denied } = splitTools(policy, capabilities);
	const namesOf = (tools: readonly NativeTool[]): string[] =>
		tools.filter(({ kind }) => kind === 'builtin').flatMap(({ names }) => names);
	const refused = new Set(namesOf(denied));
	const unknown = allowed
		.filter(({ kind, names }) => kind === 'builtin' && names.every((name) => !natives.has(name)))
		.map(
			({ tool }): Gap => ({ aspect: 'tools', value: tool, why: 'the harness has no tool of the name given for it' }),
		);
	const shared = allowed
		.filter(({ kind, names }) => kind === 'builtin' && names.some((name) => refused.has(name)))
		.map(
			({ tool }): Gap => ({
				aspect: 'tools',
				value: tool,
				why: 'the harness has one name for it and for a denied tool, so it is denied in part or whole',
			}),
		);
	const known = Object.keys(capabilities.tool_aliases);
	const unmatched = policy.allow
		.filter((_, index) => !known.some((tool) => matchTool(patterns([policy.allow[index]!])[0]!, tool)))
		.map(
			(value): Gap => ({
				aspect: 'tools',
				value,
				why: 'no known tool has such a name; the harness needs names, so it offers none for this',
			}),
		);
	return {
		builtin: new Set(namesOf(allowed).filter((name) => natives.has(name) && !refused.has(name))),
		broker_allowed: allowed.filter(({ kind }) => kind === 'mcp'),
		broker_denied: denied.filter(({ kind }) => kind === 'mcp'),
		gaps: [...unknown, ...shared, ...unmatched],
	};
}
