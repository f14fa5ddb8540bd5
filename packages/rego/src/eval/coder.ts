/**
 * Turns lowered terms into closures over a frame. Safety has put every body in an order in which it is known, at each
 * point, which variables are bound; so the closures hold no trail and undo nothing: a pattern assigns what is unbound
 * there and compares the rest.
 */
import type { Local, LRule, LTerm, LVar } from '../compile/lowered.ts';
import { closureVars } from '../compile/safety.ts';
import {
	equal,
	isObject,
	lookup,
	ObjectBuilder,
	objectGet,
	objectSize,
	RegoObject,
	RegoSet,
	SetBuilder,
	type Value,
} from '../value/index.ts';
import type { Executable } from './executable.ts';
import { bodyRun } from './expressions.ts';
import { Bundle, type Frame, type Machine, type Read } from './machine.ts';
import { referenceGet, referenceRun } from './references.ts';

/** The value of a term, or undefined. */
export type Get = (m: Machine, f: Frame) => Value | undefined;
/** Whether an expression holds; it binds at most one solution. */
export type Test = (m: Machine, f: Frame) => boolean;
/** Whether a value fits a pattern, whose unbound variables it binds. */
export type Match = (m: Machine, f: Frame, v: Value) => boolean;
/** Runs on for each solution; true means that nobody wants another one. */
export type Run = (m: Machine, f: Frame) => boolean;
/** `Run` that is handed a value. */
export type RunWith = (m: Machine, f: Frame, v: Value) => boolean;
/** A step of a body: a test, or something with many solutions that runs `next` for each. */
export type Step =
	| { readonly test: Test; readonly many?: undefined }
	| { readonly many: (next: Run) => Run; readonly test?: undefined };

/** Builds the closures of one rule, branch, query or function body. */
export class Coder {
	readonly exe: Executable;
	readonly rule: LRule | undefined;
	bound: Set<Local>;
	readonly #size: { slots: number };

	constructor(exe: Executable, rule: LRule | undefined, slots: number, bound: Iterable<Local> = []) {
		this.exe = exe;
		this.rule = rule;
		this.bound = new Set(bound);
		this.#size = { slots };
	}

	/** Slots a frame needs, once everything is built. */
	get frameSize(): number {
		return this.#size.slots;
	}

	/** A slot of its own. */
	temporary(): number {
		return this.#size.slots++;
	}

	/** Builds something that binds variables for itself only. */
	scoped<T>(build: () => T): T {
		const outside = this.bound;
		this.bound = new Set(outside);
		const built = build();
		this.bound = outside;
		return built;
	}

	isBound(local: Local): boolean {
		return this.bound.has(local);
	}

	/** Whether every variable of a term is bound here, so that it has at most one value. */
	isGround(term: LTerm): boolean {
		switch (term.kind) {
			case 'var':
				return this.bound.has(term.local);
			case 'ref':
				return (
					(typeof term.head === 'string' || this.bound.has(term.head.local)) &&
					term.path.every((operand) => this.isGround(operand))
				);
			case 'array':
			case 'set':
				return term.items.every((item) => this.isGround(item));
			case 'object':
				return term.entries.every(([key, value]) => this.isGround(key) && this.isGround(value));
			default:
				return true;
		}
	}

	/**
	 * Replaces references with several values inside a term by variables, and adds the steps that run through those
	 * values. What remains unbound is patterns. With `outer`, a reference that is the whole term is left.
	 */
	settle(term: LTerm, steps: Step[], outer = false): LTerm {
		if (this.isGround(term)) return term;
		switch (term.kind) {
			case 'ref': {
				const path = term.path.map((operand) => this.settle(operand, steps));
				const settled = { ...term, path };
				return outer ? settled : this.#runThrough(settled, steps);
			}
			case 'array':
			case 'set':
				return { ...term, items: term.items.map((item) => this.settle(item, steps)) };
			case 'object':
				return {
					...term,
					entries: term.entries.map(([key, value]) => [this.settle(key, steps), this.settle(value, steps)] as const),
				};
			default:
				return term;
		}
	}

