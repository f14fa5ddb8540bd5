import { describe, expect, it } from 'vitest';
import { scan } from './scan.ts';
import { gap, T, type Tokens, tokenNames } from './token.ts';

const names = ({ kinds }: Tokens): string[] => kinds.slice(0, -1).map((kind) => tokenNames[kind]!);
const texts = ({ source, starts, ends }: Tokens): string[] =>
	starts.slice(0, -1).map((start, index) => source.slice(start, ends[index]));

describe('scan', () => {
	it.each([
		['"abc', 'non-terminated string'],
		['"abc\n"', 'non-terminated string'],
		['`abc', 'non-terminated string'],
		['$"abc', 'non-terminated string'],
		['"\\q"', 'illegal escape sequence'],
		['1.', 'expected fraction'],
		['1e', 'expected exponent'],
		['1a', 'illegal number format'],
		['!', 'illegal ! character'],
		['$', 'illegal $ character'],
		['\u0000', 'illegal null character'],
		['"\u0000"', 'illegal null character'],
		['x \ufeff', 'illegal byte-order mark'],
		['"\ud800"', 'illegal utf-8 character'],
	])('names what is wrong with %j', (source, fault) => {
		expect([...scan(source, '').faults.values()]).toContain(fault);
	});

	it('reads names, keywords, numbers and operators', () => {
		const tokens = scan('allow if x_1 := 0.5e-3 >= count(y)', '');

		expect(texts(tokens)).toEqual(['allow', 'if', 'x_1', ':=', '0.5e-3', '>=', 'count', '(', 'y', ')']);
		expect(names(tokens)).toEqual([
			'identifier',
			'if',
			'identifier',
			'assign',
			'number',
			'gte',
			'identifier',
			'(',
			'identifier',
			')',
		]);
	});

	it('splits template strings at their expressions, braces inside of those included', () => {
		const tokens = scan('$"a {{"b": 1}} c" x', '');

		expect(texts(tokens)).toEqual(['$"a {', '{', '"b"', ':', '1', '}', '} c"', 'x']);
	});

	it('keeps an escaped brace in the text of a template string', () => {
		expect(texts(scan('$"a \\{ b" $`\\{`', ''))).toEqual(['$"a \\{ b"', '$`\\{`']);
	});

	it('counts columns in code points and rows through raw strings', () => {
		const tokens = scan('"😀" x\n`a\nb` y', '');

		expect(tokens.rows).toEqual([1, 1, 2, 3, 3]);
		expect(tokens.cols).toEqual([1, 5, 1, 4, 5]);
	});

	it('tells what stands between tokens, and keeps comments without carriage returns', () => {
		const tokens = scan('a b # c\r\nd', '');

		expect(tokens.gaps).toEqual([0, gap.space, gap.space | gap.newline | gap.comment, 0]);
		expect(tokens.comments.map(({ text, loc }) => [text, loc.row, loc.col])).toEqual([[' c', 1, 5]]);
	});

	it('passes over a byte-order mark at the beginning', () => {
		const tokens = scan('\ufeffpackage a', '');

		expect(tokens.kinds[0]).toBe(T.package);
		expect(tokens.cols[0]).toBe(1);
	});
});
