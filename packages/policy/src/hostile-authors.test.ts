import { describe, expect, it } from 'vitest';
import { loadLibrary } from './author/library.ts';
import { judgeCall } from './pack/judge.ts';
import { compiled, file, policy, refusals, smallFiles } from './small-library.test.data.ts';

const both = (above: string, below: string) => ({
	org: [policy('org.rego', above)],
	project: [policy('project.rego', below)],
});
const pack = (id: string, rules: string, more = '') => [
	file(
		`packs/${id}/pack.yaml`,
		`schema: tappass.pack/1
id: ${id}
version: 1.0.0
title: ${id}
regulation: { name: Test, edition: "1", source: "https://acme.example/law" }
bundles: {}
clauses: [{ clause: "1", title: One, rules: [], evidence: [], covered: none }]
not_covered: []
${more}`,
	),
	...(rules === '' ? [] : [policy(`packs/${id}/rules/r.rego`, rules)]),
];
const libraryWith = (files: readonly ReturnType<typeof file>[]) => loadLibrary([...smallFiles, ...files]).library;

describe('an author below a floor', () => {
	it('cannot have a step that enforces the floor only watch over it', () => {
		for (const step of ['schema_acl', 'authorize_tool', 'constrain_arguments', 'enforce_model', 'authenticate'])
			for (const action of ['log', 'notify'])
				expect(
					refusals({ agent: [policy('a.rego', `pipeline.steps.${step} := {"action": "${action}"}`)] }),
					`${step} ${action}`,
				).toEqual([
					`a.rego:3:1 policy_contradiction pipeline.steps.${step}.action: ${action} at the agent level contradicts block of every call (leave the action out: this step is part of every call)`,
				]);
		const forced = compiled({
			agent: [policy('a.rego', 'pipeline.steps.schema_acl := {"action": "log"}')],
			forceNarrow: true,
		});
		expect(forced.effective_pipeline.steps.schema_acl.action).toBe('block');
		expect(refusals({ agent: [policy('a.rego', 'pipeline.steps.schema_acl := {"action": "block"}')] })).toEqual([]);
	});
	it('cannot turn down a step that the floor switches on as it is', () => {
		const turnedDown: readonly (readonly [step: string, parameter: string, value: string, unasked: string])[] = [
			['detect_prompt_injection', 'threshold_percent', '100', '50'],
			['detect_obfuscation', 'threshold_percent', '51', '50'],
			['detect_pii', 'confidence_percent', '100', '50'],
			['scan_output', 'confidence_percent', '100', '50'],
			['detect_exfiltration', 'encoded_bytes_max', '1048576', '4096'],
			['detect_secrets', 'allow_fingerprints', '["00"]', '[]'],
			['loop_guard', 'destructive_max', '4', '3'],
			['loop_guard', 'cycle_length_max', '0', '16'],
			['normalize_text', 'decode_depth_max', '1', '2'],
			['reserve_budget', 'unknown_price_dollars_per_million_tokens', '0', '200'],
			['discover_tools', 'auto_approve_registered_servers', 'true', 'false'],
		];
		for (const [step, parameter, value, unasked] of turnedDown) {
			const on = `pipeline.steps.${step} := {"enabled": true}`;
			const loose = `pipeline.steps.${step} := {"parameters": {"${parameter}": ${value}}}`;

			expect(refusals(both(on, loose)), step).toEqual([
				expect.stringContaining(`parameters.${parameter}: ${value} at the project level contradicts ${unasked} of `),
			]);
			expect(compiled({ ...both(on, loose), forceNarrow: true }).effective_pipeline.steps).toMatchObject({
				[step]: { parameters: { [parameter]: JSON.parse(unasked) as unknown } },
			});
			// The org's own operators know what they give up.
			expect(refusals({ org: [policy('org.rego', loose)] }), step).toEqual([]);
			expect(refusals(both(loose, loose)), step).toEqual([]);
		}
	});
	it('cannot turn down what is part of every call, though nobody above says a word about it', () => {
		const rule = 'pipeline.steps.reserve_budget := {"parameters": {"unknown_price_dollars_per_million_tokens": 199}}';

		expect(refusals({ agent: [policy('a.rego', rule)] })).toEqual([
			'a.rego:3:1 policy_contradiction pipeline.steps.reserve_budget.parameters.unknown_price_dollars_per_million_tokens: 199 at the agent level contradicts 200 of every call (use 200 or something stricter (max))',
		]);
		expect(refusals({ agent: [policy('a.rego', rule.replace('199', '200'))] })).toEqual([]);
	});
	it('cannot let a Pack turn down a step of the operator beside it', () => {
		const library = libraryWith(
			pack('slack', 'pipeline.steps.detect_prompt_injection := {"parameters": {"threshold_percent": 90}}'),
		);
		const org = (rule: string) =>
			compiled({ library, org: [policy('o.rego', rule)], packs: [{ id: 'slack', level: 'org' }] }).effective_pipeline
				.steps.detect_prompt_injection.parameters;

		expect(org('pipeline.steps.detect_prompt_injection := {"enabled": true}')).toEqual({ threshold_percent: 50 });
		expect(org('_nothing := true')).toEqual({ threshold_percent: 90 });
	});
	it('cannot open a schema on a server whose schemas are listed above, and may deny any', () => {
		const org = 'tools.schemas_acl.db.finance := "ro"';

		expect(refusals(both(org, 'tools.schemas_acl.db.hr := "rw"'))).toEqual([
			'project.rego:3:1 policy_contradiction tools.schemas_acl.db: hr (rw) at the project level contradicts the schemas [finance] of org (org level, org.rego:3:1) (choose one of these schemas, or have hr added there)',
		]);
		expect(compiled({ ...both(org, 'tools.schemas_acl.db.hr := "rw"'), forceNarrow: true })).toMatchObject({
			compiled_policy: { tools: { schemas_acl: { db: { finance: 'ro', hr: 'deny' } } } },
		});
		expect(refusals(both(org, 'tools.schemas_acl.db.hr := "deny"'))).toEqual([]);
		expect(refusals(both('tools.schemas_acl.db.pii := "deny"', 'tools.schemas_acl.db.hr := "rw"'))).toEqual([]);
	});
	it('cannot have a Pack choose where the agent works, also when narrowing is forced', () => {
		const library = libraryWith(pack('place', 'filesystem.workspace := "/data"'));
		const request = {
			library,
			packs: [{ id: 'place', level: 'org' } as const],
			project: [policy('p.rego', 'filesystem.workspace := "/workspace/x"')],
		};

		expect(refusals(request)[0]).toContain('/workspace/x at the project level contradicts /data of Pack place');
		expect(compiled({ ...request, forceNarrow: true }).compiled_policy.filesystem.workspace).toBe('/workspace/x');
	});
	it('cannot work in a directory that is denied above', () => {
		expect(refusals(both('filesystem.deny_paths contains "/data"', 'filesystem.workspace := "/data/a"'))[0]).toMatch(
			/^project\.rego:3:1 policy_contradiction filesystem\.workspace: \/data\/a .* filesystem\.deny_paths \/data/,
		);
		expect(refusals(both('filesystem.deny_paths contains "/data/b"', 'filesystem.workspace := "/data/a"'))).toEqual([]);
	});
	it('cannot make the whole root, or a home, the workspace by any door', () => {
		for (const workspace of ['/', '~', '~/x', '/a/../b']) {
			const overlay = file('o.yaml', `schema: tappass.overlay/1\nid: o\nfilesystem: { workspace: "${workspace}" }\n`);
			const spec = file(
				's.yaml',
				`schema: tappass.sandbox-spec/1\nid: s\nruntime: r\nfunction: null\nworkspace: "${workspace}"\n`,
			);

			expect(refusals({ overlays: [overlay] })[0], workspace).toMatch(/^o\.yaml:3:/);
			expect(refusals({ spec })[0], workspace).toMatch(/^s\.yaml:5:/);
			expect(refusals({ agent: [policy('a.rego', `filesystem.workspace := "${workspace}"`)] })[0], workspace).toMatch(
				/^a\.rego:3:/,
			);
		}
	});
	it('writes a host in one way only, however it was written', () => {
		const hosts = (...written: readonly string[]) =>
			compiled({
				org: [policy('o.rego', written.map((host) => `network.allow_domains contains "${host}"`).join('\n\n'))],
			}).compiled_policy.network.allow_domains;

		expect(hosts('FILES.acme.com', 'files.acme.com', 'files.acme.com.')).toEqual(['files.acme.com']);
		expect(hosts('bücher.example')).toEqual(hosts('xn--bcher-kva.example'));
	});
	it('cannot take a constraint or an approval of a floor away by stating another of its id', () => {
		const rule = (value: number): string =>
			`constraints contains {"id": "cap", "target": {"tools": ["pay.refund"]}, "subject": {"slot": "amount_param"}, "test": {"op": "max", "value": ${value}}}\n\napprovals contains {"id": "ask", "target": {"tools": ["pay.refund"]}, "approvers": ${value}}`;

		const { effective_pipeline } = compiled(both(rule(2), rule(1)));

		expect(effective_pipeline.constraints.map(({ test }) => 'value' in test && test.value).sort()).toEqual([1, 2]);
		expect(effective_pipeline.approvals.map(({ approvers }) => approvers)).toEqual([2]);
	});
	it('cannot get a forbidden capability back by pattern, by an empty set or by a function that allows it', () => {
		const org = 'forbidden_capabilities contains "code_execution"\n\ntools.allow contains "**"';

		for (const below of [
			'tools.allow contains "shell.*"',
			'tools.allow contains "**"',
			'forbidden_capabilities := set()',
		]) {
			const { compiled_policy } = compiled({ ...both(org, below), function: 'refund_processor' });
			expect(compiled_policy.tools.deny).toEqual(['shell.run']);
		}
	});
	it('reads nothing of another level, and defines nothing there', () => {
		const org = 'tools.deny contains "shell.run" if not _off\n\n_off if data.tappass.policy._never\n\n_never := false';

		expect(compiled(both(org, '_off := true\n\n_never := true')).compiled_policy.tools.deny).toEqual(['shell.run']);
		for (const rule of [
			'tools.deny contains x if some x in data.tappass.decision.deny',
			'tools.deny contains x if some x in data.org.names',
			'tools.deny contains x if some x in data[_].policy.names',
			'tools.deny contains x if walk(data, [_, x])',
		])
			expect(refusals({ agent: [policy('a.rego', rule)] })[0], rule).toMatch(
				/^a\.rego:3:\d+ rego_(?:compile|recursion)_error /,
			);
		expect(refusals({ agent: [file('a.rego', 'package tappass.policy.org\n\nx := 1\n')] })[0]).toContain(
			'neither tappass.policy nor tappass.decision',
		);
	});
	it('runs out of steps with a place, and is never half evaluated', () => {
		const loop =
			'tools.deny contains "a.b" if {\n\tsome x in numbers.range(1, 9000)\n\tsome y in numbers.range(1, 9000)\n\tx + y < 0\n}';

		expect(refusals({ agent: [policy('a.rego', loop)] })).toEqual([
			'a.rego:1:1 rego_limit_error evaluation took more than 5000000 steps',
		]);
	});
});