	#runThrough(term: Extract<LTerm, { kind: 'ref' }>, steps: Step[]): LVar {
		const local: Local = { name: '', slot: this.temporary(), generated: true };
		const { slot } = local;
		const operands = this.referenceMany(term, (next) => (m, f, v) => {
			f[slot] = v;
			return next(m, f);
		});
		steps.push({ many: operands });
		this.bound.add(local);
		return { kind: 'var', local, loc: term.loc };
	}

	/** Steps through the values of a reference with unbound operands; binds them from here on. */
	referenceMany(term: Extract<LTerm, { kind: 'ref' }>, then: (next: Run) => RunWith): (next: Run) => Run {
		return referenceRun(this, term, then);
	}

	/** Builds the value of a ground term. */
	get(term: LTerm): Get {
		switch (term.kind) {
			case 'const': {
				const { value } = term;
				return () => value;
			}
			case 'var': {
				const { slot } = term.local;
				return (_m, f) => f[slot];
			}
			case 'ref':
				return referenceGet(this, term);
			case 'array':
				return arrayGet(term.items.map((item) => this.get(item)));
			case 'set':
				return setGet(term.items.map((item) => this.get(item)));
			case 'object':
				return objectOf(term.entries.map(([key, value]) => [this.get(key), this.get(value)] as const));
			default:
				return this.#comprehension(term);
		}
	}

	/** Depth of `with` around what is being built: values there may differ from one turn of a loop to the next. */
	withs = 0;
	/** What is being built comes after a loop began. */
	loops = false;

	/** Whether what is being built runs again and again while the input stays the same. */
	get isRepeated(): boolean {
		return this.loops && this.withs === 0 && !this.exe.instrumented;
	}

	#comprehension(term: Extract<LTerm, { kind: 'comprehension' }>): Get {
		const get = this.#gather(term);
		if (this.withs > 0 || this.exe.instrumented || this.#closesOver(term)) return get;
		// It says the same each time round, so one frame computes it once.
		const slot = this.temporary();
		const trailSlot = this.temporary();
		return (m, f) => {
			const held = f[slot];
			if (held !== undefined) {
				m.read(f[trailSlot] as unknown as Read | undefined);
				return held;
			}
			const mark = m.trailLength;
			const value = get(m, f);
			f[slot] = value;
			if (m.trail !== undefined) f[trailSlot] = m.bundleSince(mark) as unknown as Value;
			return value;
		};
	}

	/** Whether a comprehension uses a variable that is bound around it. */
	#closesOver(term: Extract<LTerm, { kind: 'comprehension' }>): boolean {
		if (this.bound.size === 0) return false;
		const inside = new Set<Local>();
		closureVars([term], inside);
		for (const local of inside) if (this.bound.has(local)) return true;
		return false;
	}

	#gather(term: Extract<LTerm, { kind: 'comprehension' }>): Get {
		const slot = this.temporary();
		return this.scoped(() => {
			const whole = { of: term.of, loc: term.loc };
			const trailSlot = this.temporary();
			const run = bodyRun(this, term.body, () => {
				const value = this.get(term.term);
				const key = term.key === undefined ? undefined : this.get(term.key);
				return collect(whole.of, slot, trailSlot, key, value, (m) =>
					m.fail('eval_conflict_error', 'object keys must be unique', whole.loc),
				);
			});
			const start = starters[term.of];
			return (m, f) => {
				const mark = m.trailLength;
				const kept = m.trail === undefined ? undefined : new Set<Read>();
				// Frames hold values; what a comprehension gathers lives in one only between these lines.
				f[slot] = start() as unknown as Value;
				f[trailSlot] = kept === undefined ? mark : ([mark, kept] as unknown as Value);
				run(m, f);
				m.trailLength = mark;
				if (kept !== undefined && kept.size > 0) m.read(kept.size > 1 ? new Bundle([...kept]) : [...kept][0]);
				return (f[slot] as unknown as Gathering).build();
			};
		});
	}

	/** Builds a test of a value against a pattern; the pattern's unbound variables are bound from here on. */
	match(term: LTerm): Match {
		switch (term.kind) {
			case 'const':
				return constantMatch(term.value);
			case 'var': {
				const { slot } = term.local;
				if (this.bound.has(term.local)) return (_m, f, v) => equal(f[slot]!, v);
				this.bound.add(term.local);
				return (_m, f, v) => {
					f[slot] = v;
					return true;
				};
			}
			case 'array': {
				if (this.isGround(term)) break;
				const items = term.items.map((item) => this.match(item));
				return (m, f, v) => {
					if (!Array.isArray(v) || v.length !== items.length) return false;
					for (let i = 0; i < items.length; i++) if (!items[i]!(m, f, v[i] as Value)) return false;
					return true;
				};
			}
			case 'object': {
				if (this.isGround(term)) break;
				const entries = term.entries.map(([key, value]) => ({ key: this.get(key), match: this.match(value) }));
				return (m, f, v) => {
					if (!isObject(v)) return false;
					const size = objectSize(v);
					if (size > sizeFree) m.spend(size >> 2);
					if (size !== entries.length) return false;
					for (const entry of entries) {
						const key = entry.key(m, f);
						const held = key === undefined ? undefined : objectGet(v, key);
						if (held === undefined || !entry.match(m, f, held)) return false;
					}
					return true;
				};
			}
			default:
				break;
		}
		const get = this.get(term);
		return (m, f, v) => {
			const own = get(m, f);
			return own !== undefined && equal(own, v);
		};
	}
}

