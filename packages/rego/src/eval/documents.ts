/** The code of one virtual document or function: its rules, which of them to try, what is cached, what conflicts. */
import type { Location } from '../ast/ast.ts';
import type { LConst, LExpr, LRule, LTerm, LVar, RuleGroup } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import {
	equal,
	isNumber,
	keyOf,
	lookup,
	type MapKey,
	RegoObject,
	type RegoSet,
	SetBuilder,
	type Value,
} from '../value/index.ts';
import { Coder, type Get, type Match } from './coder.ts';
import type { Executable } from './executable.ts';
import { bodyRun } from './expressions.ts';
import {
	addCause,
	Bundle,
	type CallMemo,
	type CallResult,
	type Evidence,
	type Frame,
	type Machine,
	newEvidence,
} from './machine.ts';
import { ObjectSink } from './object-sink.ts';
import { buildIndex, type Select } from './rule-index.ts';

/** Yields a rule's value, or undefined. Leaves in `m.lastCause` how it came about. */
type ValueRule = (m: Machine, args: readonly Value[]) => Value | undefined;
/** Hands each solution of a rule to the sink; whether there was one. */
type PartRule<S> = (m: Machine, keys: readonly Value[], sink: S) => boolean;

interface Candidates {
	readonly rules: readonly LRule[];
	readonly values: readonly ValueRule[];
	/** All have the same constant value: the first to hold decides. */
	readonly decided: boolean;
}

const noArgs: readonly Value[] = [];

/** Evaluates one group of rules. Code for each way of asking is built when it is first needed. */
export class DocumentCode {
	readonly group: RuleGroup;
	/** How many leading keys an object document can be asked for at once. */
	readonly prefixMax: number;
	readonly #exe: Executable;
	#values: Select<Candidates> | undefined;
	#parts: Select<readonly LRule[]> | undefined;
	#defaults: readonly ValueRule[] | undefined;
	#remembers: boolean | undefined;
	readonly #setRules = new Map<LRule, PartRule<SetSink>>();
	readonly #setLists = new Map<readonly LRule[], readonly PartRule<SetSink>[]>();
	readonly #memberRules = new Map<LRule, PartRule<SetSink>>();
	readonly #objectRules: Map<LRule, PartRule<ObjectSink>>[] = [];
	readonly #loc: Location;

	constructor(exe: Executable, group: RuleGroup) {
		this.#exe = exe;
		this.group = group;
		this.prefixMax = group.kind === 'object' ? group.tailMax : 0;
		this.#loc = (group.rules[0] ?? group.defaults[0])!.loc;
	}

	/** The document's full extent. */
	value(m: Machine): Value | undefined {
		const state = m.document(this.group);
		if (state.full === undefined) this.#evaluate(m);
		const { value, evidence } = state.full!;
		if (m.trail !== undefined) {
			m.read(evidence);
			if (state.entries !== undefined && state.entries.size > 0) {
				state.whole ??= new Bundle([...state.entries.values()]);
				m.read(state.whole);
			}
		}
		return value;
	}

	/** The full extent, without noting that it was read. */
	quietValue(m: Machine): Value | undefined {
		const state = m.document(this.group);
		if (state.full === undefined) this.#evaluate(m);
		return state.full!.value;
	}

	/** Why the full extent, already computed, has the entry `key`. */
	evidenceFor(m: Machine, key: Value): Evidence | undefined {
		return m.document(this.group).entries?.get(keyOf(key));
	}

