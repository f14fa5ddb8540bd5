import {
	type Approval,
	type BecauseTrail,
	type Constraint,
	type ConstraintTarget,
	type EffectivePipeline,
	jsonPointer,
	matchTool,
	parseToolPattern,
	type ToolFacts,
	type ToolPattern,
} from '@tappass/core';
import { allowDenyDigest } from '@tappass/trust';
import type { BoundPolicy } from '../ports.ts';

interface Pattern {
	readonly text: string;
	readonly pattern: ToolPattern;
}

/** A bound policy, made ready for use: worked out once for each version. */
export interface Rules {
	readonly digest: string;
	readonly allow: readonly Pattern[];
	readonly deny: readonly Pattern[];
	readonly facts: ReadonlyMap<string, ToolFacts>;
	/** Name that a harness gives to a tool → canonical names. */
	readonly aliases: ReadonlyMap<string, readonly string[]>;
	readonly trail: (path: readonly string[]) => BecauseTrail | undefined;
	/** Answers for tools, which are asked about again and again. */
	readonly verdicts: Map<string, ToolVerdict>;
	readonly about: Map<string, RulesAbout>;
}

/** What a policy says about the arguments of one tool. */
export interface RulesAbout {
	readonly constraints: readonly Constraint[];
	readonly approvals: readonly Approval[];
}

/** What the lists say of a tool: the pattern that denies it, the one that allows it. */
export interface ToolVerdict {
	readonly deniedBy: string | undefined;
	readonly allowedBy: string | undefined;
}

const kept = new WeakMap<BoundPolicy, Rules>();
const verdictsKeptMax = 4_096;

/** The rules of a policy. A port answers the same object until something changes, so they are made once. */
export function rulesOf(policy: BoundPolicy): Rules {
	let rules = kept.get(policy);
	if (rules === undefined) {
		rules = makeRules(policy);
		kept.set(policy, rules);
	}
	return rules;
}

function makeRules({ compiled_policy, pipeline, because, tool_aliases }: BoundPolicy): Rules {
	let trails: ReadonlyMap<string, BecauseTrail> | undefined;
	return {
		digest: allowDenyDigest(compiled_policy),
		allow: compiled_policy.tools.allow.flatMap(parse),
		deny: compiled_policy.tools.deny.map(parseStrictly),
		facts: factsOf(pipeline.tools),
		aliases: invert(tool_aliases),
		trail: (path) => {
			trails ??= new Map(because.map((trail) => [trail.path, trail]));
			return trails.get(jsonPointer(path));
		},
		verdicts: new Map(),
		about: new Map(),
	};
}

const catalogs = new WeakMap<readonly ToolFacts[], ReadonlyMap<string, ToolFacts>>();

// Sandboxes share a catalog.
function factsOf(tools: readonly ToolFacts[]): ReadonlyMap<string, ToolFacts> {
	let facts = catalogs.get(tools);
	if (facts === undefined) {
		facts = new Map(tools.map((tool) => [tool.name, tool]));
		catalogs.set(tools, facts);
	}
	return facts;
}

// A pattern that is not understood allows nothing …
function parse(text: string): readonly Pattern[] {
	const { pattern } = parseToolPattern(text);
	return pattern === undefined ? [] : [{ text, pattern }];
}
// … and denies everything.
function parseStrictly(text: string): Pattern {
	return { text, pattern: parseToolPattern(text).pattern ?? { tokens: ['**'] } };
}

function invert(aliases: BoundPolicy['tool_aliases']): ReadonlyMap<string, readonly string[]> {
	const found = new Map<string, readonly string[]>();
	for (const names of Object.values(aliases))
		for (const [tool, given] of Object.entries(names))
			for (const name of given) found.set(name, [...new Set([...(found.get(name) ?? []), tool])].sort());
	return found;
}

/** What the policy's lists say of a tool. */
export function judgeTool(rules: Rules, tool: string): ToolVerdict {
	let verdict = rules.verdicts.get(tool);
	if (verdict === undefined) {
		const first = (patterns: readonly Pattern[]): string | undefined =>
			patterns.find(({ pattern }) => matchTool(pattern, tool))?.text;
		verdict = { deniedBy: first(rules.deny), allowedBy: first(rules.allow) };
		if (rules.verdicts.size >= verdictsKeptMax) rules.verdicts.clear();
		rules.verdicts.set(tool, verdict);
	}
	return verdict;
}

/**
 * The canonical name of a tool by the name a harness gives it. Where harnesses give one name to several tools, the one that
 * the policy refuses counts.
 */
export function canonicalTool(rules: Rules, wireName: string, given: string): string {
	const candidates = rules.aliases.get(wireName);
	if (candidates === undefined) return given;
	const refused = candidates.find((tool) => {
		const { deniedBy, allowedBy } = judgeTool(rules, tool);
		return deniedBy !== undefined || allowedBy === undefined;
	});
	return refused ?? candidates[0]!;
}

/** The constraints and approvals that are about a tool, found once for each version of the policy. */
export function rulesAbout(rules: Rules, pipeline: EffectivePipeline, tool: ToolFacts): RulesAbout {
	// What operators approved may come to have other capabilities under the same version.
	const name = `${tool.name} ${tool.capabilities.join()}`;
	let about = rules.about.get(name);
	if (about === undefined) {
		about = {
			constraints: pipeline.constraints.filter(({ target }) => isAbout(target, tool)),
			approvals: pipeline.approvals.filter(({ target }) => isAbout(target, tool)),
		};
		if (rules.about.size >= verdictsKeptMax) rules.about.clear();
		rules.about.set(name, about);
	}
	return about;
}

function isAbout(target: ConstraintTarget, tool: ToolFacts): boolean {
	if ('capability' in target) return tool.capabilities.includes(target.capability);
	return target.tools.some((text) => {
		const { pattern } = parseToolPattern(text);
		// Not understood: it is about every tool, since what it asks for can only refuse.
		return pattern === undefined || matchTool(pattern, tool.name);
	});
}
