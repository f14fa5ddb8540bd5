import type { Diagnostic } from '@tappass/core';
import type { Diagnostic as RegoDiagnostic } from '@tappass/rego';

/** A diagnostic of the engine in the words of ours. */
export function fromRego(diagnostic: RegoDiagnostic): Diagnostic {
	const { code, message, loc, hint, details } = diagnostic;
	return {
		code: code as `rego_${string}` | `eval_${string}`,
		message: inOneLine(message, details ?? []),
		...(loc === undefined ? {} : { file: loc.file, row: loc.row, col: loc.col }),
		...(hint === undefined ? {} : { hint }),
	};
}

// Row and column say the place: in a text of one line a caret below a line of source points at nothing.
function inOneLine(message: string, details: readonly string[]): string {
	const caret = details.findIndex((line) => /^\s*\^$/.test(line));
	const source = details[caret - 1]?.trim() ?? '';
	const others = details.filter((_, at) => caret === -1 || (at !== caret && at !== caret - 1));
	return [source === '' || message.includes(source) ? message : `${message} in ${source}`, ...others].join('; ');
}
