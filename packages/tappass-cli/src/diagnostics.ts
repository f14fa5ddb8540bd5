import type { Terminal } from '@tappass/cli-kit';
import { printable, printableJson } from '@tappass/cli-kit';
import { type Diagnostic, printDiagnostic, TapPassError } from '@tappass/core';

/** Throws when any of the diagnostics is an error, with all of them; contradictions alone get a code of their own. */
export function refuse(diagnostics: readonly Diagnostic[], what: string): void {
	const errors = diagnostics.filter((diagnostic) => diagnostic.severity !== 'warning');
	if (errors.length === 0) return;
	const contradictions = errors.every((diagnostic) => diagnostic.code === 'policy_contradiction');
	const noun = contradictions ? 'contradiction' : 'error';
	throw new TapPassError(contradictions ? 'policy_contradiction' : 'policy_invalid', {
		detail: `${count(errors.length, noun)} in ${what}`,
		diagnostics,
	});
}

/** Diagnostics that do not stop a command, on stderr: lines for people, one object for programs. */
export function printWarnings(terminal: Terminal, diagnostics: readonly Diagnostic[]): void {
	if (diagnostics.length === 0) return;
	if (terminal.json) terminal.stderr.write(printableJson({ schema: 'tappass.diagnostics/1', diagnostics }));
	else for (const diagnostic of diagnostics) terminal.stderr.write(`${printable(printDiagnostic(diagnostic))}\n`);
}

/** `1 error`, `2 errors`. */
export function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
