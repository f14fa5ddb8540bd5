import { describe, expect, test } from 'vitest';
import { parseModule } from '../parse/index.ts';
import { printTests } from './print-tests.ts';
import { runTests, type TestOptions } from './run-tests.ts';

const policy = `package agent

default allow := false

allow if input.role == "admin"

allow if {
	input.role == "user"
	input.action in {"read", "list"}
}

deny contains msg if {
	input.host == "evil.example"
	msg := "evil host"
}
`;

function run(tests: string, options?: TestOptions) {
	return runTests(
		{ 'agent.rego': policy, 'agent_test.rego': `package agent_test\n\nimport data.agent\n\n${tests}` },
		options,
	);
}

describe('failures', () => {
	test('show both sides of the comparison that failed, and the variables', () => {
		const { tests, ok } = run(`test_reasons if {
	reasons := agent.deny with input as {"host": "evil.example"}
	reasons == {"other"}
}`);

		expect(ok).toBe(false);
		expect(tests[0]).toMatchObject({
			path: 'data.agent_test.test_reasons',
			row: 5,
			outcome: 'fail',
			failures: [
				{
					row: 7,
					text: 'reasons == {"other"}',
					comparison: { operator: '==', left: { value: '{"evil host"}' }, right: { value: '{"other"}' } },
					locals: [{ text: 'reasons', value: '{"evil host"}' }],
				},
			],
		});
	});

	test('say what a reference under with was', () => {
		const { tests } = run('test_allows if agent.allow with input as {"role": "user", "action": "write"}');

		expect(tests[0]!.failures![0]!.operands).toEqual([{ text: 'agent.allow', value: 'false' }]);
	});

	test('a test whose value is not true fails', () => {
		expect(run('test_a := false').tests[0]).toMatchObject({ outcome: 'fail', value: 'false' });
		expect(run('test_a := 1').tests[0]).toMatchObject({ outcome: 'fail', value: '1' });
		expect(run('test_a contains 1').tests[0]).toMatchObject({ outcome: 'fail', value: '{1}' });
	});

	test('of two tests with one name, the one that fails is seen', () => {
		const { tests } = run('test_a if true\n\ntest_a if 1 == 2\n');

		expect(tests.map(({ name, outcome }) => [name, outcome])).toEqual([
			['test_a', 'pass'],
			['test_a#01', 'fail'],
		]);
	});

	test('an error of the evaluation is the result of its test alone', () => {
		const { tests, errors, passed } = run('twice := 1\n\ntwice := 2 if true\n\ntest_a if twice == 1\n\ntest_b if true');

		expect([errors, passed]).toEqual([1, 1]);
		expect(tests[0]).toMatchObject({ outcome: 'error', error: expect.stringContaining('eval_conflict_error') });
	});

	test('no test at all is not ok', () => {
		expect(run('nothing := 1')).toMatchObject({ ok: false, tests: [] });
	});

	test('sources that do not compile are refused', () => {
		expect(() => run('test_a if nowhere(1)')).toThrow('undefined function');
	});
});

describe('tests with cases', () => {
	const cases = (expected: string) => `test_allow[note] if {
	some note, tc in {
		"admin": {"input": {"role": "admin"}, "allow": true},
		"writer": {"input": {"role": "user", "action": "write"}, "allow": ${expected}},
		"reader": {"input": {"role": "user", "action": "read"}, "allow": true},
	}
	agent.allow == tc.allow with input as tc.input
}`;

	test('fail when one case does, which is named with both sides', () => {
		const { tests, ok } = run(cases('true'));

		expect(ok).toBe(false);
		expect(tests[0]!.cases).toEqual([
			{ name: 'admin', outcome: 'pass' },
			{ name: 'reader', outcome: 'pass' },
			{ name: 'writer', outcome: 'fail' },
		]);
		expect(tests[0]!.failures).toMatchObject([
			{ case: 'writer', comparison: { left: { value: 'false' }, right: { value: 'true' } } },
		]);
	});

	test('pass when all do', () => {
		expect(run(cases('false'))).toMatchObject({ ok: true, passed: 1 });
	});

	test('fail when there is no case', () => {
		expect(run('test_a[name] if some name in []').tests[0]).toMatchObject({ outcome: 'fail', cases: [] });
	});

	test('find names that are computed, at once', () => {
		const { tests } = run(`test_a[tc.note] if {
	some tc in [{"note": "one", "n": 1}, {"note": "two", "n": 3}]
	doubled := tc.n * 2
	doubled == 2
}

test_b[sprintf("case %d", [n])] if {
	some n in [1, 2]
	n < 2
}

test_c["constant"] if 1 == 2`);

		expect(tests.map((each) => each.cases)).toEqual([
			[
				{ name: 'one', outcome: 'pass' },
				{ name: 'two', outcome: 'fail' },
			],
			[
				{ name: 'case 1', outcome: 'pass' },
				{ name: 'case 2', outcome: 'fail' },
			],
			[{ name: 'constant', outcome: 'fail' }],
		]);
		expect(tests[0]!.failures).toMatchObject([{ case: 'two', comparison: { left: { text: 'doubled', value: '6' } } }]);
	});

	test('may be nested, and a case that is false fails with its value', () => {
		const { tests } = run('test_a[x][y] := x != y if {\n\tsome x in ["a", "b"]\n\tsome y in [1, "b"]\n}');

		expect(tests[0]).toMatchObject({
			outcome: 'fail',
			cases: [
				{ name: 'a/1', outcome: 'pass' },
				{ name: 'a/b', outcome: 'pass' },
				{ name: 'b/1', outcome: 'pass' },
				{ name: 'b/b', outcome: 'fail', value: 'false' },
			],
		});
	});
});

