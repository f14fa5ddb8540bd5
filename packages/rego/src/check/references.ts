/** Checks of references: can what is referred to be looked into this way, and what variables in the path then are. */
import type { Location } from '../ast/ast.ts';
import type { LTerm } from '../compile/lowered.ts';
import { nearest } from '../compile/nearest.ts';
import type { Diagnostic } from '../errors.ts';
import {
	any,
	keysOf,
	knownKeys,
	printType,
	select,
	string,
	type Type,
	unifies,
	unknown,
	valuesOf,
} from '../types/index.ts';
import { compare, keyOf, print, type Value } from '../value/index.ts';
import { extentOf, isLeaf, type TypeNode } from './environment.ts';
import { type Inference, isScalar, matchType, typeOf } from './infer.ts';
import { printPrefix, type TermPrinter } from './printing.ts';

type Reference = Extract<LTerm, { kind: 'ref' }>;

/** Checks the references in a term, but not in its comprehensions; returns at most one fault for each. */
export function checkReferences(term: LTerm, at: Inference, printer: TermPrinter): Diagnostic[] {
	switch (term.kind) {
		case 'ref': {
			const fault = checkReference(term, at, printer);
			const inner = term.path.flatMap((operand) => checkReferences(operand, at, printer));
			return fault === undefined ? inner : inner.length > 0 ? inner : [fault];
		}
		case 'array':
		case 'set':
			return term.items.flatMap((item) => checkReferences(item, at, printer));
		case 'object':
			return term.entries.flat().flatMap((part) => checkReferences(part, at, printer));
		default:
			return [];
	}
}

function checkReference(ref: Reference, at: Inference, printer: TermPrinter): Diagnostic | undefined {
	const check = new ReferenceCheck(ref, at, printer);
	if (ref.head === 'input') return check.into(any, 0);
	if (ref.head === 'data') {
		if (at.replaced(ref.path) || at.rules.root.children.size === 0) return check.into(any, 0);
		const type = typeOf(ref, at);
		if (type.type === 'function') return check.unsupported(ref.path.length, type);
		return check.below(at.rules.root, 0);
	}
	const held = at.scope.get(ref.head.local);
	if (held.type === 'unknown') at.scope.set(ref.head.local, any);
	return check.into(held.type === 'unknown' ? any : held, 0);
}

/** Follows one reference. Positions count operands: the head is 0, the first operand 1. */
class ReferenceCheck {
	readonly #ref: Reference;
	readonly #at: Inference;
	readonly #printer: TermPrinter;

	constructor(ref: Reference, at: Inference, printer: TermPrinter) {
		this.#ref = ref;
		this.#at = at;
		this.#printer = printer;
	}

	/** Follows the path from operand `i` on, below a node of the rule tree. */
	below(node: TypeNode, i: number): Diagnostic | undefined {
		if (isLeaf(node)) return this.into(node.type, i);
		const operand = this.#ref.path[i];
		if (operand === undefined) return undefined;
		const fixed = operand.kind === 'const' ? operand.value : undefined;
		// Packages have at least one name and rules another: these two are always strings.
		if (i < 2 && fixed !== undefined && typeof fixed !== 'string') {
			return this.#invalid(i, typeOf(operand, this.#at), string, childKeys(node));
		}
		if (fixed !== undefined) {
			const child = node.children.get(keyOf(fixed));
			if (child !== undefined) return this.below(child, i + 1);
			this.#open(i);
			return undefined;
		}
		const keys = keysOf(extentOf(node));
		const held = typeOf(operand, this.#at);
		if (held.type === 'unknown') matchType(operand, keys, this.#at);
		else if (!unifies(keys, held)) return this.#invalid(i, held, keys, childKeys(node));
		// Any child may be meant: each gives what it can of the types of further variables.
		for (const child of node.children.values()) this.below(child, i + 1);
		this.#open(i + 1);
		return undefined;
	}

	/** Follows the path from operand `i` on, into a value of a type. */
	into(type: Type, i: number): Diagnostic | undefined {
		const operand = this.#ref.path[i];
		if (operand === undefined) return undefined;
		const keys = keysOf(type);
		if (keys.type === 'unknown') return this.unsupported(i, type);
		if (operand.kind === 'const' && isScalar(operand.value)) {
			const found = select(type, operand.value);
			if (found.type === 'unknown') return this.#invalid(i, unknown, keys, knownKeys(type));
			return this.into(found, i + 1);
		}
		if (operand.kind === 'var' || operand.kind === 'ref' || operand.kind === 'comprehension') {
			const held = typeOf(operand, this.#at);
			if (held.type === 'unknown') matchType(operand, keys, this.#at);
			else if (!unifies(held, keys)) return this.#invalid(i, held, keys, knownKeys(type));
		} else if (!matchType(operand, keys, this.#at)) {
			return this.#invalid(i, typeOf(operand, this.#at), keys, []);
		}
		return this.into(valuesOf(type), i + 1);
	}

	/** Nothing is known from operand `i` on: variables there may be anything. */
	#open(i: number): void {
		for (const operand of this.#ref.path.slice(i)) {
			if (typeOf(operand, this.#at).type === 'unknown') matchType(operand, any, this.#at);
		}
	}

	/** What stands before operand `i` cannot be looked into; or it is a function, which is no value at all. */
	unsupported(i: number, have: Type): Diagnostic {
		const text = this.#printer(this.#ref);
		const prefix = printPrefix(this.#ref, i, this.#printer);
		const details = [text, '^'.repeat([...prefix].length), `have: ${printType(have)}`];
		if (have.type !== 'function') return undefinedRef(this.#ref.loc, text, details);
		const message = `function ${prefix} used as reference, not called`;
		return { code: 'rego_type_error', message, loc: this.#ref.loc, details };
	}

	/** Operand `i` is no key of what stands before it. */
	#invalid(i: number, have: Type, want: Type, oneOf: readonly Value[]): Diagnostic {
		const text = this.#printer(this.#ref);
		const pad = ' '.repeat([...printPrefix(this.#ref, i, this.#printer)].length + 1);
		const operand = this.#ref.path[i]!;
		const details = [
			text,
			`${pad}^`,
			have.type === 'unknown' ? `${pad}have: ${this.#printer(operand)}` : `${pad}have (type): ${printType(have)}`,
			oneOf.length > 0
				? `${pad}want (one of): [${oneOf.map(print).join(' ')}]`
				: `${pad}want (type): ${printType(want)}`,
		];
		const name = operand.kind === 'const' && typeof operand.value === 'string' ? operand.value : undefined;
		const names = oneOf.filter((key) => typeof key === 'string');
		const near = name === undefined ? undefined : nearest(name, names);
		return undefinedRef(this.#ref.loc, text, details, near);
	}
}

function undefinedRef(loc: Location, text: string, details: readonly string[], near?: string): Diagnostic {
	const diagnostic = { code: 'rego_type_error', message: `undefined ref: ${text}`, loc, details } as const;
	return near === undefined ? diagnostic : { ...diagnostic, hint: `did you mean ${near}?` };
}

function childKeys(node: TypeNode): readonly Value[] {
	return [...node.children.values()].map(({ key }) => key).sort(compare);
}
