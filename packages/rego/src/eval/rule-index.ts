/**
 * Which rules of a document can hold, found without trying them: rules that compare the same part of the input (or the
 * same argument) with a constant are looked up by its value. What the index leaves out would have failed anyway.
 */
import type { LExpr, LRule, LTerm } from '../compile/lowered.ts';
import { keyOf, type MapKey, type Value } from '../value/index.ts';
import { field } from './coder.ts';
import type { Machine } from './machine.ts';

/** Fewer rules are tried one after the other. */
const rulesMin = 6;

/** Where a compared value comes from: a path into the input, or an argument by position. */
interface Source {
	readonly name: string;
	readonly path: readonly string[] | undefined;
	readonly argument: number;
}

interface Condition {
	readonly source: Source;
	readonly keys: readonly MapKey[];
}

/** Selects candidates, in the rules' order. */
export type Select<T> = (m: Machine, args: readonly Value[] | undefined) => T;

/** Builds the selection; `make` turns a list of rules into what is selected. */
export function buildIndex<T>(rules: readonly LRule[], make: (rules: readonly LRule[]) => T): Select<T> {
	const items = rules.map((rule) => ({ rule, conditions: conditionsOf(rule) }));
	return select(items, make);
}

interface Item {
	readonly rule: LRule;
	readonly conditions: readonly Condition[];
}

function select<T>(items: readonly Item[], make: (rules: readonly LRule[]) => T): Select<T> {
	const source = items.length < rulesMin ? undefined : bestSource(items);
	if (source === undefined) {
		const candidates = make(items.map(({ rule }) => rule));
		return () => candidates;
	}
	const { name } = source;
	const without = (item: Item): Item => ({
		rule: item.rule,
		conditions: item.conditions.filter((condition) => condition.source.name !== name),
	});
	const open = items.filter((item) => !item.conditions.some((condition) => condition.source.name === name));
	const keys = new Set<MapKey>();
	for (const { conditions } of items) {
		for (const condition of conditions)
			if (condition.source.name === name) for (const key of condition.keys) keys.add(key);
	}
	const branches = new Map<MapKey, Item[]>();
	for (const key of keys) branches.set(key, []);
	for (const item of items) {
		const own = item.conditions.filter((condition) => condition.source.name === name);
		if (own.length === 0) {
			for (const branch of branches.values()) branch.push(item);
			continue;
		}
		const [first, ...others] = own;
		for (const key of new Set(first!.keys)) {
			if (others.every((condition) => condition.keys.includes(key))) branches.get(key)!.push(without(item));
		}
	}
	const selects = new Map<MapKey, Select<T>>();
	for (const [key, branch] of branches) selects.set(key, select(branch, make));
	const otherwise = select(open, make);
	const read = reader(source);
	return (m, args) => {
		const value = read(m, args);
		if (value === undefined) return otherwise(m, args);
		return (selects.get(keyOf(value)) ?? otherwise)(m, args);
	};
}

function reader(source: Source): (m: Machine, args: readonly Value[] | undefined) => Value | undefined {
	const { path, argument } = source;
	if (path === undefined) return (_m, args) => args?.[argument];
	return (m) => {
		let value = m.input;
		for (let i = 0; i < path.length && value !== undefined; i++) value = field(value, path[i]!);
		return value;
	};
}

/** The source that tells the most rules apart. */
function bestSource(items: readonly Item[]): Source | undefined {
	const counts = new Map<string, { source: Source; rules: number; keys: Set<MapKey> }>();
	for (const { conditions } of items) {
		const seen = new Set<string>();
		for (const { source, keys } of conditions) {
			let count = counts.get(source.name);
			if (count === undefined) {
				count = { source, rules: 0, keys: new Set() };
				counts.set(source.name, count);
			}
			for (const key of keys) count.keys.add(key);
			if (!seen.has(source.name)) count.rules++;
			seen.add(source.name);
		}
	}
	let best: { source: Source; score: number } | undefined;
	for (const { source, rules, keys } of counts.values()) {
		// Rules without a condition on the source go into every branch: a rough measure of what is left to try.
		const left = items.length - rules + rules / keys.size;
		const score = items.length - left;
		if (keys.size > 1 && (best === undefined || score > best.score)) best = { source, score };
	}
	return best !== undefined && best.score >= items.length / 4 ? best.source : undefined;
}

function conditionsOf(rule: LRule): Condition[] {
	const conditions: Condition[] = [];
	for (const [i, arg] of (rule.args ?? []).entries()) {
		const keys = keysOf(arg);
		if (keys !== undefined) conditions.push({ source: { name: `#${i}`, path: undefined, argument: i }, keys });
	}
	// With an else branch the rule may hold although its own body cannot.
	if (rule.else !== undefined) return [];
	const arguments_ = new Map(
		(rule.args ?? []).flatMap((arg, i) => (arg.kind === 'var' ? [[arg.local, i] as const] : [])),
	);
	const sourceOf = (term: LTerm): Source | undefined => {
		if (term.kind === 'var') {
			const argument = arguments_.get(term.local);
			return argument === undefined ? undefined : { name: `#${argument}`, path: undefined, argument };
		}
		if (term.kind !== 'ref' || term.head !== 'input' || term.path.length === 0) return undefined;
		const path: string[] = [];
		for (const operand of term.path) {
			if (operand.kind !== 'const' || typeof operand.value !== 'string') return undefined;
			path.push(operand.value);
		}
		return { name: JSON.stringify(path), path, argument: -1 };
	};
	for (const expr of rule.body.exprs) {
		const condition = conditionOf(expr, sourceOf);
		if (condition !== undefined) conditions.push(condition);
	}
	return conditions;
}

function conditionOf(expr: LExpr, sourceOf: (term: LTerm) => Source | undefined): Condition | undefined {
	if (expr.with.length > 0) return undefined;
	let sides: readonly [LTerm, LTerm] | undefined;
	if (expr.kind === 'unify') sides = [expr.left, expr.right];
	else if (expr.kind === 'call' && expr.output === undefined && expr.callee.kind === 'builtin') {
		if (expr.callee.name === 'equal') sides = [expr.args[0]!, expr.args[1]!];
		if (expr.callee.name === 'internal.member_2') {
			const source = sourceOf(expr.args[0]!);
			const keys = source === undefined ? undefined : membersOf(expr.args[1]!);
			return source === undefined || keys === undefined ? undefined : { source, keys };
		}
	}
	if (sides === undefined) return undefined;
	for (const [a, b] of [sides, [sides[1], sides[0]] as const]) {
		const source = sourceOf(a);
		const keys = source === undefined ? undefined : keysOf(b);
		if (source !== undefined && keys !== undefined) return { source, keys };
	}
	return undefined;
}

function keysOf(term: LTerm): readonly MapKey[] | undefined {
	return term.kind === 'const' ? [keyOf(term.value)] : undefined;
}

function membersOf(term: LTerm): readonly MapKey[] | undefined {
	if (term.kind !== 'const') return undefined;
	const { value } = term;
	if (Array.isArray(value)) return (value as readonly Value[]).map(keyOf);
	return value !== null && typeof value === 'object' && 'memberKeys' in value && typeof value.memberKeys === 'function'
		? [...(value.memberKeys() as Iterable<MapKey>)]
		: undefined;
}
