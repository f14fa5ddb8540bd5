import { anyOf, array, boolean, fn, named, nullType, string } from '../types/type.ts';
import { isArray, type Value } from '../value/index.ts';
import { BoundedCache } from './bounded-cache.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { compileGlob, type GlobMatcher } from './glob-pattern.ts';
import { globCacheEntriesMax, globDelimiterSetsMax, matchingSteps } from './limits.ts';
import { operandElementError, operandTypeError, stringOperand } from './operands.ts';

/**
 * Compiled globs by delimiters, then by pattern: a pure function of both, shared by all evaluations. Two levels, so that
 * a call looks up the pattern itself and need not make a text of both first.
 */
const compiled = new BoundedCache<BoundedCache<GlobMatcher>>(globDelimiterSetsMax);

/** `glob.match` and `glob.quote_meta`, with the pattern language of gobwas/glob. */
export const globBuiltins: readonly Builtin[] = [
	{
		name: 'glob.match',
		description: 'Whether a string matches a glob as a whole; `*` and `?` stop at delimiters.',
		decl: fn(
			[
				named('pattern', string, 'glob pattern'),
				named(
					'delimiters',
					anyOf(array(string), nullType),
					'characters that `*` stops at; `[]` means `["."]`, null none',
				),
				named('match', string, 'string to match against `pattern`'),
			],
			named('result', boolean, 'whether `match` matches'),
		),
		run: matchGlob,
	},
	{
		name: 'glob.quote_meta',
		description: 'Escapes what has a meaning in a glob.',
		decl: fn(
			[named('pattern', string, 'glob pattern')],
			named('output', string, '`pattern` with its special characters escaped'),
		),
		run: (args) => stringOperand(args, 1).replace(/[*?\\[\]{}]/g, '\\$&'),
	},
];

function matchGlob(args: readonly Value[], context: BuiltinContext): boolean {
	const pattern = stringOperand(args, 1);
	const delimiters = delimitersOperand(args[1]!);
	const text = stringOperand(args, 3);
	context.spend(matchingSteps(pattern.length, text.length));
	const ofDelimiters = compiled.get(delimiters, () => new BoundedCache(globCacheEntriesMax));
	return ofDelimiters.get(pattern, () => compileGlob(pattern, [...delimiters]))(text, context.spend);
}

/** The delimiters, one behind the other. */
function delimitersOperand(operand: Value): string {
	if (operand === null) return '';
	if (!isArray(operand)) throw operandTypeError(2, operand, 'array', 'null');
	let delimiters = '';
	for (const delimiter of operand) {
		if (typeof delimiter !== 'string') throw operandElementError(2, operand, delimiter, 'string');
		if (delimiter.length !== 1 && [...delimiter].length !== 1) throw operandElementError(2, operand, delimiter, 'rune');
		delimiters += delimiter;
	}
	return delimiters === '' ? '.' : delimiters;
}