describe('running', () => {
	test('todo tests do not run, and a filter chooses by path', () => {
		const tests = 'todo_test_a if 1 == 2\n\ntest_b if true\n\ntest_c if true';

		const report = run(tests, { filter: (path) => !path.endsWith('test_c') });

		expect(report).toMatchObject({ ok: true, passed: 1, todo: 1 });
		expect(report.tests.map(({ name }) => name)).toEqual(['todo_test_a', 'test_b']);
	});

	test('mocks documents and functions, keeps what is printed, and measures time', () => {
		let now = 0;
		const { tests } = run(
			`now := time.now_ns()

test_a if {
	print("now", now)
	now == 5 with time.now_ns as 5
	print("inside", now) with time.now_ns as 6
}`,
			{ evaluate: { nowNs: 4n }, clockMs: () => now++ },
		);

		expect(tests[0]).toMatchObject({ outcome: 'pass', durationMs: 1, output: ['now 4', 'inside 6'] });
	});

	test('prints once, also when a failure is looked into', () => {
		expect(run('test_a if {\n\tprint("here")\n\t1 == 2\n}').tests[0]!.output).toEqual(['here']);
	});

	test('takes modules that are parsed already', () => {
		expect(runTests([parseModule('package p\n\ntest_a if true', 'p_test.rego')])).toMatchObject({ ok: true });
	});

	test('prints a report that names the case, the place and the values', () => {
		const text = printTests(run('test_a[n] if {\n\tsome n in [1, 2]\n\tn + 1 == 2\n}\n\ntest_b if true'));

		expect(text).toBe(`data.agent_test.test_a at agent_test.rego:5: FAIL (0 ms)
  1: PASS
  2: FAIL
    agent_test.rego:7:2: n + 1 == 2
      left:  n + 1 = 3
      right: 2
      where n = 2
1 passed, 1 failed, 0 errors, 0 todo`);
	});
});

describe('coverage', () => {
	const tests = `test_admin if agent.allow with input as {"role": "admin"}

test_reader if agent.allow with input as {"role": "user", "action": "read"}

test_other if not agent.allow with input as {"role": "user", "action": "write"}`;

	test('counts expressions that held and failed, and outcomes of rules', () => {
		const { coverage } = run(tests, { coverage: {} });

		expect(coverage).toMatchObject({
			percent: 66.67,
			expressions: { total: 6, covered: 4 },
			rules: { total: 3, bothWays: 2 },
		});
		const [file] = coverage!.files;
		expect(coverage!.files.map(({ file: name }) => name)).toEqual(['agent.rego']);
		expect(file!.expressions).toEqual([
			{ row: 3, col: 9, text: 'allow := false', held: 1, failed: 0 },
			{ row: 5, col: 10, text: 'input.role == "admin"', held: 1, failed: 2 },
			{ row: 8, col: 2, text: 'input.role == "user"', held: 2, failed: 1 },
			{ row: 9, col: 2, text: 'input.action in {"read", "list"}', held: 1, failed: 1 },
			{ row: 13, col: 2, text: 'input.host == "evil.example"', held: 0, failed: 0 },
			{ row: 14, col: 2, text: 'msg := "evil host"', held: 0, failed: 0 },
		]);
		expect(file!.rules).toEqual([
			{ path: 'data.agent.allow', row: 3, true: 0, false: 1, undefined: 0, error: 0 },
			{ path: 'data.agent.allow', row: 5, true: 1, false: 0, undefined: 2, error: 0 },
			{ path: 'data.agent.allow', row: 7, true: 1, false: 0, undefined: 2, error: 0 },
			{ path: 'data.agent.deny', row: 12, true: 0, false: 0, undefined: 0, error: 0 },
		]);
	});

	test('is not changed by early exit: the second rule counts although the first decides', () => {
		const sources = {
			'p.rego': 'package p\n\na if input.x\n\na if input.y',
			'p_test.rego': 'package p_test\n\ntest_a if data.p.a with input as {"x": 1, "y": 1}',
		};

		expect(runTests(sources, { coverage: {} }).coverage!.percent).toBe(100);
	});

	test('below the threshold is not ok', () => {
		expect(run(tests, { coverage: { threshold: 70 } })).toMatchObject({ ok: false, failed: 0 });
		expect(run(tests, { coverage: { threshold: 60 } })).toMatchObject({ ok: true });
	});

	test('notes rules that an error stopped', () => {
		const sources = {
			'p.rego': 'package p\n\na := x if some x in input',
			'p_test.rego': 'package p_test\n\ntest_a if data.p.a with input as [1, 2]',
		};

		expect(runTests(sources, { coverage: {} }).coverage!.files[0]!.rules[0]).toMatchObject({ true: 1, error: 1 });
	});
});
