import type { z } from 'zod';
import { type Json, type ParseOptions, parseJson } from '../canonical-json/parse.ts';
import { type Diagnostic, TapPassError } from '../errors/error.ts';
import { limits } from '../limits.ts';

/**
 * Turns an unknown value into a typed one, or reports everything that is wrong with it.
 * @param what names the document in the error: its file, or `the Compiled Policy`
 * @throws {TapPassError} schema_invalid, with one diagnostic for each fault, each with the value's JSON pointer
 */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	throw new TapPassError('schema_invalid', { detail: what, diagnostics: schemaDiagnostics(result.error, what) });
}

/** Strict JSON bytes → typed value. @throws {TapPassError} schema_invalid and the `json_…` codes */
export function parseBytesWith<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string, options?: ParseOptions): T {
	const json: Json = parseJson(bytes, options);
	return parseWith(schema, json, what);
}

/** One diagnostic for each issue that zod reports; `file` names the document. */
export function schemaDiagnostics(error: z.ZodError, file?: string): readonly Diagnostic[] {
	return error.issues.slice(0, limits.diagnosticsMax).map((issue) => ({
		code: 'schema_invalid' as const,
		message: issue.message,
		...(file === undefined ? {} : { file }),
		path: jsonPointer(issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))),
	}));
}

/** A JSON pointer (RFC 6901) to a place in a document. */
export function jsonPointer(path: readonly (string | number)[]): string {
	return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
