/** A set of code points as sorted ranges that neither touch nor overlap. */
type Ranges = readonly (readonly [low: number, high: number])[];

/** One character of a pattern: what it may be, and how often. */
interface Item {
	readonly ranges: Ranges;
	readonly min: number;
	readonly max: number;
}

/** Items that an unanchored pattern may have: each start of the text costs at most this much. */
const unanchoredLengthMax = 64;
/** Items that any pattern may have. */
const itemsMax = 256;

/**
 * Translates an RE2 pattern to a native RegExp when it is in a subset that provably means the same and runs in linear
 * time; otherwise `undefined`, and the caller uses RE2.
 *
 * The subset is a sequence of single characters (literals, escapes, `.`, classes) with `?`, `*`, `+` or `{n,m}`, with
 * `^` at the front and `$` at the end. There are no groups and no alternation. Two conditions make it linear:
 *
 * - A repeated character never overlaps with what may come after it. The engine then cannot match by giving characters
 *   back, and finds that out at the first character: each given-back position costs one look, so a failed attempt
 *   costs no more than the text it went over.
 * - A pattern that is not anchored at the front may be tried at every position, so it has no `*` or `+`: one attempt
 *   is bounded by the pattern's own length, which is limited.
 *
 * Only for whether there is a match, not where: the expression has no captures.
 */
export function nativeRegExp(pattern: string): RegExp | undefined {
	const sequence = readSequence(pattern);
	if (sequence === undefined || !isDeterministic(sequence)) return undefined;
	const { anchoredStart, items, anchoredEnd } = sequence;
	if (!anchoredStart && items.reduce((length, item) => length + item.max, 0) > unanchoredLengthMax) return undefined;
	return new RegExp(`${anchoredStart ? '^' : ''}${items.map(source).join('')}${anchoredEnd ? '$' : ''}`, 'u');
}

/**
 * How many characters past the end of a match a search for `pattern` may have read: infinity where each of many matches
 * may cost a look at the whole rest of the text, as with `a.*b|a`.
 */
