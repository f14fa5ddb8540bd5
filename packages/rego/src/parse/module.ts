import type { Module } from '../ast/ast.ts';
import { scan } from '../lex/scan.ts';
import { readAnnotations } from './annotations.ts';
import { checkLength, fail, type ParseOptions } from './cursor.ts';
import { StatementParser } from './statements.ts';

/**
 * Parses a module.
 *
 * @param file name for locations; nothing is read from it
 * @throws {RegoError} rego_parse_error, rego_limit_error: every diagnostic found, at most ten
 */
export function parseModule(source: string, file: string, options: ParseOptions = {}): Module {
	checkLength(source, file);
	const tokens = scan(source, file);
	const { package: found, imports, rules, diagnostics } = new StatementParser(tokens, options).module();
	if (diagnostics.length > 0) fail(diagnostics, source);
	const module = { file, source, package: found!, imports, rules, comments: tokens.comments };
	if (options.annotations === false) return { ...module, annotations: [] };
	const read = readAnnotations(module);
	if (read.diagnostics.length > 0) fail(read.diagnostics, source);
	return { ...module, annotations: read.annotations };
}
