import { compareNumbers, parseNumber } from '../value/index.ts';
import type { Body, Expr, LogicalOperand, Term, With } from './ast.ts';

const ranks: Readonly<Record<Term['kind'], number>> = {
	null: 0,
	boolean: 1,
	number: 2,
	string: 3,
	var: 4,
	ref: 5,
	array: 6,
	object: 7,
	set: 8,
	'array-comprehension': 9,
	'object-comprehension': 10,
	'set-comprehension': 11,
	call: 12,
	'template-string': 13,
};

/**
 * OPA's order of terms: by kind, then by value. Zero for terms that mean the same wherever they stand: places are not
 * looked at, sets and objects have no order, and `1` equals `1.0`.
 */
export function compareTerms(a: Term, b: Term): number {
	if (a === b) return 0;
	const byKind = ranks[a.kind] - ranks[b.kind];
	if (byKind !== 0) return byKind;
	switch (a.kind) {
		case 'null':
			return 0;
		case 'boolean':
			return Number(a.value) - Number((b as typeof a).value);
		case 'number':
			return compareNumbers(parseNumber(a.text)!, parseNumber((b as typeof a).text)!);
		case 'string':
			return compareText(a.value, (b as typeof a).value);
		case 'var':
			return compareText(a.name, (b as typeof a).name);
		case 'ref':
			return compareLists(a.terms, (b as typeof a).terms);
		case 'array':
			return compareLists(a.items, (b as typeof a).items);
		case 'set':
			return compareLists(a.items.toSorted(compareTerms), (b as typeof a).items.toSorted(compareTerms));
		case 'object': {
			const left = a.entries.toSorted(byKey);
			const right = (b as typeof a).entries.toSorted(byKey);
			const keys = compareLists(left.map(firstOf), right.map(firstOf));
			return keys !== 0 ? keys : compareLists(left.map(secondOf), right.map(secondOf));
		}
		case 'call': {
			const other = b as typeof a;
			return compareTerms(a.operator, other.operator) || compareLists(a.args, other.args);
		}
		case 'array-comprehension':
		case 'set-comprehension': {
			const other = b as typeof a;
			return compareTerms(a.term, other.term) || compareBodies(a.body, other.body);
		}
		case 'object-comprehension': {
			const other = b as typeof a;
			return compareTerms(a.key, other.key) || compareTerms(a.value, other.value) || compareBodies(a.body, other.body);
		}
		case 'template-string': {
			const other = b as typeof a;
			if (a.parts.length !== other.parts.length) return a.parts.length - other.parts.length;
			for (const [index, part] of a.parts.entries()) {
				const order = compareParts(part, other.parts[index]!);
				if (order !== 0) return order;
			}
			return 0;
		}
	}
}

/** Same order for bodies: expression by expression, the shorter first. */
export function compareBodies(a: Body, b: Body): number {
	for (let index = 0; index < a.length && index < b.length; index++) {
		const order = compareExprs(a[index]!, b[index]!);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

function compareExprs(a: Expr, b: Expr): number {
	const order = compareText(a.kind, b.kind) || Number(a.negated) - Number(b.negated) || compareForms(a, b);
	return order || compareWith(a.with, b.with);
}

function compareForms(a: Expr, b: Expr): number {
	switch (a.kind) {
		case 'term':
			return compareTerms(a.term, (b as typeof a).term);
		case 'some':
			return compareLists(a.vars, (b as typeof a).vars);
		case 'some-in': {
			const other = b as typeof a;
			const left = [...(a.key === undefined ? [] : [a.key]), a.value, a.domain];
			return compareLists(left, [...(other.key === undefined ? [] : [other.key]), other.value, other.domain]);
		}
		case 'every': {
			const other = b as typeof a;
			const left = [...(a.key === undefined ? [] : [a.key]), a.value, a.domain];
			const right = [...(other.key === undefined ? [] : [other.key]), other.value, other.domain];
			return compareLists(left, right) || compareBodies(a.body, other.body);
		}
		case 'not':
			return compareBodies(a.body, (b as typeof a).body);
		default: {
			const other = b as typeof a;
			return compareOperands(a.left, other.left) || compareOperands(a.right, other.right);
		}
	}
}

function compareOperands(a: LogicalOperand, b: LogicalOperand): number {
	return Number(a.explicit) - Number(b.explicit) || compareBodies(a.body, b.body);
}

function compareWith(a: readonly With[], b: readonly With[]): number {
	for (let index = 0; index < a.length && index < b.length; index++) {
		const [x, y] = [a[index]!, b[index]!];
		const order = compareTerms(x.target, y.target) || compareTerms(x.value, y.value);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

function compareParts(a: Term | Expr, b: Term | Expr): number {
	if (a.kind === 'string' || b.kind === 'string') {
		if (a.kind === 'string' && b.kind === 'string') return compareText(a.value, b.value);
		return a.kind === 'string' ? -1 : 1;
	}
	return compareExprs(a as Expr, b as Expr);
}

function compareLists(a: readonly Term[], b: readonly Term[]): number {
	for (let index = 0; index < a.length && index < b.length; index++) {
		const order = compareTerms(a[index]!, b[index]!);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

function byKey(a: readonly [Term, Term], b: readonly [Term, Term]): number {
	return compareTerms(a[0], b[0]);
}

function firstOf(pair: readonly [Term, Term]): Term {
	return pair[0];
}

function secondOf(pair: readonly [Term, Term]): Term {
	return pair[1];
}

/** By code point, as Go orders strings. */
function compareText(a: string, b: string): number {
	if (a === b) return 0;
	let at = 0;
	while (at < a.length && a[at] === b[at]) at++;
	const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
	const surrogates = Number(x >= 0xd800 && x <= 0xdfff) - Number(y >= 0xd800 && y <= 0xdfff);
	if (surrogates !== 0) return surrogates;
	return a < b ? -1 : 1;
}
