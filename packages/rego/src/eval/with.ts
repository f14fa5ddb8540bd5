/** `with`: documents and functions replaced while one expression is evaluated, and put back for what follows. */
import type { Location } from '../ast/ast.ts';
import type { LExpr, LWith, RuleGroup, RuleNode } from '../compile/lowered.ts';
import { isObject, isSet, keyOf, lookup, ObjectBuilder, objectEntries, type Value } from '../value/index.ts';
import type { Coder, Get, Run, Step } from './coder.ts';
import { link } from './expressions.ts';
import type { DocumentState, Frame, Machine, Mock } from './machine.ts';

/** What an evaluation sees of the world: all that `with` may change. */
interface Scope {
	readonly input: Value | undefined;
	readonly data: Value;
	readonly cache: Map<RuleGroup, DocumentState>;
	readonly hidden: ReadonlySet<RuleNode> | undefined;
	readonly mocks: ReadonlyMap<string, Mock> | undefined;
}

type Replace = (m: Machine, f: Frame, scope: MutableScope) => boolean;
type MutableScope = { -readonly [K in keyof Scope]: Scope[K] };

/** Builds an expression with its `with` modifiers; `build` makes the steps of the expression itself. */
export function withSteps(coder: Coder, expr: LExpr, build: () => Step[]): Step[] {
	const settled: Step[] = [];
	const replaces = expr.with.map((item) => replacement(coder, item));
	coder.withs++;
	const steps = build();
	coder.withs--;
	const slot = coder.temporary();
	const enter = (m: Machine, f: Frame): Scope | undefined => {
		const { input, data, cache, hidden, mocks } = m;
		const outer: Scope = { input, data, cache, hidden, mocks };
		const inner: MutableScope = { ...outer, cache: new Map() };
		for (const replace of replaces) if (!replace(m, f, inner)) return undefined;
		f[slot] = inner as unknown as Value;
		restore(m, inner);
		return outer;
	};
	const many = (next: Run): Run => {
		const outerSlot = coder.temporary();
		const body = link(steps, (m, f) => {
			const inner = f[slot] as unknown as Scope;
			const outer = f[outerSlot] as unknown as Scope;
			restore(m, outer);
			const stopped = next(m, f);
			f[slot] = inner as unknown as Value;
			f[outerSlot] = outer as unknown as Value;
			restore(m, inner);
			return stopped;
		});
		return (m, f) => {
			const outer = enter(m, f);
			if (outer === undefined) return false;
			f[outerSlot] = outer as unknown as Value;
			const stopped = body(m, f);
			restore(m, outer);
			return stopped;
		};
	};
	return [...settled, { many }];
}

function restore(m: Machine, scope: Scope): void {
	m.input = scope.input;
	m.data = scope.data;
	m.cache = scope.cache;
	m.hidden = scope.hidden;
	m.mocks = scope.mocks;
}

function replacement(coder: Coder, item: LWith): Replace {
	const { target, value } = item;
	if (target.kind === 'function') {
		const name = target.callee.kind === 'builtin' ? target.callee.name : target.callee.group?.name;
		const mock = mockOf(coder, value);
		return (m, f, scope) => {
			const stand = mock(m, f);
			if (stand === undefined) return false;
			scope.mocks = new Map(scope.mocks).set(name ?? '', stand);
			return true;
		};
	}
	if (value.kind === 'builtin' || value.kind === 'function') return () => false;
	const get = coder.get(value);
	const path = target.path.map((operand) => coder.get(operand));
	if (target.kind === 'input') {
		return (m, f, scope) => {
			const found = pathAndValue(path, get, m, f);
			if (found === undefined) return false;
			scope.input = replaceAt(scope.input, found.keys, 0, found.value);
			return true;
		};
	}
	const { root } = coder.exe.program;
	return (m, f, scope) => {
		const found = pathAndValue(path, get, m, f);
		if (found === undefined) return false;
		checkMerge(m, scope.data, found.keys, item.loc);
		scope.data = replaceAt(scope.data, found.keys, 0, found.value);
		let node: RuleNode | undefined = root;
		for (const key of found.keys) node = node?.children.get(keyOf(key));
		if (node !== undefined) scope.hidden = new Set(scope.hidden).add(node);
		return true;
	};
}

/** A part can be put into objects (or where nothing is), not into a number that the base data has in its place. */
function checkMerge(m: Machine, data: Value, keys: readonly Value[], loc: Location): void {
	let held: Value | undefined = data;
	let real: Value | undefined = m.settings.data;
	for (const key of keys) {
		if (held === undefined) return;
		if (!isObject(held)) {
			if (held === real) m.fail('eval_with_merge_error', 'real and replacement data could not be merged', loc);
			return;
		}
		held = lookup(held, key);
		real = real === undefined ? undefined : lookup(real, key);
	}
}

function mockOf(coder: Coder, value: LWith['value']): (m: Machine, f: Frame) => Mock | undefined {
	if (value.kind === 'builtin') {
		const mock: Mock = { kind: 'builtin', builtin: value.builtin! };
		return () => mock;
	}
	if (value.kind === 'function') {
		const mock: Mock = { kind: 'function', code: coder.exe.document(value.group!) };
		return () => mock;
	}
	const get = coder.get(value);
	return (m, f) => {
		const held = get(m, f);
		return held === undefined ? undefined : { kind: 'value', value: held };
	};
}

function pathAndValue(
	path: readonly Get[],
	get: Get,
	m: Machine,
	f: Frame,
): { keys: Value[]; value: Value } | undefined {
	const value = get(m, f);
	if (value === undefined) return undefined;
	const keys: Value[] = [];
	for (const part of path) {
		const key = part(m, f);
		if (key === undefined) return undefined;
		keys.push(key);
	}
	return { keys, value };
}

/** A document with the value at `keys` replaced: new objects along the way, everything else shared. */
function replaceAt(document: Value | undefined, keys: readonly Value[], i: number, value: Value): Value {
	if (i === keys.length) return value;
	const key = keys[i]!;
	const below = document === undefined ? undefined : lookup(document, key);
	const builder = new ObjectBuilder();
	if (document !== undefined && isObject(document) && !isSet(document)) {
		for (const [held, item] of objectEntries(document)) builder.set(held, item);
	}
	builder.set(key, replaceAt(below, keys, i + 1, value));
	return builder.build();
}
