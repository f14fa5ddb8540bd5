/** Calls: builtins, functions, what `with` put in their place, and the relation `walk`. */
import type { Builtin } from '../builtins/builtin.ts';
import { compileGlob, type GlobMatcher } from '../builtins/glob-pattern.ts';
import { matchingSteps } from '../builtins/limits.ts';
import { coreBuiltins } from '../builtins/registry.ts';
import { displayText, isMember, isMemberAt } from '../builtins/special.ts';
import type { LCall, LTerm } from '../compile/lowered.ts';
import { printPath } from '../compile/tree.ts';
import { compare, equal, isObject, isSet, objectKeys, RegoObject, RegoSet, type Value } from '../value/index.ts';
import type { Coder, Get, Match, Run, RunWith, Step, Test } from './coder.ts';
import type { Frame, Machine, Mock } from './machine.ts';

/** Operators on any two values, which need no builtin call. */
const comparisons: ReadonlyMap<string, (a: Value, b: Value) => boolean> = new Map([
	['equal', (a: Value, b: Value) => a === b || equal(a, b)],
	['neq', (a: Value, b: Value) => a !== b && !equal(a, b)],
	['lt', (a: Value, b: Value) => compare(a, b) < 0],
	['lte', (a: Value, b: Value) => compare(a, b) <= 0],
	['gt', (a: Value, b: Value) => compare(a, b) > 0],
	['gte', (a: Value, b: Value) => compare(a, b) >= 0],
]);

/** Builds the result of a call, undefined where the function is. */
export function callGet(coder: Coder, call: LCall, args: readonly LTerm[]): Get {
	const { callee } = call;
	const gets = args.map((arg) => coder.get(arg));
	if (callee.kind === 'builtin') {
		const plain = builtinGet(call, callee.builtin!, gets, args);
		return coder.exe.mocked.has(callee.name) ? mockable(callee.name, call, gets, plain) : plain;
	}
	const group = callee.group!;
	const code = coder.exe.document(group);
	const plain: Get = (m, f) => {
		const values = evaluate(gets, m, f);
		return values === undefined ? undefined : code.call(m, values);
	};
	if (!coder.exe.mocked.has(group.name)) return plain;
	const { node } = group;
	const withMock = mockable(group.name, call, gets, plain);
	return (m, f) => {
		if (m.hidden !== undefined && m.hides(node)) return undefined;
		return withMock(m, f);
	};
}

/** Builds a comparison that stands alone as a test of its own; undefined for any other call. */
export function comparisonTest(coder: Coder, call: LCall, args: readonly LTerm[]): Test | undefined {
	const { callee } = call;
	if (callee.kind !== 'builtin' || coder.exe.mocked.has(callee.name)) return undefined;
	const comparison = comparisons.get(callee.name);
	if (comparison === undefined) return undefined;
	const left = coder.get(args[0]!);
	const fixed = args[1]!;
	if (callee.name === 'equal' && fixed.kind === 'const' && typeof fixed.value === 'string') {
		const text = fixed.value;
		return (m, f) => {
			m.tick();
			return left(m, f) === text;
		};
	}
	const right = coder.get(fixed);
	return (m, f) => {
		m.tick();
		const a = left(m, f);
		if (a === undefined) return false;
		const b = right(m, f);
		return b !== undefined && comparison(a, b);
	};
}

function evaluate(gets: readonly Get[], m: Machine, f: Frame): Value[] | undefined {
	// Made at its length: a list that grows reserves room for seventeen.
	const values: Value[] = new Array(gets.length);
	for (let i = 0; i < gets.length; i++) {
		const value = gets[i]!(m, f);
		if (value === undefined) return undefined;
		values[i] = value;
	}
	return values;
}

