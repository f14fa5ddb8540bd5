import { execFileSync, spawnSync } from 'node:child_process';
import * as nodeCrypto from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { cryptoBuiltins } from '../crypto/index.ts';
import { RegoSet, type Value } from '../value/index.ts';
import type { Case } from './cases.ts';
import { judge } from './judge.ts';
import { runCase, type Surroundings } from './run.ts';

const slept: number[] = [];
const surroundings: Surroundings = {
	builtins: cryptoBuiltins(nodeCrypto),
	nowNs: () => BigInt(Date.now()) * 1_000_000n,
	randomBytes: (size) => nodeCrypto.randomBytes(size),
	sleepMs: (milliseconds) => slept.push(milliseconds),
};

const directory = mkdtempSync(join(tmpdir(), 'rego-cases-'));
afterAll(() => rmSync(directory, { recursive: true }));

function caseOf(overrides: Partial<Case>): Case {
	return {
		note: 'a case',
		query: 'data.test.p = x',
		modules: [],
		data: {},
		input: undefined,
		inputTerm: undefined,
		wantResult: undefined,
		wantErrorCode: undefined,
		wantError: undefined,
		strictErrors: false,
		sortBindings: false,
		ignoreGeneratedVars: false,
		experimental: false,
		...overrides,
	};
}

describe('a result is judged', () => {
	const solutions = (...list: readonly Value[]) => ({
		kind: 'solutions' as const,
		solutions: list.map((x) => new Map([['x', x]])),
	});
	const error = {
		kind: 'error' as const,
		code: 'eval_type_error',
		text: 'test-0.rego:4: eval_type_error: f: operand 1',
	};

	test('wrong when it is another value, too many, too few, or an error', () => {
		const wanted = caseOf({ wantResult: [{ x: 1 }] });

		expect(judge(wanted, solutions(2))).toBe('wanted {"x": 1}, got {"x": 2}');
		expect(judge(wanted, solutions(1, 2))).toBeDefined();
		expect(judge(wanted, solutions())).toBe('wanted {"x": 1}, got nothing');
		expect(judge(wanted, error)).toContain('unexpected error');
		expect(judge(caseOf({ wantResult: [] }), solutions(1))).toBeDefined();
	});

	test('right whatever the order and repetition of solutions, and however a number is written', () => {
		const wanted = caseOf({ wantResult: [{ x: 1 }, { x: [2, { a: 3 }] }] });

		expect(judge(wanted, solutions([2, { a: 3 }], 1, 1))).toBeUndefined();
		expect(judge(wanted, solutions([{ a: 3 }, 2], 1))).toBeDefined();
		expect(judge(caseOf({ wantResult: [{ x: [1, 2] }] }), solutions(RegoSet.of([2, 1])))).toBeUndefined();
	});

	test('with sorted bindings and without generated variables where the case says so', () => {
		const wanted = caseOf({ wantResult: [{ x: [1, 2] }] });
		const generated = new Map<string, Value>([
			['x', [1, 2]],
			['__localq0__', 1],
		]);

		expect(judge(wanted, solutions([2, 1]))).toBeDefined();
		expect(judge({ ...wanted, sortBindings: true }, solutions([2, 1]))).toBeUndefined();
		expect(judge(wanted, { kind: 'solutions', solutions: [generated] })).toBeDefined();
		expect(
			judge({ ...wanted, ignoreGeneratedVars: true }, { kind: 'solutions', solutions: [generated] }),
		).toBeUndefined();
	});

	test('as an error by its code and a part of its text', () => {
		expect(judge(caseOf({ wantErrorCode: 'eval_builtin_error' }), error)).toContain('wanted error eval_builtin_error');
		expect(judge(caseOf({ wantErrorCode: 'eval_type_error', wantError: 'operand 2' }), error)).toBeDefined();
		expect(judge(caseOf({ wantError: 'operand 1' }), solutions(1))).toBe('wanted error operand 1, got 1 solutions');
		const wanted = caseOf({ wantErrorCode: 'eval_type_error', wantError: 'operand 1', wantResult: [{ x: 1 }] });
		expect(judge(wanted, error)).toBeUndefined();
	});
});

