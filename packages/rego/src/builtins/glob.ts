import { anyOf, array, boolean, fn, named, nullType, string } from '../types/type.ts';
import { isArray, type Value } from '../value/index.ts';
import { BoundedCache } from './bounded-cache.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { compileGlob, type GlobMatcher } from './glob-pattern.ts';
import { globCacheEntriesMax, matchingSteps } from './limits.ts';
import { operandElementError, operandTypeError, stringOperand } from './operands.ts';

/** Compiled globs by delimiters and pattern: a pure function of the key, shared by all evaluations. */
const compiled = new BoundedCache<GlobMatcher>(globCacheEntriesMax);

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
	context.spend(matchingSteps(pattern, text));
	return compiled.get(`${delimiters.join('')}\0${pattern}`, () => compileGlob(pattern, delimiters))(text);
}

function delimitersOperand(operand: Value): readonly string[] {
	if (operand === null) return [];
	if (!isArray(operand)) throw operandTypeError(2, operand, 'array', 'null');
	if (operand.length === 0) return ['.'];
	return operand.map((delimiter) => {
		if (typeof delimiter !== 'string') throw operandElementError(2, operand, delimiter, 'string');
		if ([...delimiter].length !== 1) throw operandElementError(2, operand, delimiter, 'rune');
		return delimiter;
	});
}
