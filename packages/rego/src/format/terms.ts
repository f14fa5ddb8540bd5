import {
	type Body,
	type CallTerm,
	type Expr,
	isWildcard,
	type Location,
	type StringTerm,
	type Term,
} from '../ast/ast.ts';
import { compareTerms } from '../ast/compare.ts';
import { isKeyword } from '../ast/names.ts';
import { type Operator, operators } from '../ast/operators.ts';
import { escapeBraces, termText } from '../ast/text.ts';
import { walkExpr, walkTerm } from '../ast/walk.ts';
import { breaksBefore, closingRow, textAt } from './layout.ts';
import { Output, UnexpectedComment } from './output.ts';

/** A term, or an entry of an object. */
export interface Item {
	readonly first: Term;
	readonly value?: Term;
}

/** How tightly operators bind; `in` the loosest. */
const precedence: Readonly<Record<string, number>> = {
	in: 0,
	'==': 1,
	'!=': 1,
	'<': 1,
	'<=': 1,
	'>': 1,
	'>=': 1,
	'|': 2,
	'&': 3,
	'+': 4,
	'-': 4,
	'*': 5,
	'/': 5,
	'%': 5,
};

/** Writes terms. */
export abstract class TermWriter extends Output {
	/** Keywords that the module imports, which are kept in brackets where they are written so. */
	protected imported: ReadonlySet<string> = new Set();
	/** A term that must be written in parentheses, whatever it is. */
	protected marked: Term | undefined;

	protected abstract writeExpr(expr: Expr): void;
	protected abstract writeBody(body: Body): void;

	/** Writes a term, or its source text where a comment is in the way. */
	protected writeTerm(term: Term): void {
		this.orRaw(term.loc, () => this.writeOperand(term, false));
	}

	/** Writes a term, an operator's in parentheses if `parens`. */
	protected writeOperand(term: Term, parens: boolean): void {
		let wrapped = parens;
		if (this.marked === term) {
			this.marked = undefined;
			wrapped = true;
		}
		this.commentsAt(term.loc.row);
		if (!this.inline) this.startLine();
		this.#form(term, wrapped);
		if (!this.inline) this.startLine();
	}

