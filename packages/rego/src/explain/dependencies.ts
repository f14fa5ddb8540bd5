/** Which parts of `input` and `data` a decision can read, found without running it. */
import type { Callee, LBody, LExpr, Local, LRule, LTerm, RuleGroup, RuleNode } from '../compile/lowered.ts';
import { groupsBelow } from '../compile/recursion.ts';
import { closuresOf } from '../compile/safety.ts';
import { findNode, printPath } from '../compile/tree.ts';
import { constantPath, type Program } from '../program.ts';
import { keyOf, print, type Value } from '../value/index.ts';

/** What a document depends on. All lists are sorted. */
export interface Dependencies {
	/**
	 * Paths into the input, `input.user.name`. The part behind a key that is not constant is left out, so a path stands for
	 * everything below it; `input` alone is the whole input. None is below another.
	 */
	readonly input: readonly string[];
	/** Paths into base data, likewise. */
	readonly data: readonly string[];
	/** Rules and functions it uses, itself included: `data.agent.allow`. */
	readonly rules: readonly string[];
	/** Builtins it calls. */
	readonly builtins: readonly string[];
}

/**
 * Lists what a document (or package) at `path`, `data.a.allow`, can read: through rules, functions and `with`, whatever
 * the input. A value handed to a function or to a builtin counts as read as a whole.
 *
 * @throws {RegoError} `rego_compile_error` when `path` is not the path of a document
 */
export function dependencies(program: Program, path: string): Dependencies {
	const finder = new Finder(program.lowered.root);
	finder.document(constantPath(path));
	return finder.result();
}

type Root = 'input' | 'data';

/** A known place in a document: what a variable stands for. */
interface Place {
	readonly root: Root;
	readonly keys: readonly Value[];
	/** The place ends at a key that is not constant: what is behind it is not followed. */
	readonly open: boolean;
	/** Read as such, or through a longer path. */
	used: boolean;
}

/** Where a body stands: what its variables are, and whether the input was replaced. */
interface Scope {
	readonly places: Map<Local, Place>;
	readonly isMocked: boolean;
}

class Finder {
	readonly #root: RuleNode;
	readonly #input = new Map<string, readonly Value[]>();
	readonly #data = new Map<string, readonly Value[]>();
	readonly #rules = new Set<string>();
	readonly #builtins = new Set<string>();
	/** Groups followed, apart for an input that was replaced. */
	readonly #seen = [new Set<RuleGroup>(), new Set<RuleGroup>()] as const;

	constructor(root: RuleNode) {
		this.#root = root;
	}

	document(keys: readonly Value[]): void {
		this.#dataPath(keys, false);
	}

	result(): Dependencies {
		return {
			input: outermost('input', this.#input),
			data: outermost('data', this.#data),
			rules: [...this.#rules].sort(),
			builtins: [...this.#builtins].sort(),
		};
	}

	/** Notes that what is at `keys` below `data` is read: rules there, and base data where there may be some. */
	#dataPath(keys: readonly Value[], isMocked: boolean): void {
		let node: RuleNode | undefined = this.#root;
		for (const key of keys) {
			if (node === undefined || node.group !== undefined) break;
			node = node.children.get(keyOf(key));
		}
		if (node?.group === undefined) note(this.#data, keys);
		if (node === undefined) return;
		const groups = new Set<RuleGroup>();
		groupsBelow(node, [], groups);
		for (const group of groups) this.#group(group, isMocked);
	}

	#group(group: RuleGroup, isMocked: boolean): void {
		const seen = this.#seen[isMocked ? 1 : 0];
		if (seen.has(group)) return;
		seen.add(group);
		this.#rules.add(group.name);
		for (const top of [...group.rules, ...group.defaults]) {
			for (let rule: LRule | undefined = top; rule !== undefined; rule = rule.else) this.#rule(rule, isMocked);
		}
	}

	#rule(rule: LRule, isMocked: boolean): void {
		const scope: Scope = { places: new Map(), isMocked };
		this.#body(rule.body, scope);
		for (const part of rule.path) this.#term(part, scope);
		if (rule.member !== undefined) this.#term(rule.member, scope);
		if (rule.value !== undefined) this.#term(rule.value, scope);
		for (const arg of rule.args ?? []) this.#term(arg, scope);
		// A variable that is never used still asks whether there is something at its place.
		for (const place of scope.places.values()) if (!place.used) this.#read(place.root, place.keys, isMocked);
	}

	#body(body: LBody, scope: Scope): void {
		for (const expr of body.exprs) this.#expr(expr, scope);
	}

	#expr(expr: LExpr, outer: Scope): void {
		let scope = outer;
		for (const { target, value } of expr.with) {
			if (target.kind !== 'function') {
				for (const operand of target.path) this.#term(operand, outer);
				// Only a whole replacement says for certain that the real input is not read.
				if (target.kind === 'input' && target.path.length === 0) scope = { ...outer, isMocked: true };
			}
			if (value.kind === 'function' || value.kind === 'builtin') this.#callee(value, outer);
			else this.#term(value, outer);
		}
		switch (expr.kind) {
			case 'term':
				this.#term(expr.term, scope);
				break;
			case 'unify':
				this.#unify(expr.left, expr.right, scope);
				break;
			case 'call':
				this.#callee(expr.callee, scope);
				for (const arg of expr.args) this.#term(arg, scope);
				if (expr.output !== undefined) this.#term(expr.output, scope);
				break;
			case 'every':
				this.#term(expr.domain, scope);
				break;
			case 'not':
				if (!expr.closure) this.#body(expr.body, scope);
				break;
		}
		for (const closure of closuresOf(expr)) {
			this.#body(closure.body, scope);
			if (closure.kind !== 'comprehension') continue;
			this.#term(closure.term, scope);
			if (closure.key !== undefined) this.#term(closure.key, scope);
		}
	}

