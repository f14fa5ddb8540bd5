import { array, boolean, fn, named, number, string } from '../types/type.ts';
import type { Value } from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError } from './builtin.ts';
import { globsIntersect } from './globs-intersect.ts';
import { matchingSteps } from './limits.ts';
import { intOperand, stringOperand } from './operands.ts';
import { compilePattern, compileTemplatePattern, findMatches, replaceMatches } from './regex-pattern.ts';
import { utf8 } from './utf8.ts';

const pattern = named('pattern', string, 'regular expression in RE2 syntax');
const value = named('value', string, 'string to match');
const count = named('number', number, 'how many matches to return; `-1` for all');

/** The `regex.*` builtins, in RE2 syntax and linear time. */
export const regexBuiltins: readonly Builtin[] = [
	{
		name: 'regex.match',
		description: 'Whether a string holds a match of a regular expression.',
		decl: fn(
			[pattern, named('value', string, 'value to match against `pattern`')],
			named('result', boolean, 'whether `value` matches'),
		),
		run: match,
	},
	{
		name: 're_match',
		description: 'The old name of `regex.match`.',
		deprecated: true,
		decl: fn([string, string], boolean),
		run: match,
	},
	{
		name: 'regex.is_valid',
		description: 'Whether a string is a regular expression.',
		decl: fn([named('pattern', string, 'regular expression')], named('result', boolean, 'whether `pattern` parses')),
		run: ([source], context) => isValid(source!, context),
	},
	{
		name: 'regex.find_n',
		description: 'The matches of a regular expression in a string.',
		decl: fn([pattern, value, count], named('output', array(string), 'the texts that matched')),
		run: (args, context) => matches(args, context).map(([whole]) => whole!),
	},
	{
		name: 'regex.find_all_string_submatch_n',
		description: 'The matches of a regular expression in a string, each with its groups.',
		decl: fn(
			[pattern, value, count],
			named('output', array(array(string)), 'for each match the whole text, then each group'),
		),
		run: matches,
	},
	{
		name: 'regex.split',
		description: 'Splits a string at the matches of a regular expression.',
		decl: fn([pattern, value], named('output', array(string), 'the parts between the matches')),
		run: split,
	},
	{
		name: 'regex.replace',
		description: 'Replaces every match of a regular expression.',
		decl: fn(
			[
				named('s', string, 'string to search'),
				named('pattern', string, 'regular expression in RE2 syntax'),
				named('value', string, 'replacement; `$1` and `$name` stand for groups'),
			],
			named('output', string, 'the string with all matches replaced'),
		),
		run: replace,
	},
	{
		name: 'regex.template_match',
		description: 'Matches a string as a whole against plain text that holds regular expressions between delimiters.',
		decl: fn(
			[
				named('template', string, 'text with regular expressions between delimiters'),
				named('value', string, 'string to match'),
				named('delimiter_start', string, 'character in front of each expression'),
				named('delimiter_end', string, 'character behind each expression'),
			],
			named('result', boolean, 'whether `value` matches'),
		),
		run: templateMatch,
	},
	{
		name: 'regex.globs_match',
		description: 'Whether two expressions made of `.`, `[a-z]`, `*`, `+` and `\\` have a non-empty string in common.',
		decl: fn(
			[named('glob1', string, 'one expression'), named('glob2', string, 'the other')],
			named('result', boolean, 'whether some non-empty string matches both'),
		),
		run: (args, context) => globsIntersect(stringOperand(args, 1), stringOperand(args, 2), context.spend),
	},
];

function match(args: readonly Value[], context: BuiltinContext): boolean {
	const source = stringOperand(args, 1);
	const text = stringOperand(args, 2);
	const compiled = compilePattern(source, context);
	context.spend(matchingSteps(compiled.size, text.length));
	return compiled.test(text);
}

function isValid(source: Value, context: BuiltinContext): boolean {
	if (typeof source !== 'string') return false;
	try {
		compilePattern(source, context);
		return true;
	} catch (error) {
		if (error instanceof BuiltinError) return false;
		throw error;
	}
}

/** Every match with its groups; what did not take part is the empty string. */
function matches(args: readonly Value[], context: BuiltinContext): readonly (readonly string[])[] {
	const source = stringOperand(args, 1);
	const text = stringOperand(args, 2);
	const limit = intOperand(args, 3);
	const compiled = compilePattern(source, context);
	context.spend(matchingSteps(compiled.size, text.length));
	const found: string[][] = [];
	for (const { groups } of findMatches(compiled, text, limit, context.spend)) {
		found.push(groups.map((group) => group ?? ''));
	}
	return found;
}

function split(args: readonly Value[], context: BuiltinContext): readonly string[] {
	const source = stringOperand(args, 1);
	const text = stringOperand(args, 2);
	const compiled = compilePattern(source, context);
	context.spend(matchingSteps(compiled.size, text.length));
	if (source !== '' && text === '') return [''];
	const parts: string[] = [];
	let begin = 0;
	let end = 0;
	for (const found of findMatches(compiled, text, -1, context.spend)) {
		end = found.start;
		// An empty match at the very front splits nothing off.
		if (found.end !== 0) parts.push(text.slice(begin, end));
		begin = found.end;
	}
	if (end !== text.length) parts.push(text.slice(begin));
	return parts;
}

function replace(args: readonly Value[], context: BuiltinContext): string {
	const text = stringOperand(args, 1);
	const source = stringOperand(args, 2);
	const template = stringOperand(args, 3);
	const compiled = compilePattern(source, context);
	context.spend(matchingSteps(compiled.size, text.length));
	return replaceMatches(compiled, text, template, context.spend);
}

function templateMatch(args: readonly Value[], context: BuiltinContext): boolean {
	const template = stringOperand(args, 1);
	const text = stringOperand(args, 2);
	const open = stringOperand(args, 3);
	const close = stringOperand(args, 4);
	delimiter('start', open);
	delimiter('end', close);
	const compiled = compileTemplatePattern(template, open, close, context);
	context.spend(matchingSteps(compiled.size, text.length));
	return compiled.test(text);
}

/** OPA counts bytes here, so a delimiter is one ASCII character. */
function delimiter(which: 'start' | 'end', text: string): void {
	const bytes = utf8(text).length;
	if (bytes !== 1)
		throw new BuiltinError(`${which} delimiter has to be exactly one character long but is ${bytes} long`);
}
