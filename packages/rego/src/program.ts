/** The public face of the engine: compile sources into a `Program`, evaluate documents and queries with it. */
import type { Location, Module } from './ast/ast.ts';
import type { Builtin } from './builtins/builtin.ts';
import { coreBuiltins } from './builtins/registry.ts';
import { checkQuery, standardChecks } from './check/index.ts';
import { compileModules, compileQuery, inOrder } from './compile/compile.ts';
import type { Check, LProgram, LQuery, RuleNode } from './compile/lowered.ts';
import { type Diagnostic, RegoError } from './errors.ts';
import { Coder, type Get } from './eval/coder.ts';
import { Executable, mockedIn, mockedInBody } from './eval/executable.ts';
import type { Instrument } from './eval/instrument.ts';
import { defaultLimits, type Limits } from './eval/limits.ts';
import { type Frame, Machine, type Mock } from './eval/machine.ts';
import { measure } from './eval/measure.ts';
import { type ProvenanceEntry, provenanceOf } from './eval/provenance.ts';
import { parseModule, parseQuery, parseRef } from './parse/index.ts';
import {
	forgetPlainKeys,
	forgetPlainSpellings,
	itemsComparedMax,
	type JsonValue,
	keyOf,
	NumberRangeError,
	toJson,
	type Value,
	ValueWorkError,
	withLimitedWork,
} from './value/index.ts';

/** Source texts by file name, or a list of them. */
export type Sources = Readonly<Record<string, string>> | readonly { readonly file: string; readonly source: string }[];

/** How sources are compiled. */
export interface CompileOptions {
	/** Further builtins (`@tappass/rego/crypto`, or a host's own); one of a known name replaces it. */
	readonly builtins?: Iterable<Builtin>;
	/** The only builtins that policies may call; operators are always allowed. Default: all that are offered. */
	readonly capabilities?: Iterable<string>;
	/** Builtins that exist but that policies may not call, neither directly nor as a `with` target. */
	readonly unsafeBuiltins?: Iterable<string>;
	/** Documents that must exist, as `data.a.allow`: a missing one is a compile error. */
	readonly entrypoints?: readonly string[];
	/** Keep `print` calls, for tests; otherwise they are dropped. */
	readonly print?: boolean;
	/** Also refuse what is never used: imports, assigned variables, arguments. */
	readonly strict?: boolean;
	/** Further checks over the compiled program, after the standard ones; what they return is reported with the rest. */
	readonly checks?: readonly Check[];
	/** Also the experimental keywords `and` and `or` in sources that import them. */
	readonly experimental?: boolean;
}

/** What one evaluation is given. Nothing here is ever written to. */
export interface EvaluateOptions {
	/** The `input` document. Absent: undefined, which is not null. */
	readonly input?: JsonValue | Value | undefined;
	/**
	 * Base documents: the root of `data`. Default: an empty object. What is frozen, deeply, is faster: the order of
	 * its keys and the rows that rules look for in it are then remembered from one evaluation to the next.
	 */
	readonly data?: JsonValue | Value | undefined;
	/** Record why each part of the result is there. */
	readonly provenance?: boolean;
	/** Also look for reasons after a sufficient one. Slower; the result is the same. */
	readonly allReasons?: boolean;
	readonly limits?: Partial<Limits>;
	/** Milliseconds of any clock, read now and then to hold `limits.timeMsMax`. Absent: time is not limited. */
	readonly clockMs?: () => number;
	/** What `time.now_ns` says. Without it, calling that function ends the evaluation. */
	readonly nowNs?: bigint;
	/** Source of random builtins. Without it, calling one ends the evaluation. */
	readonly randomBytes?: (size: number) => Uint8Array;
	/** End the evaluation at the first error of a builtin; otherwise such a call is undefined. */
	readonly strict?: boolean;
	/** Values that stand in for the results of functions, by name (`http.send`, `data.lib.now`). */
	readonly mocks?: Readonly<Record<string, JsonValue | Value>>;
	/** Hooks for coverage and traces; the program then runs without index and early exit. */
	readonly instrument?: Instrument;
	/** Receives what `print` prints, when the program was compiled with `print`. */
	readonly print?: (text: string, location: Location) => void;
	/** Receives the notes of `trace`. */
	readonly trace?: (note: string, location: Location) => void;
}

