/** What `with` replaces: the types of rules say nothing of documents that a policy puts in their place. */
import type { Callee, LProgram, LTerm, LWith, RuleGroup } from '../compile/lowered.ts';
import { dependenciesOf, groupsBelow } from '../compile/recursion.ts';
import { findNode } from '../compile/tree.ts';
import { equal, type Value } from '../value/index.ts';

/** Answers whether a reference or call may see something that a `with` put there. */
export class Replacements {
	readonly #program: LProgram;
	readonly #used = new Map<RuleGroup, ReadonlySet<RuleGroup>>();

	constructor(program: LProgram) {
		this.#program = program;
	}

	/** Whether what stands at a path below `data` may depend on a replaced document or function. */
	affect(path: readonly LTerm[], withs: readonly LWith[]): boolean {
		const targets = documentTargets(withs);
		if (targets.length === 0) return false;
		if (targets.some((target) => target.kind === 'data' && overlap(target.path, path))) return true;
		const groups = new Set<RuleGroup>();
		groupsBelow(this.#program.root, path, groups);
		return [...groups].some((group) => this.#affectsGroup(group, targets));
	}

	/** Whether the result of a call may depend on a replaced document or function. */
	affectsCall(callee: Callee, withs: readonly LWith[]): boolean {
		const targets = documentTargets(withs);
		if (targets.length === 0) return false;
		if (callee.kind === 'builtin') {
			return targets.some(
				(target) =>
					target.kind === 'function' && target.callee.kind === 'builtin' && target.callee.name === callee.name,
			);
		}
		const group = callee.group ?? findNode(this.#program.root, callee.path)?.function;
		return group !== undefined && this.#affectsGroup(group, targets);
	}

	#affectsGroup(group: RuleGroup, targets: readonly Target[]): boolean {
		return targets.some((target) => {
			// A builtin may be called anywhere below.
			if (target.kind === 'function' && target.callee.kind === 'builtin') return true;
			const path = target.kind === 'function' ? pathOf(target.callee) : constants(target.path);
			return [...this.#usedBy(group)].some((other) => startsAlike(other.path, path));
		});
	}

	/** A group with all that it uses, directly or not. */
	#usedBy(group: RuleGroup): ReadonlySet<RuleGroup> {
		const held = this.#used.get(group);
		if (held !== undefined) return held;
		const all = new Set([group]);
		for (const at of all) {
			for (const rule of [...at.rules, ...at.defaults]) {
				for (const used of dependenciesOf(rule, this.#program.root)) all.add(used);
			}
		}
		this.#used.set(group, all);
		return all;
	}
}

type Target = LWith['target'];

function documentTargets(withs: readonly LWith[]): readonly Target[] {
	return withs.map(({ target }) => target).filter(({ kind }) => kind !== 'input');
}

function pathOf(callee: Callee): readonly Value[] {
	return callee.kind === 'function' ? callee.path : [];
}

function constants(path: readonly LTerm[]): readonly Value[] {
	const values: Value[] = [];
	for (const operand of path) {
		if (operand.kind !== 'const') break;
		values.push(operand.value);
	}
	return values;
}

/** Whether one path leads to the other. */
function startsAlike(a: readonly Value[], b: readonly Value[]): boolean {
	for (let i = 0; i < Math.min(a.length, b.length); i++) if (!equal(a[i]!, b[i]!)) return false;
	return true;
}

function overlap(a: readonly LTerm[], b: readonly LTerm[]): boolean {
	for (let i = 0; i < Math.min(a.length, b.length); i++) {
		const left = a[i]!;
		const right = b[i]!;
		if (left.kind === 'const' && right.kind === 'const' && !equal(left.value, right.value)) return false;
	}
	return true;
}
