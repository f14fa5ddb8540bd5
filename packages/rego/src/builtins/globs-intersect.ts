import { BuiltinError } from './builtin.ts';

/** The characters one token takes: code points as ranges (`.` is all of them), and how often. */
interface Token {
	readonly ranges: readonly (readonly [low: number, high: number])[];
	readonly repeat: '' | '+' | '*';
}

/**
 * Whether two glob-style expressions have a non-empty string in common. They know `.`, `[a-z]`, `*`, `+` and `\` only;
 * both describe whole strings.
 *
 * @param spend called with `stateSteps` for each state looked at, of which there are at most 8 × length × length
 * @throws {BuiltinError} an expression that does not parse
 */
export function globsIntersect(left: string, right: string, spend: (steps: number) => void): boolean {
	const leftTokens = tokenize(left);
	const rightTokens = tokenize(right);
	const seen = new Set<number>();
	const todo: State[] = [{ i: 0, j: 0, inLeft: false, inRight: false, taken: false }];
	for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
		const { i, j, inLeft, inRight, taken } = state;
		const key = (i * (rightTokens.length + 1) + j) * 8 + Number(inLeft) * 4 + Number(inRight) * 2 + Number(taken);
		if (seen.has(key)) continue;
		seen.add(key);
		spend(stateSteps);
		if (taken && i === leftTokens.length && j === rightTokens.length) return true;
		todo.push(...follow(leftTokens[i], rightTokens[j], state));
	}
	return false;
}

/** Steps that one state costs. */
const stateSteps = 4;

/** A place in both expressions; `in…` says that the token there has taken a character already. */
interface State {
	readonly i: number;
	readonly j: number;
	readonly inLeft: boolean;
	readonly inRight: boolean;
	/** Whether any character was taken at all: only non-empty strings count. */
	readonly taken: boolean;
}

/** The states one move further: over a token that needs no more characters, or over a character common to both. */
function follow(left: Token | undefined, right: Token | undefined, state: State): readonly State[] {
	const { i, j, inLeft, inRight } = state;
	const states: State[] = [];
	if (left !== undefined && (inLeft || left.repeat === '*')) states.push({ ...state, i: i + 1, inLeft: false });
	if (right !== undefined && (inRight || right.repeat === '*')) states.push({ ...state, j: j + 1, inRight: false });
	if (left === undefined || right === undefined || !overlap(left, right)) return states;
	const stayLeft = left.repeat !== '';
	const stayRight = right.repeat !== '';
	states.push({
		i: stayLeft ? i : i + 1,
		j: stayRight ? j : j + 1,
		inLeft: stayLeft,
		inRight: stayRight,
		taken: true,
	});
	return states;
}

function overlap(left: Token, right: Token): boolean {
	return left.ranges.some(([low, high]) =>
		right.ranges.some(([otherLow, otherHigh]) => low <= otherHigh && otherLow <= high),
	);
}

const everything: Token['ranges'] = [[0, 0x10ffff]];

function tokenize(input: string): readonly Token[] {
	const chars = [...input];
	const tokens: Token[] = [];
	const fail = (position: number, problem: string): BuiltinError =>
		new BuiltinError(`input:${input}, pos:${position}, ${problem}: the input provided is invalid`);
	for (let at = 0; at < chars.length; ) {
		const char = chars[at]!;
		let ranges: Token['ranges'];
		if (char === '.') {
			ranges = everything;
			at += 1;
		} else if (char === '[') {
			const set = characterSet(chars, at + 1, fail);
			ranges = set.ranges;
			at = set.end;
		} else if (char === ']') {
			throw fail(at + 1, "set-close ']' with no preceding '['");
		} else if (char === '+' || char === '*') {
			throw fail(at + 1, `flag '${char}' must be preceded by a non-flag`);
		} else {
			const escaped = escapedAt(chars, at, fail);
			ranges = [[escaped.code, escaped.code]];
			at = escaped.end;
		}
		const flag = chars[at];
		const repeat = flag === '+' || flag === '*' ? flag : '';
		if (repeat !== '') at += 1;
		tokens.push({ ranges, repeat });
	}
	return tokens;
}

type Fail = (position: number, problem: string) => BuiltinError;

/** The character at `at`, or the one a backslash there protects. */
function escapedAt(chars: readonly string[], at: number, fail: Fail): { code: number; end: number; escaped: boolean } {
	if (chars[at] !== '\\') return { code: chars[at]!.codePointAt(0)!, end: at + 1, escaped: false };
	const char = chars[at + 1];
	if (char === undefined) throw fail(at, 'input ends with a \\ (escape) character');
	return { code: char.codePointAt(0)!, end: at + 2, escaped: true };
}

function characterSet(chars: readonly string[], from: number, fail: Fail): { ranges: [number, number][]; end: number } {
	const ranges: [number, number][] = [];
	let previous: number | undefined;
	for (let at = from; at < chars.length; ) {
		const { code, end, escaped } = escapedAt(chars, at, fail);
		if (!escaped && code === 0x5d) return { ranges, end };
		if (!escaped && code === 0x2d) {
			if (previous === undefined) throw fail(end, "range character '-' must be preceded by a Unicode character");
			if (end >= chars.length - 1) throw fail(end, "range character '-' must be followed by a Unicode character");
			const high = escapedAt(chars, end, fail);
			if (!high.escaped && (high.code === 0x5d || high.code === 0x2d)) {
				throw fail(high.end, "range character '-' cannot be followed by a special symbol");
			}
			if (high.code < previous) {
				const [to, start] = [String.fromCodePoint(high.code), String.fromCodePoint(previous)];
				throw fail(high.end, `range is out of order: '${to}' comes before '${start}' in Unicode`);
			}
			ranges.push([previous, high.code]);
			previous = undefined;
			at = high.end;
			continue;
		}
		ranges.push([code, code]);
		previous = code;
		at = end;
	}
	throw fail(chars.length, 'found [ without matching ]');
}
