import { type Diagnostic, TapPassError } from './error.ts';
import { type ErrorCode, errorTable } from './table.ts';

/** A problem document (RFC 9457): what every door of TapPass answers when it cannot do as asked. */
export interface Problem {
	readonly type: `urn:tappass:problem:${ErrorCode}`;
	readonly title: string;
	readonly status: number;
	readonly detail?: string;
	readonly instance?: string;
	readonly code: ErrorCode;
	readonly hint?: string;
	readonly diagnostics?: readonly Diagnostic[];
}

/** The problem document of an error. Anything that is not ours becomes `internal`, without its message: it may hold a secret. */
export function toProblem(error: unknown, instance?: string): Problem {
	const known = error instanceof TapPassError ? error : new TapPassError('internal');
	return {
		type: `urn:tappass:problem:${known.code}`,
		title: known.row.title,
		status: known.row.status,
		code: known.code,
		...(known.detail === undefined ? {} : { detail: known.detail }),
		...(instance === undefined ? {} : { instance }),
		...(known.hint === undefined ? {} : { hint: known.hint }),
		...(known.diagnostics.length === 0 ? {} : { diagnostics: known.diagnostics }),
		...known.fields,
	};
}

/** The process exit code of an error. */
export function exitCode(error: unknown): number {
	return error instanceof TapPassError ? errorTable[error.code].exit : errorTable.internal.exit;
}

/** `file:row:col: code: message` (or `file#/json/pointer: …` where rows are not known), then the hint on a line of its own. */
export function printDiagnostic(diagnostic: Diagnostic): string {
	const { file, row, col, path, code, message, hint, severity } = diagnostic;
	const place = [file, row, col].filter((part) => part !== undefined).join(':');
	const at = row === undefined && path !== undefined ? `${place}#${path}` : place;
	const kind = severity === 'warning' ? 'warning: ' : '';
	const line = `${at === '' ? '' : `${at}: `}${kind}${code}: ${message}`;
	return hint === undefined ? line : `${line}\n  hint: ${hint}`;
}
