/** Finds the test rules of modules, and gives each a document of its own to be asked for. */
import type { Annotation, Module, Rule, Term } from '../ast/ast.ts';
import { packagePath, printPath } from '../compile/tree.ts';

/** One `test_` (or `todo_test_`) rule. */
export interface TestRule {
	/** `data.agent_test.test_denies_mail`; the second of a name ends in `#01`. */
	readonly path: string;
	readonly name: string;
	readonly file: string;
	/** From 1. */
	readonly row: number;
	/** The rule as it is compiled. */
	readonly rule: Rule;
	/** Named `todo_test_…`: not run. */
	readonly todo: boolean;
	/** Parts of the path without `data`; what a rule's path has beyond them are the keys of its cases. */
	readonly depth: number;
}

/** Modules in which no two test rules share a name, and their tests. */
export interface TestModules {
	readonly modules: readonly Module[];
	readonly tests: readonly TestRule[];
}

const isTestName = (name: string): boolean => name.startsWith('test_') || name.startsWith('todo_test_');

/**
 * Finds test rules and renames repeated ones: `test_a`, `test_a#01`, `test_a#02`. Otherwise two rules of one name would be
 * one document, which holds when either does, and one of two tests could fail unseen.
 */
export function findTests(modules: readonly Module[]): TestModules {
	const counts = new Map<string, number>();
	const tests: TestRule[] = [];
	const renamed = modules.map((module): Module => {
		const replaced = new Map<Rule, Rule>();
		const rules = module.rules.map((rule): Rule => {
			const at = rule.default ? -1 : rule.head.ref.findIndex((term) => isTestName(nameOf(term)));
			// A name after a variable is no name but a key.
			if (at < 0 || rule.head.ref.slice(1, at + 1).some((term) => term.kind !== 'string')) return rule;
			const name = nameOf(rule.head.ref[at]!);
			const before = rule.head.ref.slice(0, at).map(nameOf);
			const base = [...packagePath(module), ...before];
			const key = JSON.stringify([...base, name]);
			const count = counts.get(key) ?? 0;
			counts.set(key, count + 1);
			const unique = count === 0 ? name : `${name}#${String(count).padStart(2, '0')}`;
			const own = count === 0 ? rule : withName(rule, at, unique);
			replaced.set(rule, own);
			const todo = name.startsWith('todo_');
			tests.push({
				path: printPath([...base, unique]),
				name: unique,
				file: module.file,
				row: rule.loc.row,
				rule: own,
				todo,
				depth: base.length + 1,
			});
			return own;
		});
		const annotations = module.annotations.map((annotation): Annotation => {
			const own = annotation.rule === undefined ? undefined : replaced.get(annotation.rule);
			return own === undefined ? annotation : { ...annotation, rule: own };
		});
		return { ...module, rules, annotations };
	});
	return { modules: renamed, tests };
}

function nameOf(term: Term): string {
	if (term.kind === 'var') return term.name;
	return term.kind === 'string' ? term.value : '';
}

function withName(rule: Rule, at: number, name: string): Rule {
	const ref = rule.head.ref.map((term, i): Term => {
		if (i !== at) return term;
		return term.kind === 'var' ? { ...term, name } : { kind: 'string', value: name, loc: term.loc };
	});
	return {
		...rule,
		head: { ...rule.head, ref },
		else: rule.else === undefined ? undefined : withName(rule.else, at, name),
	};
}
