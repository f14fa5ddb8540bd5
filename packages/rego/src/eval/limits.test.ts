import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { type Bindings, compile, type EvaluateOptions } from '../program.ts';

function failure(source: string, options: EvaluateOptions): string {
	try {
		compile({ 'p.rego': `package p\n\n${source}` }).evaluate('data.p.a', options);
	} catch (error) {
		if (error instanceof RegoError) return error.message;
		throw error;
	}
	return 'no error';
}

const loops = 'a := count([1 | some x in numbers.range(1, 500); some y in numbers.range(1, 500); x != y])';

test('ends an evaluation that takes too many steps', () => {
	expect(failure(loops, { limits: { stepsMax: 10_000 } })).toContain(
		'rego_limit_error: evaluation took more than 10000 steps',
	);
	expect(failure(loops, {})).toBe('no error');
});

test('counts the same number of steps each time', () => {
	const least = (source: string): number => {
		let [low, high] = [0, 100_000];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (failure(source, { limits: { stepsMax: middle } }) === 'no error') high = middle;
			else low = middle + 1;
		}
		return low;
	};
	const small = 'a := count([1 | some x in numbers.range(1, 30); some y in numbers.range(1, 30); x != y])';

	expect(least(small)).toBe(least(small));
});

test('ends an evaluation that takes too long by the clock it was given', () => {
	let now = 0;
	const clockMs = (): number => {
		now += 50;
		return now;
	};

	expect(failure(loops, { clockMs, limits: { timeMsMax: 200 } })).toContain('evaluation took longer than 200 ms');
});

test('ends an evaluation whose rules nest too deep', () => {
	const chain = Array.from({ length: 100 }, (_, i) => `r${i} := r${i + 1}`).join('\n');

	expect(failure(`a := r0\n${chain}\nr100 := 1`, { limits: { depthMax: 50 } })).toContain(
		'rules are nested more than 50 deep',
	);
	expect(failure(`a := r0\n${chain}\nr100 := 1`, {})).toBe('no error');
});

test('ends an evaluation whose result is too large', () => {
	const source = 'a := [x | some i in numbers.range(1, 1000); x := sprintf("%100d", [i])]';

	expect(failure(source, { limits: { outputMax: 10_000 } })).toContain('the result is larger than 10000 characters');
});

test('makes a limit error of a value nested too deep for the stack, not a crash', () => {
	let deep: unknown = 1;
	for (let i = 0; i < 200_000; i++) deep = [deep];

	expect(failure('a := {input}', { input: deep as never })).toContain('rego_limit_error');
	expect(failure('a if walk(input, [_, "x"])', { input: deep as never })).toContain('rego_limit_error');
	expect(failure('a := input', { input: deep as never })).toContain('rego_limit_error');
});

test('runs long bodies and many rules within the stack', () => {
	const body = Array.from({ length: 3000 }, (_, i) => `input.x != ${i}`).join('\n');
	const loopsInside = Array.from({ length: 300 }, (_, i) => `some x${i} in [1]`).join('\n');

	expect(failure(`a if {\n${body}\n}`, { input: { x: -1 } })).toBe('no error');
	expect(failure(`a := x299 if {\n${loopsInside}\n}`, {})).toBe('no error');
});

test('is the same whatever was evaluated before', () => {
	const program = compile({ 'p.rego': 'package p\n\na[k] := v if some k, v in input\n\nb := {k | a[k]}' });
	const first = program.evaluate('data.p', { input: { x: 1, y: 2 } }).result;
	program.evaluate('data.p', { input: { z: 3 } });

	expect(program.evaluate('data.p', { input: { x: 1, y: 2 } }).result).toEqual(first);
});

test('does not guess the time or randomness', () => {
	expect(failure('a := time.now_ns()', {})).toContain('the evaluation was not told the time (nowNs)');
	expect(failure('a := rand.intn("x", 10)', {})).toContain('the evaluation was given no randomBytes');
});

test('queries return each solution by the variables that the author named', () => {
	const program = compile({ 'p.rego': 'package p\n\na := [1, 2]' });
	const solutions = (text: string): readonly Bindings[] => program.query(text, { input: { k: 'v' } });

	expect(solutions('x := data.p.a[i]')).toEqual([
		{ i: 0, x: 1 },
		{ i: 1, x: 2 },
	]);
	expect(solutions('data.p.a[_] == 2')).toEqual([{}]);
	expect(solutions('input[k] = "w"')).toEqual([]);
	expect(solutions('[x, y] = [1, {y: z | some y, z in ["q"]}]')).toEqual([{ x: 1, y: { 0: 'q' } }]);
	expect(() => solutions('x')).toThrow('var x is unsafe');
	expect(() => solutions('f(1)')).toThrow('undefined function f');
});

test('says so when a result has a number beyond JSON in JavaScript', () => {
	const program = compile({ 'p.rego': 'package p\n\na := 1e400' });

	expect(() => program.evaluate('data.p.a')).toThrow('rego_limit_error: number out of range');
	expect(program.queryValues('x := data.p.a')).toHaveLength(1);
});

// What OPA would have judged and this engine does not must end the evaluation: were it undefined, as an error of a builtin
// is, whoever writes the input could keep a rule that denies from holding.
test.each<[string, string, EvaluateOptions['input']]>([
	['a sum', 'json.unmarshal(input).n + 1 > 5', '{"n": 1e30000}'],
	['a rounded number', 'ceil(json.unmarshal(input)) > 5', '1e30000'],
	['a range', 'count(numbers.range(1, input)) > 5', 1e12],
	['a shift', 'bits.lsh(1, input) > 5', 1e6],
	['a unit', 'units.parse(input) > 5', '1e30000'],
	['nested JSON', 'walk(json.unmarshal(input), [_, "secret"])', `${'['.repeat(2000)}"secret"${']'.repeat(2000)}`],
	['nested JSON asked about', 'json.is_valid(input)', '['.repeat(2000) + ']'.repeat(2000)],
	['nested YAML', 'walk(yaml.unmarshal(input), [_, "secret"])', `${'['.repeat(2000)}"secret"${']'.repeat(2000)}`],
	['long YAML', 'count(yaml.unmarshal(input)) > 5', `- ${'a'.repeat(1_000_000)}`],
	['a long text', 'replace(input, "a", input) != ""', 'a'.repeat(10_000)],
	['a network', 'count(net.cidr_expand(input)) > 5', '10.0.0.0/8'],
	['a pattern', 'regex.match(concat("", [input, "|b"]), "b")', 'a'.repeat(100_000)],
	[
		'a multiple',
		'not json.match_schema(json.unmarshal(input), {"properties": {"x": {"multipleOf": 7}}})[0]',
		'{"x": 1e30000}',
	],
])('ends at %s beyond its limit, strict or not, instead of passing over the rule', (_, condition, input) => {
	expect(failure(`a contains "denied" if ${condition}`, { input })).toContain('rego_limit_error');
	expect(failure(`a contains "denied" if ${condition}`, { input, strict: true })).toContain('rego_limit_error');
});

test('writes a number of very many digits into a message', () => {
	const digits = '7'.repeat(100_000);
	const { result } = compile({ 'p.rego': 'package p\n\na := sprintf("%v", [json.unmarshal(input)])' }).evaluate(
		'data.p.a',
		{
			input: digits,
		},
	);

	expect(result).toBe(digits);
});
