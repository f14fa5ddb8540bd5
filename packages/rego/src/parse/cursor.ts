import type { Location } from '../ast/ast.ts';
import { type Diagnostic, RegoError } from '../errors.ts';
import { firstKeyword, gap, T, type Tokens, tokenNames } from '../lex/token.ts';
import { limits } from './limits.ts';

/** Thrown by the parser to leave a statement or an attempt, and always caught by it: never seen outside. */
export class ParseFailure {
	readonly diagnostic: Diagnostic;
	/** Index of the token that could not be read on. */
	readonly token: number;

	constructor(diagnostic: Diagnostic, token: number) {
		this.diagnostic = diagnostic;
		this.token = token;
	}
}

/** What the parser is asked to accept beyond plain Rego v1. */
export interface ParseOptions {
	/** Also the experimental keywords `and` and `or`, once imported from `future.keywords`. */
	readonly experimental?: boolean;
	/** Read `# METADATA` comments (default true). */
	readonly annotations?: boolean;
}

/** A place among the tokens, with what the parser needs to know of the one it stands on. */
export abstract class Cursor {
	protected readonly tokens: Tokens;
	protected readonly options: ParseOptions;
	/** Index of the current token. */
	protected at = 0;
	/** Kind of the current token; `T.ident` for a keyword that is read as a name. */
	protected kind: number;
	/** Height of the term read last. */
	protected height = 0;
	/** Whether `not` takes bodies, and whether `and` and `or` are keywords: decided by imports. */
	protected notBodies = false;
	protected andKeyword = false;
	protected orKeyword = false;
	/** Index of a token read as if nothing stood before it. */
	protected joined = -1;
	#depth = 0;
	#visits: number;
	#wildcards = 0;

	constructor(tokens: Tokens, options: ParseOptions) {
		this.tokens = tokens;
		this.options = options;
		this.kind = tokens.kinds[0]!;
		this.#visits = tokens.kinds.length * limits.visitsPerToken;
	}

