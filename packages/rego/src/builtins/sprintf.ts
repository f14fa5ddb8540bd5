import { Decimal, isNumber, type NumberValue, numberText, print, type Value } from '../value/index.ts';
import { type Argument, type Flags, formatArgument, formatDefault, noFlags } from './go-verbs.ts';
import { isInt64 } from './operands.ts';
import { checkTextLength } from './text-limit.ts';

/**
 * Formats as Go's `fmt.Sprintf`, its notes about mistakes (`%!d(string=x)`, `%!s(MISSING)`, `%!(EXTRA …)`) included.
 * As in OPA, integers stay integers, other numbers become doubles, strings stay, and any other value is its Rego text.
 */
export function sprintf(format: string, values: readonly Value[]): string {
	return new Formatter(format, values.map(argumentOf)).run();
}

function argumentOf(value: Value): Argument {
	if (typeof value === 'string') return { type: 'string', value };
	return isNumber(value) ? numberArgument(value) : { type: 'string', value: print(value) };
}

function numberArgument(value: NumberValue): Argument {
	if (isInt64(value)) return { type: 'int', value: BigInt(value) };
	const text = numberText(value);
	// So many digits are not turned into a number and back: it is a message, and may not fail to be written.
	if (text.length > digitsMax) return { type: 'string', value: text };
	if (/^-?[0-9]+$/.test(text)) return { type: '*big.Int', value: BigInt(text) };
	const double = Number(value instanceof Decimal ? value.text : value);
	return Number.isFinite(double) ? { type: 'float64', value: double } : { type: 'string', value: text };
}

/** Most characters of a number that is formatted as one. */
const digitsMax = 40_000;

/** Widths and precisions beyond this are mistakes, as in Go. */
const sizeMax = 1e6;

/** Verbs that nearly every format uses bare: nothing stands between them and the `%`. */
const bareVerbs: ReadonlySet<string> = new Set(['s', 'd', 'v']);

/** One walk over one format. */
class Formatter {
	readonly #format: string;
	readonly #args: readonly Argument[];
	#out = '';
	#at = 0;
	#next = 0;
	#reordered = false;
	#goodIndex = true;
	#afterIndex = false;
	#flags: Flags = noFlags();

	constructor(format: string, args: readonly Argument[]) {
		this.#format = format;
		this.#args = args;
	}

	run(): string {
		while (this.#at < this.#format.length) {
			const percent = this.#format.indexOf('%', this.#at);
			const end = percent < 0 ? this.#format.length : percent;
			this.#out += this.#format.slice(this.#at, end);
			this.#at = end + 1;
			if (percent >= 0) this.#verb();
			checkTextLength(this.#out.length);
		}
		if (!this.#reordered && this.#next < this.#args.length) this.#extra();
		return this.#out;
	}

	#verb(): void {
		this.#goodIndex = true;
		this.#afterIndex = false;
		this.#flags = noFlags();
		if (!bareVerbs.has(this.#format[this.#at] ?? '')) {
			this.#readFlags();
			this.#readIndex();
			this.#readWidth();
			this.#readPrecision();
			if (!this.#afterIndex) this.#readIndex();
		}
		const code = this.#format.codePointAt(this.#at);
		if (code === undefined) {
			this.#out += '%!(NOVERB)';
			return;
		}
		const verb = String.fromCodePoint(code);
		this.#at += verb.length;
		const arg = this.#args[this.#next];
		if (verb === '%') this.#out += '%';
		else if (!this.#goodIndex) this.#out += `%!${verb}(BADINDEX)`;
		else if (arg === undefined) this.#out += `%!${verb}(MISSING)`;
		else {
			this.#next++;
			if (verb === 'v') this.#out += formatDefault(arg, this.#flags);
			else this.#out += formatArgument(arg, verb, this.#flags);
		}
	}

	#readFlags(): void {
		for (; ; this.#at++) {
			switch (this.#format[this.#at]) {
				case '#':
					this.#flags.sharp = true;
					break;
				case '0':
					this.#flags.zero = true;
					break;
				case '+':
					this.#flags.plus = true;
					break;
				case '-':
					this.#flags.minus = true;
					break;
				case ' ':
					this.#flags.space = true;
					break;
				default:
					return;
			}
		}
	}

	/** `[3]` names the argument that comes next. */
	#readIndex(): void {
		this.#afterIndex = false;
		if (this.#format[this.#at] !== '[') return;
		this.#reordered = true;
		// Less than `[n]` is left: Go takes the bracket alone.
		const close = this.#at + 3 > this.#format.length ? -1 : this.#format.indexOf(']', this.#at + 1);
		const index = close < 0 ? undefined : indexOfText(this.#format.slice(this.#at + 1, close));
		this.#at = close < 0 ? this.#at + 1 : close + 1;
		if (index !== undefined && index >= 0 && index < this.#args.length) {
			this.#next = index;
			this.#afterIndex = true;
		} else {
			this.#goodIndex = false;
			this.#afterIndex = index !== undefined;
		}
	}

	#readWidth(): void {
		if (this.#format[this.#at] === '*') {
			this.#at++;
			const width = this.#sizeArgument();
			if (width === undefined) this.#out += '%!(BADWIDTH)';
			else if (width < 0) {
				this.#flags.minus = true;
				// Zeros are for the left side only.
				this.#flags.zero = false;
			}
			this.#flags.width = width === undefined ? undefined : Math.abs(width);
			this.#afterIndex = false;
			return;
		}
		this.#flags.width = this.#readNumber();
		if (this.#afterIndex && this.#flags.width !== undefined) this.#goodIndex = false;
	}

	#readPrecision(): void {
		if (this.#format[this.#at] !== '.') return;
		this.#at++;
		if (this.#afterIndex) this.#goodIndex = false;
		this.#readIndex();
		if (this.#format[this.#at] === '*') {
			this.#at++;
			const precision = this.#sizeArgument();
			this.#flags.precision = precision !== undefined && precision < 0 ? undefined : precision;
			if (this.#flags.precision === undefined) this.#out += '%!(BADPREC)';
			this.#afterIndex = false;
			return;
		}
		this.#flags.precision = this.#readNumber() ?? 0;
	}

	#sizeArgument(): number | undefined {
		const arg = this.#args[this.#next];
		if (arg === undefined) return undefined;
		this.#next++;
		const size = arg.type === 'int' ? Number(arg.value) : undefined;
		return size !== undefined && Math.abs(size) <= sizeMax ? size : undefined;
	}

	#readNumber(): number | undefined {
		const start = this.#at;
		while (isDigit(this.#format.charCodeAt(this.#at))) this.#at++;
		if (start === this.#at) return undefined;
		const number = Number(this.#format.slice(start, this.#at));
		if (number <= sizeMax) return number;
		// As in Go, a crazy number swallows the rest of the format.
		this.#at = this.#format.length;
		return undefined;
	}

	#extra(): void {
		const rest = this.#args.slice(this.#next).map((arg) => `${arg.type}=${formatDefault(arg, noFlags())}`);
		this.#out += `%!(EXTRA ${rest.join(', ')})`;
	}
}

function isDigit(code: number): boolean {
	return code >= 48 && code <= 57;
}

function indexOfText(text: string): number | undefined {
	return /^[0-9]+$/.test(text) && Number(text) <= sizeMax ? Number(text) - 1 : undefined;
}
