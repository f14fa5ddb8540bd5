import type { Diagnostic } from '@tappass/core';
import { compileParsed, type Module, type Program, parseModule, RegoError } from '@tappass/rego';
import { baseName } from '../author/input.ts';
import type { RegoSource } from '../author/library.ts';
import { nameHint } from '../author/nearest.ts';
import { checkInputs, checkPhases, decisionInputShape } from './check-inputs.ts';
import { checkOutputs, policyOutputs } from './check-outputs.ts';
import { decisionOutputs, policyInputShape, unsteadyBuiltins } from './contract.ts';
import { fromRego } from './diagnostics.ts';

/** The Rego of one origin, compiled apart from every other: a name defined here can mean nothing elsewhere. */
export interface LevelProgram {
	/** `tappass.policy`; undefined when no module has that package. */
	readonly policy: Program | undefined;
	/** `tappass.decision`; undefined when no module has that package. */
	readonly decision: Program | undefined;
	readonly decisionSources: readonly RegoSource[];
}

const packages: readonly string[] = ['tappass.policy', 'tappass.decision'];

/** Rego that cannot be used. */
export interface LevelFaults {
	readonly diagnostics: readonly Diagnostic[];
	/** The policy rules, when only the contract refuses them: their values may have further faults. */
	readonly unchecked?: Program;
}

/** Compiles the Rego files of one level or Pack, or returns everything wrong with them. Tests (`*_test.rego`) are left out. */
export function compileLevel(sources: readonly RegoSource[]): { readonly program: LevelProgram } | LevelFaults {
	const diagnostics: Diagnostic[] = [];
	const modules: { readonly source: RegoSource; readonly module: Module; readonly name: string }[] = [];
	for (const source of sources) {
		if (source.file.endsWith('_test.rego')) continue;
		const module = attempt(() => parseModule(source.source, source.file), diagnostics);
		if (module === undefined) continue;
		const name = packageName(module);
		if (packages.includes(name)) modules.push({ source, module, name });
		else diagnostics.push(wrongPackage(module, name));
	}
	diagnostics.push(...sameBaseName(modules.map(({ source }) => source)));
	const program = (name: string): Program | undefined => {
		const own = modules.filter((each) => each.name === name).map(({ module }) => module);
		if (own.length === 0) return undefined;
		return attempt(() => compileParsed(own, name === 'tappass.policy' ? policyOptions : decisionOptions), diagnostics);
	};
	const policy = program('tappass.policy');
	const decision = program('tappass.decision');
	if (diagnostics.length > 0) {
		const own = modules.filter((each) => each.name === 'tappass.policy').map(({ module }) => module);
		const unchecked =
			policy !== undefined || own.length === 0
				? policy
				: attempt(() => compileParsed(own, { unsafeBuiltins: unsteadyBuiltins }), []);
		return { diagnostics, ...(unchecked === undefined ? {} : { unchecked }) };
	}
	return {
		program: {
			policy,
			decision,
			decisionSources: modules.filter(({ name }) => name === 'tappass.decision').map(({ source }) => source),
		},
	};
}

const policyOptions = {
	unsafeBuiltins: unsteadyBuiltins,
	checks: [checkOutputs(policyOutputs), checkInputs(policyInputShape, 'the input of tappass.policy')],
};
const decisionOptions = {
	unsafeBuiltins: unsteadyBuiltins,
	checks: [
		checkOutputs({ keys: Object.fromEntries(decisionOutputs.map((name) => [name, {}])) }),
		checkDecisionSets,
		checkInputs(decisionInputShape, 'the decision input'),
		checkPhases,
	],
};

// deny, notify and require_approval are sets of messages; anything else would be read as something it is not.
function checkDecisionSets(program: Program['lowered']): readonly ReturnType<typeof toRego>[] {
	return program.groups
		.filter(
			(group) => decisionOutputs.includes(String(group.path[2])) && (group.kind !== 'set' || group.path.length > 3),
		)
		.flatMap((group) =>
			[...group.rules, ...group.defaults].map((rule) =>
				toRego(
					`${String(group.path[2])} must be a set of messages`,
					rule.loc,
					`write ${String(group.path[2])} contains "…" if { … }`,
				),
			),
		);
}
function toRego(message: string, loc: Module['rules'][number]['loc'], hint: string) {
	return { code: 'rego_type_error' as const, message, loc, hint };
}

function packageName(module: Module): string {
	return module.package.path.terms
		.slice(1)
		.map((term) => (term.kind === 'string' ? term.value : '?'))
		.join('.');
}

function wrongPackage(module: Module, name: string): Diagnostic {
	const { file, row, col } = module.package.loc;
	return {
		code: 'rego_compile_error',
		file,
		row,
		col,
		message: `package ${name} is neither tappass.policy nor tappass.decision`,
		hint: nameHint(name, packages) ?? `use package ${packages.join(' or package ')}`,
	};
}

// A stored policy is found by its base name: two of one name at one level could not both be kept.
function sameBaseName(sources: readonly RegoSource[]): readonly Diagnostic[] {
	return sources.flatMap((source, position) => {
		const before = sources.slice(0, position).find(({ file }) => baseName(file) === baseName(source.file));
		if (before === undefined) return [];
		return [
			{
				code: 'policy_invalid' as const,
				file: source.file,
				row: 1,
				col: 1,
				message: `${before.file} has the same base name at this level`,
				hint: 'rename one of them: a level keeps its policies by base name',
			},
		];
	});
}

/** Runs, and collects the engine's diagnostics instead of throwing them. */
export function attempt<T>(run: () => T, diagnostics: Diagnostic[]): T | undefined {
	try {
		return run();
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		diagnostics.push(...error.diagnostics.map(fromRego));
		return undefined;
	}
}