/** What a document evaluates to. */
export interface Evaluation {
	/** False when no rule and no data gives the document a value. */
	readonly defined: boolean;
	/** The value as plain JSON: sets are arrays in Rego order, keys that are no strings are their JSON text. */
	readonly result: JsonValue | undefined;
	/** The value itself, sets and all. */
	readonly value: Value | undefined;
	/** Each part of the result with its reasons; present when asked for. */
	readonly provenance?: readonly ProvenanceEntry[];
}

/** One solution of a query: the value of every variable it names. Wildcards and generated variables are left out. */
export type Bindings = Readonly<Record<string, JsonValue>>;

/**
 * Compiles sources together.
 *
 * @throws {RegoError} with every diagnostic of all files: `rego_parse_error`, `rego_compile_error`, `rego_type_error`,
 * `rego_unsafe_var_error`, `rego_recursion_error`
 */
export function compile(sources: Sources, options: CompileOptions = {}): Program {
	const { program, diagnostics } = build(sources, options);
	if (program === undefined || diagnostics.length > 0) throw regoError(diagnostics);
	return program;
}

/** Everything wrong with the sources, in the order of files and places; empty when they compile. */
export function check(sources: Sources, options: CompileOptions = {}): readonly Diagnostic[] {
	return build(sources, options).diagnostics;
}

/**
 * Compiles modules that are parsed already.
 *
 * @throws {RegoError} like `compile`
 */
export function compileParsed(modules: readonly Module[], options: CompileOptions = {}): Program {
	const { program, diagnostics } = buildParsed(modules, options);
	if (program === undefined || diagnostics.length > 0) throw regoError(diagnostics);
	return program;
}

function regoError(diagnostics: readonly Diagnostic[]): RegoError {
	const [first, ...rest] = diagnostics;
	return new RegoError([first!, ...rest]);
}

interface Built {
	readonly program: Program | undefined;
	readonly diagnostics: readonly Diagnostic[];
}

function build(sources: Sources, options: CompileOptions): Built {
	const list = Array.isArray(sources)
		? (sources as readonly { readonly file: string; readonly source: string }[])
		: Object.entries(sources).map(([file, source]) => ({ file, source: source as string }));
	const modules: Module[] = [];
	const faults: Diagnostic[] = [];
	for (const { file, source } of list) {
		try {
			modules.push(parseModule(source, file, { experimental: options.experimental ?? false }));
		} catch (error) {
			if (!(error instanceof RegoError)) throw error;
			faults.push(...error.diagnostics);
		}
	}
	// What does not parse would make half of the rest look undefined.
	if (faults.length > 0) return { program: undefined, diagnostics: inOrder(faults) };
	return buildParsed(modules, options);
}

function buildParsed(modules: readonly Module[], options: CompileOptions): Built {
	const builtins = offeredBuiltins(options);
	const settings = {
		builtins,
		unsafeBuiltins: new Set(options.unsafeBuiltins ?? []),
		print: options.print ?? false,
		checks: [...standardChecks({ strict: options.strict ?? false }), ...(options.checks ?? [])],
	};
	const { program, diagnostics } = compileModules(modules, settings);
	const missing = (options.entrypoints ?? []).filter((path) => !hasDocument(program, path));
	const all = [
		...diagnostics,
		...missing.map(
			(path): Diagnostic => ({
				code: 'rego_compile_error',
				message: `entrypoint ${path} does not exist`,
				loc: undefined,
			}),
		),
	];
	return { program: all.length > 0 ? undefined : new Program(program, settings), diagnostics: all };
}

function hasDocument(program: LProgram, path: string): boolean {
	let node = program.root;
	for (const key of constantPath(path)) {
		if (node.group !== undefined) return true;
		const child = node.children.get(keyOf(key));
		if (child === undefined) return false;
		node = child;
	}
	return true;
}

function offeredBuiltins(options: CompileOptions): ReadonlyMap<string, Builtin> {
	const all = new Map(coreBuiltins);
	for (const builtin of options.builtins ?? []) all.set(builtin.name, builtin);
	if (options.capabilities === undefined) return all;
	const allowed = new Set(options.capabilities);
	for (const [name, builtin] of all) {
		if (!allowed.has(name) && builtin.infix === undefined && !name.startsWith('internal.')) all.delete(name);
	}
	return all;
}