	#form(term: Term, parens: boolean): void {
		switch (term.kind) {
			case 'ref':
				this.writeRef(term.terms);
				return;
			case 'object':
				this.#object(term);
				return;
			case 'array':
				this.#bracketed('[', ']', term, term.items);
				return;
			case 'set':
				this.#set(term);
				return;
			case 'array-comprehension':
				this.#wrapped('[', ']', () => this.#comprehension('[', ']', term.term, term.body, term.loc));
				return;
			case 'set-comprehension':
				this.#wrapped('{', '}', () => this.#comprehension('{', '}', term.term, term.body, term.loc));
				return;
			case 'object-comprehension':
				this.#wrapped('{', '}', () => {
					this.#parenthesised(isUnion(term.key), () => this.writeTerm(term.key));
					this.write(': ');
					const value = { ...term.value, loc: { ...term.value.loc, row: term.loc.row } };
					this.#comprehension('{', '}', value, term.body, term.loc);
				});
				return;
			case 'string':
				this.write(this.#string(term));
				return;
			case 'template-string':
				this.#template(term.parts, term.raw);
				return;
			case 'var':
				this.write(variableText(term.name));
				return;
			case 'call':
				this.#call(term, parens);
				return;
			case 'number':
				this.write(this.#number(term));
				return;
			default:
				this.write(termText(term));
		}
	}

	/** A number with the zero before its point only where one was written. */
	#number(term: Extract<Term, { kind: 'number' }>): string {
		const pointFirst = /^[\s(-]*\./.test(textAt(this.source, term.loc));
		return pointFirst ? term.text.replace(/^(-?)0\./, '$1.') : term.text;
	}

	/** A string as it is written in the source, where it is. */
	#string(term: StringTerm): string {
		let text = textAt(this.source, term.loc);
		while (text.startsWith('(')) text = text.slice(1, -1).trim();
		const quote = text.charAt(0);
		const literal = (quote === '"' || quote === '`') && text.length > 1 && text.endsWith(quote);
		return literal && !/[\n]/.test(quote === '"' ? text : '') ? text : quoted(term.value);
	}

	/** Runs `write` between two brackets; the closing one is written even where a comment is in the way. */
	#wrapped(open: string, close: string, write: () => void): void {
		this.write(open);
		try {
			write();
		} finally {
			this.write(close);
		}
	}

	#parenthesised(parens: boolean, write: () => void): void {
		if (parens) this.#wrapped('(', ')', write);
		else write();
	}

	#bracketed(open: string, close: string, term: Term, items: readonly Term[]): void {
		this.#wrapped(open, close, () => {
			const list = items.map((first): Item => ({ first }));
			this.writeItems(list, term.loc, closingRow(this.source, term.loc, open, close), (item) => {
				this.#parenthesised(isUnion(item.first), () => this.writeTerm(item.first));
			});
		});
	}

	#set(term: Extract<Term, { kind: 'set' }>): void {
		if (term.items.length > 0) {
			this.#bracketed('{', '}', term, distinct(term.items));
			return;
		}
		this.write('set()');
		this.commentsAt(closingRow(this.source, term.loc, '(', ')'));
	}

	#object(term: Extract<Term, { kind: 'object' }>): void {
		this.#wrapped('{', '}', () => {
			const items = distinctKeys(term.entries).map(([first, value]): Item => ({ first, value }));
			this.writeItems(items, term.loc, closingRow(this.source, term.loc, '{', '}'), ({ first, value }) => {
				this.#parenthesised(isUnion(first), () => this.writeTerm(first));
				this.write(': ');
				this.#parenthesised(isUnion(value!), () => this.writeTerm(value!));
			});
		});
	}

	/** Arguments between the parentheses of a call. */
	protected writeArgs(args: readonly Term[], loc: Location): void {
		const items = args.map((first): Item => ({ first }));
		this.writeItems(items, loc, closingRow(this.source, loc, '(', ')'), ({ first }) => {
			const parens = isUnion(first) && this.source[first.loc.offset] === '(';
			this.#parenthesised(parens, () => this.writeTerm(first));
		});
	}

	/** Items as they stood on lines, with a trailing comma where there is more than one line. */
	protected writeItems(items: readonly Item[], loc: Location, close: number, write: (item: Item) => void): void {
		const lines = this.#lines(items, loc);
		if (lines.length === 1) {
			const inside = this.comments.find((comment) => comment.loc.row > loc.row && comment.loc.row < close);
			if (inside !== undefined) throw new UnexpectedComment(inside);
		}
		const first = items[0]?.first;
		const multiline = lines.length > 1 || (first !== undefined && breaksBefore(this.source, loc, first));
		if (multiline) {
			this.delayed = true;
			this.endLine();
			this.level++;
			this.startLine();
		}
		for (const [index, line] of lines.entries()) {
			for (const [at, item] of line.entries()) {
				if (at > 0) this.write(', ');
				write(item);
			}
			if (index === lines.length - 1) break;
			this.write(',');
			this.endLine();
			this.startLine();
		}
		if (!multiline) return;
		this.write(',');
		this.endLine();
		this.commentsAt(close);
		this.level--;
		this.startLine();
	}

	#lines(items: readonly Item[], loc: Location): readonly (readonly Item[])[] {
		if (items.some(({ first, value }) => isGenerated(first) || (value !== undefined && isGenerated(value))))
			return [items];
		return grouped(items, loc.row, (item) => item.first.loc.row);
	}

	#comprehension(open: string, close: string, term: Term, body: Body, loc: Location): void {
		if (term.loc.row > loc.row) {
			this.endLine();
			this.startLine();
		}
		const infix = term.kind === 'call' && operators.get(termText(term.operator))?.arity === term.args.length;
		const pair = infix && term.args.length === 3;
		this.#parenthesised(infix && !pair, () => this.writeOperand(term, false));
		this.write(' |');
		this.writeNested(open, close, body, term.loc.row, loc);
	}

	/**
	 * A body in brackets: on lines of its own if it was, with its end left to the caller.
	 *
	 * @param row row on which what precedes the body stands
	 * @param loc node whose closing bracket ends the body
	 */
	protected writeNested(open: string, close: string, body: Body, row: number, loc: Location): void {
		const generated = body.some(isGeneratedExpr);
		const lines = generated ? 1 : grouped(body, row, (expr) => expr.loc.row).length;
		if (body[0]!.loc.row <= row && lines === 1) {
			this.write(' ');
			for (const [index, expr] of body.entries()) {
				if (index > 0) this.write('; ');
				this.caught(
					() => this.writeExpr(expr),
					(reason) => {
						reason.complete = index === body.length - 1;
						throw reason;
					},
				);
			}
			this.last(() => this.commentsAt(closingRow(this.source, loc, open, close)));
			return;
		}
		this.endLine();
		this.level++;
		try {
			this.last(() => {
				this.writeBody(body);
				this.commentsAt(closingRow(this.source, loc, open, close));
			});
		} finally {
			this.level--;
			this.startLine();
		}
	}

	protected writeRef(terms: readonly Term[]): void {
		const [head, ...path] = terms;
		const parens = head!.kind === 'call' && this.source[head!.loc.offset] === '(';
		this.writeOperand(head!, parens);
		for (const part of path) {
			if (part.kind === 'string') this.write(this.#pathPart(part));
			else if (part.kind === 'var') this.write(`[${variableText(part.name)}]`);
			else {
				this.write('[');
				if (this.survives(() => this.writeTerm(part))) this.write('\n');
				this.write(']');
			}
		}
	}

	#pathPart(part: StringTerm): string {
		if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(part.value)) return `[${quoted(part.value)}]`;
		const keyword = isKeyword(part.value) || this.imported.has(part.value);
		if (keyword && this.source[part.loc.offset] === '"') return `[${quoted(part.value)}]`;
		return `.${part.value}`;
	}

	#call(call: CallTerm, parens: boolean): void {
		const operator = operatorOf(call);
		if (operator === undefined) {
			this.writePlainCall(call);
			return;
		}
		if (operator.infix === 'in') {
			this.#parenthesised(operator.arity === 3 || parens, () => this.writeMembership(call.args));
			return;
		}
		this.#parenthesised(parens, () => {
			this.writeOperand(call.args[0]!, true);
			this.write(` ${operator.infix} `);
			this.writeOperand(call.args[1]!, true);
		});
	}

	protected writePlainCall(call: CallTerm): void {
		this.writeRef(call.operator.terms);
		this.#wrapped('(', ')', () => this.writeArgs(call.args, call.operator.loc));
	}

	/** `x in xs` or `k, v in xs`, without parentheses around it. */
	protected writeMembership(operands: readonly Term[]): void {
		const [last, ...names] = operands.toReversed();
		for (const [index, operand] of names.toReversed().entries()) {
			if (index > 0) this.write(', ');
			// A membership on the left of `in` reads on by itself, but a pair's comma would end it.
			this.writeOperand(operand, !isMembership(operand) || names.length > 1);
		}
		this.write(' in ');
		this.writeOperand(last!, true);
	}

	#template(parts: readonly (StringTerm | Expr)[], raw: boolean): void {
		const quote = raw ? '`' : '"';
		this.write(`$${quote}`);
		for (const [index, part] of parts.entries()) {
			if (part.kind === 'string') this.write(templateText(part.value, raw));
			else this.#templateExpr(part, parts[index + 1]);
		}
		this.write(quote);
	}

	#templateExpr(expr: Expr, next: StringTerm | Expr | undefined): void {
		this.write('{');
		this.level++;
		if (this.lineEnd !== undefined) {
			this.endLine();
			this.startLine();
		} else {
			const { length } = this.commentsAbove(expr.loc.row);
			if (length > 0) {
				this.write(' ');
				this.inline = true;
				this.#firstComments(length);
			}
		}
		this.writeExpr(expr);
		const { length } = next === undefined ? [] : this.commentsAbove(next.loc.row);
		if (length > 0) {
			this.endLine();
			this.#firstComments(length);
			this.startLine();
		}
		this.write('}');
		this.level--;
	}

	#firstComments(count: number): void {
		const comments = this.comments.slice(0, count);
		this.comments = this.comments.slice(count);
		this.writeComments(comments);
	}

	/** Whether an operand of `parent`, written without parentheses, would be read as part of something else. */
	protected needsParens(operand: Term, parent: string, right: boolean): boolean {
		const infix = operand.kind === 'call' ? operatorOf(operand)?.infix : undefined;
		const [inner, outer] = [precedence[infix ?? ''], precedence[parent]];
		if (inner === undefined || outer === undefined) return false;
		return inner < outer || (right && inner === outer);
	}
}

