/** References: into input, into values, and through the documents below `data`, where rules and base data meet. */
import type { Local, LRef, LTerm, RuleGroup, RuleNode } from '../compile/lowered.ts';
import {
	compare,
	isNumber,
	isObject,
	isSet,
	keyOf,
	lookup,
	numberText,
	ObjectBuilder,
	objectEntries,
	objectKeys,
	RegoObject,
	type Value,
} from '../value/index.ts';
import { type Coder, field, type Get, type Match, type Run, type RunWith } from './coder.ts';
import type { DocumentCode } from './documents.ts';
import type { Frame, Machine } from './machine.ts';

type Read = (container: Value, key: Value) => Value | undefined;

/** `lookup` in base data, where a number also finds the string key that spells it, as in OPA's store. */
function lookupBase(container: Value, key: Value): Value | undefined {
	const held = lookup(container, key);
	return held === undefined && isNumber(key) ? field(container, numberText(key)) : held;
}

/** One operand of a reference: a key, a variable that iteration binds, or a pattern that keys must fit. */
type Operand =
	| { readonly kind: 'constant'; readonly key: Value }
	| { readonly kind: 'key'; readonly get: Get }
	| { readonly kind: 'bind'; readonly slot: number }
	| { readonly kind: 'match'; readonly match: Match };

function operandsOf(coder: Coder, path: readonly LTerm[]): Operand[] {
	return path.map((term): Operand => {
		if (term.kind === 'const') return { kind: 'constant', key: term.value };
		if (coder.isGround(term)) return { kind: 'key', get: coder.get(term) };
		if (term.kind === 'var') {
			coder.bound.add(term.local);
			return { kind: 'bind', slot: term.local.slot };
		}
		return { kind: 'match', match: coder.match(term) };
	});
}

function getterOf(operand: Operand): Get | undefined {
	if (operand.kind === 'constant') return () => operand.key;
	return operand.kind === 'key' ? operand.get : undefined;
}

/** Builds the value of a reference whose operands are all bound. */
export function referenceGet(coder: Coder, ref: LRef): Get {
	const { head } = ref;
	const operands = operandsOf(coder, ref.path);
	if (head !== 'data') {
		if (head !== 'input') return chainGet(slotGet(head.local), operands);
		const get = chainGet((m) => m.input, operands);
		return coder.isRepeated && ref.path.every(({ kind }) => kind === 'const') ? onceGet(coder, get) : get;
	}
	const direct = documentGet(coder, operands);
	if (direct !== undefined) return direct;
	const slot = coder.temporary();
	const run = dataRun(coder, operands, (_m, f, v) => {
		f[slot] = v;
		return true;
	});
	return (m, f) => (run(m, f) ? f[slot] : undefined);
}

/** `referenceGet`, unless the reference names a document of many parts, of which single ones may have been read. */
export function containerGet(coder: Coder, ref: LRef): Get | undefined {
	if (ref.head !== 'data') return referenceGet(coder, ref);
	return documentGet(coder, operandsOf(coder, ref.path));
}

/** A value that is the same each time round, read once for each frame. */
function onceGet(coder: Coder, get: Get): Get {
	const slot = coder.temporary();
	return (m, f) => {
		let value = f[slot];
		if (value === undefined) {
			value = get(m, f);
			f[slot] = value;
		}
		return value;
	};
}

function slotGet(local: Local): Get {
	const { slot } = local;
	return (_m, f) => f[slot];
}

/** `start.a.b[k]`, unrolled for short constant paths. */
function chainGet(start: Get, operands: readonly Operand[], read: Read = lookup): Get {
	let get = start;
	for (const operand of operands) get = stepGet(get, operand, read);
	return get;
}

function stepGet(start: Get, operand: Operand, read: Read): Get {
	if (operand.kind === 'constant') {
		const { key } = operand;
		if (typeof key === 'string') {
			return (m, f) => {
				const value = start(m, f);
				return value === undefined ? undefined : field(value, key);
			};
		}
		return (m, f) => {
			const value = start(m, f);
			return value === undefined ? undefined : read(value, key);
		};
	}
	const getKey = getterOf(operand)!;
	return (m, f) => {
		const value = start(m, f);
		if (value === undefined) return undefined;
		const key = getKey(m, f);
		return key === undefined ? undefined : read(value, key);
	};
}

