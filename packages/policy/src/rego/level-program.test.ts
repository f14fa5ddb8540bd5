import { describe, expect, it } from 'vitest';
import { compiled, file, policy, refusals } from '../small-library.test.data.ts';

describe('the Rego contract', () => {
	it('refuses an unknown key where it stands, with the nearest name, also when the rule does not hold today', () => {
		expect(
			refusals({ org: [policy('a.rego', 'network.allow_domain contains "a.com" if input.level == "agent"')] }),
		).toEqual([
			'a.rego:3:1 rego_compile_error network.allow_domain is not part of the contract of network (did you mean allow_domains?)',
		]);
		expect(refusals({ org: [policy('a.rego', 'pipeline.steps.detect_pi := {"enabled": true}')] })[0]).toContain(
			'did you mean detect_pii?',
		);
		expect(refusals({ org: [policy('a.rego', 'budgt.tokens_per_day := 5')] })[0]).toContain(
			'budgt is not part of the contract and no rule reads it (did you mean budget?)',
		);
	});
	it('lets rules use names of their own', () => {
		const rules =
			'trusted := {"wiki.get_page"}\n\n_spare := 1\n\ntools.allow contains name if some name in trusted\n\ndouble(x) := x * 2\n\nbudget.tokens_per_day := double(50)';

		const { compiled_policy } = compiled({ org: [policy('a.rego', rules)] });

		expect(compiled_policy.tools.allow).toEqual(['wiki.get_page']);
		expect(compiled_policy.budget.tokens_per_day).toBe(100);
	});
	it('refuses wrong types and values at the rule that made them', () => {
		const rules =
			'budget.tokens_per_day := "many"\n\ntools.allow contains 5\n\nnetwork.allow_domains contains "*.com"\n\npipeline.steps.detect_pii := {"action": "blok"}\n\npipeline.steps.sign_audit := {"enabled": false}';

		expect(refusals({ org: [policy('a.rego', rules)] }).map((line) => line.split(' (')[0])).toEqual([
			'a.rego:3:1 schema_invalid expected a number, found "many"',
			'a.rego:5:1 schema_invalid expected text, found 5',
			'a.rego:7:1 schema_invalid "*.com" is a public suffix: anyone can register a name there',
			'a.rego:9:1 schema_invalid expected one of log, notify, block, found "blok"',
			'a.rego:11:1 schema_invalid this step is part of every call and cannot be switched off',
		]);
	});
	it('refuses another package, with the nearest one', () => {
		expect(refusals({ org: [file('a.rego', 'package tapass.policy\n')] })).toEqual([
			'a.rego:1:1 rego_compile_error package tapass.policy is neither tappass.policy nor tappass.decision (did you mean tappass.policy?)',
		]);
	});
	it('refuses fields that the input does not have', () => {
		expect(refusals({ org: [policy('a.rego', 'tools.deny contains "x" if input.functon == "y"')] })[0]).toContain(
			'input.functon is not a field of the input of tappass.policy (did you mean function?)',
		);
		expect(
			refusals({
				org: [policy('a.rego', 'tools.deny contains n if { some n, t in input.catalog.tools; "x" in t.capabilities }')],
			}),
		).toEqual([]);
		const decision = (body: string): readonly string[] =>
			refusals({ org: [file('d.rego', `package tappass.decision\n\ndeny contains "no" if {\n\t${body}\n}\n`)] });
		expect(decision('input.tool.nam == "x"')[0]).toContain(
			'd.rego:4:2 rego_compile_error input.tool.nam is not a field of the decision input (did you mean name?)',
		);
		expect(decision('some x; input.tool[x]')[0]).toContain('read by a key that is not written out');
		expect(decision('input.args.amount > 5')).toEqual([]);
	});
	it('refuses a decision rule whose fields are never there together', () => {
		const rules =
			'package tappass.decision\n\ndeny contains "no" if {\n\tinput.call.model == "m"\n\tinput.tool.name == "t"\n}\n';

		expect(refusals({ org: [file('d.rego', rules)] })[0]).toContain(
			'd.rego:5:2 rego_compile_error input.tool.name (phase tool) and input.call.model (phase model) are never there together',
		);
	});
	it('refuses a decision that is not a set of messages, and an unknown one', () => {
		expect(refusals({ org: [file('d.rego', 'package tappass.decision\n\ndeny := true\n')] })[0]).toContain(
			'deny must be a set of messages',
		);
		expect(refusals({ org: [file('d.rego', 'package tappass.decision\n\ndenny contains "x"\n')] })[0]).toContain(
			'did you mean deny?',
		);
	});
	it('refuses builtins whose answer differs from call to call, and those that reach out', () => {
		for (const call of ['time.now_ns()', 'rand.intn("x", 5)', 'uuid.rfc4122("x")', 'http.send({})', 'opa.runtime()'])
			expect(refusals({ org: [policy('a.rego', `budget.tokens_per_day := 5 if ${call}`)] })[0], call).toMatch(
				/^a\.rego:3:\d+ rego_/,
			);
	});
	it('refuses to look at data outside its own package', () => {
		expect(refusals({ org: [policy('a.rego', 'tools.deny contains x if some x in data.other.list')] })[0]).toContain(
			'a policy sees only its own package and input',
		);
	});
	it('reports every error of every file at once', () => {
		const found = refusals({
			org: [policy('a.rego', 'x := '), policy('b.rego', 'tools.alow contains "x"')],
			project: [policy('c.rego', 'tools.alow contains "x"')],
		});

		expect(found.map((line) => line.split(':')[0])).toEqual(['a.rego', 'b.rego', 'c.rego']);
	});
	it('keeps levels apart: a lower level cannot switch off an org rule by defining the name it negates', () => {
		const org = policy(
			'org.rego',
			'tools.allow contains "*.*"\n\ntools.deny contains "shell.run" if not exempt\n\nexempt if input.org == "nobody"',
		);
		const project = policy('project.rego', 'exempt := true\n\ntools.deny contains "mail.send" if exempt');

		const { compiled_policy } = compiled({ org: [org], project: [project] });

		expect(compiled_policy.tools.deny).toEqual(['mail.send', 'shell.run']);
	});
	it('keeps Packs apart from levels', () => {
		const { effective_pipeline } = compiled({
			org: [file('o.rego', 'package tappass.decision\n\ndeny contains "org" if input.session.calls > 9\n')],
			packs: [{ id: 'mild', level: 'org' }],
		});

		expect(effective_pipeline.decisions.map(({ origin }) => origin)).toEqual(['org', 'pack:mild@1.0.0']);
	});
});