	/** The member of a set document that equals `key`. */
	member(m: Machine, key: Value): Value | undefined {
		const state = m.document(this.group);
		const id = keyOf(key);
		if (state.full !== undefined) {
			if (m.trail !== undefined) m.read(state.entries?.get(id));
			return (state.full.value as RegoSet).find(key);
		}
		let answer = state.byKey.get(id);
		if (answer === undefined) {
			const sink = new SetSink(m, this.group);
			const keys = [key];
			const mark = m.trailLength;
			m.enter(this.#loc);
			for (const rule of this.#partRules(m)) {
				m.trailLength = mark;
				part(this.#memberRules, rule, () => this.#memberRule(rule))(m, keys, sink);
				if (sink.builder.size > 0 && !m.allReasons && !this.#exe.instrumented) break;
			}
			m.depth--;
			m.trailLength = mark;
			answer = { value: sink.builder.size > 0 ? key : undefined, evidence: sink.entries?.get(id) };
			state.byKey.set(id, answer);
		}
		m.read(answer.evidence);
		return answer.value;
	}

	/** What an object document holds at `keys`: an entry's value, or the part of the document below. */
	entry(m: Machine, keys: readonly Value[]): Value | undefined {
		const state = m.document(this.group);
		if (state.full !== undefined) {
			if (m.trail !== undefined) m.read(state.entries?.get(keyOf(keys[0]!)));
			let held: Value | undefined = state.full.value;
			for (const key of keys) held = held === undefined ? undefined : lookup(held, key);
			return held;
		}
		const id = keys.length === 1 ? keyOf(keys[0]!) : keyOf(keys);
		let answer = keys.length === 1 ? state.byKey.get(id) : state.byPath.get(id);
		if (answer === undefined) {
			const sink = this.#objectSink(m, keys);
			answer = { value: sink.build(keys), evidence: sink.evidence };
			(keys.length === 1 ? state.byKey : state.byPath).set(id, answer);
		}
		m.read(answer.evidence);
		return answer.value;
	}

	/** The function's result. Worthwhile functions remember it for the evaluation, by arguments. */
	call(m: Machine, args: readonly Value[]): Value | undefined {
		this.#remembers ??= worthRemembering(this.group);
		if (!this.#remembers || args.length === 0 || this.#exe.instrumented) {
			const evidence = this.#newEvidence(m, noArgs);
			const value = this.#firstValue(m, args, evidence);
			m.read(evidence);
			return value;
		}
		const state = m.document(this.group);
		state.calls ??= new Map();
		let memo = state.calls;
		const last = args.length - 1;
		for (let i = 0; i < last; i++) {
			const key = memoKey(args[i]!);
			let next = memo.get(key) as CallMemo | undefined;
			if (next === undefined) {
				next = new Map();
				memo.set(key, next);
			}
			memo = next;
		}
		const key = memoKey(args[last]!);
		let result = memo.get(key) as CallResult | undefined;
		if (result === undefined) {
			const evidence = this.#newEvidence(m, noArgs);
			result = { value: this.#firstValue(m, args, evidence), evidence };
			if (memo.size < callsKeptMax) memo.set(key, result);
		}
		m.read(result.evidence);
		return result.value;
	}

	#evaluate(m: Machine): void {
		const state = m.document(this.group);
		const mark = m.trailLength;
		if (this.group.kind === 'complete') {
			const evidence = this.#newEvidence(m, noArgs);
			const value = this.#firstValue(m, noArgs, evidence);
			state.full = { value, evidence };
		} else if (this.group.kind === 'set') {
			const sink = new SetSink(m, this.group);
			m.enter(this.#loc);
			const codes = this.#setCodes(this.#partRules(m));
			for (let i = 0; i < codes.length; i++) {
				m.trailLength = mark;
				codes[i]!(m, noArgs, sink);
			}
			m.depth--;
			state.full = { value: sink.builder.build(), evidence: undefined };
			state.entries = sink.entries;
		} else {
			const sink = this.#objectSink(m, noArgs);
			state.full = { value: sink.build(noArgs) ?? RegoObject.empty, evidence: undefined };
			state.entries = sink.entries;
		}
		m.trailLength = mark;
	}

	/** Code of a list of set rules that the index chose: the index hands out the same lists again and again. */
	#setCodes(rules: readonly LRule[]): readonly PartRule<SetSink>[] {
		let codes = this.#setLists.get(rules);
		if (codes === undefined) {
			codes = rules.map((rule) => part(this.#setRules, rule, () => this.#setRule(rule)));
			this.#setLists.set(rules, codes);
		}
		return codes;
	}

	#newEvidence(m: Machine, keys: readonly Value[]): Evidence | undefined {
		return m.trail === undefined ? undefined : newEvidence(this.group, keys);
	}

	/** The one value of a complete document or function. */
	#firstValue(m: Machine, args: readonly Value[], evidence: Evidence | undefined): Value | undefined {
		this.#values ??= this.#index((rules) => this.#candidates(rules));
		const mark = m.trailLength;
		m.enter(this.#loc);
		const { rules, values, decided } = this.#values(m, args);
		const early = decided && !m.allReasons && !this.#exe.instrumented;
		let result: Value | undefined;
		for (let i = 0; i < values.length; i++) {
			m.trailLength = mark;
			const value = values[i]!(m, args);
			if (value === undefined) continue;
			if (result === undefined) result = value;
			else if (!equal(result, value)) this.#conflict(m, rules[i]!.loc);
			if (evidence !== undefined) addCause(evidence, m.lastCause!);
			if (early) break;
		}
		if (result === undefined && this.group.defaults.length > 0) {
			this.#defaults ??= this.group.defaults.map((rule) => this.#valueRule(rule));
			m.trailLength = mark;
			result = this.#defaults[0]!(m, args);
			if (result !== undefined && evidence !== undefined) addCause(evidence, m.lastCause!);
		}
		m.trailLength = mark;
		m.depth--;
		return result;
	}

	#conflict(m: Machine, loc: Location): never {
		const message =
			this.group.kind === 'function'
				? 'functions must not produce multiple outputs for same inputs'
				: 'complete rules must not produce multiple outputs';
		return m.fail('eval_conflict_error', message, loc);
	}

	#candidates(rules: readonly LRule[]): Candidates {
		const constants = rules.flatMap((rule) => {
			const branches: (LTerm | undefined)[] = [];
			for (let at: LRule | undefined = rule; at !== undefined; at = at.else) branches.push(at.value);
			return branches;
		});
		const [first] = constants;
		const decided =
			first?.kind === 'const' && constants.every((term) => term?.kind === 'const' && equal(term.value, first.value));
		return { rules, values: rules.map((rule) => this.#valueRuleOnce(rule)), decided };
	}

	readonly #built = new Map<LRule, ValueRule>();

	#valueRuleOnce(rule: LRule): ValueRule {
		let built = this.#built.get(rule);
		if (built === undefined) {
			// Built when first tried: most of many rules never are.
			let code: ValueRule | undefined;
			built = (m, args) => {
				code ??= this.#valueRule(rule);
				return code(m, args);
			};
			this.#built.set(rule, built);
		}
		return built;
	}

	#index<T>(make: (rules: readonly LRule[]) => T): Select<T> {
		if (this.#exe.instrumented || this.#exe.mocked.has('equal') || this.#exe.mocked.has('internal.member_2')) {
			const all = make(this.group.rules);
			return () => all;
		}
		return buildIndex(this.group.rules, make);
	}

	#partRules(m: Machine): readonly LRule[] {
		this.#parts ??= this.#index((rules) => rules);
		return this.#parts(m, undefined);
	}

	#valueRule(rule: LRule): ValueRule {
		const coder = new Coder(this.#exe, rule, rule.locals.length);
		const matches = (rule.args ?? []).map((arg) => coder.match(arg));
		const resultSlot = coder.temporary();
		const markSlot = coder.temporary();
		const term = rule.value!;
		const run = bodyRun(coder, rule.body, () => {
			const get = coder.get(term);
			const one = term.kind === 'const' && !this.#exe.instrumented;
			return (m, f) => {
				const value = get(m, f)!;
				const before = f[resultSlot];
				if (before === undefined) {
					f[resultSlot] = value;
					if (m.trail !== undefined) m.lastCause = m.cause(rule, f[markSlot] as number);
				} else if (!equal(before, value)) this.#conflict(m, rule.loc);
				m.instrument?.exitRule?.(rule, value);
				return one;
			};
		});
		const otherwise = rule.else === undefined ? undefined : this.#valueRule(rule.else);
		const size = coder.frameSize;
		return (m, args) => {
			m.tick();
			const f: Frame = new Array(size).fill(undefined);
			for (let i = 0; i < matches.length; i++) {
				if (!matches[i]!(m, f, args[i]!)) return otherwise?.(m, args);
			}
			const mark = m.trailLength;
			f[markSlot] = mark;
			m.instrument?.enterRule?.(rule);
			run(m, f);
			const result = f[resultSlot];
			m.instrument?.failRule?.(rule, result === undefined ? 0 : 1);
			if (result !== undefined || otherwise === undefined) return result;
			m.trailLength = mark;
			return otherwise(m, args);
		};
	}

	#setRule(rule: LRule): PartRule<SetSink> {
		const coder = new Coder(this.#exe, rule, rule.locals.length);
		return this.#partRule(coder, rule, [], () => {
			const get = coder.get(rule.member!);
			return (m, f, sink, mark) => {
				sink.add(m, get(m, f)!, rule, mark);
				return false;
			};
		});
	}

	/** The rule with its member given: the body starts with the member's variables bound. */
	#memberRule(rule: LRule): PartRule<SetSink> {
		const coder = new Coder(this.#exe, rule, rule.locals.length);
		const term = rule.member!;
		const early = isPattern(term);
		const matches = early ? [coder.match(term)] : [];
		return this.#partRule(coder, rule, matches, () => {
			const check = early ? undefined : coder.get(term);
			return (m, f, sink, mark, keys) => {
				if (check !== undefined && !equal(check(m, f)!, keys[0]!)) return false;
				sink.add(m, keys[0]!, rule, mark);
				return !this.#exe.instrumented;
			};
		});
	}

	#objectSink(m: Machine, keys: readonly Value[]): ObjectSink {
		const sink = new ObjectSink(m, this.group, keys);
		const count = keys.length;
		this.#objectRules[count] ??= new Map();
		const mark = m.trailLength;
		m.enter(this.#loc);
		for (const rule of this.#partRules(m)) {
			m.trailLength = mark;
			part(this.#objectRules[count]!, rule, () => this.#objectRule(rule, count))(m, keys, sink);
		}
		for (const rule of this.group.defaults) {
			m.trailLength = mark;
			sink.defaults = true;
			part(this.#objectRules[count]!, rule, () => this.#objectRule(rule, count))(m, keys, sink);
		}
		m.depth--;
		m.trailLength = mark;
		return sink;
	}

	/** The rule with the first `count` keys of its entries given. */
	#objectRule(rule: LRule, count: number): PartRule<ObjectSink> {
		const coder = new Coder(this.#exe, rule, rule.locals.length);
		const tail = rule.path.slice(this.group.path.length);
		const matches = tail.slice(0, count).map((part) => coder.match(part));
		const code = this.#partRule<ObjectSink>(coder, rule, matches, () => {
			const path = tail.map((part: LConst | LVar): Get => coder.get(part));
			const get = coder.get(rule.member ?? rule.value!);
			const isMember = rule.member !== undefined;
			return (m, f, sink, mark) => {
				const keys = path.map((part) => part(m, f)!);
				sink.insert(m, keys, get(m, f)!, isMember, rule, mark);
				return false;
			};
		});
		if (rule.else === undefined) return code;
		const otherwise = this.#objectRule(rule.else, count);
		return (m, keys, sink) => code(m, keys, sink) || otherwise(m, keys, sink);
	}

	#partRule<S>(
		coder: Coder,
		rule: LRule,
		matches: readonly Match[],
		exit: () => (m: Machine, f: Frame, sink: S, mark: number, keys: readonly Value[]) => boolean,
	): PartRule<S> {
		const sinkSlot = coder.temporary();
		const keysSlot = coder.temporary();
		const markSlot = coder.temporary();
		const foundSlot = coder.temporary();
		const run = bodyRun(coder, rule.body, () => {
			const leave = exit();
			return (m, f) => {
				m.tick();
				f[foundSlot] = true;
				// Frames hold values; these two are the rule's own.
				const sink = f[sinkSlot] as unknown as S;
				const stop = leave(m, f, sink, f[markSlot] as number, f[keysSlot] as readonly Value[]);
				return stop;
			};
		});
		const size = coder.frameSize;
		return (m, keys, sink) => {
			m.tick();
			const f: Frame = new Array(size).fill(undefined);
			for (let i = 0; i < matches.length; i++) if (!matches[i]!(m, f, keys[i]!)) return false;
			f[sinkSlot] = sink as unknown as Value;
			f[keysSlot] = keys;
			f[markSlot] = m.trailLength;
			m.instrument?.enterRule?.(rule);
			run(m, f);
			const found = f[foundSlot] === true;
			m.instrument?.failRule?.(rule, found ? 1 : 0);
			return found;
		};
	}
}