/** The common case of a reference that starts with the constant path of one complete document. */
function documentGet(coder: Coder, operands: readonly Operand[]): Get | undefined {
	const { node, used } = descend(coder.exe.program.root, operands);
	const { group } = node;
	if (group === undefined) {
		if (node.children.size > 0 || used === operands.length) return undefined;
		return chainGet((m) => m.data, operands, lookupBase);
	}
	if (group.kind !== 'complete') return undefined;
	const code = coder.exe.document(group);
	const base = chainGet((m) => m.data, operands, lookupBase);
	const rest = operands.slice(used);
	const slot = coder.temporary();
	const tail = chainGet((_m, f) => f[slot], rest);
	const isWhole = rest.length === 0;
	return (m, f) => {
		if (m.hidden !== undefined && m.hides(node)) return base(m, f);
		const value = code.value(m);
		if (isWhole || value === undefined) return value;
		f[slot] = value;
		return tail(m, f);
	};
}

/** Follows constant operands down the tree to a document, a leaf, or the first operand that is not constant. */
function descend(root: RuleNode, operands: readonly Operand[]): { node: RuleNode; used: number } {
	let node = root;
	let used = 0;
	while (used < operands.length && node.group === undefined) {
		const operand = operands[used]!;
		if (operand.kind !== 'constant') break;
		const child = node.children.get(keyOf(operand.key));
		if (child === undefined) return { node: leaf(node), used };
		node = child;
		used++;
	}
	return { node, used };
}

/** A node without rules: below it there is only base data. */
function leaf(parent: RuleNode): RuleNode {
	return { key: null, parent, children: new Map(), group: undefined, function: undefined, package: false };
}

/** Builds the run through all values of a reference; `then` makes what is run for each. */
export function referenceRun(coder: Coder, ref: LRef, then: (next: Run) => RunWith): (next: Run) => Run {
	const { head } = ref;
	const operands = operandsOf(coder, ref.path);
	return (next) => {
		const last = then(next);
		if (head === 'data') return dataRun(coder, operands, last);
		const chain = valueChain(operands, 0, last);
		if (head === 'input') return (m, f) => (m.input === undefined ? false : chain(m, f, m.input));
		const { slot } = head.local;
		return (m, f) => chain(m, f, f[slot]!);
	};
}

/** Follows operands from `i` on into a value. */
function valueChain(operands: readonly Operand[], i: number, last: RunWith, read: Read = lookup): RunWith {
	const operand = operands[i];
	if (operand === undefined) return last;
	const next = valueChain(operands, i + 1, last, read);
	switch (operand.kind) {
		case 'constant': {
			const { key } = operand;
			return (m, f, v) => {
				const held = typeof key === 'string' ? field(v, key) : read(v, key);
				return held === undefined ? false : next(m, f, held);
			};
		}
		case 'key': {
			const { get } = operand;
			return (m, f, v) => {
				const key = get(m, f);
				const held = key === undefined ? undefined : read(v, key);
				return held === undefined ? false : next(m, f, held);
			};
		}
		default:
			return eachEntry(binder(operand), next);
	}
}

function binder(operand: Extract<Operand, { kind: 'bind' | 'match' }>): Match {
	if (operand.kind === 'match') return operand.match;
	const { slot } = operand;
	return (_m, f, v) => {
		f[slot] = v;
		return true;
	};
}

/** Runs `next` for each entry of a collection, in Rego order, with its key bound. */
export function eachEntry(bind: Match, next: RunWith): RunWith {
	return (m, f, v) => {
		if (typeof v !== 'object' || v === null) return false;
		const mark = m.trailLength;
		if (Array.isArray(v)) {
			for (let i = 0; i < v.length; i++) {
				m.tick();
				m.trailLength = mark;
				if (bind(m, f, i) && next(m, f, v[i] as Value)) return true;
			}
			return false;
		}
		if (isSet(v)) {
			for (const member of v.values()) {
				m.tick();
				m.trailLength = mark;
				if (bind(m, f, member) && next(m, f, member)) return true;
			}
			return false;
		}
		if (!isObject(v)) return false;
		const entries = objectEntries(v);
		if (!(v instanceof RegoObject)) m.spend(entries.length >> 3);
		for (const [key, value] of entries) {
			m.tick();
			m.trailLength = mark;
			if (bind(m, f, key) && next(m, f, value)) return true;
		}
		return false;
	};
}