/** The operator that a call is written with, if it has one and as many operands as that takes. */
export function operatorOf(call: CallTerm): Operator | undefined {
	const operator = operators.get(termText(call.operator));
	return operator?.arity === call.args.length ? operator : undefined;
}

/** A union, written `x | y`: in brackets that would read as a comprehension. */
export function isUnion(term: Term): boolean {
	return term.kind === 'call' && operatorOf(term)?.infix === '|';
}

function isMembership(term: Term): boolean {
	return term.kind === 'call' && operatorOf(term)?.infix === 'in';
}

/** Splits nodes into lines: one that begins on a later row than the one before it begins a line. */
export function grouped<N>(nodes: readonly N[], row: number, rowOf: (node: N) => number): readonly (readonly N[])[] {
	const lines: N[][] = [[]];
	let last = row;
	for (const [index, node] of nodes.entries()) {
		if (rowOf(node) > last && index > 0) lines.push([]);
		last = rowOf(node);
		lines.at(-1)!.push(node);
	}
	return lines;
}

/** Whether a term holds a variable of OPA's making, whose place means nothing. */
function isGenerated(term: Term): boolean {
	let found = false;
	walkTerm(term, (inner) => {
		if (inner.kind === 'var' && inner.name.startsWith('__local')) found = true;
		return !found;
	});
	return found;
}

