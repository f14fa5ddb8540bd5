import { describe, expect, it } from 'vitest';
import { parseNumber, print, RegoSet, type Value } from '../value/index.ts';
import { BuiltinError, BuiltinLimitError, BuiltinTypeError } from './builtin.ts';
import { caller } from './calling.test.support.ts';
import { stringBuiltins } from './strings.ts';

const call = caller(stringBuiltins);

describe('refusals', () => {
	it.each<[string, readonly Value[], string]>([
		['concat', [',', 'a'], 'operand 2 must be one of {set, array} but got string'],
		['concat', [',', ['a', 1]], 'operand 2 must be array of strings but got array containing number'],
		['contains', [1, 'a'], 'operand 1 must be string but got number'],
		['format_int', ['a', 10], 'operand 1 must be number but got string'],
		['format_int', [4.1, 199], 'operand 2 must be one of {2, 8, 10, 16}'],
		['indexof', ['a', 1], 'operand 2 must be string but got number'],
		['lower', [null], 'operand 1 must be string but got null'],
		['replace', ['a', 'b', 1], 'operand 3 must be string but got number'],
		['split', ['a', ['b']], 'operand 2 must be string but got array'],
		['strings.split_n', ['a', 'b', 'c'], 'operand 3 must be number but got string'],
		['sprintf', ['%d', 1], 'operand 2 must be array but got number'],
		['strings.any_prefix_match', [1, 'a'], 'operand 1 must be one of {string, set, array} but got number'],
		['strings.any_suffix_match', ['a', [1]], 'operand 2 must be array of strings but got array containing number'],
		['strings.replace_n', [{ a: 1 }, 'a'], 'operand 1 non-string value found in pattern object'],
		['strings.replace_n', [{}, 1], 'operand 2 must be string but got number'],
		['strings.reverse', [1], 'operand 1 must be string but got number'],
		['substring', ['a', 0.5, 1], 'operand 2 must be integer number but got floating-point number'],
		['trim', ['a', 1], 'operand 2 must be string but got number'],
	])('refuses %s of %j', (name, args, message) => {
		expect(() => call(name, ...args)).toThrow(new BuiltinTypeError(message));
	});

	it('refuses to look for nothing, and to start before the start', () => {
		expect(() => call('indexof', 'a', '')).toThrow(new BuiltinError('empty search character'));
		expect(() => call('indexof_n', 'a', '')).toThrow('empty search character');
		expect(() => call('substring', 'aaa', -1, -1)).toThrow('negative offset');
	});
});

describe('limits', () => {
	const long = 'a'.repeat(1 << 20);

	it.each<[string, readonly Value[]]>([
		['replace', [long, 'a', long]],
		['replace', [long, '', long]],
		['strings.replace_n', [{ a: long, b: '' }, long]],
		['concat', [long, Array(100).fill('')]],
		['sprintf', ['%999999d'.repeat(100), Array(100).fill(1)]],
	])('refuses to let %s fill the memory', (name, args) => {
		expect(() => call(name, ...args)).toThrow(new BuiltinLimitError('result is longer than 67108864 characters'));
	});

	it('replaces a long text by a longer one where it fits', () => {
		expect(call('replace', `${long}b`, 'b', long)).toHaveLength(1 << 21);
	});
});

describe('results', () => {
	it.each<[string, readonly Value[], string]>([
		['concat', [',', RegoSet.of(['b', 'a'])], '"a,b"'],
		['concat', [',', []], '""'],
		['contains', ['abc', 'bc'], 'true'],
		['endswith', ['abc', 'bc'], 'true'],
		['startswith', ['abc', 'bc'], 'false'],
		['format_int', [15.9, 16], '"f"'],
		['format_int', [-15.9, 10], '"-15"'],
		['format_int', [parseNumber('18446744073709551616')!, 2], `"1${'0'.repeat(64)}"`],
		['indexof', ['😀abc', 'b'], '2'],
		['indexof', ['abc', 'd'], '-1'],
		['indexof_n', ['aaa😀aa', 'aa'], '[0, 1, 4]'],
		['indexof_n', ['abc', 'd'], '[]'],
		['substring', ['a😀bc', 1, 2], '"😀b"'],
		['substring', ['abc', 1, -1], '"bc"'],
		['substring', ['abc', 5, 1], '""'],
		['strings.count', ['cheese', 'e'], '3'],
		['strings.count', ['a😀', ''], '3'],
		['lower', ['ÀÉΣ İ'], '"àéσ i"'],
		['upper', ['straße ŉ ᾳ é'], '"STRAßE ŉ ᾼ É"'],
		['split', ['a.b.', '.'], '["a", "b", ""]'],
		['split', ['a😀', ''], '["a", "😀"]'],
		['split', ['', ''], '[]'],
		['strings.split_n', ['a.b.c', '.', 2], '["a", "b"]'],
		['strings.split_n', ['a.b.c', '.', -2], '["b", "c"]'],
		['strings.split_n', ['a.b.c', '.', 0], '[]'],
		['strings.split_n', ['', '.', 2], '[""]'],
		['replace', ['a.b.c', '.', '$&'], '"a$&b$&c"'],
		['replace', ['ab', '', '-'], '"-a-b-"'],
		['strings.replace_n', [{ '<': '&lt;', '>': '&gt;' }, '<b>'], '"&lt;b&gt;"'],
		['strings.replace_n', [{ a: '1', ab: '2' }, 'abba'], '"1bb1"'],
		['strings.replace_n', [{}, 'abc'], '"abc"'],
		['strings.reverse', ['a😀b'], '"b😀a"'],
		['strings.any_prefix_match', [['ab', 'cd'], RegoSet.of(['x', 'c'])], 'true'],
		['strings.any_prefix_match', [[], 'a'], 'false'],
		['strings.any_suffix_match', ['ab', 'b'], 'true'],
		['trim', ['¡¡a, b!!', '!¡'], '"a, b"'],
		['trim', ['😀a😀', '😀'], '"a"'],
		['trim_left', ['xxax', 'x'], '"ax"'],
		['trim_right', ['xaxx', 'x'], '"xa"'],
		['trim_prefix', ['xxa', 'x'], '"xa"'],
		['trim_suffix', ['axx', 'x'], '"ax"'],
		['trim_space', ['\u0085\u00a0\t a \u3000'], '"a"'],
		['trim_space', ['\ufeffa'], '"\\ufeffa"'],
	])('gives the result of %s (%#)', (name, args, want) => {
		expect(print(call(name, ...args)!)).toBe(want);
	});
});