/** Keys of an object that are listed for nothing, to see whether a pattern has as many. */
const sizeFree = 64;

function constantMatch(value: Value): Match {
	if (typeof value === 'string' || typeof value === 'boolean' || value === null) return (_m, _f, v) => v === value;
	return (_m, _f, v) => v === value || equal(v, value);
}

function arrayGet(items: readonly Get[]): Get {
	return (m, f) => {
		const array: Value[] = new Array(items.length);
		for (let i = 0; i < items.length; i++) {
			const value = items[i]!(m, f);
			if (value === undefined) return undefined;
			array[i] = value;
		}
		return array;
	};
}

function setGet(items: readonly Get[]): Get {
	return (m, f) => {
		const builder = new SetBuilder();
		for (const item of items) {
			const value = item(m, f);
			if (value === undefined) return undefined;
			builder.add(value);
		}
		return builder.build();
	};
}

function objectOf(entries: readonly (readonly [Get, Get])[]): Get {
	return (m, f) => {
		const builder = new ObjectBuilder();
		for (const [getKey, getValue] of entries) {
			const key = getKey(m, f);
			const value = getValue(m, f);
			if (key === undefined || value === undefined) return undefined;
			builder.set(key, value);
		}
		return builder.build();
	};
}

interface Gathering {
	build(): Value;
}

const starters = {
	array: () => new ArrayGathering(),
	set: () => new SetBuilder(),
	object: () => new ObjectBuilder(),
};

class ArrayGathering implements Gathering {
	readonly items: Value[] = [];
	build(): Value {
		return this.items;
	}
}

function collect(
	of: 'array' | 'set' | 'object',
	slot: number,
	trailSlot: number,
	getKey: Get | undefined,
	getValue: Get,
	conflict: (m: Machine) => never,
): Run {
	return (m, f) => {
		m.tick();
		const value = getValue(m, f);
		if (value === undefined) return false;
		const gathering = f[slot] as unknown;
		if (of === 'array') (gathering as ArrayGathering).items.push(value);
		else if (of === 'set') (gathering as SetBuilder).add(value);
		else {
			const key = getKey!(m, f);
			if (key === undefined) return false;
			const builder = gathering as ObjectBuilder;
			const before = builder.get(key);
			if (before === undefined) builder.set(key, value);
			else if (!equal(before, value)) conflict(m);
		}
		if (m.trail !== undefined) {
			const [mark, kept] = f[trailSlot] as unknown as [number, Set<Read>];
			for (let i = mark; i < m.trailLength; i++) kept.add(m.trail[i]!);
		}
		return false;
	};
}

/** A member of an object or set by a string key, or undefined: what `value.key` reads. */
export function field(value: Value, key: string): Value | undefined {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
	if (value instanceof RegoObject || value instanceof RegoSet) return lookup(value, key);
	return objectIsPlain(value) ? objectGet(value, key) : undefined;
}

function objectIsPlain(value: Value): value is { readonly [key: string]: Value } {
	return isObject(value);
}
