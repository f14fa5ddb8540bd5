import type { Body, RefTerm, Term } from '../ast/ast.ts';
import { isGround } from '../ast/walk.ts';
import { RegoError } from '../errors.ts';
import { scan } from '../lex/scan.ts';
import { checkLength, fail, ParseFailure, type ParseOptions } from './cursor.ts';
import { limits } from './limits.ts';
import { StatementParser } from './statements.ts';

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
