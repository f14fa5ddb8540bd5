import { describe, expect, it } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile, type EvaluateOptions } from '../program.ts';

/** Rules `<name>0` to `<name><count - 1>`, each of which holds the one before it twice. */
function doubled(name: string, count: number, write: (part: string) => string): string {
	return Array.from({ length: count }, (_, i) => `${name}${i} := ${write(i === 0 ? '1' : `${name}${i - 1}`)}`).join(
		'\n',
	);
}

const lists = doubled('a', 40, (part) => `[${part}, ${part}]`);
const others = doubled('b', 40, (part) => `[${part}, ${part}]`);
const objects = doubled('c', 40, (part) => `{"x": ${part}, "y": ${part}}`);
const otherObjects = doubled('d', 40, (part) => `{"x": ${part}, "y": ${part}}`);

function failure(rules: string, input: EvaluateOptions['input'] = null): string {
	try {
		compile({ 'p.rego': `package p\n\n${rules}` }).evaluate('data.p.result', { input });
	} catch (error) {
		if (error instanceof RegoError) return error.code;
		throw error;
	}
	return 'no error';
}

describe('a value that holds its parts many times over', () => {
	it.each([
		['compared', `${lists}\n${others}\nresult if a39 == b39`],
		['ordered', `${lists}\n${others}\nresult if a39 < b39`],
		['put into a set', `${lists}\nresult := count({a39, 1})`],
		['written as JSON', `${lists}\nresult := count(json.marshal(a39))`],
		['written as YAML', `${lists}\nresult := count(yaml.marshal(a39))`],
		['printed', `${lists}\nresult := count(sprintf("%v", [a39]))`],
		['walked', `${lists}\nresult := count([1 | walk(a39, _)])`],
		['compared as objects', `${objects}\n${otherObjects}\nresult := object.subset(c39, d39)`],
		['merged', `${objects}\n${otherObjects}\nresult := count(object.union(c39, d39))`],
		['the result', `${lists}\nresult := a39`],
	])('ends the evaluation at a limit when %s', (_use, rules) => {
		expect(failure(rules)).toBe('rego_limit_error');
	});

	it('limits each evaluation by itself', () => {
		const program = compile({ 'p.rego': `package p\n\n${lists}\nresult if a39 == input` });
		const part = compile({ 'p.rego': 'package p\n\nresult := {[1, 2], [3]}' });

		expect(() => program.evaluate('data.p.result', { input: [1] })).not.toThrow();
		expect(part.evaluate('data.p.result').result).toEqual([[1, 2], [3]]);
	});
});

describe('what takes long for its size', () => {
	it('ends at the limit for a glob of many wildcards', () => {
		const input = { glob: `${'*a'.repeat(2000)}b`, text: 'a'.repeat(20_000) };

		expect(failure('result if glob.match(input.glob, [], input.text)', input)).toBe('rego_limit_error');
	});

	it('ends at the limit for every pair of many networks', () => {
		const networks = Array.from({ length: 5000 }, (_, i) => `10.${i & 255}.${i >> 8}.0/24`);

		expect(failure('result := net.cidr_contains_matches(input, input)', networks)).toBe('rego_limit_error');
	});
});

it('sees what its host changed in an input between two evaluations', () => {
	const program = compile({ 'p.rego': 'package p\n\nresult := count({input.user, {"name": "bob"}})' });
	const input = { user: { name: 'ada' } };
	expect(program.evaluate('data.p.result', { input }).result).toBe(2);

	input.user.name = 'bob';

	expect(program.evaluate('data.p.result', { input }).result).toBe(1);
});