/** Runs through the values of `data` + operands. */
function dataRun(coder: Coder, operands: readonly Operand[], last: RunWith): Run {
	const { node, used } = descend(coder.exe.program.root, operands);
	const base = lazy(() => valueChain(operands, 0, last, lookupBase));
	const { group } = node;
	if (group !== undefined) {
		const through = groupRun(coder, group, operands, used, last);
		return (m, f) => (m.hidden !== undefined && m.hides(node) ? base()(m, f, m.data) : through(m, f));
	}
	if (node.children.size === 0 && !(used === operands.length && isListed(node))) {
		const chain = base();
		return (m, f) => chain(m, f, m.data);
	}
	const constants = operands.slice(0, used).map((operand) => (operand as { key: Value }).key);
	const walk = new DataWalk(coder, operands, last);
	return (m, f) => {
		if (m.hidden !== undefined && m.hides(node)) return base()(m, f, m.data);
		let held: Value | undefined = m.data;
		for (const key of constants) held = held === undefined ? undefined : lookupBase(held, key);
		return walk.at(m, f, node, held, used);
	};
}

function lazy<T>(build: () => T): () => T {
	let built: T | undefined;
	return () => {
		built ??= build();
		return built;
	};
}

/** Whether a node is there although nothing below it is: an empty package. */
function isListed(node: RuleNode): boolean {
	return node.package;
}

/** The part of a reference that has to be resolved while running: a variable where rules may lie below. */
class DataWalk {
	readonly #coder: Coder;
	readonly #operands: readonly Operand[];
	readonly #last: RunWith;
	readonly #groups = new Map<RuleGroup, Run>();
	readonly #chains: RunWith[] = [];

	constructor(coder: Coder, operands: readonly Operand[], last: RunWith) {
		this.#coder = coder;
		this.#operands = operands;
		this.#last = last;
		// Built now, because a frame must know its slots before it is made.
		for (let i = 0; i <= operands.length; i++) this.#chains.push(valueChain(operands, i, last, lookupBase));
	}

	/** The run through one document that the operands turned out to reach at `i`. */
	#through(group: RuleGroup, i: number): Run {
		let run = this.#groups.get(group);
		if (run === undefined) {
			run = groupRun(this.#coder, group, this.#operands, i, this.#last);
			this.#groups.set(group, run);
		}
		return run;
	}

