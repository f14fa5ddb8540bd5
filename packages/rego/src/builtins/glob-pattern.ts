import { BuiltinError } from './builtin.ts';

/** One element of a glob, as gobwas/glob understands it. */
type Element =
	| { readonly kind: 'text'; readonly text: string }
	/** `?`: one character that is no delimiter. */
	| { readonly kind: 'single' }
	/** `*`: any characters but delimiters. */
	| { readonly kind: 'any' }
	/** `**`: any characters at all. */
	| { readonly kind: 'super' }
	/** `[abc]` and `[!abc]`: one character out of (or not out of) a list; delimiters count as any other. */
	| { readonly kind: 'list'; readonly chars: ReadonlySet<string>; readonly not: boolean }
	| { readonly kind: 'range'; readonly low: number; readonly high: number; readonly not: boolean }
	| { readonly kind: 'oneOf'; readonly alternatives: readonly (readonly Element[])[] };

/** Says whether the whole of `text` matches; `spend` is told what that costs, as far as it is more than a look. */
export type GlobMatcher = (text: string, spend: (steps: number) => void) => boolean;

/**
 * Compiles a glob in the syntax of gobwas/glob: `*`, `**`, `?`, `[a-z]`, `[!a-z]`, `[abc]`, `{a,b}`, `\` to escape.
 * Matching takes time proportional to pattern length × text length, whatever the pattern.
 *
 * @param delimiters characters (code points) that `*` and `?` do not match; empty for none
 * @throws {BuiltinError} a pattern that does not parse
 */
export function compileGlob(pattern: string, delimiters: readonly string[]): GlobMatcher {
	const elements = parse(pattern);
	return specialise(elements, delimiters) ?? simulate(elements, new Set(delimiters));
}

/** Alternatives that braces may expand to before the automaton is the better way. */
const expansionsMax = 16;

/**
 * The shapes that domain and path lists are made of, without the automaton: each way through the braces is plain text
 * with one `*` or `**` at most.
 */
function specialise(elements: readonly Element[], delimiters: readonly string[]): GlobMatcher | undefined {
	// Delimiters are looked for as UTF-16 units below, which is the same only while none needs two.
	if (delimiters.some((delimiter) => delimiter.length !== 1)) return undefined;
	const matchers: GlobMatcher[] = [];
	for (const sequence of expand(elements) ?? [undefined]) {
		const matcher = sequence === undefined ? undefined : simpleMatcher(sequence, delimiters);
		if (matcher === undefined) return undefined;
		matchers.push(matcher);
	}
	return matchers.length === 1 ? matchers[0] : (text, spend) => matchers.some((matches) => matches(text, spend));
}

/** Every way through the braces, with neighbouring texts joined; `undefined` when there are too many. */
function expand(elements: readonly Element[]): readonly (readonly Element[])[] | undefined {
	let ways: readonly (readonly Element[])[] = [[]];
	for (const element of elements) {
		const choices = element.kind === 'oneOf' ? expandAll(element.alternatives) : [[element]];
		if (choices === undefined || ways.length * choices.length > expansionsMax) return undefined;
		ways = ways.flatMap((way) => choices.map((choice) => choice.reduce(append, way)));
	}
	return ways;
}

function expandAll(alternatives: readonly (readonly Element[])[]): readonly (readonly Element[])[] | undefined {
	const all: (readonly Element[])[] = [];
	for (const alternative of alternatives) {
		const ways = expand(alternative);
		if (ways === undefined || all.length + ways.length > expansionsMax) return undefined;
		all.push(...ways);
	}
	return all;
}

function append(way: readonly Element[], element: Element): readonly Element[] {
	const last = way.at(-1);
	if (last?.kind !== 'text' || element.kind !== 'text') return [...way, element];
	return [...way.slice(0, -1), { kind: 'text', text: last.text + element.text }];
}

/** Text, one wildcard, text: any of them may be missing. What `*` takes must not hold a delimiter. */
function simpleMatcher(elements: readonly Element[], delimiters: readonly string[]): GlobMatcher | undefined {
	const [first, ...others] = elements;
	const prefix = first?.kind === 'text' ? first.text : '';
	const [wildcard, last, ...more] = first?.kind === 'text' ? others : elements;
	if (wildcard === undefined) return (text) => text === prefix;
	if (wildcard.kind !== 'any' && wildcard.kind !== 'super') return undefined;
	if (more.length > 0 || (last !== undefined && last.kind !== 'text')) return undefined;
	const suffix = last?.text ?? '';
	const lengthMin = prefix.length + suffix.length;
	const forbidden = wildcard.kind === 'any' ? delimiters : [];
	return (text) =>
		text.length >= lengthMin &&
		text.endsWith(suffix) &&
		text.startsWith(prefix) &&
		!holdsDelimiter(text, prefix.length, text.length - suffix.length, forbidden);
}

function holdsDelimiter(text: string, from: number, to: number, delimiters: readonly string[]): boolean {
	for (const delimiter of delimiters) {
		const at = text.indexOf(delimiter, from);
		if (at !== -1 && at < to) return true;
	}
	return false;
}

/** One state of the automaton: what it takes, and where taking it leads. Epsilon moves carry no test. */
interface State {
	readonly test: ((char: string) => boolean) | undefined;
	next: readonly number[];
}

