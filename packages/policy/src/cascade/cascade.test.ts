import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../author/library.ts';
import { compiled, file, policy, refusals, smallFiles } from '../small-library.test.data.ts';

const org = (rules: string) => ({ org: [policy('org.rego', rules)] });
const both = (above: string, below: string) => ({
	org: [policy('org.rego', above)],
	project: [policy('project.rego', below)],
});

describe('a level below a floor', () => {
	const contradictions: readonly (readonly [name: string, above: string, below: string, fix: RegExp])[] = [
		[
			'adds a domain outside the ceiling',
			'network.allow_domains contains "*.acme.com"',
			'network.allow_domains contains "acme.org"',
			/inside the list of org/,
		],
		[
			'widens a pattern of the ceiling',
			'tools.allow contains "wiki.get_*"',
			'tools.allow contains "wiki.*"',
			/inside the list/,
		],
		[
			'adds a path',
			'filesystem.read_only contains "/usr/lib"',
			'filesystem.read_only contains "/usr"',
			/inside the list/,
		],
		[
			'adds a host function',
			'interpreter.host_functions contains "f"',
			'interpreter.host_functions contains "g"',
			/inside the list/,
		],
		['adds a model', 'models.allow contains "claude-*"', 'models.allow contains "gpt-5"', /inside the list/],
		[
			'allows a tool that is denied above',
			'tools.deny contains "*.delete_*"',
			'tools.allow contains "wiki.delete_page"',
			/cannot be taken back/,
		],
		[
			'allows a tool whose capability is forbidden above',
			'forbidden_capabilities contains "code_execution"',
			'tools.allow contains "shell.run"',
			/cannot be taken back/,
		],
		[
			'allows a path that is denied above',
			'filesystem.deny_paths contains "/etc"',
			'filesystem.read_only contains "/etc/ssl"',
			/cannot be taken back/,
		],
		[
			'allows a domain of a category denied above',
			'network.deny_categories contains "paste_sites"',
			'network.allow_domains contains "paste.example"',
			/cannot be taken back/,
		],
		['states a larger budget', 'budget.tokens_per_day := 10', 'budget.tokens_per_day := 11', /state 10 or less/],
		['states a larger interpreter', 'interpreter.memory_mb := 10', 'interpreter.memory_mb := 11', /state 10 or less/],
		[
			'switches off a step',
			'pipeline.steps.detect_pii := {"enabled": true}',
			'pipeline.steps.detect_pii := {"enabled": false, "action": "block"}',
			/leave the step out/,
		],
		[
			'weakens an action',
			'pipeline.steps.detect_pii := {"action": "block"}',
			'pipeline.steps.detect_pii := {"action": "notify"}',
			/use block/,
		],
		[
			'loosens a parameter',
			'pipeline.steps.detect_pii := {"parameters": {"mode": "strict"}}',
			'pipeline.steps.detect_pii := {"parameters": {"mode": "flag"}}',
			/use "strict"/,
		],
		[
			'gives a weaker schema right',
			'tools.schemas_acl.db.pii := "deny"',
			'tools.schemas_acl.db.pii := "ro"',
			/use deny/,
		],
		[
			'moves the workspace outside',
			'filesystem.workspace := "/workspace/a"',
			'filesystem.workspace := "/workspace"',
			/a path below it/,
		],
		['raises the trust level', 'trust_level := "suggester"', 'trust_level := "autonomous"', /suggester or less/],
	];
	for (const [name, above, below, fix] of contradictions) {
		it(`is refused with both places and the fix when it ${name}`, () => {
			const [first, ...rest] = refusals(both(above, below));

			expect(rest).toEqual([]);
			expect(first).toMatch(/^project\.rego:3:1 policy_contradiction /);
			expect(first).toContain('org.rego:3:1');
			expect(first).toMatch(fix);
		});
		it(`may do the same where nothing stands above, and the same again below: ${name}`, () => {
			expect(refusals(org(below))).toEqual([]);
			expect(refusals(both(below, below))).toEqual([]);
		});
	}
	it('may name more in a list that unites, and a partial overlap with a deny is fine', () => {
		const { compiled_policy } = compiled(
			both(
				'tools.allow contains "*.*"\n\ntools.deny contains "*.delete_*"',
				'tools.allow contains "wiki.*"\n\ntools.deny contains "shell.run"',
			),
		);

		expect(compiled_policy.tools).toMatchObject({ allow: ['wiki.*'], deny: ['*.delete_*', 'shell.run'] });
	});
	it('is narrowed instead when that is forced, and every narrowing is listed', () => {
		const result = compiled({
			...both(
				'budget.tokens_per_day := 10\n\ntools.allow contains "wiki.get_*"',
				'budget.tokens_per_day := 11\n\ntools.allow contains "wiki.*"',
			),
			forceNarrow: true,
		});

		expect(result.compiled_policy.budget.tokens_per_day).toBe(10);
		expect(result.compiled_policy.tools.allow).toEqual(['wiki.get_*']);
		expect(result.narrowed.map(({ what, stated, by }) => `${what}: ${stated} by ${by.stated}`)).toEqual([
			'tools.allow: wiki.* by the list [wiki.get_*]',
			'budget.tokens_per_day: 11 by 10',
		]);
	});
});

