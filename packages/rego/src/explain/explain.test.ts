import { expect, test } from 'vitest';
import { compile } from '../program.ts';
import { explain } from './explain.ts';
import { printExplanation } from './print-explanation.ts';

const source = `package agent

default allow := false

allow if {
	input.role == "admin"
}

allow if {
	some grant in data.grants
	grant.action == input.action
	count(grant.hosts) > 2
	ok(grant.hosts)
}

deny contains "no" if {
	every host in input.hosts {
		startswith(host, "a")
	}
}

ok(hosts) if not "evil" in hosts

limit := 1 if input.x else := 2 if input.y
`;
const program = compile({ 'agent.rego': source });
const options = {
	input: { role: 'user', action: 'read', hosts: ['a', 'b'] },
	data: {
		grants: [
			{ action: 'write', hosts: [] },
			{ action: 'read', hosts: ['x'] },
			{ action: 'read', hosts: ['x', 'y', 'evil'] },
		],
	},
};

test('reports the first expression that nothing got past, with both sides and variables', () => {
	const { rules, defined, value } = explain(program, 'data.agent.allow', options);

	expect({ defined, value }).toEqual({ defined: true, value: 'false' });
	const [byDefault, admin, granted, ok] = rules;
	expect(byDefault).toMatchObject({ default: true, outcome: 'held', values: ['false'] });
	expect(admin).toMatchObject({
		outcome: 'failed',
		failed: {
			row: 6,
			text: 'input.role == "admin"',
			comparison: {
				operator: '==',
				left: { text: 'input.role', value: '"user"' },
				right: { text: '"admin"', value: '"admin"' },
			},
		},
	});
	// One grant gets as far as the call.
	expect(granted).toMatchObject({ outcome: 'failed', failed: { row: 13, text: 'ok(grant.hosts)', attempts: 1 } });
	expect(granted!.failed!.locals).toEqual([
		{ text: 'grant', value: '{"action": "read", "hosts": ["x", "y", "evil"]}' },
	]);
	expect(ok).toMatchObject({ outcome: 'failed', failed: { text: 'not "evil" in hosts' } });
});

test('says which element an every failed for', () => {
	const text = printExplanation(explain(program, 'data.agent.deny', options));

	expect(text).toBe(`data.agent.deny: set()
data.agent.deny at agent.rego:16: failed
  agent.rego:17:2: every host in input.hosts { startswith(host, "a") }
    input.hosts = ["a", "b"]
    agent.rego:18:3: startswith(host, "a")
      host = "b"
      where host = "b"`);
});

test('lists branches that were not reached, and says what had no value', () => {
	const held = explain(program, 'data.agent.limit', { input: { x: true } });
	const failed = explain(program, 'data.agent.limit', {});

	expect(held.rules.map(({ outcome }) => outcome)).toEqual(['held', 'skipped']);
	expect(failed.defined).toBe(false);
	expect(failed.rules.map((rule) => rule.failed?.operands)).toEqual([[{ text: 'input.x' }], [{ text: 'input.y' }]]);
});

test('an error of the evaluation is part of the explanation, and shows the rules it stopped', () => {
	const twice = compile({ 'p.rego': 'package p\n\na := 1\n\na := 2 if input\n\nb if a == 1\n' });

	const { error, rules } = explain(twice, 'data.p.b', { input: true });

	expect(error).toContain('eval_conflict_error');
	expect(rules.map(({ site, outcome }) => [site.startRow, outcome])).toContainEqual([7, 'interrupted']);
});

test('a query is explained too, and a wrong one is refused', () => {
	expect(explain(program, 'data.agent.allow == true', options).defined).toBe(false);
	expect(explain(program, 'x := data.agent.limit; x == 2', { input: { y: 1 } }).defined).toBe(true);
	expect(() => explain(program, 'nothing.here(1)')).toThrow('undefined function');
});

test('values seen under with are those that with put there', () => {
	const mocked = compile({ 'p.rego': 'package p\n\na if input.x == 1 with input.x as 2\n' });

	const { rules } = explain(mocked, 'data.p.a', { input: { x: 1 } });

	expect(rules[0]!.failed!.comparison!.left).toEqual({ text: 'input.x', value: '2' });
});

test('replays give the same explanation', () => {
	const random = compile({ 'p.rego': 'package p\n\na if rand.intn("x", 1000) == -1\n\nb if time.now_ns() == 1\n' });
	const fixed = { nowNs: 7n, randomBytes: (size: number) => new Uint8Array(size).fill(9) };

	expect(explain(random, 'data.p', fixed)).toEqual(explain(random, 'data.p', fixed));
	expect(explain(random, 'data.p.b', fixed).rules[0]!.failed!.comparison!.left.value).toBe('7');
});