	/** `x = input.a` makes `x` a name for that place; anything else reads both sides. */
	#unify(left: LTerm, right: LTerm, scope: Scope): void {
		if (left.kind === 'var' && right.kind === 'ref' && !scope.places.has(left.local) && !scope.isMocked) {
			const place = this.#placeOf(right, scope);
			if (place !== undefined && (place.root === 'input' || !this.#isVirtual(place.keys))) {
				scope.places.set(left.local, { ...place, used: false });
				for (const operand of right.path) this.#term(operand, scope);
				return;
			}
		}
		this.#term(left, scope);
		this.#term(right, scope);
	}

	#term(term: LTerm, scope: Scope): void {
		switch (term.kind) {
			case 'var': {
				const place = scope.places.get(term.local);
				if (place !== undefined) {
					place.used = true;
					this.#read(place.root, place.keys, scope.isMocked && place.root === 'input' ? false : scope.isMocked);
				}
				break;
			}
			case 'ref': {
				const place = this.#placeOf(term, scope);
				if (place !== undefined) this.#read(place.root, place.keys, typeof term.head === 'string' && scope.isMocked);
				for (const operand of term.path) this.#term(operand, scope);
				break;
			}
			case 'array':
			case 'set':
				for (const item of term.items) this.#term(item, scope);
				break;
			case 'object':
				for (const [key, value] of term.entries) {
					this.#term(key, scope);
					this.#term(value, scope);
				}
				break;
			default:
				break;
		}
	}

	/** Where a reference leads, as far as its keys are constants; undefined inside a value that is computed. */
	#placeOf(ref: Extract<LTerm, { kind: 'ref' }>, scope: Scope): Place | undefined {
		let start: Place | undefined;
		if (typeof ref.head === 'string') start = { root: ref.head, keys: [], open: false, used: true };
		else {
			start = scope.places.get(ref.head.local);
			if (start !== undefined) start.used = true;
		}
		if (start === undefined || start.open) return start;
		const keys = [...start.keys];
		for (const operand of ref.path) {
			if (operand.kind !== 'const') return { root: start.root, keys, open: true, used: true };
			keys.push(operand.value);
		}
		return { root: start.root, keys, open: false, used: true };
	}

	#read(root: Root, keys: readonly Value[], isMocked: boolean): void {
		if (root === 'data') this.#dataPath(keys, isMocked);
		else if (!isMocked) note(this.#input, keys);
	}

	/** Whether a path ends in, or leads through, what rules make. */
	#isVirtual(keys: readonly Value[]): boolean {
		const groups = new Set<RuleGroup>();
		const path = keys.map(
			(value): LTerm => ({ kind: 'const', value, loc: { file: '', row: 0, col: 0, offset: 0, end: 0 } }),
		);
		groupsBelow(this.#root, path, groups);
		return groups.size > 0;
	}

	#callee(callee: Callee, scope: Scope): void {
		if (callee.kind === 'builtin') {
			this.#builtins.add(callee.name);
			return;
		}
		const group = callee.group ?? findNode(this.#root, callee.path)?.function;
		if (group !== undefined) this.#group(group, scope.isMocked);
	}
}

function note(paths: Map<string, readonly Value[]>, keys: readonly Value[]): void {
	paths.set(print(keys), keys);
}

/** The paths that are not below another. */
function outermost(root: Root, paths: ReadonlyMap<string, readonly Value[]>): string[] {
	const found: string[] = [];
	for (const keys of paths.values()) {
		const isBelow = keys.some((_, i) => paths.has(print(keys.slice(0, i))));
		if (!isBelow) found.push(printPath(keys).replace(/^data/, root));
	}
	return found.sort();
}