/** Keys of a reference without variables, below `data`. */
export function constantPath(path: string): Value[] {
	const [head, ...rest] = parseRef(path).terms;
	if (head?.kind !== 'var' || head.name !== 'data') throw badPath(path);
	return rest.map((term) => {
		if (term.kind === 'string' || term.kind === 'boolean') return term.value;
		if (term.kind === 'number') return Number(term.text);
		if (term.kind === 'null') return null;
		throw badPath(path);
	});
}

function badPath(path: string): RegoError {
	const message = `${path} is not the path of a document: expected data, then constant keys, as in data.a.allow`;
	return new RegoError([{ code: 'rego_compile_error', message, loc: undefined }]);
}

interface Settings {
	readonly builtins: ReadonlyMap<string, Builtin>;
	readonly unsafeBuiltins: ReadonlySet<string>;
	readonly print: boolean;
}

interface Entry {
	readonly path: readonly Value[];
	readonly get: Get;
	readonly frameSize: number;
}

/** Compiled sources. Holds nothing of any evaluation: it may be kept and shared, and evaluates as often as one likes. */
export class Program {
	/** The program behind it, for checks and tools. */
	readonly lowered: LProgram;
	readonly #settings: Settings;
	readonly #mocked: ReadonlySet<string>;
	readonly #executables = new Map<string, Executable>();
	readonly #entries = new Map<Executable, Map<string, Entry>>();
	readonly #queries = new Map<string, LQuery>();

	/** Use `compile`. */
	constructor(lowered: LProgram, settings: Settings) {
		this.lowered = lowered;
		this.#settings = settings;
		this.#mocked = mockedIn(lowered);
	}

	/**
	 * Evaluates one document, `data.a.allow` for instance, or a package with everything in it.
	 *
	 * @throws {RegoError} `eval_conflict_error`; with `strict` also `eval_builtin_error` and `eval_type_error`;
	 * `rego_limit_error` when a limit is reached
	 */
	evaluate(path: string, options: EvaluateOptions = {}): Evaluation {
		const exe = this.#executable(options, undefined);
		const entry = this.#entry(exe, path);
		const m = this.#machine(options);
		const value = guarded(() => {
			const found = entry.get(m, new Array(entry.frameSize).fill(undefined));
			if (found !== undefined) checkSize(m, found);
			return found;
		});
		const result = value === undefined ? undefined : guarded(() => toJson(value));
		const evaluation = { defined: value !== undefined, result, value };
		return m.trail === undefined ? evaluation : new Explained(evaluation, m, this.lowered.root, entry.path);
	}

	/**
	 * Runs a query, which stands outside any package, and returns its solutions in the order found.
	 *
	 * @throws {RegoError} like `compile` for the text, like `evaluate` for the rest
	 */
	query(text: string, options: EvaluateOptions = {}): readonly Bindings[] {
		return this.queryValues(text, options).map((solution) =>
			Object.fromEntries([...solution].map(([name, value]) => [name, guarded(() => toJson(value))])),
		);
	}

	/** `query` with Rego values: sets stay sets, numbers keep their digits. */
	queryValues(text: string, options: EvaluateOptions = {}): readonly ReadonlyMap<string, Value>[] {
		const query = this.#query(text);
		const exe = this.#executable(options, query);
		const m = this.#machine(options);
		const solutions: ReadonlyMap<string, Value>[] = [];
		const run = exe.query(query, (machine, frame: Frame) => {
			const solution = new Map<string, Value>();
			for (const local of query.outputs) {
				const value = frame[local.slot];
				if (value === undefined) continue;
				checkSize(machine, value);
				solution.set(local.name, value);
			}
			solutions.push(solution);
			return false;
		});
		guarded(() => run(m));
		return solutions;
	}

	#query(text: string): LQuery {
		const held = this.#queries.get(text);
		if (held !== undefined) return held;
		const body = parseQuery(text);
		const { query, diagnostics } = compileQuery(body, this.lowered, this.#settings);
		const faults = diagnostics.length > 0 ? diagnostics : checkQuery(query, this.lowered);
		if (faults.length > 0) throw regoError(faults);
		if (this.#queries.size >= queriesKeptMax) this.#queries.clear();
		this.#queries.set(text, query);
		return query;
	}

	#entry(exe: Executable, path: string): Entry {
		let entries = this.#entries.get(exe);
		if (entries === undefined) {
			entries = new Map();
			this.#entries.set(exe, entries);
		}
		let entry = entries.get(path);
		if (entry === undefined) {
			const keys = constantPath(path);
			const loc: Location = { file: '', row: 1, col: 1, offset: 0, end: 0 };
			const coder = new Coder(exe, undefined, 0);
			const parts = keys.map((value) => ({ kind: 'const', value, loc }) as const);
			const get = coder.get({ kind: 'ref', head: 'data', path: parts, loc });
			entry = { path: keys, get, frameSize: coder.frameSize };
			if (entries.size >= queriesKeptMax) entries.clear();
			entries.set(path, entry);
		}
		return entry;
	}

