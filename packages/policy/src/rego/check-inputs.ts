import { type DecisionPhase, decisionFields } from '@tappass/core';
import type { Check, Diagnostic, LRule } from '@tappass/rego';
import { nameHint } from '../author/nearest.ts';
import type { Shape } from './contract.ts';
import { type Ref, walkRule } from './lowered-walk.ts';

/**
 * Refuses references that can lead nowhere: a field that the input does not have, and `data` outside the module's own
 * package. Without this a misspelt field is silently undefined, and the rule over it silently never fires.
 */
export function checkInputs(shape: Shape, what: string): Check {
	return (program) => {
		const found: Diagnostic[] = [];
		for (const rule of program.rules) {
			if (rule.module.file.endsWith('_test.rego')) continue;
			walkRule(rule, {
				ref: (ref) => {
					const problem = ref.head === 'input' ? unknownField(ref, shape, what) : foreignData(ref, rule);
					if (problem !== undefined) found.push(problem);
				},
				call: () => {},
			});
		}
		return found;
	};
}

function unknownField(ref: Ref, shape: Shape, what: string): Diagnostic | undefined {
	let here = shape;
	const walked: string[] = ['input'];
	for (const part of ref.path) {
		if (here === 'open') return undefined;
		const any = here['*'];
		if (any !== undefined) {
			here = any;
			walked.push('*');
			continue;
		}
		if (part.kind !== 'const')
			return {
				code: 'rego_compile_error',
				message: `${walked.join('.')} is read by a key that is not written out`,
				loc: ref.loc,
				hint: `name one of its fields: ${Object.keys(here).sort().join(', ')}`,
			};
		const key = String(part.value);
		const next: Shape | undefined = Object.hasOwn(here, key) ? here[key] : undefined;
		if (next === undefined) {
			const hint = nameHint(key, Object.keys(here));
			return {
				code: 'rego_compile_error',
				message: `${walked.join('.')}.${key} is not a field of ${what}`,
				loc: ref.loc,
				...(hint === undefined ? {} : { hint }),
			};
		}
		walked.push(key);
		here = next;
	}
	return ref.path.length === 0
		? {
				code: 'rego_compile_error',
				message: 'input is read as a whole',
				loc: ref.loc,
				hint: `name the field, like input.${Object.keys(shape)[0]}`,
			}
		: undefined;
}

function foreignData({ head, path, loc }: Ref, rule: LRule): Diagnostic | undefined {
	if (head !== 'data') return undefined;
	const own = rule.path.slice(0, 2).map((part) => (part.kind === 'const' ? part.value : undefined));
	const inside = own.every((key, position) => {
		const part = path[position];
		return part?.kind === 'const' && part.value === key;
	});
	if (inside) return undefined;
	const keys = path.map((part) => (part.kind === 'const' ? String(part.value) : '_'));
	return {
		code: 'rego_compile_error',
		message: `${['data', ...keys].join('.')} is not there: a policy sees only its own package and input`,
		loc,
		hint: 'each level and each Pack is a program of its own',
	};
}

/** The shape of the decision input, read off core's list of fields. */
export const decisionInputShape: Shape = shapeOfFields();

function shapeOfFields(): Shape {
	type Building = { [field: string]: Building | 'open' };
	const root: Building = {};
	for (const { path } of decisionFields) {
		const keys = path.split('.');
		const last = keys.pop()!;
		let here = root;
		for (const key of keys) here = (here[key] ??= {}) as Building;
		here[last] = 'open';
	}
	return root;
}

/**
 * Refuses decision rules whose fields never come together: one that asks for the model of a request and the name of a tool
 * could not fire in any phase.
 */
export const checkPhases: Check = (program) => {
	const found: Diagnostic[] = [];
	const memo = new Map<LRule, readonly DecisionPhase[]>();
	for (const group of program.groups) {
		for (const rule of [...group.rules, ...group.defaults]) {
			for (let at: LRule | undefined = rule; at !== undefined; at = at.else) {
				if (at.module.file.endsWith('_test.rego')) continue;
				phasesOf(at, program, memo, new Set(), found);
			}
		}
	}
	return found;
};

const allPhases: readonly DecisionPhase[] = ['model', 'tool'];

function phasesOf(
	rule: LRule,
	program: Parameters<Check>[0],
	memo: Map<LRule, readonly DecisionPhase[]>,
	visiting: Set<LRule>,
	found: Diagnostic[],
): readonly DecisionPhase[] {
	const known = memo.get(rule);
	if (known !== undefined) return known;
	if (visiting.has(rule)) return allPhases;
	visiting.add(rule);
	let phases = allPhases;
	const needs: { readonly text: string; readonly phases: readonly DecisionPhase[] }[] = [];
	const need = (text: string, available: readonly DecisionPhase[], loc: Ref['loc']): void => {
		const before = phases;
		phases = phases.filter((phase) => available.includes(phase));
		if (phases.length === 0 && before.length > 0 && available.length > 0) {
			const other = needs.find((each) => !each.phases.some((phase) => available.includes(phase)));
			found.push({
				code: 'rego_compile_error',
				message: `${text} (phase ${available.join(', ')}) and ${other?.text ?? 'another field'} (phase ${other?.phases.join(', ') ?? 'other'}) are never there together, so this rule could never fire`,
				loc,
				hint: 'write one rule for each phase',
			});
		}
		needs.push({ text, phases: available });
	};
	walkRule(rule, {
		ref: (ref) => {
			if (ref.head === 'input') {
				const path = ref.path.map((part) => (part.kind === 'const' ? String(part.value) : '_')).join('.');
				const fields = decisionFields.filter(
					(field) => path === field.path || path.startsWith(`${field.path}.`) || field.path.startsWith(`${path}.`),
				);
				if (fields.length === 0) return;
				need(
					`input.${path}`,
					allPhases.filter((phase) => fields.some((field) => field.phases.includes(phase))),
					ref.loc,
				);
			} else if (ref.head === 'data') {
				const name = ref.path[2];
				if (name?.kind !== 'const') return;
				const group = program.groups.find((each) => each.kind !== 'function' && each.path[2] === name.value);
				if (group === undefined || group.defaults.length > 0) return;
				const branches = group.rules.map((each) => phasesOf(each, program, memo, visiting, found));
				need(
					`${name.value}`,
					allPhases.filter((phase) => branches.some((each) => each.includes(phase))),
					ref.loc,
				);
			}
		},
		call: () => {},
	});
	visiting.delete(rule);
	memo.set(rule, phases);
	return phases;
}
