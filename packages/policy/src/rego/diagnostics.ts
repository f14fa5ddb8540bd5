import type { Diagnostic } from '@tappass/core';
import type { Diagnostic as RegoDiagnostic } from '@tappass/rego';

/** A diagnostic of the engine in the words of ours. */
export function fromRego(diagnostic: RegoDiagnostic): Diagnostic {
	const { code, message, loc, hint, details } = diagnostic;
	return {
		code: code as `rego_${string}` | `eval_${string}`,
		message: [message, ...(details ?? [])].join('; '),
		...(loc === undefined ? {} : { file: loc.file, row: loc.row, col: loc.col }),
		...(hint === undefined ? {} : { hint }),
	};
}