describe('a Pack', () => {
	it('judges a call once, on however many levels it stands', () => {
		const { effective_pipeline } = compiled({
			packs: [
				{ id: 'mild', level: 'org' },
				{ id: 'soft', level: 'project' },
				{ id: 'mild', level: 'agent' },
			],
		});

		expect(effective_pipeline.decisions.map(({ origin }) => origin)).toEqual(['pack:mild@1.0.0']);
	});
	it('alone moves no workspace, and grants no right on a server that an operator has closed', () => {
		const library = libraryWith(pack('wide', 'filesystem.workspace := "/etc"\n\ntools.schemas_acl.db.pii := "ro"'));
		const packs = [{ id: 'wide', level: 'org' }] as const;

		expect(compiled({ library, packs }).compiled_policy.filesystem.workspace).toBe('/workspace');
		expect(
			compiled({ library, packs, org: [policy('o.rego', 'tools.schemas_acl.db.finance := "rw"')] }).compiled_policy
				.tools.schemas_acl,
		).toEqual({ db: { finance: 'rw', pii: 'deny' } });
		const narrow = libraryWith(pack('wide', 'filesystem.workspace := "/workspace/a"'));
		expect(compiled({ library: narrow, packs }).compiled_policy.filesystem.workspace).toBe('/workspace/a');
	});
	it('that brings in another and so on without end is refused instead of cut short', () => {
		const chain = Array.from({ length: 20 }, (_, index) => pack(`p${index}`, `require.packs contains "p${index + 1}"`));
		const library = libraryWith([...chain.flat(), ...pack('p20', 'tools.deny contains "shell.run"')]);
		const refused = () => compiled({ library, packs: [{ id: 'p0', level: 'org' }] });

		expect(refused).toThrow(/more than 16 rounds/);
		expect(compiled({ library, packs: [{ id: 'p10', level: 'org' }] }).compiled_policy.tools.deny).toEqual([
			'shell.run',
		]);
	});
});