describe('sprintf', () => {
	const big = parseNumber('1208925819614629174706175')!;

	it.each<[string, readonly Value[], string]>([
		['%d', ['a'], '%!d(string=a)'],
		['%5d|', ['a'], '%!d(string=    a)|'],
		['%s', [5], '%!s(int=5)'],
		['%d', [1.5], '%!d(float64=1.5)'],
		['%t', [true], '%!t(string=true)'],
		['%z', [1], '%!z(int=1)'],
		['%c', [big], `%!c(big.Int=${big})`],
		['%d %d', [1], '1 %!d(MISSING)'],
		['%d', [1, 'x', 2.5], '1%!(EXTRA string=x, float64=2.5)'],
		['%', [], '%!(NOVERB)'],
		['%[3]d', [1], '%!d(BADINDEX)'],
		['%[x]d', [1], '%!d(BADINDEX)'],
		['%[d', [1], '%!d(BADINDEX)'],
		['%[]d', [1], '%!d(BADINDEX)'],
		['%.[]', [], '%!](BADINDEX)'],
		['%[1].2d', [5, 6], '%!d(BADINDEX)'],
		['%[5]d %[2]d %d', [1, 2, 3], '%!d(BADINDEX) 2 3'],
		['%.-3d', [42], '%!-(int=42)3d'],
		['%9999999d', [42], '%!(NOVERB)%!(EXTRA int=42)'],
		['%*d', ['a', 1], '%!(BADWIDTH)1'],
		['%.*f', ['a', 1.5], '%!(BADPREC)1.500000'],
		['%#z %+z', ['a', 'b'], '%!z(string=a) %!z(string=b)'],
		['%+g %#o', [3, 0.5], '%!g(int=+3) %!o(float64=0.500000)'],
	])('notes the mistake in %j', (format, values, want) => {
		expect(call('sprintf', format, values)).toBe(want);
	});

	it.each<[string, readonly Value[], string]>([
		['%s', [big], String(big)],
		['%v', [parseNumber('2e308')!], '2e308'],
		['%v %v', [{ b: 1, a: RegoSet.of(['x', 1]) }, [null, 'q']], '{"a": {1, "x"}, "b": 1} [null, "q"]'],
		['%v %v %v', [1000000.5, 0.00001, 100000.5], '1.0000005e+06 1e-05 100000.5'],
		['hi %02X.%02X', [127, 1], 'hi 7F.01'],
		['%.2f', [3.144], '3.14'],
		['%.0f %.0f %.0f', [0.5, 1.5, 2.5], '0 2 2'],
		['%e %E %g %G', [1234.5678, 0.5, 0.1, 1e-7], '1.234568e+03 5.000000E-01 0.1 1E-07'],
		['%6.2f|%-8s|%08.3f|%+d|% d', [1.005, 'ab', -3.25, 5, 5], '  1.00|ab      |-003.250|+5| 5'],
		['%x %#x %X %o %#o %O %b %#b', [255, 255, 255, 8, 8, 8, 5, 5], 'ff 0xff FF 10 010 0o10 101 0b101'],
		['%05d|%-5d|%.3d|%5.3d', [-42, 42, 5, 5], '-0042|42   |005|  005'],
		['%q %+q %#q', ['a"é', 'é', 'a\\b'], '"a\\"é" "\\u00e9" `a\\b`'],
		['%c %q %U %#U', [0x4e16, 39, 0x4e16, 0x4e16], "世 '\\'' U+4E16 U+4E16 '世'"],
		['%x|% x|%#x|% X', ['hi', 'hi', 'hi', 'hi'], '6869|68 69|0x6869|68 69'],
		['%5s|%-5s|%.2s|%05s', ['é', 'é', 'éab', 'ab'], '    é|é    |éa|000ab'],
		['%[2]d %[1]d', [1, 2], '2 1'],
		['%[1]d %[1]v', [7], '7 7'],
		['%[3]*.[2]*[1]f', [12.5, 2, 6], ' 12.50'],
		['%d %#[1]o %#o', [11, 12], '11 013 014'],
		['%*d|%-*d|', [5, 42, 5, 42], '   42|42   |'],
		['%.*f', [1, 3.25], '3.2'],
		['%T %T %T %T', [1, 1.5, 'a', big], 'int float64 string *big.Int'],
		['100%%', [], '100%'],
		['%b %x %.3x', [0.5, 3.5, 3.1875], '4503599627370496p-53 0x1.cp+01 0x1.980p+01'],
		['%#v', ['a'], '"a"'],
		['%.0g %8.3G %g', [parseNumber('0.0')!, parseNumber('0.0')!, parseNumber('0.0')!], '0        0 0'],
		['%010d|%+x', [big, big], `${big}|+ffffffffffffffffffff`],
	])('formats %j', (format, values, want) => {
		expect(call('sprintf', format, values)).toBe(want);
	});
});
