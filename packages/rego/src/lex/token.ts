import type { Comment } from '../ast/ast.ts';

const kinds = {
	illegal: 0,
	eof: 1,
	ident: 2,
	number: 3,
	string: 4,
	rawString: 5,
	/** `$"…{` or, inside, `}…{`. */
	templatePart: 6,
	/** `$"…"` or, at the end, `}…"`. */
	templateEnd: 7,
	rawTemplatePart: 8,
	rawTemplateEnd: 9,

	leftBracket: 10,
	rightBracket: 11,
	leftBrace: 12,
	rightBrace: 13,
	leftParen: 14,
	rightParen: 15,
	comma: 16,
	colon: 17,
	semicolon: 18,
	dot: 19,

	plus: 20,
	minus: 21,
	times: 22,
	divide: 23,
	modulo: 24,
	and: 25,
	or: 26,
	equal: 27,
	notEqual: 28,
	less: 29,
	lessEqual: 30,
	greater: 31,
	greaterEqual: 32,
	unify: 33,
	assign: 34,

	package: 40,
	import: 41,
	as: 42,
	default: 43,
	else: 44,
	not: 45,
	some: 46,
	with: 47,
	null: 48,
	true: 49,
	false: 50,
	in: 51,
	every: 52,
	contains: 53,
	if: 54,
} as const;

/** Kinds of token: small integers, so that the scanner and the parser compare numbers only. */
export const T: { readonly [Kind in keyof typeof kinds]: number } = kinds;

/** The kinds from here on are keywords. */
export const firstKeyword = 40;

/** Every keyword of Rego v1, by its text. */
export const keywords: ReadonlyMap<string, number> = new Map<string, number>([
	['package', T.package],
	['import', T.import],
	['as', T.as],
	['default', T.default],
	['else', T.else],
	['not', T.not],
	['some', T.some],
	['with', T.with],
	['null', T.null],
	['true', T.true],
	['false', T.false],
	['in', T.in],
	['every', T.every],
	['contains', T.contains],
	['if', T.if],
]);

const names: readonly (readonly [number, string])[] = [
	[T.illegal, 'illegal'],
	[T.eof, 'eof'],
	[T.ident, 'identifier'],
	[T.number, 'number'],
	[T.string, 'string'],
	[T.rawString, 'string'],
	[T.templatePart, 'template-string-part'],
	[T.templateEnd, 'template-string-end'],
	[T.rawTemplatePart, 'template-string-part'],
	[T.rawTemplateEnd, 'template-string-end'],
	[T.leftBracket, '['],
	[T.rightBracket, ']'],
	[T.leftBrace, '{'],
	[T.rightBrace, '}'],
	[T.leftParen, '('],
	[T.rightParen, ')'],
	[T.comma, ','],
	[T.colon, ':'],
	[T.semicolon, ';'],
	[T.dot, '.'],
	[T.plus, 'plus'],
	[T.minus, 'minus'],
	[T.times, 'mul'],
	[T.divide, 'div'],
	[T.modulo, 'rem'],
	[T.and, 'and'],
	[T.or, 'or'],
	[T.equal, 'equal'],
	[T.notEqual, 'neq'],
	[T.less, 'lt'],
	[T.lessEqual, 'lte'],
	[T.greater, 'gt'],
	[T.greaterEqual, 'gte'],
	[T.unify, 'eq'],
	[T.assign, 'assign'],
];

/** What a token is called in OPA's messages; for an operator that is also the name of its builtin. */
export const tokenNames: readonly string[] = (() => {
	const table: string[] = [];
	for (const [kind, name] of names) table[kind] = name;
	for (const [name, kind] of keywords) table[kind] = name;
	return table;
})();

/** Bits of `Tokens.gaps`: what stands between a token and the one before it. */
export const gap = { space: 1, newline: 2, comment: 4 } as const;

/**
 * The tokens of a source text, one array per property; the last token is `eof`. Whitespace and comments are no tokens:
 * `gaps` tells where they stood.
 */
export interface Tokens {
	readonly file: string;
	readonly source: string;
	readonly kinds: readonly number[];
	readonly starts: readonly number[];
	readonly ends: readonly number[];
	readonly rows: readonly number[];
	readonly cols: readonly number[];
	readonly gaps: readonly number[];
	readonly comments: readonly Comment[];
	/** Why a token is `illegal`, by its index; absent for a character that begins no token. */
	readonly faults: ReadonlyMap<number, string>;
}
