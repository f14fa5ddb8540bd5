import type { Body, Expr, Head, LogicalOperand, StringTerm, Term } from './ast.ts';
import { compareTerms } from './compare.ts';
import { isKeyword } from './names.ts';

/** How OPA writes a term in its messages: calls in prefix form, sets and objects in order, strings quoted as Go does. */
export function termText(term: Term): string {
	switch (term.kind) {
		case 'null':
			return 'null';
		case 'boolean':
			return String(term.value);
		case 'number':
			return term.text;
		case 'string':
			return quote(term.value);
		case 'var':
			return varText(term.name);
		case 'ref':
			return refText(term.terms);
		case 'array':
			return `[${listText(term.items)}]`;
		case 'set':
			return term.items.length === 0 ? 'set()' : `{${listText(term.items.toSorted(compareTerms))}}`;
		case 'object': {
			const entries = term.entries.toSorted(([a], [b]) => compareTerms(a, b));
			return `{${entries.map(([key, value]) => `${termText(key)}: ${termText(value)}`).join(', ')}}`;
		}
		case 'call':
			return `${termText(term.operator)}(${listText(term.args)})`;
		case 'array-comprehension':
			return `[${termText(term.term)} | ${bodyText(term.body)}]`;
		case 'set-comprehension':
			return `{${termText(term.term)} | ${bodyText(term.body)}}`;
		case 'object-comprehension':
			return `{${termText(term.key)}: ${termText(term.value)} | ${bodyText(term.body)}}`;
		case 'template-string':
			return templateText(term.parts, term.raw);
	}
}

/** A ref as OPA writes it: `data.a["b-c"][x]`. */
export function refText(terms: readonly Term[]): string {
	const [head, ...path] = terms;
	if (head === undefined) return '';
	return path.reduce((text, part) => {
		if (part.kind === 'string' && isName(part.value)) return `${text}.${part.value}`;
		return `${text}[${termText(part)}]`;
	}, termText(head));
}

/** An expression as OPA writes it in messages. */
export function exprText(expr: Expr): string {
	const negation = expr.negated ? 'not ' : '';
	const modifiers = expr.with.map(({ target, value }) => ` with ${termText(target)} as ${termText(value)}`).join('');
	return `${negation}${formText(expr)}${modifiers}`;
}

/** The expressions of a body, separated by `; `. */
export function bodyText(body: Body): string {
	return body.map(exprText).join('; ');
}

/** A rule's head as OPA writes it. */
export function headText(head: Head): string {
	const args = head.args === undefined ? '' : `(${listText(head.args)})`;
	const contains = head.contains === undefined ? '' : ` contains ${termText(head.contains)}`;
	const value = head.value === undefined ? '' : ` ${head.assign ? ':=' : '='} ${termText(head.value)}`;
	return `${refText(head.ref)}${args}${contains}${value}`;
}

/** A string in double quotes, escaped as Go's `strconv.Quote` does. */
export function quote(value: string): string {
	let out = '"';
	for (const point of value) out += escapes.get(point) ?? (isPrintable(point) ? point : codeEscape(point));
	return `${out}"`;
}

/** Whether a string can stand behind a dot in a ref, in messages: a name that is no keyword. */
function isName(text: string): boolean {
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !isKeyword(text);
}

function varText(name: string): string {
	return name.startsWith('$') ? '_' : name;
}

function listText(terms: readonly Term[]): string {
	return terms.map(termText).join(', ');
}

function formText(expr: Expr): string {
	switch (expr.kind) {
		case 'term': {
			const { term } = expr;
			if (term.kind !== 'call' || term.args.length !== 2 || termText(term.operator) !== 'eq') return termText(term);
			return `${termText(term.args[0]!)} = ${termText(term.args[1]!)}`;
		}
		case 'some':
			return `some ${listText(expr.vars)}`;
		case 'some-in':
			return `some ${pairText(expr.key, expr.value)} in ${termText(expr.domain)}`;
		case 'every':
			return `every ${pairText(expr.key, expr.value)} in ${termText(expr.domain)} { ${bodyText(expr.body)} }`;
		case 'not':
			return expr.explicit ? `not { ${bodyText(expr.body)} }` : `not ${bodyText(expr.body)}`;
		default:
			return `${operandText(expr.left)} ${expr.kind} ${operandText(expr.right)}`;
	}
}

function pairText(key: Term | undefined, value: Term): string {
	return key === undefined ? termText(value) : `${termText(key)}, ${termText(value)}`;
}

function operandText(operand: LogicalOperand): string {
	return operand.explicit ? `{ ${bodyText(operand.body)} }` : bodyText(operand.body);
}

function templateText(parts: readonly (StringTerm | Expr)[], raw: boolean): string {
	const inner = parts.map((part) => {
		if (part.kind !== 'string') return `{${exprText(part)}}`;
		return escapeBraces(raw ? part.value : quote(part.value).slice(1, -1));
	});
	return raw ? `$\`${inner.join('')}\`` : `$"${inner.join('')}"`;
}

/** Literal text of a template string with its `{` escaped. */
export function escapeBraces(text: string): string {
	return text.replaceAll('{', '\\{');
}

const escapes: ReadonlyMap<string, string> = new Map([
	['"', '\\"'],
	['\\', '\\\\'],
	['\u0007', '\\a'],
	['\b', '\\b'],
	['\f', '\\f'],
	['\n', '\\n'],
	['\r', '\\r'],
	['\t', '\\t'],
	['\v', '\\v'],
]);

function isPrintable(point: string): boolean {
	return point === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(point);
}

function codeEscape(point: string): string {
	const code = point.codePointAt(0)!;
	if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
	if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
	return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
