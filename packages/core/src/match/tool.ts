import { limits } from '../limits.ts';

/**
 * A tool pattern as a run of tokens: a character, `*` (any characters but dots, also none) or `**` (any characters, also none).
 * Names are compared exactly, case included.
 */
export interface ToolPattern {
	readonly tokens: readonly string[];
}
/** A pattern, or what is wrong with its text. */
export type ParsedToolPattern =
	| { readonly pattern: ToolPattern; readonly problem?: never }
	| { readonly problem: string; readonly pattern?: never };

const star = '*';
const deepStar = '**';
const tokenText = /\*\*|./g;
const toolPatternText = /^[A-Za-z0-9_.*-]+$/;

/** Reads a tool pattern: `collibra.get_asset`, `collibra.get_*`, `*.delete_*`, `github.**`. */
export function parseToolPattern(text: string): ParsedToolPattern {
	const problem = toolPatternProblem(text);
	return problem === undefined ? { pattern: { tokens: text.match(tokenText) ?? [] } } : { problem };
}

/** What is wrong with a tool pattern, or undefined: all that a schema needs, without taking the pattern apart. */
export function toolPatternProblem(text: string): string | undefined {
	const { toolNameLengthMax } = limits;
	if (text.length === 0 || text.length > toolNameLengthMax) {
		return `${JSON.stringify(text)}: expected 1 to ${toolNameLengthMax} characters`;
	}
	if (!toolPatternText.test(text)) return `${JSON.stringify(text)}: expected letters, digits, _, -, dots and *`;
	if (text.startsWith('.') || text.endsWith('.') || text.includes('..'))
		return `${JSON.stringify(text)}: empty segment`;
	if (text.includes('***')) return `${JSON.stringify(text)}: use * inside a segment or ** across segments`;
	return undefined;
}

/** A canonical tool name: `server.tool`, or a lone name for a function that belongs to no server; no wildcard. */
export function isToolName(text: string): boolean {
	return text.length <= limits.toolNameLengthMax && /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(text);
}

/** Whether the pattern names `tool`. Time is linear in pattern × name: no backtracking blow-up. */
export function matchTool(pattern: ToolPattern, tool: string): boolean {
	return coversTool(pattern, { tokens: [...tool] });
}

/**
 * Whether every name that `inner` names is named by `outer`. A wildcard of `inner` can only be taken up by an equal or
 * wider wildcard of `outer`, since it may stand for characters that occur in neither.
 */
export function coversTool(outer: ToolPattern, inner: ToolPattern): boolean {
	const a = outer.tokens;
	const b = inner.tokens;
	// reach[j]: the outer tokens read so far can take up exactly the first j tokens of inner.
	let reach: boolean[] = Array.from({ length: b.length + 1 }, (_, j) => j === 0);
	for (const token of a) {
		const next: boolean[] = new Array<boolean>(b.length + 1).fill(false);
		for (let j = 0; j <= b.length; j += 1) {
			if (isWildcard(token)) next[j] = reach[j]! || (j > 0 && next[j - 1]! && takes(token, b[j - 1]!));
			else next[j] = j > 0 && reach[j - 1]! && b[j - 1] === token;
		}
		reach = next;
	}
	return reach[b.length]!;
}

function isWildcard(token: string): boolean {
	return token === star || token === deepStar;
}
function takes(wildcard: string, token: string): boolean {
	return wildcard === deepStar || (token !== deepStar && token !== '.');
}

/**
 * Patterns that together name exactly the tools that both name; none covers another. Undefined when there would be more
 * than the limit: the caller refuses rather than guess.
 */
export function intersectTools(a: ToolPattern, b: ToolPattern): readonly ToolPattern[] | undefined {
	if (coversTool(a, b)) return [b];
	if (coversTool(b, a)) return [a];
	const memo = new Map<number, readonly string[] | undefined>();
	const texts = meet(a.tokens, b.tokens, 0, 0, memo);
	if (texts === undefined) return undefined;
	const patterns = texts.filter(isWhole).map((text): ToolPattern => ({ tokens: text.match(tokenText) ?? [] }));
	return withoutCovered(patterns);
}

// A pattern with an empty segment (`a..b`, a leading or trailing dot) names no tool.
function isWhole(text: string): boolean {
	return text !== '' && !text.split('.').includes('');
}

/** L(a[i…]) ∩ L(b[j…]) as texts. A wildcard either ends here, or takes what the other side shows and stays. */
function meet(
	a: readonly string[],
	b: readonly string[],
	i: number,
	j: number,
	memo: Map<number, readonly string[] | undefined>,
): readonly string[] | undefined {
	const key = i * (b.length + 1) + j;
	if (memo.has(key)) return memo.get(key);
	const found = meetOnce(a, b, i, j, memo);
	const unique = found === undefined ? undefined : [...new Set(found)];
	const bounded = unique === undefined || unique.length > limits.intersectionPatternsMax ? undefined : unique;
	memo.set(key, bounded);
	return bounded;
}

function meetOnce(
	a: readonly string[],
	b: readonly string[],
	i: number,
	j: number,
	memo: Map<number, readonly string[] | undefined>,
): readonly string[] | undefined {
	const x = a[i];
	const y = b[j];
	if (x === undefined && y === undefined) return [''];
	const both = (p: readonly string[] | undefined, q: readonly string[] | undefined): readonly string[] | undefined =>
		p === undefined || q === undefined ? undefined : [...p, ...q];
	const prefix = (head: string, tails: readonly string[] | undefined): readonly string[] | undefined =>
		tails?.map((tail) => joinTokens(head, tail));

	if (x !== undefined && isWildcard(x)) {
		if (y === undefined) return meet(a, b, i + 1, j, memo);
		if (isWildcard(y)) {
			// What both take up together is the narrower wildcard; then one of them ends.
			const shared = x === star || y === star ? star : deepStar;
			const oneEnds = both(prefix(shared, meet(a, b, i + 1, j, memo)), prefix(shared, meet(a, b, i, j + 1, memo)));
			return oneEnds;
		}
		const ends = meet(a, b, i + 1, j, memo);
		return takes(x, y) ? both(ends, prefix(y, meet(a, b, i, j + 1, memo))) : ends;
	}
	if (y !== undefined && isWildcard(y)) {
		if (x === undefined) return meet(a, b, i, j + 1, memo);
		const ends = meet(a, b, i, j + 1, memo);
		return takes(y, x) ? both(ends, prefix(x, meet(a, b, i + 1, j, memo))) : ends;
	}
	return x !== undefined && x === y ? prefix(x, meet(a, b, i + 1, j + 1, memo)) : [];
}

// Two wildcards side by side are one: `*` then `*` is `*`, with a `**` among them `**`. Plain joining would read as another token.
function joinTokens(head: string, tail: string): string {
	if (!isWildcard(head) || !tail.startsWith(star)) return head + tail;
	const next = tail.startsWith(deepStar) ? deepStar : star;
	return (head === deepStar || next === deepStar ? deepStar : star) + tail.slice(next.length);
}

function withoutCovered(patterns: readonly ToolPattern[]): readonly ToolPattern[] {
	return patterns.filter(
		(pattern, index) =>
			!patterns.some(
				(other, at) => at !== index && coversTool(other, pattern) && (at < index || !coversTool(pattern, other)),
			),
	);
}

/** The text that `parseToolPattern` reads back as the same pattern. */
export function toolText(pattern: ToolPattern): string {
	return pattern.tokens.join('');
}
