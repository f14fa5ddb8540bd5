import {
	type BecauseTrail,
	type CompiledPolicy,
	canonicalBytes,
	type Diagnostic,
	type EffectivePipeline,
	limits,
} from '@tappass/core';
import type { Place } from '../author/input.ts';
import type { Merged } from '../cascade/cascade.ts';
import type { Universe } from '../cascade/denied.ts';
import { policyLimits } from '../limits.ts';
import { compileBudget } from './budget.ts';
import { compileCompliance } from './compliance.ts';
import type { CompileContext } from './context.ts';
import { compileFilesystem } from './filesystem.ts';
import { compileInterpreter } from './interpreter.ts';
import { compileNetwork } from './network.ts';
import { compilePipeline } from './pipeline.ts';
import { compileTools } from './tools.ts';
import { Trails } from './trails.ts';

/** A Compiled Policy and what goes with it on the server's side. */
export interface Compiled {
	readonly compiled_policy: CompiledPolicy;
	readonly effective_pipeline: EffectivePipeline;
	/** JSON pointer into the Compiled Policy or the effective pipeline (entries of lists by value) → why. */
	readonly because: Readonly<Record<string, BecauseTrail>>;
	readonly warnings: readonly Diagnostic[];
	/** Why no host would take the policy: it could be signed by nobody, and an older one would stay in force. */
	readonly faults: readonly Diagnostic[];
}

/**
 * Merged policy → Compiled Policy, by Aspect. Lists are sorted and hold each entry once; the same policy gives the same
 * bytes on any machine. What nobody stated allows nothing.
 */
export function compile(
	merged: Merged,
	universe: Universe,
	inForce: Pick<EffectivePipeline, 'packs' | 'function' | 'categories'>,
): Compiled {
	const trails = new Trails();
	const warnings: Diagnostic[] = [];
	const warn = (message: string, hint: string, place?: Place): void => {
		warnings.push({ code: 'policy_invalid', ...place, message, hint, severity: 'warning' });
	};
	const context: CompileContext = { merged, universe, trails, warn, warnings };
	const compiled_policy: CompiledPolicy = {
		schema: 'tappass.compiled-policy/1',
		network: compileNetwork(context),
		filesystem: compileFilesystem(context),
		tools: compileTools(context),
		interpreter: compileInterpreter(context),
		budget: compileBudget(context),
		compliance_tags: compileCompliance(context),
	};
	const effective_pipeline = compilePipeline(context, inForce);
	return {
		compiled_policy,
		effective_pipeline,
		get because() {
			return trails.all();
		},
		warnings,
		faults: tooLarge(compiled_policy),
	};
}

// Each level keeps its own lists short; what they unite to, or what two lists of patterns have in common, may be long.
function tooLarge(policy: CompiledPolicy): readonly Diagnostic[] {
	const { network, filesystem, tools, interpreter, compliance_tags } = policy;
	const lists: Readonly<Record<string, readonly string[]>> = {
		'network.allow_domains': network.allow_domains,
		'network.deny_categories': network.deny_categories,
		'filesystem.read_only': filesystem.read_only,
		'filesystem.deny_paths': filesystem.deny_paths,
		'tools.allow': tools.allow,
		'tools.deny': tools.deny,
		'interpreter.host_functions': interpreter.host_functions,
		compliance_tags,
	};
	const fault = (message: string): Diagnostic => ({
		code: 'policy_invalid',
		message,
		hint: 'use patterns, categories or capabilities in place of lists of names',
	});
	const long = Object.entries(lists).filter(([, list]) => list.length > limits.listEntriesMax);
	if (long.length > 0)
		return long.map(([what, { length }]) =>
			fault(`${what}: all levels together have ${length} entries, more than ${limits.listEntriesMax}`),
		);
	const { length } = canonicalBytes(policy);
	return length > policyLimits.compiledBytesMax
		? [fault(`the Compiled Policy has ${length} bytes, more than ${policyLimits.compiledBytesMax}`)]
		: [];
}
