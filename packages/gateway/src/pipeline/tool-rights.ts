import type { ToolFacts } from '@tappass/core';
import { bound, type CallState } from './call-state.ts';
import type { Said } from './findings.ts';
import { judgeTool } from './rules.ts';

/** Why an agent may not use a tool whatever its arguments; undefined: it may. */
export function refusalOfTool(state: CallState, facts: ToolFacts): Said | undefined {
	const { policy, rules } = bound(state);
	const { forbidden_capabilities, trust_level } = policy.pipeline;
	const tool = facts.name;
	// Before everything else: no list of any level gives back what a function forbids.
	const forbidden = facts.capabilities.find((capability) => forbidden_capabilities.includes(capability));
	if (forbidden !== undefined)
		return {
			code: 'tool_denied',
			message: `${tool} has the forbidden capability ${forbidden}.`,
			paths: [['forbidden_capabilities', forbidden]],
		};
	const { deniedBy, allowedBy } = judgeTool(rules, tool);
	if (deniedBy !== undefined)
		return { code: 'tool_denied', message: `The policy denies ${tool}.`, paths: [['tools', 'deny', deniedBy]] };
	if (allowedBy === undefined)
		return {
			code: 'tool_denied',
			message: `The policy does not allow ${tool}.`,
			because: [[{ kind: 'default', note: 'no pattern of tools.allow names it' }]],
		};
	if (trust_level === 'observer' && facts.effect !== 'read')
		return {
			code: 'trust_denied',
			message: `${tool} changes something, and an observer only reads.`,
			paths: [['trust_level']],
		};
	return undefined;
}