	at(m: Machine, f: Frame, node: RuleNode | undefined, base: Value | undefined, i: number): boolean {
		if (node === undefined || m.hidden?.has(node)) return base === undefined ? false : this.#chains[i]!(m, f, base);
		if (node.group !== undefined) return this.#through(node.group, i)(m, f);
		const operand = this.#operands[i];
		if (operand === undefined) {
			const value = extent(this.#coder, m, node, base);
			return value === undefined ? false : this.#last(m, f, value);
		}
		const get = getterOf(operand);
		if (get !== undefined) {
			const key = get(m, f);
			return key === undefined ? false : this.#below(m, f, node, base, key, i);
		}
		const bind = binder(operand as Extract<Operand, { kind: 'bind' | 'match' }>);
		const mark = m.trailLength;
		for (const key of keysBelow(node, base)) {
			m.tick();
			m.trailLength = mark;
			if (bind(m, f, key) && this.#below(m, f, node, base, key, i)) return true;
		}
		return false;
	}

	#below(m: Machine, f: Frame, node: RuleNode, base: Value | undefined, key: Value, i: number): boolean {
		const child = node.children.get(keyOf(key));
		const held = base === undefined ? undefined : lookupBase(base, key);
		if (child === undefined && held === undefined) return false;
		const empty = child !== undefined && child.group === undefined && child.children.size === 0 && !isListed(child);
		return this.at(m, f, empty ? undefined : child, held, i + 1);
	}
}

function isHiddenName(node: RuleNode): boolean {
	// OPA keeps `data.system` out of extents; it is there for who asks for it.
	return node.key === 'system' && node.parent?.parent === undefined;
}

/** Keys in OPA's order: those of the data, then those of rules; a key of both counts twice. */
function keysBelow(node: RuleNode, base: Value | undefined): Value[] {
	const rules: Value[] = [];
	for (const child of node.children.values()) if (!isFunctionOnly(child)) rules.push(child.key);
	return [...(base !== undefined && isObject(base) ? objectKeys(base) : []), ...rules.sort(compare)];
}

function isFunctionOnly(node: RuleNode): boolean {
	return node.function !== undefined && node.group === undefined && node.children.size === 0 && !node.package;
}

/** Everything at and below a node: rules over base data. */
export function extent(coder: Coder, m: Machine, node: RuleNode, base: Value | undefined): Value | undefined {
	return extentOf((group) => coder.exe.document(group), m, node, base);
}

/** `extent`, given the code of documents. */
export function extentOf(
	codeOf: (group: RuleGroup) => DocumentCode,
	m: Machine,
	node: RuleNode,
	base: Value | undefined,
): Value | undefined {
	if (m.hidden?.has(node)) return base;
	if (node.group !== undefined) return overlay(base, codeOf(node.group).value(m));
	if (node.children.size === 0 && !node.package) return base;
	const builder = new ObjectBuilder();
	if (base !== undefined && isObject(base)) {
		for (const [key, value] of objectEntries(base)) {
			const isSystem = key === 'system' && node.parent === undefined;
			if (!isSystem && !node.children.has(keyOf(key))) builder.set(key, value);
		}
	}
	for (const child of node.children.values()) {
		const held = base === undefined ? undefined : lookup(base, child.key);
		if (isFunctionOnly(child) && !m.hidden?.has(child)) continue;
		if (isHiddenName(child)) continue;
		const value = extentOf(codeOf, m, child, held);
		if (value !== undefined) builder.set(child.key, value);
	}
	return builder.build();
}

/** Base data over what rules made: in an extent, unlike by its own reference, data wins where both have a value. */
function overlay(base: Value | undefined, virtual: Value | undefined): Value | undefined {
	if (base === undefined || virtual === undefined) return base ?? virtual;
	if (!isObject(base) || !isObject(virtual)) return base;
	const builder = new ObjectBuilder();
	for (const [key, value] of objectEntries(virtual)) builder.set(key, value);
	for (const [key, value] of objectEntries(base)) builder.set(key, overlay(value, builder.get(key))!);
	return builder.build();
}

/** Runs through what the operands from `i` on select in a document. */
function groupRun(coder: Coder, group: RuleGroup, operands: readonly Operand[], i: number, last: RunWith): Run {
	const code = coder.exe.document(group);
	const whole: Run = lazyRun(() => {
		const chain = valueChain(operands, i, last);
		return (m, f) => {
			const value = code.value(m);
			return value === undefined ? false : chain(m, f, value);
		};
	});
	const first = operands[i];
	if (group.kind === 'complete' || first === undefined) return whole;
	if (group.kind === 'set') {
		const get = getterOf(first);
		if (get === undefined) return eachPart(coder, code, binder(first as never), valueChain(operands, i + 1, last));
		const next = valueChain(operands, i + 1, last);
		return (m, f) => {
			const key = get(m, f);
			const member = key === undefined ? undefined : code.member(m, key);
			return member === undefined ? false : next(m, f, member);
		};
	}
	const getters: Get[] = [];
	for (let j = i; j < operands.length && getters.length < code.prefixMax; j++) {
		const get = getterOf(operands[j]!);
		if (get === undefined) break;
		getters.push(get);
	}
	if (getters.length === 0) {
		if (code.prefixMax === 0) return whole;
		return eachPart(coder, code, binder(first as never), valueChain(operands, i + 1, last));
	}
	const next = valueChain(operands, i + getters.length, last);
	return (m, f) => {
		const keys: Value[] = [];
		for (const get of getters) {
			const key = get(m, f);
			if (key === undefined) return false;
			keys.push(key);
		}
		const value = code.entry(m, keys);
		return value === undefined ? false : next(m, f, value);
	};
}

function lazyRun(build: () => Run): Run {
	return build();
}

/** Runs through the members of a set document or the entries of an object document, noting which was read. */
function eachPart(_coder: Coder, code: DocumentCode, bind: Match, next: RunWith): Run {
	return (m, f) => {
		const mark = m.trailLength;
		const value = code.quietValue(m);
		if (value === undefined) return false;
		const each = isSet(value) ? value.values().map((member) => [member, member] as const) : entriesOf(value);
		for (const [key, held] of each) {
			m.tick();
			m.trailLength = mark;
			if (m.trail !== undefined) m.read(code.evidenceFor(m, key));
			if (bind(m, f, key) && next(m, f, held)) return true;
		}
		return false;
	};
}

function entriesOf(value: Value): readonly (readonly [Value, Value])[] {
	return isObject(value) ? objectEntries(value) : [];
}