function builtinGet(expr: LCall, builtin: Builtin, gets: readonly Get[], args: readonly LTerm[]): Get {
	const { loc } = expr;
	const { name } = builtin;
	const comparison = comparisons.get(name);
	const isMembership = name === 'internal.member_2';
	if (comparison !== undefined || isMembership) {
		const [left, right] = [gets[0]!, gets[1]!];
		const special = withConstant(name, left, args[1]) ?? withConstant(name, right, args[0], true);
		if (special !== undefined) return special;
		if (comparison === undefined) {
			return (m, f) => {
				const item = left(m, f);
				if (item === undefined) return undefined;
				const container = right(m, f);
				return container === undefined ? undefined : isMember(item, container, m.spend);
			};
		}
		return (m, f) => {
			const a = left(m, f);
			if (a === undefined) return undefined;
			const b = right(m, f);
			return b === undefined ? undefined : comparison(a, b);
		};
	}
	if (name === 'internal.member_3') {
		return (m, f) => {
			const values = evaluate(gets, m, f);
			return values === undefined ? undefined : isMemberAt(values[0]!, values[1]!, values[2]!);
		};
	}
	if (name === 'internal.print') return printGet(expr, gets);
	if (name === 'trace') {
		return (m, f) => {
			const note = gets[0]!(m, f);
			if (note === undefined) return undefined;
			m.settings.trace?.(displayText(note), loc);
			return true;
		};
	}
	if (name === 'glob.match' && args[1]?.kind === 'const' && builtin === coreBuiltins.get(name)) {
		return globGet(expr, builtin, gets, args[1].value);
	}
	const { run } = builtin;
	const call = (m: Machine, values: readonly Value[]): Value | undefined => {
		m.at = loc;
		try {
			return run(values, m);
		} catch (error) {
			return m.builtinError(error, name, loc);
		}
	};
	const [first, second] = gets;
	switch (gets.length) {
		case 1:
			return (m, f) => {
				const a = first!(m, f);
				return a === undefined ? undefined : call(m, [a]);
			};
		case 2:
			return (m, f) => {
				const a = first!(m, f);
				if (a === undefined) return undefined;
				const b = second!(m, f);
				return b === undefined ? undefined : call(m, [a, b]);
			};
		default:
			return (m, f) => {
				const values = evaluate(gets, m, f);
				return values === undefined ? undefined : call(m, values);
			};
	}
}

/** A comparison whose one side is a constant that `===` tells apart, or a search in a constant collection. */
function withConstant(name: string, get: Get, term: LTerm | undefined, swapped = false): Get | undefined {
	if (term?.kind !== 'const') return undefined;
	const { value } = term;
	if (name === 'internal.member_2' && !swapped && (Array.isArray(value) || value instanceof RegoSet)) {
		const members = value instanceof RegoSet ? value : RegoSet.of(value as readonly Value[]);
		return (m, f) => {
			const item = get(m, f);
			return item === undefined ? undefined : members.has(item);
		};
	}
	if (typeof value !== 'string' && typeof value !== 'boolean' && value !== null) return undefined;
	if (name === 'equal') {
		return (m, f) => {
			const other = get(m, f);
			return other === undefined ? undefined : other === value;
		};
	}
	if (name !== 'neq') return undefined;
	return (m, f) => {
		const other = get(m, f);
		return other === undefined ? undefined : other !== value;
	};
}

/** Patterns a call of `glob.match` keeps compiled. */
const globsKeptMax = 4096;

/** `glob.match` with constant delimiters: the call keeps its patterns compiled, for lists of them are tried in loops. */
function globGet(call: LCall, builtin: Builtin, gets: readonly Get[], delimiters: Value): Get {
	const { loc } = call;
	const characters = globDelimiters(delimiters);
	const compiled = new Map<string, GlobMatcher>();
	// A list is gone through from its beginning every time: mostly the next pattern is the one that came next before.
	const sequence: { readonly pattern: string; readonly matches: GlobMatcher }[] = [];
	let position = 0;
	const matcherOf = (pattern: string, delimiters: readonly string[]): GlobMatcher => {
		let expected = sequence[position];
		if (expected?.pattern !== pattern && sequence[0]?.pattern === pattern) {
			position = 0;
			expected = sequence[0];
		}
		if (expected?.pattern === pattern) {
			position++;
			return expected.matches;
		}
		let matches = compiled.get(pattern);
		if (matches === undefined) {
			matches = compileGlob(pattern, delimiters);
			if (compiled.size >= globsKeptMax) compiled.clear();
			compiled.set(pattern, matches);
		}
		if (position === sequence.length && position < globsKeptMax) {
			sequence.push({ pattern, matches });
			position++;
		}
		return matches;
	};
	return (m, f) => {
		const pattern = gets[0]!(m, f);
		const text = gets[2]!(m, f);
		if (pattern === undefined || text === undefined) return undefined;
		m.at = loc;
		try {
			if (typeof pattern !== 'string' || typeof text !== 'string' || characters === undefined) {
				return builtin.run([pattern, delimiters, text], m);
			}
			const matches = matcherOf(pattern, characters);
			m.spend(matchingSteps(pattern.length, text.length));
			return matches(text, m.spend);
		} catch (error) {
			return m.builtinError(error, builtin.name, loc);
		}
	};
}

/** Delimiters as characters, or undefined when they are not what `glob.match` takes. */
function globDelimiters(operand: Value): readonly string[] | undefined {
	if (operand === null) return [];
	if (!Array.isArray(operand)) return undefined;
	if (operand.length === 0) return ['.'];
	const all = operand as readonly Value[];
	return all.every((item) => typeof item === 'string' && [...item].length === 1)
		? (all as readonly string[])
		: undefined;
}

