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
 * @param spend called once for each pair of positions looked at, of which there are at most length × length
 * @throws {BuiltinError} an expression that does not parse
 */
export function globsIntersect(left: string, right: string, spend: (steps: number) => void): boolean {
	const leftTokens = tokenize(left);
	const rightTokens = tokenize(right);
	const seen = new Set<number>();
	const todo: State[] = [{ i: 0, j: 0, inLeft: false, inRight: false, taken: false }];
	for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
		if (state.taken && canEnd(leftTokens, state.i, state.inLeft) && canEnd(rightTokens, state.j, state.inRight))
			return true;
		for (const next of follow(leftTokens, rightTokens, state)) {
			const key = ((next.i * (rightTokens.length + 1) + next.j) * 2 + Number(next.inLeft)) * 2 + Number(next.inRight);
			if (seen.has(key)) continue;
			seen.add(key);
			spend(1);
			todo.push(next);
		}
	}
	return false;
}

/** A place in both expressions; `in…` says that the token there has taken a character already. */
interface State {
	readonly i: number;
	readonly j: number;
	readonly inLeft: boolean;
	readonly inRight: boolean;
	/** Whether any character was taken at all: only non-empty strings count. */
	readonly taken: boolean;
}

/** Every state one common character further. */
function follow(left: readonly Token[], right: readonly Token[], state: State): readonly State[] {
	const states: State[] = [];
	for (const i of reachable(left, state.i, state.inLeft)) {
		for (const j of reachable(right, state.j, state.inRight)) {
			if (!overlap(left[i]!, right[j]!)) continue;
			const inLeft = left[i]!.repeat !== '';
			const inRight = right[j]!.repeat !== '';
			states.push({ i: inLeft ? i : i + 1, j: inRight ? j : j + 1, inLeft, inRight, taken: true });
		}
	}
	return states;
}

/** The tokens that may take the next character from position `at`. */
function reachable(tokens: readonly Token[], at: number, inside: boolean): readonly number[] {
	const found: number[] = [];
	let skip = inside;
	for (let index = at; index < tokens.length; index += 1) {
		found.push(index);
		skip ||= tokens[index]!.repeat === '*';
		if (!skip) break;
		skip = false;
	}
	return found;
}

function canEnd(tokens: readonly Token[], at: number, inside: boolean): boolean {
	return tokens.slice(inside ? at + 1 : at).every((token) => token.repeat === '*');
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
