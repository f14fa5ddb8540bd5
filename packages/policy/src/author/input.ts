import type { Diagnostic } from '@tappass/core';
import { policyLimits } from '../limits.ts';

/** One file as the caller read it. This package never opens one. */
export interface SourceFile {
	/** Name for diagnostics and trails, relative to where the caller stands: `policies/acme-baseline.rego`. Forward slashes. */
	readonly file: string;
	readonly bytes: Uint8Array;
	/** When it was last changed, Unix milliseconds; printed in trails when no author and time are given. */
	readonly mtime?: number;
}

/** Where a value stands in a file; row and col from 1, col in code points. */
export interface Place {
	readonly file: string;
	readonly row: number;
	readonly col: number;
}

/** `file:row:col`. */
export function printPlace(place: Place): string {
	return `${place.file}:${place.row}:${place.col}`;
}

/** The text of a file, or the diagnostic that says why it cannot be read as text. */
export function decodeText(source: SourceFile): { readonly text: string } | { readonly diagnostic: Diagnostic } {
	const { file, bytes } = source;
	const refuse = (message: string, hint: string, row = 1, col = 1): { readonly diagnostic: Diagnostic } => ({
		diagnostic: { code: 'policy_invalid', file, row, col, message, hint },
	});
	if (bytes.length > policyLimits.fileBytesMax)
		return refuse(
			`the file has ${bytes.length} bytes, more than ${policyLimits.fileBytesMax}`,
			'split it, or put generated lists into a domain category',
		);
	const nul = bytes.indexOf(0);
	if (nul >= 0) {
		const before = new TextDecoder().decode(bytes.subarray(0, nul));
		const row = before.split('\n').length;
		return refuse('the file holds a NUL byte', 'save it as plain UTF-8 text', row, codePoints(lastLine(before)) + 1);
	}
	try {
		return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
	} catch {
		// The decoder says only that it failed; the first replacement character of a lenient run shows where.
		const lenient = new TextDecoder().decode(bytes);
		const at = lenient.indexOf('\ufffd');
		const before = lenient.slice(0, Math.max(at, 0));
		return refuse(
			'the file is not UTF-8',
			'save it as UTF-8',
			before.split('\n').length,
			codePoints(lastLine(before)) + 1,
		);
	}
}

function lastLine(text: string): string {
	return text.slice(text.lastIndexOf('\n') + 1);
}
/** Number of code points of a text. */
export function codePoints(text: string): number {
	return [...text].length;
}

/** Last segment of a path. */
export function baseName(file: string): string {
	return file.slice(file.lastIndexOf('/') + 1);
}
/** Joins a path onto the folder of `file`, resolving `.` and `..` in it. */
export function besideFile(file: string, relative: string): string {
	const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
	const segments = relative.startsWith('/') ? [] : folder.split('/').filter((segment) => segment !== '');
	for (const segment of relative.split('/')) {
		if (segment === '' || segment === '.') continue;
		if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
		else segments.push(segment);
	}
	const absolute = relative.startsWith('/') || file.startsWith('/');
	return `${absolute ? '/' : ''}${segments.join('/')}`;
}