/** Prints every combination of the operands' values; an operand without value prints as `<undefined>`. */
function printGet(call: LCall, gets: readonly Get[]): Get {
	const { loc } = call;
	return (m, f) => {
		const operands = gets[0]!(m, f) as readonly RegoSet[] | undefined;
		let lines: string[][] = [[]];
		for (const operand of operands ?? []) {
			const texts = operand.size === 0 ? ['<undefined>'] : operand.values().map(displayText);
			m.spend(lines.length * texts.length);
			lines = lines.flatMap((line) => texts.map((text) => [...line, text]));
		}
		for (const line of lines) {
			m.spend(1);
			m.settings.print?.(line.join(' '), loc);
		}
		return true;
	};
}

/** A call that looks first whether `with` put something in the function's place. */
function mockable(name: string, call: LCall, gets: readonly Get[], plain: Get): Get {
	const { loc } = call;
	return (m, f) => {
		const mock = m.mocks?.get(name);
		if (mock === undefined) return plain(m, f);
		const values = evaluate(gets, m, f);
		return values === undefined ? undefined : callMock(m, mock, values, loc);
	};
}

function callMock(m: Machine, mock: Mock, args: readonly Value[], loc: LCall['loc']): Value | undefined {
	switch (mock.kind) {
		case 'value':
			return mock.value;
		case 'builtin':
			m.at = loc;
			try {
				return mock.builtin.run(args, m);
			} catch (error) {
				return m.builtinError(error, mock.builtin.name, loc);
			}
		default: {
			// Inside a stand-in every function is itself again, so that it may call what it stands in for.
			const { mocks, cache } = m;
			m.mocks = undefined;
			m.cache = new Map();
			const value = mock.code.call(m, args);
			m.mocks = mocks;
			m.cache = cache;
			return value;
		}
	}
}

/** `printPath` of a function, the name its mocks go by. */
export function functionName(path: readonly string[]): string {
	return printPath(path);
}

/** `walk(x, [path, value])`: runs through every value inside `x`, outermost first. */
export function walkStep(coder: Coder, subject: LTerm, output: LTerm | undefined): Step {
	const get = coder.get(subject);
	const pair = output?.kind === 'array' && output.items.length === 2 ? output.items : undefined;
	if (output === undefined || pair === undefined) {
		const match: Match = output === undefined ? () => true : coder.match(output);
		return { many: (next) => walkAll(get, (m, f, path, value) => match(m, f, [path, value]) && next(m, f), true) };
	}
	const [pathTerm, valueTerm] = [pair[0]!, pair[1]!];
	const pathUsed = !(pathTerm.kind === 'var' && pathTerm.local.name === '_');
	const matchPath = coder.match(pathTerm);
	const matchValue = coder.match(valueTerm);
	return {
		many: (next: Run) =>
			walkAll(
				get,
				(m, f, path, value) => (!pathUsed || matchPath(m, f, path)) && matchValue(m, f, value) && next(m, f),
				pathUsed,
			),
	};
}

/** `[...path, key]`, made at its length. */
function longer(path: readonly Value[], key: Value): readonly Value[] {
	const { length } = path;
	const next: Value[] = new Array(length + 1);
	for (let i = 0; i < length; i++) next[i] = path[i]!;
	next[length] = key;
	return next;
}

type Visit = (m: Machine, f: Frame, path: readonly Value[], value: Value) => boolean;

function walkAll(get: Get, visit: Visit, withPath: boolean): Run {
	const none: readonly Value[] = [];
	const walk = (m: Machine, f: Frame, path: readonly Value[], value: Value): boolean => {
		m.tick();
		if (visit(m, f, path, value)) return true;
		if (typeof value !== 'object' || value === null) return false;
		if (++m.depth > m.depthMax) m.fail('rego_limit_error', `values are nested more than ${m.depthMax} deep`, m.at);
		const stopped = walkInto(m, f, path, value);
		m.depth--;
		return stopped;
	};
	const below = (path: readonly Value[], key: Value) => (withPath ? longer(path, key) : none);
	const walkInto = (m: Machine, f: Frame, path: readonly Value[], value: Value): boolean => {
		if (Array.isArray(value)) {
			for (let i = 0; i < value.length; i++) if (walk(m, f, below(path, i), value[i] as Value)) return true;
			return false;
		}
		if (isSet(value)) {
			for (const member of value.values()) if (walk(m, f, below(path, member), member)) return true;
			return false;
		}
		if (!isObject(value)) return false;
		if (value instanceof RegoObject) {
			for (const [key, held] of value.entries()) if (walk(m, f, below(path, key), held)) return true;
			return false;
		}
		// Its own keys, so they can be read without asking again whether they are.
		const plain = value as { readonly [key: string]: Value };
		const keys = objectKeys(plain) as readonly string[];
		for (let i = 0; i < keys.length; i++) {
			const key = keys[i]!;
			if (walk(m, f, below(path, key), plain[key]!)) return true;
		}
		return false;
	};
	return (m, f) => {
		const value = get(m, f);
		return value === undefined ? false : walk(m, f, none, value);
	};
}

export type { RunWith };
