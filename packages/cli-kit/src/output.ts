import { getSystemErrorMap } from 'node:util';
import { exitCode, printDiagnostic, TapPassError, toProblem } from '@tappass/core';
import { printable, printableAnswer, printableJson, type Terminal } from './terminal.ts';

/** What a command answers: one JSON object for programs, lines for people. */
export interface Answer {
	/** `tappass.policy.compile/1`: first field of the JSON form. */
	readonly schema: string;
	readonly fields: Readonly<Record<string, unknown>>;
	readonly text: string;
	/** `text` is a file as it is, for programs to read: printed byte for byte. */
	readonly verbatim?: boolean;
	/** 0 unless the answer is "no" (1). */
	readonly exit?: 0 | 1;
}

/** Prints an answer on stdout and returns the exit code. */
export function printAnswer(terminal: Terminal, answer: Answer): number {
	if (terminal.json) terminal.stdout.write(printableJson(withSchema(answer)));
	else if (answer.text !== '') {
		// What others wrote is in most answers, and one that forgot to make it harmless is enough.
		const text = answer.verbatim === true ? answer.text : printableAnswer(terminal, answer.text);
		terminal.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
	}
	return answer.exit ?? 0;
}

// Fields are often what a server or a file said: its own schema is not the one of this answer.
function withSchema({ schema, fields: { schema: _, ...fields } }: Answer): object {
	return { schema, ...fields };
}

/**
 * Prints a failure on stderr, stdout stays empty, and returns the exit code. What is not a `TapPassError` is a bug of
 * ours: its stack is shown only with `TAPPASS_DEBUG`, since its message may hold anything.
 */
export function printFailure(terminal: Terminal, error: unknown, debug = false): number {
	if (terminal.json) {
		terminal.stderr.write(printableJson(toProblem(error)));
		return exitCode(error);
	}
	const { red, yellow } = terminal.errorStyle;
	const known =
		error instanceof TapPassError
			? error
			: new TapPassError('internal', { hint: 'run again with TAPPASS_DEBUG=1 and report what it prints' });
	for (const diagnostic of known.diagnostics) terminal.stderr.write(`${printable(printDiagnostic(diagnostic))}\n`);
	terminal.stderr.write(`${terminal.name}: ${red('error')}: ${printable(inWords(known.message))} [${known.code}]\n`);
	if (known.hint !== undefined)
		terminal.stderr.write(`${terminal.name}: ${yellow('hint')}: ${printable(known.hint)}\n`);
	if (debug) terminal.stderr.write(`${printable(String(error instanceof Error ? error.stack : error))}\n`);
	return exitCode(error);
}

/** A message that ends with the name of a system error, with what that name means: programs read the name, people do not. */
function inWords(message: string): string {
	const name = /: (E[A-Z]{2,}\d*)$/.exec(message)?.[1];
	const meaning = [...getSystemErrorMap().values()].find(([known]) => known === name)?.[1];
	return meaning === undefined ? message : `${message}, ${meaning}`;
}

/**
 * Decides what becomes of a program whose output cannot be written. A reader that left early (`| head -1`) is no failure;
 * a full disk is one. When stderr itself fails there is nobody left to tell.
 */
export function surviveBrokenOutput(
	terminal: Terminal,
	program: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exitCode'>,
): void {
	program.stderr.on('error', () => undefined);
	// A framework's own listener would throw.
	program.stdout.removeAllListeners('error').on('error', (cause: NodeJS.ErrnoException) => {
		if (cause.code === 'EPIPE') return;
		const detail = `standard output: ${cause.code}`;
		program.exitCode = printFailure(terminal, new TapPassError('file_unwritable', { detail, cause }));
	});
}

/** A warning or note for people, on stderr; nothing in JSON mode, where warnings are fields of the answer. */
export function note(terminal: Terminal, kind: 'warning' | 'hint' | 'note', text: string): void {
	if (terminal.json) return;
	const label = kind === 'warning' ? terminal.errorStyle.yellow(kind) : kind;
	terminal.stderr.write(`${terminal.name}: ${label}: ${printable(text)}\n`);
}
