import { describe, expect, it } from 'vitest';
import { listCatalog, showTool } from '../catalog/list-catalog.ts';
import { listPacks, showPack } from '../pack/list-packs.ts';
import { file, policy, smallFiles, smallLibrary } from '../small-library.test.data.ts';
import { checkPolicies } from './check-policies.ts';
import { formatPolicies } from './format-policies.ts';
import { testPolicies } from './test-policies.ts';

describe('policy check', () => {
	it('reports every fault of every file, each policy judged as a program of its own', () => {
		const report = checkPolicies(
			[
				policy('a.rego', 'budget.tokens_per_day := 1'),
				policy('b.rego', 'budget.tokens_per_day := 2\n\ntools.alow contains "x"'),
				file('o.yaml', 'schema: tappass.overlay/1\nid: o\nforbidden_capabilities: [refnd]\n'),
				file('a_test.rego', 'package a_test\n\ntest_x if nothing\n'),
			],
			smallFiles,
		);

		expect(report.diagnostics.map((each) => `${each.file}:${each.row}`)).toEqual([
			'a_test.rego:3',
			'b.rego:5',
			'o.yaml:3',
		]);
		expect(report).toMatchObject({ errors: 3, warnings: 0, files: 4 });
	});
	it('takes a shipped file once when it is the one that is checked', () => {
		expect(
			checkPolicies(
				smallFiles,
				smallFiles.map((each) => ({ ...each, file: `/opt/${each.file}` })),
			),
		).toMatchObject({ errors: 0 });
	});
});

describe('policy test', () => {
	it('runs each test file with the policy beside it, and tells failing from broken', () => {
		const report = testPolicies([
			policy('a.rego', 'budget.tokens_per_day := 1'),
			policy('b.rego', 'budget.tokens_per_day := 2'),
			file(
				'a_test.rego',
				'package a_test\n\nimport data.tappass.policy\n\ntest_one if policy.budget.tokens_per_day == 1\n\ntest_two if policy.budget.tokens_per_day == 2\n\ntodo_test_three if false\n',
			),
			file('c_test.rego', 'package c_test\n\ntest_x if {\n'),
		]);

		expect(report.tests.map(({ name, outcome, row }) => `${name} ${outcome} ${row}`)).toEqual([
			'data.a_test.test_one pass 5',
			'data.a_test.test_two fail 7',
			'data.a_test.todo_test_three todo 9',
		]);
		expect(report).toMatchObject({ passed: 1, failed: 1 });
		expect(report.diagnostics[0]).toMatchObject({ file: 'c_test.rego', code: 'rego_parse_error' });
	});
});

describe('a test that fails', () => {
	it('shows both sides of the comparison and what was printed, and coverage names what never held', () => {
		const files = [
			policy(
				'a.rego',
				'tools.deny contains "a.b" if input.level == "org"\n\ntools.deny contains "c.d" if input.level == "agent"',
			),
			file(
				'a_test.rego',
				'package a_test\n\nimport data.tappass.policy\n\ntest_both if {\n\tdenied := policy.tools.deny with input as {"level": "org"}\n\tprint("denied", denied)\n\tdenied == {"c.d"}\n}\n',
			),
		];

		const [test] = testPolicies(files).tests;
		expect(test).toMatchObject({ outcome: 'fail', file: 'a_test.rego', row: 5 });
		expect(test!.message).toContain('left:  denied = {"a.b"}');
		expect(test!.message).toContain('right: {"c.d"}');
		expect(test!.message).toContain('printed: denied {"a.b"}');
		expect(testPolicies(files, { coverage: true }).coverage).toEqual({
			percent: 50,
			expressions: { total: 2, covered: 1 },
			files: [{ file: 'a.rego', percent: 50, uncovered: [{ row: 5, col: 30, text: 'input.level == "agent"' }] }],
		});
	});
});

describe('policy fmt', () => {
	it('names what has another form and leaves alone what does not parse', () => {
		const good = 'package tappass.policy\n\n_a := 1\n';

		const report = formatPolicies([
			file('a.rego', good),
			file('b.rego', 'package tappass.policy\n_a:=1'),
			file('c.rego', 'nonsense'),
		]);

		expect(report.unchanged).toEqual(['a.rego']);
		expect(report.changed).toEqual([{ file: 'b.rego', formatted: good }]);
		expect(report.diagnostics.map((each) => each.file)).toContain('c.rego');
	});
});

describe('the lists', () => {
	it('show Packs by id and alias, tools by name with the nearest', () => {
		expect(listPacks(smallLibrary).packs.map(({ id }) => id)).toEqual(['mild', 'strict']);
		expect(showPack(smallLibrary, 'soft')?.pack.id).toBe('mild');
		expect(showPack(smallLibrary, 'none')).toBeUndefined();
		expect(listCatalog(smallLibrary)).toMatchObject({ tools: 7, products: [{ id: 'acme' }] });
		expect(showTool(smallLibrary.catalog, 'mail.send')).toMatchObject({
			tool: { effect: 'write' },
			place: 'catalog/acme.yaml:4:3',
		});
		expect(showTool(smallLibrary.catalog, 'mail.sent')).toEqual({ nearest: 'mail.send' });
	});
});
