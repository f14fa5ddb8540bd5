import { describe, expect, it } from 'vitest';
import { parsePackChoice } from '../request.ts';
import { file, policy, refusals } from '../small-library.test.data.ts';

const rule = (capability: string, slot: string, test: string): string =>
	`constraints contains {"id": "a", "target": {"capability": "${capability}"}, "subject": {"slot": "${slot}"}, "test": ${test}}`;
const max = '{"op": "max", "value": 1}';

describe('names in Rego and overlays', () => {
	it('are refused at the rule when they lead nowhere: what is misspelt would deny nothing', () => {
		expect(refusals({ org: [policy('o.rego', 'network.deny_categories contains "paste_sits"')] })).toEqual([
			'o.rego:3:1 policy_invalid there is no domain category paste_sits (did you mean paste_sites?)',
		]);
		expect(refusals({ org: [policy('o.rego', 'forbidden_capabilities contains "code_exection"')] })[0]).toContain(
			'did you mean code_execution?',
		);
		expect(refusals({ org: [policy('o.rego', rule('refnd', 'amount_param', max))] })[0]).toContain(
			'there is no capability refnd (did you mean refund?)',
		);
		expect(refusals({ org: [policy('o.rego', rule('refund', 'amunt_param', max))] })[0]).toContain(
			'did you mean amount_param?',
		);
		expect(
			refusals({ org: [policy('o.rego', rule('refund', 'amount_param', '{"op": "matches", "value": "(?=a)"}'))] })[0],
		).toContain('is not a valid RE2 pattern');
		expect(
			refusals({
				overlays: [file('o.yaml', 'schema: tappass.overlay/1\nid: o\nnetwork: { deny_categories: [paste_sits] }\n')],
			})[0],
		).toMatch(/^o\.yaml:3:30 .*paste_sits/);
	});
	it('are taken when they lead somewhere', () => {
		expect(
			refusals({ org: [policy('o.rego', rule('refund', 'amount_param', '{"op": "matches", "value": "^[0-9]+$"}'))] }),
		).toEqual([]);
	});
});

describe('a Pack on a command line', () => {
	it('is refused with a level that there is not, and with nothing before the @', () => {
		expect(parsePackChoice('gdpr@orgg')).toMatchObject({ diagnostics: [{ code: 'usage', hint: 'did you mean org?' }] });
		expect(parsePackChoice('@org')).toHaveProperty('diagnostics');
		expect(parsePackChoice('gdpr@org@org')).toHaveProperty('diagnostics');
	});
	it('stands at the agent level unless it says otherwise', () => {
		expect(parsePackChoice('gdpr')).toEqual({ id: 'gdpr', level: 'org' });
		expect(parsePackChoice('gdpr@org')).toEqual({ id: 'gdpr', level: 'org' });
	});
});
