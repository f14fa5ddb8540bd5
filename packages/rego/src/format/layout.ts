/** Where things stood in the source text, which decides what is kept on one line. */

import type { Body, Expr, Location, Term } from '../ast/ast.ts';

/** A row that no comment can stand before: for what has no closing bracket to be found. */
const nowhere = -1;

/** The source text of a node. */
export function textAt(source: string, loc: Location): string {
	return source.slice(loc.offset, loc.end);
}

/** Row of the last character of a node's text. */
export function endRow(source: string, loc: Location): number {
	return loc.row + countNewlines(source, loc.offset, loc.end);
}

/** Row on which the last expression of a body ends. */
export function bodyEndRow(source: string, body: Body): number {
	return endRow(source, body.at(-1)!.loc);
}

/** Row on which an expression ends, without its `with` modifiers. */
export function termsEndRow(source: string, expr: Expr): number {
	let end = expr.with[0]?.loc.offset ?? expr.loc.end;
	while (end > expr.loc.offset && /\s/.test(source.charAt(end - 1))) end--;
	return expr.loc.row + countNewlines(source, expr.loc.offset, end);
}

export function countNewlines(source: string, from: number, to: number): number {
	let count = 0;
	for (let at = source.indexOf('\n', from); at >= 0 && at < to; at = source.indexOf('\n', at + 1)) count++;
	return count;
}

/**
 * Row of the bracket that closes the first `open` in a node's text. Brackets in strings and comments count, and line
 * breaks before the opening bracket do not: OPA's scan does the same, and layout depends on it.
 *
 * @param skip brackets to pass over first: the parameters of a function, the key of a partial rule
 */
export function closingRow(
	source: string,
	loc: Location,
	open: string,
	close: string,
	skip?: readonly [string, string],
): number {
	let at = loc.offset;
	let rows = 0;
	if (skip !== undefined) {
		const passed = past(source, loc, skip);
		at = passed.at;
		rows = passed.rows;
	}
	while (at < loc.end && source[at] !== open) at++;
	if (at >= loc.end) return nowhere;
	for (let depth = 1; depth > 0; ) {
		at++;
		if (at >= loc.end) return nowhere;
		const c = source[at];
		if (c === open) depth++;
		else if (c === close) depth--;
		else if (c === '\n') rows++;
	}
	return loc.row + rows;
}

function past(source: string, loc: Location, [open, close]: readonly [string, string]): { at: number; rows: number } {
	let at = loc.offset;
	while (at < loc.end && source[at] !== open) at++;
	let rows = 0;
	for (let depth = 1; depth > 0; ) {
		at++;
		if (at >= loc.end) break;
		const c = source[at];
		if (c === open) depth++;
		else if (c === close) depth--;
		else if (c === '\n') rows++;
	}
	return { at, rows };
}

/** Whether a line break stands between the beginning of a node and the first item in it. */
export function breaksBefore(source: string, loc: Location, first: Term): boolean {
	const found = textAt(source, loc).indexOf(itemText(source, first));
	if (found <= 0) return false;
	return textAt(source, loc).slice(0, found).indexOf('\n') > 0;
}

/** What OPA takes for the text of an item: for a ref into a literal, only what follows the literal. */
function itemText(source: string, term: Term): string {
	const head = term.kind === 'ref' ? term.terms[0]! : undefined;
	const literal =
		head !== undefined && head.kind !== 'var' && head.kind !== 'call' && term.loc.offset === head.loc.offset;
	return literal ? source.slice(head.loc.end - 1, term.loc.end) : textAt(source, term.loc);
}

/** Location of the brace that opens an explicit operand, found backwards from its first expression. */
export function braceOf(source: string, node: Location, body: Body): Location {
	const first = body[0];
	if (first === undefined) return node;
	for (let at = first.loc.offset - 1; at >= node.offset; at--) {
		if (source[at] === '{') return { ...node, row: node.row + countNewlines(source, node.offset, at), offset: at };
	}
	return node;
}
