import { describe, expect, it } from 'vitest';
import { file, smallFiles } from '../small-library.test.data.ts';
import { checkPack } from './check-pack.ts';

const shipped = smallFiles.filter(({ file: name }) => !name.startsWith('packs/'));
const pack = (clauses: string, more = ''): string => `schema: tappass.pack/1
id: mail
version: 1.0.0
title: Mail
regulation: { name: Test, edition: "1", source: "https://acme.example/law" }
bundles:
  concerns: [data_leak]
forbidden_capabilities: [code_execution]
clauses:
${clauses}
not_covered: [{ clause: "9", reason: people }]
${more}`;
const good = `  - clause: "1"
    title: No mail abroad
    rules: ["constraint:data_leak.no_third_country", "rego:rules/calls.rego", "forbidden:code_execution", "step:detect_pii"]
    evidence: [audit]
    covered: full
`;
const cases = `schema: tappass.pack-cases/1
cases:
  - { name: mail home, rule: "constraint:data_leak.no_third_country", expect: allow, call: { tool: { name: mail.send }, args: { to: a@b.example.eu } } }
  - { name: mail abroad, rule: "constraint:data_leak.no_third_country", expect: deny, message: third countries, call: { tool: { name: mail.send }, args: { to: a@b.cn } } }
  - { name: few calls, rule: "rego:rules/calls.rego", expect: allow, call: { session: { tool_calls: 5 } } }
  - { name: many calls, rule: "rego:rules/calls.rego", expect: deny, message: too many, call: { session: { tool_calls: 6 } } }
  - { name: a page, rule: "forbidden:code_execution", expect: allow, call: { tool: { name: wiki.get_page } } }
  - { name: a shell, rule: "forbidden:code_execution", expect: deny, call: { tool: { name: shell.run } } }
  - { name: says it again, rule: "step:detect_pii", expect: allow, policy: "package tappass.policy\\n\\npipeline.steps.detect_pii := {\\"action\\": \\"block\\"}\\n" }
  - { name: switches it off, rule: "step:detect_pii", expect: deny, policy: "package tappass.policy\\n\\npipeline.steps.detect_pii := {\\"enabled\\": false}\\n" }
`;
const rule = 'package tappass.decision\n\ndeny contains "too many calls" if input.session.tool_calls > 5\n';
const test =
	'package tappass.decision_test\n\nimport data.tappass.decision\n\ntest_denies if "too many calls" in decision.deny with input.session.tool_calls as 6\n\ntest_allows if count(decision.deny) == 0 with input.session.tool_calls as 5\n';

function folder(over: Readonly<Record<string, string | null>> = {}) {
	const files: Record<string, string | null> = {
		'pack.yaml': pack(good),
		'README.md': '# Mail',
		'rules/calls.rego': rule,
		'rules/calls_test.rego': test,
		'cases/calls.yaml': cases,
		...over,
	};
	return Object.entries(files).flatMap(([name, text]) => (text === null ? [] : [file(`packs/mail/${name}`, text)]));
}
function faults(over: Readonly<Record<string, string | null>>): readonly string[] {
	return checkPack(folder(over), shipped).diagnostics.map(
		({ message, hint }) => `${message}${hint === undefined ? '' : ` | ${hint}`}`,
	);
}

describe('checking a Pack', () => {
	it('refuses a folder without pack.yaml, README or a test beside a rule', () => {
		expect(faults({ 'pack.yaml': null })[0]).toContain('the folder has no pack.yaml');
		expect(faults({ 'README.md': null })[0]).toContain('the Pack has no README.md');
		expect(faults({ 'rules/calls_test.rego': null })[0]).toContain('the rule file has no test beside it');
	});
	it('refuses a clause that leads to no rule, with the nearest', () => {
		expect(
			faults({ 'pack.yaml': pack(good.replace('forbidden:code_execution', 'forbidden:code_exec')) }).join('\n'),
		).toContain('the Pack brings no forbidden:code_exec');
		expect(
			faults({ 'pack.yaml': pack(`${good}  - { clause: "2", title: T, rules: [], evidence: [], covered: full }`) }),
		).toEqual([
			'2 names no evidence | say what an auditor can look at',
			'2 is full but names no rule | name the rules, or write covered: none',
		]);
		expect(
			faults({ 'pack.yaml': pack(`${good}  - { clause: "2", title: T, rules: [], evidence: [], covered: none }`) })[0],
		).toContain('none without a note');
	});
	it('refuses a rule with only one side in the cases, and a rule file that no clause names', () => {
		expect(faults({ 'cases/calls.yaml': cases.replace(/.*many calls.*\n/, '') })[0]).toContain(
			'rego:rules/calls.rego has no denied case',
		);
		expect(faults({ 'pack.yaml': pack(good.replace('"rego:rules/calls.rego", ', '')) }).join('\n')).toContain(
			'no clause names this rule file',
		);
	});
	it('fails a case that ends otherwise, and a Rego test that fails', () => {
		const wrong = checkPack(folder({ 'cases/calls.yaml': cases.replace('a@b.cn', 'a@b.eu') }), shipped);
		const broken = checkPack(folder({ 'rules/calls.rego': rule.replace('> 5', '> 50') }), shipped);

		expect(wrong).toMatchObject({
			passed: false,
			cases: expect.arrayContaining([
				expect.objectContaining({ name: 'mail abroad', expected: 'deny', found: 'allow', passed: false, row: 4 }),
			]),
		});
		expect(broken).toMatchObject({ passed: false, tests: { failed: 1, passed: 1 } });
	});
	it('passes a good one', () => {
		const report = checkPack(folder(), shipped);

		expect(report.diagnostics).toEqual([]);
		expect(report).toMatchObject({
			passed: true,
			pack: 'mail',
			tests: { passed: 2, failed: 0 },
			coverage: { full: 1, partial: 0, none: 0, not_covered: 1 },
		});
		expect('cases' in report && report.cases.every(({ passed }) => passed)).toBe(true);
	});
});