describe('within one level', () => {
	it("unites the operator's files", () => {
		const { compiled_policy } = compiled({
			org: [
				policy('a.rego', 'tools.allow contains "wiki.get_page"'),
				policy('b.rego', 'tools.allow contains "mail.send"'),
			],
		});

		expect(compiled_policy.tools.allow).toEqual(['mail.send', 'wiki.get_page']);
	});
	it('refuses one value that two files state differently, naming both places', () => {
		const files = [policy('a.rego', 'budget.tokens_per_day := 5'), policy('b.rego', 'budget.tokens_per_day := 9')];

		expect(refusals({ org: files })).toEqual([
			'b.rego:3:1 eval_conflict_error budget.tokens_per_day: complete rules must not produce multiple outputs (it is also stated at a.rego:3:1; one level states a value once)',
		]);
	});
	it('refuses two files of one base name, since a level keeps its policies by it', () => {
		expect(refusals({ org: [policy('a/x.rego', '_a := 1'), policy('b/x.rego', '_b := 1')] })[0]).toContain(
			'the same base name',
		);
	});
	it('lets the stricter side win and warns about the other', () => {
		const result = compiled({
			categories: ['customer_pii'],
			agent: [policy('agent.rego', 'pipeline.steps.detect_pii := {"enabled": false, "action": "log"}')],
		});

		expect(result.effective_pipeline.steps.detect_pii).toMatchObject({ enabled: true, action: 'block' });
		expect(
			result.warnings
				.filter(({ code }) => code === 'policy_contradiction')
				.map(({ message }) => message.split(' (')[0]),
		).toEqual([
			'pipeline.steps.detect_pii.enabled: false at the agent level has no effect beside true of concern data_leak',
			'pipeline.steps.detect_pii.action: log at the agent level has no effect beside block of concern data_leak',
		]);
	});
	it('never lets a function or a Pack grant', () => {
		const alone = compiled({ function: 'refund_processor', packs: [{ id: 'mild', level: 'org' }] });

		expect(alone.compiled_policy.tools.allow).toEqual([]);
		expect(alone.effective_pipeline.models.allow).toEqual([]);
		const narrowed = compiled({ function: 'refund_processor', ...org('tools.allow contains "**"') });
		expect(narrowed.compiled_policy.tools.allow).toEqual(['mail.*', 'pay.*', 'shell.*', 'wiki.get_*']);
		expect(narrowed.compiled_policy.tools.deny).toEqual(['shell.run']);
	});
	it("uses a function's ceiling as long as no operator states one, and lets a Pack only lower it", () => {
		const pack = (tokens: number) => loadLibrary([...smallFiles, file('packs/cap/pack.yaml', capPack(tokens))]).library;
		const tokens = (more: object): number =>
			compiled({ packs: [{ id: 'cap', level: 'org' }], ...more }).compiled_policy.budget.tokens_per_day;

		expect(tokens({ library: pack(5_000) })).toBe(0);
		expect(tokens({ library: pack(5_000), function: 'refund_processor' })).toBe(1_000);
		expect(tokens({ library: pack(500), function: 'refund_processor' })).toBe(500);
		expect(
			tokens({ library: pack(5_000), function: 'refund_processor', ...org('budget.tokens_per_day := 4000') }),
		).toBe(4_000);
	});
	it('stacks an overlay on top, strictest wins', () => {
		const overlay = file(
			'o.yaml',
			'schema: tappass.overlay/1\nid: o\nbudget: { tokens_per_day: 5 }\ntools: { deny: ["mail.send"] }\n',
		);

		const { compiled_policy, because } = compiled({
			...org('budget.tokens_per_day := 9\n\ntools.allow contains "mail.*"'),
			overlays: [overlay],
		});

		expect(compiled_policy.budget.tokens_per_day).toBe(5);
		expect(compiled_policy.tools.deny).toEqual(['mail.send']);
		expect(because['/budget/tokens_per_day']?.chains[0]?.[0]).toMatchObject({
			kind: 'overlay',
			id: 'o',
			file: 'o.yaml',
		});
	});
	it('refuses an overlay that contradicts a floor', () => {
		const overlay = file('o.yaml', 'schema: tappass.overlay/1\nid: o\nbudget: { tokens_per_day: 50 }\n');

		expect(refusals({ ...org('budget.tokens_per_day := 9'), overlays: [overlay] })[0]).toMatch(
			/^o\.yaml:3:27 policy_contradiction budget\.tokens_per_day: 50/,
		);
	});
});

function capPack(tokens: number): string {
	return `schema: tappass.pack/1
id: cap
version: 1.0.0
title: Cap
regulation: { name: Test, edition: "1", source: "https://acme.example/law" }
bundles: { budget: { tokens_per_day: ${tokens} } }
clauses: [{ clause: "1", title: One, rules: [], evidence: [], covered: none }]
not_covered: []
`;
}