/** Runs all ways through the pattern side by side, so that no text makes it backtrack. */
function simulate(elements: readonly Element[], delimiters: ReadonlySet<string>): GlobMatcher {
	const states: State[] = [];
	const start = build(elements, states, addState(states, undefined), delimiters);
	const accept = 0;
	return (text, spend) => {
		let current = new Set<number>();
		close(states, start, current);
		for (const char of text) {
			spend(1 + current.size);
			const following = new Set<number>();
			for (const at of current) {
				const state = states[at]!;
				if (state.test?.(char)) for (const next of state.next) close(states, next, following);
			}
			if (following.size === 0) return false;
			current = following;
		}
		return current.has(accept);
	};
}

function close(states: readonly State[], from: number, into: Set<number>): void {
	const todo = [from];
	for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
		if (into.has(at)) continue;
		into.add(at);
		const state = states[at]!;
		if (state.test === undefined) todo.push(...state.next);
	}
}

function addState(states: State[], test: State['test'], ...next: number[]): number {
	return states.push({ test, next }) - 1;
}

/** Adds the states of `elements` in front of state `then` and returns the first of them. */
function build(elements: readonly Element[], states: State[], then: number, delimiters: ReadonlySet<string>): number {
	let following = then;
	for (const element of elements.toReversed()) {
		switch (element.kind) {
			case 'text':
				for (const char of [...element.text].toReversed()) {
					following = addState(states, (other) => other === char, following);
				}
				break;
			case 'oneOf': {
				const after = following;
				const starts = element.alternatives.map((alternative) => build(alternative, states, after, delimiters));
				following = addState(states, undefined, ...starts);
				break;
			}
			case 'any':
			case 'super': {
				const loop = addState(states, element.kind === 'super' ? () => true : (char) => !delimiters.has(char));
				const enter = addState(states, undefined, loop, following);
				states[loop]!.next = [enter];
				following = enter;
				break;
			}
			default:
				following = addState(states, oneCharacter(element, delimiters), following);
		}
	}
	return following;
}

function oneCharacter(
	element: Extract<Element, { kind: 'single' | 'list' | 'range' }>,
	delimiters: ReadonlySet<string>,
): (char: string) => boolean {
	switch (element.kind) {
		case 'single':
			return (char) => !delimiters.has(char);
		case 'list':
			return (char) => element.chars.has(char) !== element.not;
		case 'range':
			return (char) => {
				const code = char.codePointAt(0)!;
				return (code >= element.low && code <= element.high) !== element.not;
			};
	}
}

function parse(pattern: string): readonly Element[] {
	const reader = new Reader([...pattern]);
	const elements = alternative(reader, false);
	return elements;
}

/** A place in the pattern, by code point. */
class Reader {
	readonly chars: readonly string[];
	at = 0;

	constructor(chars: readonly string[]) {
		this.chars = chars;
	}

	get done(): boolean {
		return this.at >= this.chars.length;
	}

	peek(offset = 0): string | undefined {
		return this.chars[this.at + offset];
	}
}

/** Reads elements up to the end of the pattern or, inside braces, up to the `,` or `}` that ends this alternative. */
function alternative(reader: Reader, inBraces: boolean): readonly Element[] {
	const elements: Element[] = [];
	while (!reader.done) {
		const char = reader.peek()!;
		if (inBraces && (char === ',' || char === '}')) return elements;
		elements.push(element(reader, inBraces));
	}
	// gobwas takes a pattern whose braces stay open as if they were closed at its end.
	return elements;
}

function element(reader: Reader, inBraces: boolean): Element {
	switch (reader.peek()) {
		case '*':
			reader.at += 1;
			if (reader.peek() !== '*') return { kind: 'any' };
			reader.at += 1;
			return { kind: 'super' };
		case '?':
			reader.at += 1;
			return { kind: 'single' };
		case '[':
			reader.at += 1;
			return characterClass(reader);
		case '{':
			reader.at += 1;
			return braces(reader);
		default:
			return { kind: 'text', text: text(reader, inBraces ? '?*[{},' : '?*[{') };
	}
}

function braces(reader: Reader): Element {
	const alternatives = [alternative(reader, true)];
	while (reader.peek() === ',') {
		reader.at += 1;
		alternatives.push(alternative(reader, true));
	}
	reader.at += 1;
	return { kind: 'oneOf', alternatives };
}

/** Plain characters up to one of `breakers`; a backslash makes the next character plain. */
function text(reader: Reader, breakers: string): string {
	let read = '';
	while (!reader.done) {
		let char = reader.peek()!;
		if (char === '\\') {
			reader.at += 1;
			const escaped = reader.peek();
			if (escaped === undefined) break;
			char = escaped;
		} else if (breakers.includes(char)) break;
		read += char;
		reader.at += 1;
	}
	return read;
}

function characterClass(reader: Reader): Element {
	const not = reader.peek() === '!';
	if (not) reader.at += 1;
	const low = reader.peek();
	if (low === undefined) throw new BuiltinError('unexpected end of input');
	if (reader.peek(1) === '-') {
		const high = reader.peek(2);
		if (high === undefined) throw new BuiltinError('unexpected end of input');
		if (reader.peek(3) !== ']') {
			throw new BuiltinError(
				reader.peek(3) === undefined ? 'unexpected end of input' : 'expected close range character',
			);
		}
		if (high.codePointAt(0)! < low.codePointAt(0)!) {
			throw new BuiltinError(`hi character '${high}' should be greater than lo '${low}'`);
		}
		reader.at += 4;
		return { kind: 'range', low: low.codePointAt(0)!, high: high.codePointAt(0)!, not };
	}
	const chars = text(reader, ']');
	if (reader.done) throw new BuiltinError('unexpected end of input');
	if (chars === '') throw new BuiltinError('could not parse range');
	reader.at += 1;
	return { kind: 'list', chars: new Set(chars), not };
}