describe("a tenant's tools.yaml", () => {
	const withTools = (text: string, more: object = {}) => ({ catalog: [file('tools.yaml', text)], ...more });

	it('cannot claim the native name of another tool, and so take its rules off it', () => {
		for (const alias of ['mcp__shell__run', 'shell__run', 'shell.run', 'mcp_shell_run'])
			expect(
				refusals(
					withTools(`tools:\n  mine: { capabilities: [], effect: read, aliases: { claude-code: [${alias}] } }\n`),
				),
				alias,
			).toEqual([
				`tools.yaml:2:3 schema_invalid mine claims the name ${alias} in claude-code, which is shell.run (leave the alias out: one name of a harness is one tool)`,
			]);
		const [clash] = refusals(
			withTools(
				'tools:\n  a: { capabilities: [], effect: read, aliases: { codex: [x] } }\n  b: { capabilities: [], effect: read, aliases: { codex: [x] } }\n',
			),
		);
		expect(clash).toContain('b claims the name x in codex, which is a');
		expect(
			refusals(withTools('tools:\n  my.own: { capabilities: [], effect: read, aliases: { codex: [mcp__my__own] } }\n')),
		).toEqual([]);
		expect(
			refusals(
				withTools('tools:\n  shell.run: { aliases: { codex: [x] }, agents: { bot: { capabilities: [+refund] } } }\n'),
			)[0],
		).toContain('cannot be redefined');
	});
	it('cannot point a rule that holds at another argument by tightening: what could not be seen stays refused', () => {
		const tools = 'tools:\n  fax.send: { agents: { bot: { slots: { destination_param: subject } } } }\n';
		const asked = (agent: string, categories: readonly string[]) =>
			refusals(withTools(tools, { categories, names: { agent } }));

		expect(asked('bot', ['customer_pii'])).toEqual([
			'tools.yaml:2:25 policy_contradiction fax.send has no destination_param, so data_leak.no_third_country refuses it; to add one for one agent would loosen that (to say what the tool takes, extend it under a new name)',
		]);
		expect(asked('other', ['customer_pii'])).toEqual([]);
		expect(asked('bot', [])).toEqual([]);
	});
	it('holds rules that come with a tightening against the slots that come with it', () => {
		const tools =
			'tools:\n  wiki.get_page: { agents: { bot: { capabilities: [+external_messaging], slots: { destination_param: page } } } }\n';
		const result = compiled(
			withTools(tools, {
				org: [policy('o.rego', 'tools.allow contains "wiki.*"')],
				categories: ['customer_pii'],
				names: { agent: 'bot' },
			}),
		);
		const effect = (page: string) => judgeCall(result, { tool: { name: 'wiki.get_page' }, args: { page } }).effect;

		expect(effect('a@b.cn')).toBe('deny');
		expect(effect('a@b.eu')).toBe('allow');
	});
	it('cannot have a policy that allows by capability allow more by tightening', () => {
		const org = [
			policy(
				'o.rego',
				'tools.allow contains name if {\n\tsome name, tool in input.catalog.tools\n\t"refund" in tool.capabilities\n}',
			),
		];
		const tools = 'tools:\n  shell.run: { agents: { bot: { capabilities: [+refund] } } }\n';

		expect(refusals(withTools(tools, { org, names: { agent: 'bot' } }))).toEqual([
			'tools.yaml:2:26 policy_contradiction what is tightened for the agent would loosen /tools/allow/shell.run: nothing becomes shell.run (a policy allows by capability what the agent was given; allow tools by name)',
		]);
		expect(refusals(withTools(tools, { org, names: { agent: 'other' } }))).toEqual([]);
	});
});

