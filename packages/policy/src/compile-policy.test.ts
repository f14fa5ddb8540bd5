import { canonicalJson, compiledPolicySchema, emptyCompiledPolicy, matchTool, parseToolPattern } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLibrary } from './author/library.ts';
import { compilePolicy, policyKey } from './compile-policy.ts';
import { PolicyMemo } from './memo.ts';
import { judgeCall } from './pack/judge.ts';
import { explain, printExplained } from './preview/explain.ts';
import { compiled, file, policy, refusals, smallFiles, smallLibrary } from './small-library.test.data.ts';

function named(patterns: readonly string[], tool: string): boolean {
	return patterns.some((pattern) => matchTool(parseToolPattern(pattern).pattern!, tool));
}

describe('compiling a policy', () => {
	it('denies everything when nobody says anything, and says so', () => {
		const { compiled_policy, effective_pipeline, warnings } = compiled({});

		expect(compiled_policy).toEqual(emptyCompiledPolicy);
		expect(effective_pipeline).toMatchObject({ trust_level: 'observer', models: { allow: [] } });
		expect(warnings.map(({ message }) => message)).toEqual(
			expect.arrayContaining([
				'no level states tools.allow, so no tool may be called',
				'no level states budget.tokens_per_day, so it is 0 and allows nothing',
				'no level states models.allow, so no model may be called',
				'no level states trust_level, so it is observer: only tools that read',
			]),
		);
	});
	it('never allows a tool with a forbidden capability, whatever any level, overlay, Pack or tenant file says', () => {
		const tools = [...smallLibrary.catalog.names];
		const rules = fc.uniqueArray(fc.constantFrom('**', '*.*', 'shell.*', 'shell.run', 'mail.*', ...tools), {
			minLength: 1,
			maxLength: 3,
		});
		const text = (allow: readonly string[]): string =>
			allow.map((pattern) => `tools.allow contains ${JSON.stringify(pattern)}`).join('\n\n');
		fc.assert(
			fc.property(
				rules,
				rules,
				fc.boolean(),
				fc.constantFrom('org', 'project', 'agent'),
				(org, agent, forced, level) => {
					const overlay = file(
						'o.yaml',
						`schema: tappass.overlay/1\nid: o\ntools: { allow: ${JSON.stringify(agent)} }\n`,
					);
					const result = compilePolicy({
						library: smallLibrary,
						[level]: [policy('floor.rego', text(org))],
						overlays: [overlay],
						packs: [{ id: 'mild', level: 'org' }],
						function: 'refund_processor',
						forceNarrow: forced,
					});
					if ('diagnostics' in result) return;
					const { allow, deny } = result.compiled_policy.tools;
					expect(allow).not.toContain('shell.run');
					expect(named(deny, 'shell.run')).toBe(true);
				},
			),
			{ numRuns: 60 },
		);
	});
	it('denies a tool that a tenant tightened for this agent into a forbidden capability', () => {
		const tools = file(
			'tools.yaml',
			'tools:\n  wiki.get_page:\n    agents: { bot: { capabilities: [+code_execution] } }\n',
		);
		const request = {
			org: [policy('o.rego', 'tools.allow contains "wiki.get_page"')],
			function: 'refund_processor',
			catalog: [tools],
		};

		expect(compiled({ ...request, names: { agent: 'bot' } }).compiled_policy.tools).toMatchObject({
			allow: [],
			deny: ['shell.run', 'wiki.get_page'],
		});
		expect(compiled({ ...request, names: { agent: 'other' } }).compiled_policy.tools).toMatchObject({
			allow: ['wiki.get_page'],
			deny: ['shell.run'],
		});
	});
	it('gives the same bytes for the same inputs in any order, and a valid Compiled Policy', () => {
		const org = [policy('a.rego', 'tools.allow contains "wiki.*"'), policy('b.rego', 'tools.allow contains "mail.*"')];
		const packs = [
			{ id: 'strict', level: 'org' },
			{ id: 'mild', level: 'org' },
		] as const;
		const bytes = (reverse: boolean, files: typeof smallFiles): string => {
			const turn = <T>(items: readonly T[]): readonly T[] => (reverse ? [...items].reverse() : items);
			const { compiled_policy, effective_pipeline, because } = compiled({
				library: loadLibrary(turn(files)).library,
				org: turn(org),
				packs: turn(packs),
				categories: turn(['customer_pii']),
			});
			expect(compiledPolicySchema.parse(compiled_policy)).toEqual(compiled_policy);
			return canonicalJson({ compiled_policy, effective_pipeline, because });
		};

		expect(bytes(true, smallFiles)).toBe(bytes(false, smallFiles));
	});
	it('holds rules about a capability against every tool that has it, also one that the catalog does not know', () => {
		const result = compiled({
			org: [
				policy(
					'o.rego',
					'tools.allow contains "**"\n\napprovals contains {"id": "ask", "target": {"capability": "external_messaging"}, "when": {"subject": {"slot": "amount_param"}, "test": {"op": "min", "value": 5}}}',
				),
			],
			categories: ['customer_pii'],
		});
		const judged = (name: string, args: object, more: object = {}) =>
			judgeCall(result, { tool: { name, ...more }, args }).messages;

		expect(judged('mail.send', { to: 'a@b.cn' })).toContain('not to third countries');
		expect(judged('mail.send', { to: 'a@b.eu' })).not.toContain('not to third countries');
		expect(judged('chat.post', { message: { channel: 'a@b.cn' } })).toContain('not to third countries');
		// A tool with the capability and no such slot: what is sent where cannot be seen.
		expect(judged('fax.send', {})).toContain('not to third countries');
		const approved = { capabilities: ['external_messaging'], effect: 'write' };
		expect(judged('later.send', { to: 'a@b.eu' }, approved)).toContain('not to third countries');
		expect(judged('mail.send', { to: 'a@b.eu' })).toEqual(['ask']);
		expect(result.effective_pipeline.constraints).toMatchObject([
			{ id: 'data_leak.no_third_country', target: { capability: 'external_messaging' } },
		]);
	});
	it('keeps different rules of one id apart and unites equal ones', () => {
		const rule = (value: number, action: string): string =>
			`constraints contains {"id": "cap", "target": {"tools": ["pay.refund"]}, "subject": {"slot": "amount_param"}, "test": {"op": "max", "value": ${value}}, "action": "${action}"}`;
		const { effective_pipeline } = compiled({
			org: [policy('o.rego', rule(10, 'notify'))],
			project: [policy('p.rego', `${rule(5, 'block')}\n\n${rule(10, 'block')}`)],
		});

		expect(
			effective_pipeline.constraints.map(({ id, test, action }) => [id, 'value' in test ? test.value : null, action]),
		).toEqual([
			['cap', 10, 'block'],
			['cap.2', 5, 'block'],
		]);
	});
	it('compiles a tool that the catalog does not know, with a warning', () => {
		const { compiled_policy, warnings } = compiled({ org: [policy('o.rego', 'tools.allow contains "wiki.get_pag"')] });

		expect(compiled_policy.tools.allow).toEqual(['wiki.get_pag']);
		expect(warnings.find(({ message }) => message.includes('wiki.get_pag'))).toMatchObject({
			message: 'the catalog knows no tool wiki.get_pag; it stays denied until it does',
			file: 'o.rego',
			row: 3,
			hint: 'did you mean wiki.get_page?',
		});
	});
	it('applies a Pack that a rule requires, and refuses one that does not exist, at the rule', () => {
		const { effective_pipeline, because } = compiled({ org: [policy('o.rego', 'require.packs contains "soft"')] });

		expect(effective_pipeline.packs).toEqual(['mild']);
		expect(because['/steps/detect_secrets']?.chains[0]).toMatchObject([
			{ kind: 'pack', id: 'mild' },
			{ kind: 'rule', rule: 'require.packs', file: 'o.rego', row: 3 },
			{ kind: 'floor', name: 'o' },
			{ kind: 'operator' },
		]);
		expect(refusals({ org: [policy('o.rego', 'require.packs contains "milt"')] })).toEqual([
			'o.rego:3:1 not_found there is no Pack milt (did you mean mild?)',
		]);
	});
	it('refuses names that were given by hand and do not exist', () => {
		expect(
			refusals({ function: 'refund_procesor', categories: ['customer_pi'], packs: [{ id: 'strikt', level: 'agent' }] }),
		).toEqual(
			expect.arrayContaining([
				expect.stringContaining('there is no function refund_procesor (did you mean refund_processor?)'),
				expect.stringContaining('there is no category customer_pi (did you mean customer_pii?)'),
				expect.stringContaining('there is no Pack strikt (did you mean strict?)'),
			]),
		);
	});
	it('gives rules only what is known at their level', () => {
		const seen =
			'compliance_tags contains sprintf("SEEN:%v.%v.%v.%v", [input.level, input.function, input.packs, count(input.catalog.tools)])';
		const safe =
			'compliance_tags contains replace(replace(replace(replace(tag, "[", ""), "]", ""), "\\"", ""), ", ", ".") if some tag in tags\n\ntags contains ';
		const rules = seen.replace('compliance_tags contains ', safe);

		const { compiled_policy } = compiled({
			org: [policy('o.rego', rules)],
			agent: [policy('a.rego', rules)],
			function: 'refund_processor',
			packs: [
				{ id: 'mild', level: 'org' },
				{ id: 'strict', level: 'agent' },
			],
		});

		expect(compiled_policy.compliance_tags).toEqual([
			'GDPR:Art.32',
			'SEEN:agent.refund_processor.mild.strict.7',
			'SEEN:org.null.mild.7',
		]);
	});
	it('takes a sandbox-spec: function, categories, Packs, Rego and its own narrower words', () => {
		const spec = file(
			'specs/s.yaml',
			'schema: tappass.sandbox-spec/1\nid: s\nruntime: r\nfunction: refund_processor\ncategories: [customer_pii]\npacks: [mild]\npolicies: [../agent.rego]\nworkspace: /workspace/s\noverlay: { budget: { tokens_per_day: 7 } }\n',
		);
		const agent = policy('agent.rego', 'tools.allow contains "mail.send"\n\nbudget.tokens_per_day := 9');

		const { compiled_policy, effective_pipeline } = compiled({
			spec,
			specFiles: [agent],
			org: [policy('o.rego', 'filesystem.workspace := "/workspace"')],
		});

		expect(compiled_policy).toMatchObject({
			tools: { allow: ['mail.send'] },
			budget: { tokens_per_day: 7 },
			filesystem: { workspace: '/workspace/s' },
		});
		expect(effective_pipeline).toMatchObject({
			function: 'refund_processor',
			packs: ['mild'],
			categories: ['customer_pii'],
		});
		expect(refusals({ spec })).toEqual([
			expect.stringContaining('specs/s.yaml:7:12 not_found there is no file agent.rego'),
		]);
		expect(
			refusals({ spec, specFiles: [agent], org: [policy('o.rego', 'filesystem.workspace := "/data"')] })[0],
		).toMatch(/^specs\/s\.yaml:8:12 policy_contradiction filesystem\.workspace/);
	});
	it('has a key that changes with every input and only then', () => {
		const memo = new PolicyMemo();
		const request = { library: smallLibrary, org: [policy('o.rego', '_a := 1')], agent: [policy('a.rego', '_a := 1')] };
		const key = policyKey(request, memo);

		expect(policyKey({ ...request, org: [policy('o.rego', '_a := 1')] }, memo)).toBe(key);
		expect(policyKey({ ...request, org: [policy('o.rego', '_a := 2')] }, memo)).not.toBe(key);
		expect(policyKey({ ...request, categories: ['customer_pii'] }, memo)).not.toBe(key);
		expect(policyKey({ ...request, catalog: [file('tools.yaml', 'tools: {}\n')] }, memo)).not.toBe(key);
	});
});

