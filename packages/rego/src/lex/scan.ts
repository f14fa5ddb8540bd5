import type { Comment } from '../ast/ast.ts';
import { gap, keywords, T, type Tokens } from './token.ts';

/**
 * Splits a source text into tokens, without ever throwing: what is no token becomes an `illegal` one, with the reason
 * in `faults`. Takes time linear in the length of the text.
 *
 * @param file name for locations
 */
export function scan(source: string, file: string): Tokens {
	return new Scanner(source, file).run();
}

const longestKeyword = 8;
const digit = /\p{Nd}/u;

/** One open `{` of a template string: which quote ends the string, and how many braces are open inside. */
interface Template {
	readonly raw: boolean;
	braces: number;
}

class Scanner {
	readonly #source: string;
	readonly #file: string;
	readonly #kinds: number[] = [];
	readonly #starts: number[] = [];
	readonly #ends: number[] = [];
	readonly #rows: number[] = [];
	readonly #cols: number[] = [];
	readonly #gaps: number[] = [];
	readonly #comments: Comment[] = [];
	readonly #faults = new Map<number, string>();
	readonly #templates: Template[] = [];
	#at = 0;
	#row = 1;
	/** Offset of column 0, moved by one for each surrogate pair passed on the line, so that columns are code points. */
	#zero = -1;
	#gap = 0;
	#fault: string | undefined;

	constructor(source: string, file: string) {
		this.#source = source;
		this.#file = file;
		if (source.charCodeAt(0) === 0xfeff) {
			this.#at = 1;
			this.#zero = 0;
		}
	}

	run(): Tokens {
		while (this.#skipSpace()) this.#token();
		this.#push(T.eof, this.#at, this.#row, this.#at - this.#zero);
		return {
			file: this.#file,
			source: this.#source,
			kinds: this.#kinds,
			starts: this.#starts,
			ends: this.#ends,
			rows: this.#rows,
			cols: this.#cols,
			gaps: this.#gaps,
			comments: this.#comments,
			faults: this.#faults,
		};
	}

	/** Passes whitespace and comments; false at the end of the text. */
	#skipSpace(): boolean {
		const source = this.#source;
		for (; this.#at < source.length; this.#at++) {
			switch (source.charCodeAt(this.#at)) {
				case 0x20:
				case 0x09:
				case 0x0d:
					this.#gap |= gap.space;
					break;
				case 0x0a:
					this.#gap |= gap.space | gap.newline;
					this.#newline(this.#at);
					break;
				case 0x23:
					this.#comment();
					this.#at--;
					break;
				default:
					return true;
			}
		}
		return false;
	}

	#newline(at: number): void {
		this.#row++;
		this.#zero = at;
	}

	#comment(): void {
		const source = this.#source;
		const offset = this.#at;
		const row = this.#row;
		const col = offset - this.#zero;
		let at = offset + 1;
		for (; at < source.length; at++) {
			const c = source.charCodeAt(at);
			if (c === 0x0a) break;
			if (c === 0 || c >= 0xd800) at += this.#strange(at, c);
		}
		this.#at = at;
		if (this.#fault !== undefined) {
			this.#push(T.illegal, offset, row, col);
			return;
		}
		let end = at;
		while (end > offset + 1 && source.charCodeAt(end - 1) === 0x0d) end--;
		const loc = { file: this.#file, row, col, offset, end };
		this.#comments.push({ text: source.slice(offset + 1, end), loc });
		this.#gap |= gap.comment | gap.space;
	}

