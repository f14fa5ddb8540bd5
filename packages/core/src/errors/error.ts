import { type ErrorCode, type ErrorRow, errorTable } from './table.ts';

/** One thing wrong in an input, where it stands, and what to do. */
export interface Diagnostic {
	readonly code: ErrorCode | `rego_${string}` | `eval_${string}`;
	readonly message: string;
	readonly file?: string;
	/** From 1. */
	readonly row?: number;
	/** From 1, in code points. */
	readonly col?: number;
	/** JSON pointer of the value, when the input is a document. */
	readonly path?: string;
	/** The next step: what was expected, or the nearest valid name. */
	readonly hint?: string;
	readonly severity?: 'error' | 'warning';
}

/** What a `TapPassError` may say besides its code. */
export interface ErrorOptionsWithDetail extends ErrorOptions {
	/** What was expected and what was found; never a secret, prompt or tool argument. */
	readonly detail?: string;
	/** What the reader should do next. */
	readonly hint?: string;
	/** All of what is wrong, when the fault is in an input. */
	readonly diagnostics?: readonly Diagnostic[];
	/** Identifiers that help to find the case: `sandbox_id`, `policy_version`, … */
	readonly fields?: Readonly<Record<string, string | number>>;
}

// Known to every copy of this module in a process: a bundled command line beside the packages it loads has two.
const brand = Symbol.for('tappass.error');

/** The one class TapPass throws, with a code from the one table. A denied call is not an error but a `Verdict`. */
export class TapPassError extends Error {
	static override [Symbol.hasInstance](value: unknown): boolean {
		// A subclass is told by its own chain, as any class is.
		// biome-ignore lint/complexity/noThisInStatic: `this` is the class that was asked for.
		if (this !== TapPassError) return Error[Symbol.hasInstance].call(this, value);
		return value instanceof Error && Object.hasOwn(value, brand);
	}

	override readonly name = 'TapPassError';
	readonly code: ErrorCode;
	readonly detail: string | undefined;
	readonly hint: string | undefined;
	readonly diagnostics: readonly Diagnostic[];
	readonly fields: Readonly<Record<string, string | number>>;

	constructor(code: ErrorCode, options: ErrorOptionsWithDetail = {}) {
		const title = errorTable[code].title;
		super(options.detail === undefined ? title : `${title}: ${options.detail}`, options);
		this.code = code;
		this.detail = options.detail;
		this.hint = options.hint;
		this.diagnostics = options.diagnostics ?? [];
		this.fields = options.fields ?? {};
		Object.defineProperty(this, brand, { value: true });
	}

	/** The code's row in the table. */
	get row(): ErrorRow {
		return errorTable[this.code];
	}
}