describe('the Because trail', () => {
	it('reads as in the reference: concern, category, Pack, floor, function, person', () => {
		const result = compiled({
			org: [{ ...policy('policies/acme-baseline.rego', 'pipeline.steps.detect_pii := {"action": "block"}'), mtime: 0 }],
			function: 'refund_processor',
			categories: ['customer_pii'],
			packs: [{ id: 'mild', level: 'agent' }],
			author: 'jens@acme.com',
			at: '2026-04-25T14:32:00Z',
		});

		expect(printExplained(explain(result, '/steps/detect_pii') as never)).toBe(`detect_pii (block)
  ⤷ Concern: data_leak
  ⤷ Category: customer_pii ✓ ticked at onboarding
  ⤷ Compliance pack: mild@1.0.0 ✓ ticked at onboarding
  ⤷ Rule: pipeline.steps.detect_pii at acme-baseline.rego:3
  ⤷ Org floor: ✓ inherited from "acme-baseline"
Function: refund_processor
Set up by: jens@acme.com on 2026-04-25 14:32 UTC`);
	});
	it('names local and the time of the file when nobody is named', () => {
		const org = [{ ...policy('o.rego', 'budget.tokens_per_day := 5'), mtime: Date.UTC(2026, 3, 25, 14, 32) }];

		expect(compiled({ org }).because['/budget/tokens_per_day']?.chains[0]?.at(-1)).toEqual({
			kind: 'operator',
			who: 'local',
			at: '2026-04-25 14:32 UTC',
		});
	});
	it('is there for every value of the Compiled Policy', () => {
		const { compiled_policy, because } = compiled({
			org: [
				policy(
					'o.rego',
					'tools.allow contains "mail.*"\n\ntools.deny contains "fax.*"\n\ntools.schemas_acl.db.pii := "ro"\n\nnetwork.allow_domains contains "a.example.com"',
				),
			],
			function: 'refund_processor',
		});
		const pointers = (value: unknown, path: string): readonly string[] => {
			if (Array.isArray(value))
				return value.map((item) => `${path}/${String(item).replaceAll('~', '~0').replaceAll('/', '~1')}`);
			if (typeof value === 'object' && value !== null)
				return Object.entries(value).flatMap(([key, inner]) => pointers(inner, `${path}/${key}`));
			return [path];
		};
		const { schema: _, ...aspects } = compiled_policy;

		for (const pointer of pointers(aspects, '')) {
			expect(because[pointer]?.chains.length, pointer).toBeGreaterThan(0);
			for (const chain of because[pointer]!.chains)
				expect(['operator', 'default']).toContain(
					chain.find(({ kind }) => kind === 'operator' || kind === 'default')?.kind,
				);
		}
	});
	it('refuses a pointer that leads nowhere with the nearest one, and follows places in lists and whole objects', () => {
		const result = compiled({ org: [policy('o.rego', 'tools.allow contains "mail.*"\n\nbudget.tokens_per_day := 5')] });
		const values = (pointer: string): unknown => {
			const found = explain(result, pointer);
			return 'diagnostics' in found ? found.diagnostics[0]?.hint : found.map(({ value }) => value);
		};

		expect(values('/steps/detect_pi')).toBe('did you mean /steps/detect_pii?');
		expect(values('/compiled_policy/tools/allow/0')).toEqual(['mail.* (tools.allow)']);
		expect(values('/tools/allow/mail.*')).toEqual(['mail.* (tools.allow)']);
		expect(values('/budget')).toEqual([
			'budget.dollars_per_month (0)',
			'budget.tokens_per_day (5)',
			'budget.tool_calls_per_minute (0)',
		]);
		expect(values('/effective_pipeline/steps/detect_pii/action')).toEqual(['detect_pii (off)']);
	});
});