	/** Steps to the next token. An illegal one fails with the scanner's reason. */
	protected advance(): void {
		if (--this.#visits < 0) throw this.limit('source text takes too many attempts to parse');
		if (this.at < this.tokens.kinds.length - 1) this.at++;
		this.kind = this.tokens.kinds[this.at]!;
		if (this.kind === T.illegal) this.checkLegal();
	}

	/** Fails where the current token is illegal and the scanner said why. */
	protected checkLegal(): void {
		const fault = this.tokens.faults.get(this.at);
		if (fault !== undefined) throw this.failure(fault);
	}

	/** Goes (back) to the token at `index`. */
	protected goTo(index: number): void {
		this.at = index;
		this.kind = this.tokens.kinds[index]!;
	}

	/** Passes a token of this kind, or fails. */
	protected expect(kind: number, note?: string): void {
		if (this.kind !== kind) throw this.unexpected(note ?? `expected ${tokenNames[kind]}`);
		this.advance();
	}

	/**
	 * Runs `attempt`; where it fails, goes back and returns undefined. Reaching a limit is no mere failure.
	 *
	 * @param forgive which failures to go back from; the others stand (default: all)
	 */
	protected tryTo<R>(attempt: () => R, forgive?: (failure: ParseFailure) => boolean): R | undefined {
		const start = this.at;
		const kind = this.kind;
		const depth = this.#depth;
		try {
			return attempt();
		} catch (error) {
			if (!(error instanceof ParseFailure) || error.diagnostic.code === 'rego_limit_error') throw error;
			if (forgive !== undefined && !forgive(error)) throw error;
			this.#depth = depth;
			this.at = start;
			this.kind = kind;
			return undefined;
		}
	}

	/** Runs `read` one level deeper. */
	protected deeper<R>(read: () => R): R {
		if (++this.#depth > limits.depth) throw this.tooDeep();
		const result = read();
		this.#depth--;
		return result;
	}

	/** Forgets how deep the failed statement was. */
	protected surface(): void {
		this.#depth = 0;
	}

	/** Notes the height of a term just put together. */
	protected raise(height: number): void {
		if (height > limits.depth) throw this.tooDeep();
		this.height = height;
	}

	protected tooDeep(): ParseFailure {
		return this.limit(`nesting is deeper than ${limits.depth} levels`);
	}

	protected text(index: number = this.at): string {
		return this.tokens.source.slice(this.tokens.starts[index], this.tokens.ends[index]);
	}

	/** Bits of `gap` before the current token. */
	protected get gap(): number {
		return this.tokens.gaps[this.at]!;
	}

	/** Whether the current token follows the one before it with nothing between (or is to be read so). */
	protected get touches(): boolean {
		return (this.gap & gap.space) === 0 || this.at === this.joined;
	}

	protected get start(): number {
		return this.tokens.starts[this.at]!;
	}

	/** Offset just past the token before the current one. */
	protected get lastEnd(): number {
		return this.at === 0 ? 0 : this.tokens.ends[this.at - 1]!;
	}

	/** Location of one token. */
	protected tokenLoc(index: number = this.at): Location {
		const { file, rows, cols, starts, ends } = this.tokens;
		return { file, row: rows[index]!, col: cols[index]!, offset: starts[index]!, end: ends[index]! };
	}

	/** From the token at `index` to the end of the one before the current. */
	protected span(index: number): Location {
		const { file, rows, cols, starts } = this.tokens;
		return { file, row: rows[index]!, col: cols[index]!, offset: starts[index]!, end: this.lastEnd };
	}

	/** A name of its own for a `_`. */
	protected wildcard(): string {
		return `$${this.#wildcards++}`;
	}

	protected get isKeyword(): boolean {
		return this.kind >= firstKeyword;
	}

	protected isAnd(): boolean {
		return this.andKeyword && this.kind === T.ident && this.text() === 'and';
	}

	protected isOr(): boolean {
		return this.orKeyword && this.kind === T.ident && this.text() === 'or';
	}

	/** A keyword directly before `.` or `[` is the head of a ref: reads it as a name and returns true. */
	protected keywordAsRef(): boolean {
		const keyword = this.isKeyword || this.isAnd() || this.isOr();
		if (!keyword || !this.opensRef(this.at + 1)) return false;
		this.kind = T.ident;
		return true;
	}

	/** Whether the token at `index` touches the one before it and is `.` or `[`. */
	protected opensRef(index: number): boolean {
		const kind = this.tokens.kinds[index];
		return (kind === T.dot || kind === T.leftBracket) && (this.tokens.gaps[index]! & gap.space) === 0;
	}

	/** `unexpected <token>`, with what was expected. */
	protected unexpected(note?: string, hint?: string): ParseFailure {
		if (this.tokens.kinds[this.at] === T.illegal) {
			return this.failure(this.tokens.faults.get(this.at) ?? 'illegal token', { hint });
		}
		const kind = this.tokens.kinds[this.at]!;
		const logical = this.isAnd() || this.isOr();
		const what = logical
			? `${this.text()} keyword`
			: `${tokenNames[kind]} ${kind >= firstKeyword ? 'keyword' : 'token'}`;
		return this.failure(`unexpected ${what}${note === undefined ? '' : `: ${note}`}`, { hint });
	}

	/** A failure at the current token, or at `loc`. */
	protected failure(
		message: string,
		at: { readonly loc?: Location | undefined; readonly hint?: string | undefined } = {},
	): ParseFailure {
		return new ParseFailure(this.diagnostic(message, at.loc ?? this.tokenLoc(), at.hint), this.at);
	}

	protected diagnostic(message: string, loc: Location, hint?: string): Diagnostic {
		const base = { code: 'rego_parse_error' as const, message, loc };
		return hint === undefined ? base : { ...base, hint };
	}

	protected limit(message: string): ParseFailure {
		return new ParseFailure({ code: 'rego_limit_error', message, loc: this.tokenLoc() }, this.at);
	}
}

/** Throws all diagnostics at once, in source order, the first few only, each with the line it stands on. */
export function fail(diagnostics: readonly Diagnostic[], source: string): never {
	const sorted = diagnostics
		.toSorted((a, b) => (a.loc?.offset ?? 0) - (b.loc?.offset ?? 0))
		.slice(0, limits.diagnostics)
		.map((diagnostic) => {
			if (diagnostic.loc === undefined) return diagnostic;
			return { ...diagnostic, details: shownLine(source, diagnostic.loc.offset) };
		});
	throw new RegoError(sorted as [Diagnostic, ...Diagnostic[]]);
}

/** The line of a place in the text, and a caret under that place; nothing for a line too long to show. */
function shownLine(source: string, offset: number): string[] {
	let at = Math.min(offset, Math.max(0, source.length - 1));
	while (at > 0 && isSpace(source.charCodeAt(at))) at--;
	const begin = source.lastIndexOf('\n', source.charCodeAt(at) === 0x0a ? at - 1 : at) + 1;
	const newline = source.indexOf('\n', at);
	const line = source.slice(begin, newline < 0 ? source.length : newline).replace(/\r$/, '');
	if (line.length > limits.shownLine) return [];
	const shown = line.replace(/^\t+/, '');
	const indent = Math.max(0, at - begin - (line.length - shown.length));
	return [shown, `${' '.repeat(indent)}^`];
}

function isSpace(c: number): boolean {
	return c === 0x20 || (c >= 0x09 && c <= 0x0d);
}

/** Refuses a text too long to parse. */
export function checkLength(source: string, file: string): void {
	if (source.length <= limits.sourceLength) return;
	const message = `source text is longer than ${limits.sourceLength} characters`;
	const loc = { file, row: 1, col: 1, offset: 0, end: 0 };
	const diagnostic: Diagnostic = { code: 'rego_limit_error', message, loc };
	throw new RegoError([diagnostic]);
}
