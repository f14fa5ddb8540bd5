import { describe, expect, it } from 'vitest';
import { compileOutput, diffPolicies } from '../commands/policy-commands.ts';
import { compiled, file, policy, smallLibrary } from '../small-library.test.data.ts';
import { diff } from './diff.ts';
import { printDiff } from './print-diff.ts';

const wide =
	'tools.allow contains "mail.*"\n\ntools.allow contains "wiki.*"\n\nbudget.tokens_per_day := 9\n\ntrust_level := "autonomous"\n\nfilesystem.workspace := "/w"';
const narrow =
	'tools.allow contains "mail.send"\n\ntools.deny contains "fax.send"\n\nbudget.tokens_per_day := 5\n\ntrust_level := "observer"\n\nfilesystem.workspace := "/w/a"\n\npipeline.steps.detect_pii := {"parameters": {"classes": ["email"]}}';

describe('the difference of two policies', () => {
	it('says what got looser, and that nothing did the other way round', () => {
		const a = compiled({ org: [policy('o.rego', wide)] });
		const b = compiled({ org: [policy('o.rego', narrow)] });

		expect(diff(b, a).changes.every(({ change }) => change === 'looser')).toBe(true);
		expect(diff(a, b).changes.map(({ aspect, path, change }) => `${aspect} ${change} ${path}`)).toEqual([
			'filesystem stricter /filesystem/workspace',
			'tools stricter /tools/allow/mail.*',
			'tools stricter /tools/allow/wiki.*',
			'tools stricter /tools/deny/fax.send',
			'budget stricter /budget/tokens_per_day',
			'pipeline stricter /steps/detect_pii',
			'pipeline stricter /trust_level',
		]);
		expect(diff(a, b).summary).toEqual({
			network: 'same',
			filesystem: 'stricter',
			tools: 'stricter',
			interpreter: 'same',
			budget: 'stricter',
			compliance: 'same',
			pipeline: 'stricter',
		});
	});
	it('reads a server with an entry as closed', () => {
		const sides = [
			'_none := 1',
			'tools.schemas_acl.db.a := "rw"',
			'tools.schemas_acl.db.a := "rw"\n\ntools.schemas_acl.db.b := "ro"',
		].map((rules) => compiled({ org: [policy('o.rego', rules)] }));
		const [open, one, two] = sides as [(typeof sides)[0], (typeof sides)[0], (typeof sides)[0]];

		expect(diff(one, two).summary.tools).toBe('looser');
		expect(diff(two, one).summary.tools).toBe('stricter');
		expect(diff(open, one).summary.tools).toBe('stricter');
		expect(diff(one, open).summary.tools).toBe('looser');
	});
	it('compares a parameter with what the step does unasked, and an empty list with everything', () => {
		const side = (step: string, parameters: string) =>
			compiled({ org: [policy('o.rego', `pipeline.steps.${step} := {"enabled": true, "parameters": ${parameters}}`)] });
		const told = (step: string, a: string, b: string): string => diff(side(step, a), side(step, b)).summary.pipeline;

		expect(told('detect_prompt_injection', '{}', '{"threshold_percent": 90}')).toBe('looser');
		expect(told('detect_prompt_injection', '{}', '{"threshold_percent": 10}')).toBe('stricter');
		expect(told('detect_prompt_injection', '{}', '{"threshold_percent": 50}')).toBe('same');
		expect(told('enforce_clearance', '{}', '{"frameworks": ["itar"]}')).toBe('looser');
		expect(told('enforce_clearance', '{"frameworks": ["itar"]}', '{"frameworks": []}')).toBe('stricter');
		expect(told('detect_secrets', '{}', '{"allow_fingerprints": ["00"]}')).toBe('looser');
		expect(told('enforce_model', '{}', '{"residency": ["eu"]}')).toBe('stricter');
	});
	it('tells which of two forms of one rule is the looser', () => {
		const target = '"target": {"tools": ["pay.refund"]}';
		const constraint = (action: string, value = 5): string =>
			`constraints contains {"id": "cap", ${target}, "subject": {"slot": "amount_param"}, "test": {"op": "max", "value": ${value}}, "action": "${action}"}`;
		const approval = (approvers: number, minutes: number): string =>
			`approvals contains {"id": "ask", ${target}, "approvers": ${approvers}, "expires_minutes": ${minutes}}`;
		const told = (a: string, b: string): string => {
			const [before, after] = [a, b].map((rules) => compiled({ org: [policy('o.rego', rules)] }));
			return diff(before!, after!).summary.pipeline;
		};

		expect(told(constraint('block'), constraint('log'))).toBe('looser');
		expect(told(constraint('notify'), constraint('block'))).toBe('stricter');
		expect(told(constraint('block'), constraint('block', 9))).toBe('changed');
		expect(told(constraint('block'), constraint('block", "message": "no'))).toBe('changed');
		expect(told(approval(2, 60), approval(1, 60))).toBe('looser');
		expect(told(approval(1, 60), approval(2, 30))).toBe('stricter');
		expect(told(approval(1, 30), approval(2, 60))).toBe('changed');
	});
	it('is the same for equal policies, printed compiles included', () => {
		const a = compiled({ org: [policy('o.rego', wide)] });
		const printed = file('a.json', JSON.stringify(compileOutput(a)));

		const result = diffPolicies(printed, policy('o.rego', wide), { library: smallLibrary });

		expect(result).toMatchObject({ schema: 'tappass.policy.diff/1', changes: [] });
	});
	it('refuses sides that do not compile and files that are no compile', () => {
		expect(diffPolicies(file('a.json', '{}'), policy('o.rego', 'x :='), { library: smallLibrary })).toMatchObject({
			diagnostics: [
				{ file: 'a.json', code: 'schema_invalid' },
				{ file: 'o.rego', code: 'rego_parse_error' },
			],
		});
	});
	it('prints one line an Aspect and one a change, with the reason and the first link', () => {
		const a = compiled({ org: [policy('o.rego', 'budget.tokens_per_day := 9')] });
		const b = compiled({ org: [policy('o.rego', 'budget.tokens_per_day := 5')] });

		expect(printDiff(diff(a, b))).toContain(
			'budget: stricter\n  stricter  budget.tokens_per_day: 9 → 5 (a ceiling; smaller is stricter) ⤷ Rule: budget.tokens_per_day at o.rego:3\n',
		);
	});
});