describe('a policy that no host would take', () => {
	const paths = (name: string, count: number, more = '') =>
		policy(
			`${name}.rego`,
			`filesystem.deny_paths contains sprintf("/${name}${more}/%d", [x]) if some x in numbers.range(1, ${count})`,
		);
	it('is refused, also when narrowing is forced: else the one before it would stay in force', () => {
		for (const forceNarrow of [false, true])
			expect(refusals({ org: [paths('a', 9_000)], project: [paths('b', 1_001)], forceNarrow })).toEqual([
				'undefined:undefined:undefined policy_invalid filesystem.deny_paths: all levels together have 10001 entries, more than 10000 (use patterns, categories or capabilities in place of lists of names)',
			]);
		expect(refusals({ org: [paths('a', 9_000)], project: [paths('b', 1_000)] })).toEqual([]);
		expect(refusals({ org: [paths('a', 9_000, 'x'.repeat(60))] })[0]).toMatch(/the Compiled Policy has \d+ bytes/);
	});
	it('is refused soon when its lists would take minutes to compare, and allows nothing of them when that is forced', () => {
		const list = (name: string, what: string, form: string, count: number) =>
			policy(`${name}.rego`, `${what} contains sprintf("${form}", [x, x]) if some x in numbers.range(1, ${count})`);
		for (const [what, form, count] of [
			['network.allow_domains', 'h%d.x%d.example', 1_100],
			['tools.allow', '*a%d*.*b%d*', 110],
		] as const) {
			const levels = { org: [list('o', what, form, count)], project: [list('p', what, form, count)] };
			const started = performance.now();

			expect(refusals(levels)[0], what).toContain('the two lists are too long to be compared');
			const { compiled_policy } = compiled({ ...levels, forceNarrow: true });
			expect([compiled_policy.network.allow_domains, compiled_policy.tools.allow]).toEqual([[], []]);
			expect(performance.now() - started).toBeLessThan(20_000);
		}
		const few = {
			org: [list('o', 'tools.allow', '*a%d*.*b%d*', 60)],
			project: [list('p', 'tools.allow', '*%d*.*%d*', 60)],
		};
		expect(refusals(few)[0]).toMatch(/their intersection would be too many patterns|inside the list/);
	});
	it('holds no number and no text that canonical JSON cannot say', () => {
		const rule = (test: string): string =>
			`constraints contains {"id": "c", "target": {"tools": ["pay.refund"]}, "subject": {"parameter": "amount"}, "test": ${test}}`;
		const half = 'json.unmarshal("\\"\\\\ud800\\"")';

		expect(refusals({ org: [policy('o.rego', rule('{"op": "max", "value": 9007199254740993}'))] })[0]).toContain(
			'expected at most 9007199254740991',
		);
		expect(refusals({ org: [policy('o.rego', rule('{"op": "min", "value": -1e30}'))] })[0]).toContain(
			'expected at least',
		);
		expect(refusals({ org: [policy('o.rego', rule(`{"op": "matches", "value": ${half}}`))] })[0]).toContain(
			'half a surrogate pair',
		);
		expect(
			refusals({
				org: [policy('o.rego', `pipeline.steps.enforce_model := {"parameters": {"residency": [${half}]}}`)],
			})[0],
		).toContain('half a surrogate pair');
		expect(compiled({ org: [policy('o.rego', rule('{"op": "max", "value": 0.5}'))] })).toBeDefined();
	});
});

