/**
 * Rego v1 source text → syntax tree. Hand-written recursive descent over the tokens of `lex`, with OPA's grammar and
 * wording; every failure is a `RegoError` whose diagnostics say where, what, and what to write instead.
 */

import type { Body, Module, RefTerm, Term } from '../ast/ast.ts';
import { isGround } from '../ast/walk.ts';
import { type Diagnostic, RegoError } from '../errors.ts';
import { scan } from '../lex/scan.ts';
import { readAnnotations } from './annotations.ts';
import { fail, ParseFailure, type ParseOptions } from './cursor.ts';
import { limits } from './limits.ts';
import { StatementParser } from './statements.ts';

export type { ParseOptions } from './cursor.ts';

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

/**
 * Parses a query: expressions outside of any module.
 *
 * @throws {RegoError} rego_parse_error, rego_limit_error
 */
export function parseQuery(source: string, file = '', options: ParseOptions = {}): Body {
	checkLength(source, file);
	try {
		return new StatementParser(scan(source, file), options).query();
	} catch (failure) {
		if (failure instanceof ParseFailure) fail([failure.diagnostic], source);
		throw failure;
	}
}

/**
 * Parses one term without variables, as inputs are written that JSON cannot hold.
 *
 * @throws {RegoError} rego_parse_error, rego_limit_error
 */
export function parseTermText(source: string): Term {
	const term = onlyTerm(source);
	if (!isGround(term) || term.kind === 'ref') throw refused(source, term, 'expected term without variables');
	return term;
}

/**
 * Parses one ref, such as `data.a.b[0]`.
 *
 * @throws {RegoError} rego_parse_error, rego_limit_error
 */
export function parseRef(source: string): RefTerm {
	const term = onlyTerm(source);
	if (term.kind !== 'ref') throw refused(source, term, 'expected ref');
	return term;
}

/** The one term that a text consists of. */
function onlyTerm(source: string): Term {
	const body = parseQuery(source);
	const expr = body[0]!;
	const plain = expr.kind === 'term' && !expr.negated && expr.with.length === 0;
	if (body.length !== 1 || !plain) throw refused(source, expr, 'expected exactly one term');
	return expr.term;
}

function refused(source: string, { loc }: Pick<Term, 'loc'>, message: string): RegoError {
	const shown = source.length > limits.shownLine ? '' : ` but got ${source}`;
	return new RegoError([{ code: 'rego_parse_error', message: `${message}${shown}`, loc }]);
}

function checkLength(source: string, file: string): void {
	if (source.length <= limits.sourceLength) return;
	const message = `source text is longer than ${limits.sourceLength} characters`;
	const loc = { file, row: 1, col: 1, offset: 0, end: 0 };
	const diagnostic: Diagnostic = { code: 'rego_limit_error', message, loc };
	throw new RegoError([diagnostic]);
}
