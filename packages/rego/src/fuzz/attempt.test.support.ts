/** What the fuzz tests do with a source: everything a host would, and a look at what comes out. */
import { RegoError } from '../errors.ts';
import { format } from '../format/index.ts';
import { check, compile, type EvaluateOptions, type Program } from '../program.ts';
import { print } from '../value/index.ts';

/** Nothing with a source of a megabyte may take longer than this, on a busy machine too. */
export const patienceMs = 20_000;

/** Inputs that evaluations get. */
const input = {
	host: 'api.example.org',
	level: 1,
	x: 1,
	prefix: 'a',
	items: [{ price: 200 }, { price: 1 }],
	list: ['a', 1, null],
	names: ['b', 'a'],
	text: 'aabbc',
	doc: '{"a": {"b c": [1]}}',
	at: '2026-01-01T00:00:00Z',
};
const options: EvaluateOptions = {
	input,
	data: { lists: { allowed: ['*.example.org'] }, denied: { 'x.org': 'new' } },
	limits: { stepsMax: 200_000, outputMax: 1_000_000 },
	nowNs: 1_800_000_000_000_000_000n,
	randomBytes: (size) => new Uint8Array(size).fill(7),
};

/** The value of all of `data` as text, or the code of the error that ended it. */
export function outcome(
	program: Program,
	further: EvaluateOptions = {},
): { readonly text: string; readonly failed: boolean } {
	try {
		const { value } = program.evaluate('data', { ...options, ...further });
		return { text: value === undefined ? 'undefined' : print(value), failed: false };
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		return { text: error.code, failed: true };
	}
}

/** Checks, formats, compiles and evaluates a source; throws when it finds something that must not be. */
export function attempt(source: string): 'refused' | 'ran' {
	const start = performance.now();
	try {
		const result = attemptAll(source);
		const ms = performance.now() - start;
		if (ms > patienceMs) throw new Error(`took ${Math.round(ms)} ms`);
		return result;
	} catch (error) {
		const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
		throw new Error(`${reason}\nsource: ${JSON.stringify(source.slice(0, 4_000))}`);
	}
}

function attemptAll(source: string): 'refused' | 'ran' {
	const diagnostics = check({ 'fuzz.rego': source });
	const formatted = orRefused(() => format(source));
	const program = orRefused(() => compile({ 'fuzz.rego': source }));
	if ((program === undefined) !== diagnostics.length > 0) throw new Error('check and compile disagree');
	if (program === undefined) return 'refused';
	if (formatted === undefined) throw new Error('it compiles, but cannot be formatted');
	compareRuns(program);
	compareFormatted(program, formatted);
	return 'ran';
}

function orRefused<T>(run: () => T): T | undefined {
	try {
		return run();
	} catch (error) {
		if (error instanceof RegoError && error.diagnostics.length > 0) return undefined;
		throw error;
	}
}

/** Provenance, further reasons and instruments (without index and early exit) must not change a result. */
function compareRuns(program: Program): void {
	const plain = outcome(program);
	const others: readonly EvaluateOptions[] = [{ provenance: true }, { allReasons: true }, { instrument: {} }];
	for (const further of others) {
		const other = outcome(program, further);
		// A rule that the index leaves out may meet a conflict or the step limit where it is tried.
		if (plain.failed || other.failed) continue;
		if (plain.text !== other.text) throw new Error(`${Object.keys(further)[0]}: ${plain.text} became ${other.text}`);
	}
}

/** Formatting keeps the meaning, and what is formatted stays as it is. */
function compareFormatted(program: Program, formatted: string): void {
	if (format(formatted) !== formatted) throw new Error(`formatting again changes it: ${formatted}`);
	const before = outcome(program);
	const after = outcome(compile({ 'fuzz.rego': formatted }));
	if (before.text !== after.text) throw new Error(`formatted, ${before.text} became ${after.text}: ${formatted}`);
}