describe('every fault in one run', () => {
	it('of one level: names that the contract does not know and values of the wrong type', () => {
		const rules =
			'budget.tokens_per_day := "many"\n\ntools.alow contains "x"\n\npipeline.steps.detect_pii := {"action": "blok"}';

		expect(refusals({ org: [policy('o.rego', rules)] })).toEqual([
			'o.rego:3:1 schema_invalid expected a number, found "many"',
			'o.rego:5:1 rego_compile_error tools.alow is not part of the contract of tools (did you mean allow?)',
			'o.rego:7:1 schema_invalid expected one of log, notify, block, found "blok" (did you mean block?)',
		]);
	});
	it('refuses two overlays of one id: trails could not tell them apart', () => {
		const overlay = (name: string) => file(name, 'schema: tappass.overlay/1\nid: o\n');

		expect(refusals({ overlays: [overlay('a.yaml'), overlay('b.yaml')] })).toEqual([
			'b.yaml:2:5 policy_invalid o is already the id of a.yaml (give one of them another id)',
		]);
	});
	it('names no directory of the machine in what it prints', () => {
		const at = (folder: string) => {
			const { because, effective_pipeline, compiled_policy } = compiled({
				org: [policy(`${folder}/z/a.rego`, 'tools.deny contains "a.b"'), policy(`${folder}/b.rego`, '_b := 1')],
				overlays: [file(`${folder}/o.yaml`, 'schema: tappass.overlay/1\nid: o\ntools: { deny: [a.b] }\n')],
			});
			return JSON.stringify({ because, effective_pipeline, compiled_policy });
		};

		expect(at('/home/x')).toBe(at('.'));
		expect(at('/home/x')).not.toContain('/home');
	});
});
