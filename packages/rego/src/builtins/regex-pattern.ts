import { RE2JS } from 're2js';
import { BoundedCache } from './bounded-cache.ts';
import { type BuiltinContext, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { matchingSteps, regexCacheEntriesMax, regexLengthMax } from './limits.ts';
import { nativeRegExp, reachOf } from './regex-native.ts';

/** A compiled regular expression in RE2 syntax; every search takes time linear in the text. */
export interface Pattern {
	readonly re2: RE2JS;
	/** Instructions that it compiles to: what a search costs for each character. */
	readonly size: number;
	/** Characters that a search may read past the end of the match it finds. */
	readonly reach: number;
	/** Whether it matches anywhere in `text`. */
	readonly test: (text: string) => boolean;
}

/** One match: `groups[0]` is the whole of it, a group that took no part is `null`. Positions count UTF-16 units. */
export interface Match {
	readonly start: number;
	readonly end: number;
	readonly groups: readonly (string | null)[];
}

const compiled = new BoundedCache<Pattern>(regexCacheEntriesMax);

/**
 * The compiled form of `source`, remembered.
 *
 * @throws {BuiltinError} with RE2's text (`error parsing regexp: missing closing ]: …`) when it does not parse, and when
 * it is too long to compile in passing
 */
export function compilePattern(source: string, context: BuiltinContext): Pattern {
	const held = context.memo.get(memoKey) as Map<string, Pattern> | undefined;
	const pattern = held?.get(source);
	if (pattern !== undefined) return pattern;
	// Counted once for each evaluation, compiled before or not: it takes as many steps the next time.
	context.spend(1 + source.length * compilingSteps);
	const made = compileSource(source);
	if (held === undefined) context.memo.set(memoKey, new Map([[source, made]]));
	else held.set(source, made);
	return made;
}

const memoKey = 'regular expressions';

/** Steps that compiling one character of a pattern costs: some half a microsecond. */
const compilingSteps = 4;

function compileSource(source: string): Pattern {
	return compiled.get(source, () => {
		const re2 = parsePattern(source);
		const native = nativeRegExp(source);
		const size = re2.programSize();
		const test = native === undefined ? (text: string) => re2.test(text) : (text: string) => native.test(text);
		return { re2, size, reach: reachOf(source), test };
	});
}

function parsePattern(source: string): RE2JS {
	if (source.length > regexLengthMax) {
		throw new BuiltinLimitError(
			`regular expression is too long: ${source.length} characters, at most ${regexLengthMax}`,
		);
	}
	try {
		return RE2JS.compile(source);
	} catch (error) {
		throw new BuiltinError(error instanceof Error ? error.message : String(error), { cause: error });
	}
}

/**
 * Successive matches from left to right, at most `limit` of them (a negative limit: all). As in Go, an empty match
 * right behind the match before it does not count.
 *
 * @param spend called for each search with what it may cost
 */
export function* findMatches(
	pattern: Pattern,
	text: string,
	limit: number,
	spend: (steps: number) => void,
): Generator<Match> {
	const matcher = pattern.re2.matcher(text);
	let found = 0;
	let previousEnd = -1;
	for (let from = 0; from <= text.length && (limit < 0 || found < limit); ) {
		if (!matcher.find(from)) return;
		const start = matcher.start();
		const end = matcher.end();
		spend(matchingSteps(pattern.size, Math.min(end + pattern.reach, text.length) - from));
		const accepted = end !== from || start !== previousEnd;
		from = end === from ? from + characterWidth(text, from) : end;
		previousEnd = end;
		if (!accepted) continue;
		found += 1;
		const groups: (string | null)[] = [];
		for (let group = 0; group <= matcher.groupCount(); group += 1) groups.push(matcher.group(group));
		yield { start, end, groups };
	}
}

function characterWidth(text: string, at: number): number {
	return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/**
 * `text` with every match replaced by `template`, in which `$1`, `$name`, `${name}` stand for groups and `$$` for `$`.
 * A name is as long as it can be, so `$1x` is the group called `1x`; groups that do not exist are empty.
 *
 * @param spend called for each search, and for what is added to the result
 */
export function replaceMatches(
	pattern: Pattern,
	text: string,
	template: string,
	spend: (steps: number) => void,
): string {
	const expand = compileTemplate(pattern, template);
	let replaced = '';
	let copied = 0;
	for (const match of findMatches(pattern, text, -1, spend)) {
		const added = text.slice(copied, match.start) + expand(match);
		spend(added.length >> 6);
		replaced += added;
		copied = match.end;
	}
	return replaced + text.slice(copied);
}

function compileTemplate(pattern: Pattern, template: string): (match: Match) => string {
	const names: Readonly<Record<string, number>> = pattern.re2.namedGroups();
	const pieces: (string | { readonly group: number | undefined })[] = [];
	const reference = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;
	let copied = 0;
	for (const found of template.matchAll(reference)) {
		pieces.push(template.slice(copied, found.index));
		copied = found.index + found[0].length;
		const name = found[2] ?? found[3];
		if (name === undefined) pieces.push('$');
		else
			pieces.push({
				group: /^[0-9]{1,8}$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? names[name] : undefined,
			});
	}
	pieces.push(template.slice(copied));
	return (match) => {
		let text = '';
		for (const piece of pieces) {
			text += typeof piece === 'string' ? piece : piece.group === undefined ? '' : (match.groups[piece.group] ?? '');
		}
		return text;
	};
}

/**
 * Compiles a template: plain text with regular expressions between delimiters (`urn:foo:{.*}`), matched as a whole.
 *
 * @throws {BuiltinError} unbalanced delimiters, or an expression that does not parse
 */
export function compileTemplatePattern(
	template: string,
	open: string,
	close: string,
	context: BuiltinContext,
): Pattern {
	let source = '^';
	let copied = 0;
	for (const [start, end] of delimitedParts(template, open, close)) {
		const inner = template.slice(start + 1, end - 1);
		parsePattern(`^${inner}$`);
		source += `${quoteMeta(template.slice(copied, start))}(${inner})`;
		copied = end;
	}
	return compilePattern(`${source}${quoteMeta(template.slice(copied))}$`, context);
}

/** The outermost parts from an opening delimiter to the end of its closing one. */
function delimitedParts(
	template: string,
	open: string,
	close: string,
): readonly (readonly [start: number, end: number])[] {
	const parts: [number, number][] = [];
	let depth = 0;
	let start = 0;
	for (let at = 0; at < template.length; at += 1) {
		const char = template[at];
		if (char === open) {
			depth += 1;
			if (depth === 1) start = at;
		} else if (char === close) {
			depth -= 1;
			if (depth === 0) parts.push([start, at + 1]);
			if (depth < 0) break;
		}
	}
	if (depth !== 0) throw new BuiltinError(`unbalanced braces in ${JSON.stringify(template)}`);
	return parts;
}

function quoteMeta(text: string): string {
	return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
