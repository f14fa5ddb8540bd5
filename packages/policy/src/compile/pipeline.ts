import {
	type Approval,
	type Constraint,
	type EffectivePipeline,
	type EffectiveStep,
	findStep,
	type StepName,
	steps,
	trustLevels,
} from '@tappass/core';
import type { Stated } from '../resolve/contribution.ts';
import type { CompileContext } from './context.ts';
import { behind } from './trails.ts';

/** What the gateway needs beside the Compiled Policy: steps, constraints, approvals, decision rules and tool facts. */
export function compilePipeline(
	context: CompileContext,
	inForce: Pick<EffectivePipeline, 'packs' | 'function' | 'categories'>,
): EffectivePipeline {
	const { merged, trails, universe, warn } = context;
	const { catalog } = universe;
	if (!merged.allow['models.allow'].stated)
		warn(
			'no level states models.allow, so no model may be called',
			'state models.allow at the org, project or agent level',
		);
	return {
		schema: 'tappass.effective-pipeline/1',
		steps: Object.fromEntries(steps.map(({ name }) => [name, compileStep(name, context)])) as Record<
			StepName,
			EffectiveStep
		>,
		// As stated: the gateway finds the tools of a capability and the parameter of a slot in the facts of the tool that is called,
		// which operators may have approved after the compile.
		constraints: rules('constraints', merged.constraints, context),
		approvals: rules('approvals', merged.approvals, context),
		forbidden_capabilities: trails.list(['forbidden_capabilities'], merged.deny.forbidden_capabilities),
		trust_level: trustLevel(context),
		models: { allow: trails.list(['models', 'allow'], merged.allow['models.allow'].items) },
		...inForce,
		decisions: merged.decisions,
		tools: toolFacts(catalog),
	};
}

function compileStep(name: StepName, { merged, trails }: CompileContext): EffectiveStep {
	const definition = findStep(name)!;
	const stated = merged.steps[name];
	const always = definition.runs === 'always';
	const enabled = always || (stated?.enabled?.value ?? false);
	const action = stated?.action?.value ?? definition.default_action;
	const text = enabled ? `${name} (${action})` : `${name} (off)`;
	// A step is there because of whoever enables it and whoever sets the action that holds.
	const chains = [...(stated?.enabled?.chains ?? []), ...(stated?.action?.chains ?? [])];
	if (chains.length > 0) trails.add(['steps', name], text, chains);
	else trails.byDefault(['steps', name], text, always ? 'part of every call' : 'no level enables it');
	const parameters = Object.entries(stated?.parameters ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	for (const [key, { value, chains: why }] of parameters)
		trails.add(['steps', name, 'parameters', key], `${name}.${key} (${JSON.stringify(value)})`, why);
	return { enabled, action, parameters: Object.fromEntries(parameters.map(([key, { value }]) => [key, value])) };
}

function trustLevel({ merged, trails, warn }: CompileContext): EffectivePipeline['trust_level'] {
	if (merged.trust_level !== undefined) {
		trails.add(['trust_level'], `trust_level (${merged.trust_level.value})`, merged.trust_level.chains);
		return merged.trust_level.value;
	}
	const lowest = trustLevels[0]!;
	trails.byDefault(
		['trust_level'],
		`trust_level (${lowest})`,
		'no level states it, and an unstated trust level is the lowest',
	);
	warn(
		`no level states trust_level, so it is ${lowest}: only tools that read`,
		`state trust_level: ${trustLevels.join(', ')}`,
	);
	return lowest;
}

function rules<T extends Constraint | Approval>(
	kind: 'constraints' | 'approvals',
	stated: readonly Stated<T>[],
	{ trails }: CompileContext,
): readonly T[] {
	return stated.map(({ value, chains }) => {
		trails.add([kind, value.id], value.id, () => behind([{ kind: 'constraint', id: value.id }], chains));
		return value;
	});
}

const facts = new WeakMap<object, EffectivePipeline['tools']>();

// One list for everyone who shares a catalog.
function toolFacts(catalog: CompileContext['universe']['catalog']): EffectivePipeline['tools'] {
	let found = facts.get(catalog);
	if (found === undefined) {
		found = Object.freeze(catalog.names.map((name) => catalog.tools.get(name)!.facts));
		facts.set(catalog, found);
	}
	return found;
}