export function reachOf(pattern: string): number {
	const sequence = readSequence(pattern);
	if (sequence !== undefined && !sequence.anchoredEnd && isDeterministic(sequence)) return 1;
	// Without repeats no way through the pattern takes more characters than the pattern has.
	return /[*+{]/.test(pattern) ? Number.POSITIVE_INFINITY : pattern.length;
}

interface Sequence {
	readonly anchoredStart: boolean;
	readonly items: readonly Item[];
	readonly anchoredEnd: boolean;
}

/** The pattern as a sequence of single characters, if that is all it is. */
function readSequence(pattern: string): Sequence | undefined {
	const anchoredStart = pattern.startsWith('^');
	const reader: Reader = { chars: [...pattern], at: anchoredStart ? 1 : 0 };
	const items: Item[] = [];
	let anchoredEnd = false;
	while (reader.at < reader.chars.length) {
		if (reader.chars[reader.at] === '$' && reader.at === reader.chars.length - 1) {
			anchoredEnd = true;
			break;
		}
		const item = readItem(reader);
		if (item === undefined || items.length === itemsMax) return undefined;
		items.push(item);
	}
	return { anchoredStart, items, anchoredEnd };
}

/** Whether each character of a text can be taken by one item only, so that no other way through is worth trying. */
function isDeterministic({ items }: Sequence): boolean {
	return items.every((item, index) => {
		if (item.min === item.max) return true;
		for (const next of items.slice(index + 1)) {
			if (overlap(item.ranges, next.ranges)) return false;
			if (next.min > 0) return true;
		}
		// Only the end of the pattern may follow, which takes no character.
		return true;
	});
}

function overlap(left: Ranges, right: Ranges): boolean {
	return left.some(([low, high]) => right.some(([otherLow, otherHigh]) => low <= otherHigh && otherLow <= high));
}

interface Reader {
	readonly chars: readonly string[];
	at: number;
}

function readItem(reader: Reader): Item | undefined {
	const ranges = readCharacter(reader);
	if (ranges === undefined) return undefined;
	const repeat = readRepeat(reader);
	return repeat === undefined ? undefined : { ranges, ...repeat };
}

function readRepeat(reader: Reader): { min: number; max: number } | undefined {
	const char = reader.chars[reader.at];
	let repeat: { min: number; max: number };
	switch (char) {
		case '?':
			repeat = { min: 0, max: 1 };
			break;
		case '*':
			repeat = { min: 0, max: Number.POSITIVE_INFINITY };
			break;
		case '+':
			repeat = { min: 1, max: Number.POSITIVE_INFINITY };
			break;
		case '{': {
			const counted = /^\{([0-9]{1,3})(?:(,)([0-9]{0,3}))?\}/.exec(
				reader.chars.slice(reader.at, reader.at + 9).join(''),
			);
			if (counted === null) return undefined;
			const min = Number(counted[1]);
			const max = counted[2] === undefined ? min : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
			if (max < min || max === 0) return undefined;
			reader.at += counted[0].length - 1;
			repeat = { min, max };
			break;
		}
		default:
			return { min: 1, max: 1 };
	}
	reader.at += 1;
	// A second repeat is a lazy one, a possessive one or an error: none of them is in the subset.
	return '?*+{'.includes(reader.chars[reader.at] ?? ' ') ? undefined : repeat;
}

const digits: Ranges = [[0x30, 0x39]];
const wordCharacters: Ranges = [
	[0x30, 0x39],
	[0x41, 0x5a],
	[0x5f, 0x5f],
	[0x61, 0x7a],
];
/** RE2's `\s`: unlike JavaScript's, it has no vertical tab and nothing beyond ASCII. */
const spaces: Ranges = [
	[0x09, 0x0a],
	[0x0c, 0x0d],
	[0x20, 0x20],
];
const newline: Ranges = [[0x0a, 0x0a]];

function readCharacter(reader: Reader): Ranges | undefined {
	const char = reader.chars[reader.at]!;
	reader.at += 1;
	switch (char) {
		case '.':
			return complement(newline);
		case '[':
			return readClass(reader);
		case '\\':
			return readEscape(reader);
		case '^':
		case '$':
		case '|':
		case '(':
		case ')':
		case '*':
		case '+':
		case '?':
		case '{':
			return undefined;
		default:
			return single(char);
	}
}

/** A literal; halves of surrogate pairs are left to RE2. */
function single(char: string): Ranges | undefined {
	const code = char.codePointAt(0)!;
	return code >= 0xd800 && code <= 0xdfff ? undefined : [[code, code]];
}

function readEscape(reader: Reader): Ranges | undefined {
	const char = reader.chars[reader.at];
	reader.at += 1;
	switch (char) {
		case 'd':
			return digits;
		case 'D':
			return complement(digits);
		case 'w':
			return wordCharacters;
		case 'W':
			return complement(wordCharacters);
		case 's':
			return spaces;
		case 'S':
			return complement(spaces);
		case 'n':
			return newline;
		case 't':
			return [[0x09, 0x09]];
		case 'r':
			return [[0x0d, 0x0d]];
		default:
			// RE2 takes a backslash before any ASCII punctuation as that character.
			return char !== undefined && /^[!-/:-@[-^`{-~]$/.test(char) ? single(char) : undefined;
	}
}

function readClass(reader: Reader): Ranges | undefined {
	const negated = reader.chars[reader.at] === '^';
	if (negated) reader.at += 1;
	const ranges: (readonly [number, number])[] = [];
	for (;;) {
		const char = reader.chars[reader.at];
		if (char === undefined) return undefined;
		if (char === ']') {
			// `[]` and `[^]` mean other things in RE2: leave them to it.
			if (ranges.length === 0) return undefined;
			reader.at += 1;
			return negated ? complement(normalise(ranges)) : normalise(ranges);
		}
		// `[[:alpha:]]` and a bare `-` in the middle have rules of their own.
		if (char === '[') return undefined;
		const low = readMember(reader);
		if (low === undefined) return undefined;
		if (reader.chars[reader.at] !== '-' || reader.chars[reader.at + 1] === ']') {
			ranges.push(...low);
			continue;
		}
		reader.at += 1;
		if (reader.chars[reader.at] === '[') return undefined;
		const high = readMember(reader);
		const from = onlyMember(low);
		const to = onlyMember(high);
		if (from === undefined || to === undefined || from > to) return undefined;
		ranges.push([from, to]);
	}
}

function readMember(reader: Reader): Ranges | undefined {
	const char = reader.chars[reader.at];
	if (char === undefined) return undefined;
	reader.at += 1;
	return char === '\\' ? readEscape(reader) : single(char);
}

function onlyMember(ranges: Ranges | undefined): number | undefined {
	const [range, other] = ranges ?? [];
	return range !== undefined && other === undefined && range[0] === range[1] ? range[0] : undefined;
}

function normalise(ranges: Ranges): Ranges {
	const merged: [number, number][] = [];
	for (const [low, high] of ranges.toSorted((left, right) => left[0] - right[0])) {
		const last = merged.at(-1);
		if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
		else merged.push([low, high]);
	}
	return merged;
}

function complement(ranges: Ranges): Ranges {
	const rest: [number, number][] = [];
	let from = 0;
	for (const [low, high] of ranges) {
		if (low > from) rest.push([from, low - 1]);
		from = high + 1;
	}
	if (from <= 0x10ffff) rest.push([from, 0x10ffff]);
	return rest;
}

function source(item: Item): string {
	const members = item.ranges.map(([low, high]) =>
		low === high ? codePoint(low) : `${codePoint(low)}-${codePoint(high)}`,
	);
	return `[${members.join('')}]${repeatSource(item)}`;
}

function codePoint(code: number): string {
	return `\\u{${code.toString(16)}}`;
}

function repeatSource({ min, max }: Item): string {
	if (min === 1 && max === 1) return '';
	if (min === 0 && max === 1) return '?';
	if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
	return min === max ? `{${min}}` : `{${min},${max}}`;
}