	/**
	 * Looks at a character that may not be one: NUL, a byte-order mark, half of a surrogate pair. Returns how many more
	 * units belong to it.
	 */
	#strange(at: number, c: number): number {
		if (c === 0) this.#fault ??= 'illegal null character';
		else if (c === 0xfeff) this.#fault ??= 'illegal byte-order mark';
		else if (c <= 0xdfff) {
			const next = this.#source.charCodeAt(at + 1);
			if (c < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
				this.#zero++;
				return 1;
			}
			this.#fault ??= 'illegal utf-8 character';
		}
		return 0;
	}

	#push(kind: number, start: number, row: number, col: number): void {
		let actual = kind;
		if (this.#fault !== undefined) {
			this.#faults.set(this.#kinds.length, this.#fault);
			this.#fault = undefined;
			actual = T.illegal;
		}
		this.#kinds.push(actual);
		this.#starts.push(start);
		this.#ends.push(this.#at);
		this.#rows.push(row);
		this.#cols.push(col);
		this.#gaps.push(this.#gap);
		this.#gap = 0;
	}

	#token(): void {
		const start = this.#at;
		const row = this.#row;
		const col = start - this.#zero;
		const c = this.#source.charCodeAt(start);
		this.#push(this.#kind(c), start, row, col);
	}

	/** Reads the token that begins with `c`, leaving `#at` behind it. */
	#kind(c: number): number {
		if (isLetter(c)) return this.#identifier();
		if (isDecimal(c)) return this.#number();
		const at = this.#at++;
		const next = this.#source.charCodeAt(this.#at);
		switch (c) {
			case 0x22:
				return this.#string();
			case 0x60:
				return this.#rawString();
			case 0x24:
				return this.#template(next);
			case 0x5b:
				return T.leftBracket;
			case 0x5d:
				return T.rightBracket;
			case 0x7b: {
				const template = this.#templates.at(-1);
				if (template !== undefined) template.braces++;
				return T.leftBrace;
			}
			case 0x7d: {
				const template = this.#templates.at(-1);
				if (template === undefined) return T.rightBrace;
				if (template.braces-- > 0) return T.rightBrace;
				this.#templates.pop();
				return this.#templateText(template.raw);
			}
			case 0x28:
				return T.leftParen;
			case 0x29:
				return T.rightParen;
			case 0x2c:
				return T.comma;
			case 0x3b:
				return T.semicolon;
			case 0x2e:
				return T.dot;
			case 0x2b:
				return T.plus;
			case 0x2d:
				return T.minus;
			case 0x2a:
				return T.times;
			case 0x2f:
				return T.divide;
			case 0x25:
				return T.modulo;
			case 0x26:
				return T.and;
			case 0x7c:
				return T.or;
			case 0x3a:
				return this.#ifEqual(next, T.assign, T.colon);
			case 0x3d:
				return this.#ifEqual(next, T.equal, T.unify);
			case 0x3e:
				return this.#ifEqual(next, T.greaterEqual, T.greater);
			case 0x3c:
				return this.#ifEqual(next, T.lessEqual, T.less);
			case 0x21:
				if (next !== 0x3d) this.#fault = 'illegal ! character';
				return this.#ifEqual(next, T.notEqual, T.illegal);
			default:
				if (c === 0 || c >= 0xd800) this.#at += this.#strange(at, c);
				return T.illegal;
		}
	}

	#ifEqual(next: number, withEqual: number, without: number): number {
		if (next !== 0x3d) return without;
		this.#at++;
		return withEqual;
	}

	#identifier(): number {
		const source = this.#source;
		const start = this.#at;
		let at = start + 1;
		for (;;) {
			const c = source.charCodeAt(at);
			if (isLetter(c) || isDecimal(c)) at++;
			else if (c >= 0x80) {
				const point = String.fromCodePoint(source.codePointAt(at)!);
				if (!digit.test(point)) break;
				at += point.length;
				this.#zero += point.length - 1;
			} else break;
		}
		this.#at = at;
		if (at - start > longestKeyword) return T.ident;
		return keywords.get(source.slice(start, at)) ?? T.ident;
	}

	#digits(): boolean {
		const start = this.#at;
		while (isDecimal(this.#source.charCodeAt(this.#at))) this.#at++;
		return this.#at > start;
	}

	#number(): number {
		const source = this.#source;
		this.#digits();
		if (source.charCodeAt(this.#at) === 0x2e) {
			this.#at++;
			if (!this.#digits()) this.#fault = 'expected fraction';
		}
		if ((source.charCodeAt(this.#at) | 0x20) === 0x65) {
			this.#at++;
			const sign = source.charCodeAt(this.#at);
			if (sign === 0x2b || sign === 0x2d) this.#at++;
			if (!this.#digits()) this.#fault ??= 'expected exponent';
		}
		if (isLetter(source.charCodeAt(this.#at))) {
			this.#fault ??= 'illegal number format';
			while (isLetter(source.charCodeAt(this.#at)) || isDecimal(source.charCodeAt(this.#at))) this.#at++;
		}
		return T.number;
	}

	#string(): number {
		const source = this.#source;
		let at = this.#at;
		for (;;) {
			const c = source.charCodeAt(at);
			if (c === 0x22) break;
			if (c === 0x5c) {
				if (!isEscape(source.charCodeAt(at + 1))) this.#fault ??= 'illegal escape sequence';
				at += source.charCodeAt(at + 1) === 0x0a ? 1 : 2;
			} else if (at >= source.length || c === 0x0a) {
				this.#fault ??= 'non-terminated string';
				this.#at = Math.min(at, source.length);
				return T.string;
			} else {
				if (c === 0 || c >= 0xd800) at += this.#strange(at, c);
				at++;
			}
		}
		this.#at = at + 1;
		return T.string;
	}

	#rawString(): number {
		const source = this.#source;
		let at = this.#at;
		for (; ; at++) {
			const c = source.charCodeAt(at);
			if (c === 0x60) break;
			if (c === 0x0a) this.#newline(at);
			else if (at >= source.length) {
				this.#fault ??= 'non-terminated string';
				this.#at = source.length;
				return T.rawString;
			} else if (c === 0 || c >= 0xd800) at += this.#strange(at, c);
		}
		this.#at = at + 1;
		return T.rawString;
	}

	#template(quote: number): number {
		if (quote !== 0x22 && quote !== 0x60) {
			this.#fault = 'illegal $ character';
			return T.illegal;
		}
		this.#at++;
		return this.#templateText(quote === 0x60);
	}

	/** Literal text of a template string, up to its end or to the `{` of the next expression. */
	#templateText(raw: boolean): number {
		const source = this.#source;
		const quote = raw ? 0x60 : 0x22;
		let at = this.#at;
		for (; ; at++) {
			const c = source.charCodeAt(at);
			if (c === quote) {
				this.#at = at + 1;
				return raw ? T.rawTemplateEnd : T.templateEnd;
			}
			if (c === 0x7b) {
				this.#at = at + 1;
				this.#templates.push({ raw, braces: 0 });
				return raw ? T.rawTemplatePart : T.templatePart;
			}
			if (c === 0x5c) {
				const next = source.charCodeAt(at + 1);
				if (next === 0x7b) at++;
				else if (!raw) {
					if (!isEscape(next)) this.#fault ??= 'illegal escape sequence';
					if (next !== 0x0a) at++;
				}
			} else if (at >= source.length || (c === 0x0a && !raw)) {
				this.#fault ??= 'non-terminated string';
				this.#at = Math.min(at, source.length);
				return T.templateEnd;
			} else if (c === 0x0a) this.#newline(at);
			else if (c === 0 || c >= 0xd800) at += this.#strange(at, c);
		}
	}
}

function isLetter(c: number): boolean {
	const lower = c | 0x20;
	return (lower >= 0x61 && lower <= 0x7a && c < 0x80) || c === 0x5f;
}

function isDecimal(c: number): boolean {
	return c >= 0x30 && c <= 0x39;
}

/** Whether `\c` is an escape in a string: `\" \\ \/ \b \f \n \r \t \u`. */
function isEscape(c: number): boolean {
	switch (c) {
		case 0x22:
		case 0x5c:
		case 0x2f:
		case 0x62:
		case 0x66:
		case 0x6e:
		case 0x72:
		case 0x74:
		case 0x75:
			return true;
		default:
			return false;
	}
}