	#executable(options: EvaluateOptions, query: LQuery | undefined): Executable {
		const names = new Set(this.#mocked);
		if (query !== undefined) mockedInBody(query.body, names);
		for (const name of Object.keys(options.mocks ?? {})) names.add(name);
		const instrumented = options.instrument !== undefined;
		const key =
			names.size === this.#mocked.size && !instrumented ? '' : `${instrumented} ${[...names].sort().join(' ')}`;
		let exe = this.#executables.get(key);
		if (exe === undefined) {
			exe = new Executable(this.lowered, instrumented, names);
			if (this.#executables.size >= executablesKeptMax) this.#executables.clear();
			this.#executables.set(key, exe);
		}
		return exe;
	}

	#machine(options: EvaluateOptions): Machine {
		forgetPlainKeys();
		forgetPlainSpellings();
		const m = new Machine({
			input: options.input as Value | undefined,
			data: (options.data ?? noData) as Value,
			limits: options.limits === undefined ? defaultLimits : { ...defaultLimits, ...options.limits },
			strict: options.strict ?? false,
			nowNs: options.nowNs,
			randomBytes: options.randomBytes,
			clockMs: options.clockMs,
			provenance: options.provenance ?? false,
			allReasons: options.allReasons ?? false,
			instrument: options.instrument,
			print: options.print,
			trace: options.trace,
		});
		if (options.mocks !== undefined) {
			const mocks = Object.entries(options.mocks).map(([name, value]): [string, Mock] => [
				name,
				{ kind: 'value', value: value as Value },
			]);
			m.mocks = new Map(mocks);
		}
		return m;
	}
}

/** An evaluation with provenance, which is spelled out when first looked at: most decisions are never asked why. */
class Explained implements Evaluation {
	readonly defined: boolean;
	readonly result: JsonValue | undefined;
	readonly value: Value | undefined;
	readonly #m: Machine;
	readonly #root: RuleNode;
	readonly #path: readonly Value[];
	#provenance: readonly ProvenanceEntry[] | undefined;

	constructor(evaluation: Evaluation, m: Machine, root: RuleNode, path: readonly Value[]) {
		this.defined = evaluation.defined;
		this.result = evaluation.result;
		this.value = evaluation.value;
		this.#m = m;
		this.#root = root;
		this.#path = path;
	}

	get provenance(): readonly ProvenanceEntry[] {
		this.#provenance ??= this.value === undefined ? [] : provenanceOf(this.#m, this.#root, this.#path, this.value);
		return this.#provenance;
	}
}

/** Queries and entry points of which the code is kept. */
const queriesKeptMax = 256;
/** Variants of the code (by mocks and instrumentation) that are kept. */
const executablesKeptMax = 16;

const noData: Value = {};

function checkSize(m: Machine, value: Value): void {
	const { outputMax } = m.settings.limits;
	if (measure(value, outputMax) > outputMax) {
		m.fail('rego_limit_error', `the result is larger than ${outputMax} characters`, undefined);
	}
}

/** Runs with limited work on values, and makes a limit error of that limit and of a stack that is used up. */
function guarded<T>(run: () => T): T {
	try {
		return withLimitedWork(run);
	} catch (error) {
		if (error instanceof ValueWorkError) {
			const message = `comparing and writing out values took more than ${itemsComparedMax} steps`;
			throw new RegoError([{ code: 'rego_limit_error', message, loc: undefined }], { cause: error });
		}
		if (error instanceof NumberRangeError) {
			const message = `number out of range: ${error.message}`;
			throw new RegoError([{ code: 'rego_limit_error', message, loc: undefined }], { cause: error });
		}
		// The depth limit comes first for rules; a value nested thousands of levels deep is caught only here.
		if (error instanceof RangeError || (error instanceof Error && error.name === 'InternalError')) {
			const message = 'rules, values or expressions are nested too deeply';
			throw new RegoError([{ code: 'rego_limit_error', message, loc: undefined }], { cause: error });
		}
		throw error;
	}
}