/** Results kept per function and leading arguments: beyond that, calls are computed again. */
const callsKeptMax = 20_000;

/** Plain values by value; arrays, objects and sets by identity, for spelling them out could cost more than the call. */
function memoKey(value: Value): MapKey | object {
	return typeof value === 'object' && value !== null && !isNumber(value) ? value : keyOf(value);
}

/** Whether calls cost more than remembering them: they call functions, iterate or gather. */
function worthRemembering(group: RuleGroup): boolean {
	const dear = (expr: LExpr): boolean =>
		(expr.kind === 'call' && expr.callee.kind === 'function') ||
		closuresOf(expr).length > 0 ||
		(expr.kind === 'not' && expr.body.exprs.some(dear)) ||
		(expr.kind === 'unify' && (iterates(expr.left) || iterates(expr.right))) ||
		(expr.kind === 'term' && iterates(expr.term));
	const iterates = (term: LTerm): boolean =>
		term.kind === 'ref' && term.path.some((operand) => operand.kind !== 'const');
	for (const rule of group.rules) {
		for (let at: LRule | undefined = rule; at !== undefined; at = at.else) if (at.body.exprs.some(dear)) return true;
	}
	return false;
}

function part<S>(built: Map<LRule, PartRule<S>>, rule: LRule, build: () => PartRule<S>): PartRule<S> {
	let code = built.get(rule);
	if (code === undefined) {
		code = build();
		built.set(rule, code);
	}
	return code;
}

/** Whether matching a value against the term binds all of its variables. */
function isPattern(term: LTerm): boolean {
	switch (term.kind) {
		case 'const':
		case 'var':
			return true;
		case 'array':
			return term.items.every(isPattern);
		case 'object':
			return term.entries.every(([key, value]) => key.kind === 'const' && isPattern(value));
		default:
			return false;
	}
}

/** Gathers the members of a set document, and why each is there. */
class SetSink {
	readonly builder: SetBuilder = new SetBuilder();
	readonly entries: Map<MapKey, Evidence> | undefined;
	readonly #group: RuleGroup;

	constructor(m: Machine, group: RuleGroup) {
		this.#group = group;
		this.entries = m.trail === undefined ? undefined : new Map();
	}

	add(m: Machine, member: Value, rule: LRule, mark: number): void {
		this.builder.add(member);
		m.instrument?.exitRule?.(rule, member);
		if (this.entries === undefined) return;
		const id = keyOf(member);
		let evidence = this.entries.get(id);
		if (evidence === undefined) {
			evidence = newEvidence(this.#group, [member]);
			this.entries.set(id, evidence);
		}
		addCause(evidence, m.cause(rule, mark));
	}
}