function isGeneratedExpr(expr: Expr): boolean {
	let found = false;
	walkExpr(expr, (inner) => {
		if (inner.kind === 'var' && inner.name.startsWith('__local')) found = true;
		return !found;
	});
	return found;
}

/** The items of a set, each once. */
function distinct(items: readonly Term[]): readonly Term[] {
	const order = items.map((_, index) => index);
	order.sort((a, b) => compareTerms(items[a]!, items[b]!) || a - b);
	const repeated = new Set<number>();
	for (const [at, index] of order.entries()) {
		if (at > 0 && compareTerms(items[order[at - 1]!]!, items[index]!) === 0) repeated.add(index);
	}
	return repeated.size === 0 ? items : items.filter((_, index) => !repeated.has(index));
}

/** The entries of an object, each key once, with the value written last. */
function distinctKeys(entries: readonly (readonly [Term, Term])[]): readonly (readonly [Term, Term])[] {
	const kept = new Set(distinct(entries.map(([key]) => key)));
	if (kept.size === entries.length) return entries;
	return entries
		.filter(([key]) => kept.has(key))
		.map(([key]) => [key, entries.findLast(([other]) => compareTerms(key, other) === 0)![1]]);
}

export function variableText(name: string): string {
	return isWildcard(name) ? '_' : name;
}

/** A string in double quotes that reads back as the same: OPA's own escapes, where Rego knows them. */
export function quoted(value: string): string {
	return JSON.stringify(value).replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapePoint);
}

function escapePoint(point: string): string {
	const units = [...Array(point.length).keys()].map((at) => point.charCodeAt(at).toString(16).padStart(4, '0'));
	return units.map((unit) => `\\u${unit}`).join('');
}

function templateText(value: string, raw: boolean): string {
	if (!raw) return escapeBraces(quoted(value).slice(1, -1));
	// Raw text cannot hold its own quote; a constant expression can.
	return value.includes('`') ? `{${quoted(value)}}` : escapeBraces(value);
}