describe('a case is', () => {
	const passing: Partial<Case> = { modules: ['package test\np := 1 + 1'], wantResult: [{ x: 2 }] };

	test('failed when its program does not compile', () => {
		const verdict = runCase(caseOf({ modules: ['package test\np := nothing'] }), surroundings);

		expect(verdict).toMatchObject({ kind: 'failed', reason: expect.stringContaining('rego_unsafe_var_error') });
	});

	test.each([
		['package test\np := http.send({})', 'http.send'],
		['package test\np := crypto.x509.parse_certificates("")', 'crypto.x509.parse_certificates'],
	])('unsupported when the compiler refuses a builtin as not offered', (source, need) => {
		expect(runCase(caseOf({ modules: [source] }), surroundings)).toEqual({ kind: 'unsupported', need });
	});

	test('failed, not unsupported, when anything else is wrong as well or the builtin is unknown', () => {
		const both = caseOf({ modules: ['package test\np := http.send({})\nq := foo(1)'] });

		expect(runCase(both, surroundings).kind).toBe('failed');
		expect(runCase(caseOf({ modules: ['package test\np := foo(1)'] }), surroundings).kind).toBe('failed');
	});

	test('unsupported when it needs the experimental keywords', () => {
		const source = 'package test\nimport future.keywords.and\np if {\n\ttrue and true\n}';

		expect(runCase(caseOf({ modules: [source], experimental: true }), surroundings).kind).toBe('unsupported');
		expect(runCase(caseOf({ modules: [source] }), surroundings).kind).toBe('failed');
	});

	test('passed on data, input, input terms, tokens and strict errors', () => {
		const runs = [
			caseOf(passing),
			caseOf({
				modules: ['package test\np := input.a + data.b'],
				input: { a: 1 },
				data: { b: 2 },
				wantResult: [{ x: 3 }],
			}),
			caseOf({ modules: ['package test\np if not input'], wantResult: [{ x: true }] }),
			caseOf({ query: 'x = input[_]', inputTerm: '{{1}: {"a"}}', input: 1, wantResult: [{ x: ['a'] }] }),
			caseOf({ query: 'x = crypto.md5("message")', wantResult: [{ x: '78e731027d8fd50ed642340b7c9a63b3' }] }),
			caseOf({ query: 'x = to_number("a")', wantResult: [] }),
			caseOf({ query: 'x = to_number("a")', strictErrors: true, wantErrorCode: 'eval_builtin_error' }),
			caseOf({ query: 'test.sleep("10ms")', wantResult: [{}] }),
		];

		for (const run of runs) expect(runCase(run, surroundings)).toEqual({ kind: 'passed' });
		expect(slept).toEqual([10]);
	});
});

describe('the command', () => {
	const main = fileURLToPath(new URL('main.ts', import.meta.url));
	const cases = (name: string, content: string): void => writeFileSync(join(directory, name), content);

	test.each([[[]], [['a', 'b']], [[directory, '--yaml']], [[join(directory, 'missing')]]])(
		'exits with 2 on %j',
		(args) => {
			const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

			expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
			expect(stderr).toMatch(/^(?:usage|error): /);
		},
	);

	test('reads JSON and YAML exactly, counts, and exits with 1 on a failure', () => {
		cases('one.json', '[{"note":"big","query":"x = 18446744073709551614","want_result":[{"x":18446744073709551614}]}]');
		cases(
			'two.raw.yaml',
			'cases:\n  - note: bad\n    query: x = 1\n    want_result:\n      - x: 18446744073709551614\n  - note: send\n    query: http.send({})\n    want_result: []\n',
		);

		const { status, stdout } = spawnSync(process.execPath, [main, directory, '--json'], { encoding: 'utf8' });

		expect(status).toBe(1);
		expect(JSON.parse(stdout)).toEqual({
			total: 3,
			passed: 1,
			failed: 1,
			unsupported: 1,
			failures: [
				{ category: 'two.raw', index: 0, note: 'bad', reason: 'wanted {"x": 18446744073709551614}, got {"x": 1}' },
			],
		});
		cases('two.raw.yaml', 'cases: []');
		expect(execFileSync(process.execPath, [main, directory], { encoding: 'utf8' })).toContain(
			'1 cases: 1 passed, 0 failed',
		);
	});
});
