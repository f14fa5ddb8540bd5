import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile } from '../program.ts';

const condition = fc.oneof(
	fc
		.constantFrom('input.x', 'input.y', 'input.z.w')
		.chain((ref) =>
			fc.constantFrom('1', '2', '"a"', '"b"', 'null', 'true', '[1]', '1.0').map((literal) => `${ref} == ${literal}`),
		),
	fc.constantFrom(
		'"a" = input.x',
		'input.y in {1, "a"}',
		'input.x in ["b", 2]',
		'input.x != 1',
		'not input.y == 1',
		'input.x == input.y',
	),
);
const rule = fc.tuple(
	fc.constantFrom('1', '2', 'input.x'),
	fc.array(condition, { minLength: 1, maxLength: 3 }),
	fc.boolean(),
);
const scalar = fc.constantFrom(1, 2, 'a', 'b', null, true, false, [1], undefined);
const input = fc
	.record({ x: scalar, y: scalar, z: fc.record({ w: scalar }) })
	.map((value) => JSON.parse(JSON.stringify(value)));

function outcome(run: () => unknown): unknown {
	try {
		return run();
	} catch (error) {
		if (error instanceof RegoError) return error.code;
		throw error;
	}
}

test('finds the same results as trying every rule', () => {
	fc.assert(
		fc.property(fc.array(rule, { minLength: 7, maxLength: 14 }), input, (rules, document) => {
			const complete = rules.map(
				([value, body, orElse]) => `a := ${value} if { ${body.join('; ')} }${orElse ? ' else := 3' : ''}`,
			);
			const members = rules.map(([value, body]) => `b contains ${value} if { ${body.join('; ')} }`);
			const functions = rules.map(
				([value, body]) => `f(${value === 'input.x' ? 'x' : value}) := "${value}" if { ${body.join('; ')} }`,
			);
			const source = `package p\n\n${[...complete, ...members, ...functions].join('\n')}\n\nc := [f(1), f(2)]\n\nd if b[1]`;
			const program = compile({ 'p.rego': source });

			for (const path of ['data.p.a', 'data.p.b', 'data.p.c', 'data.p.d']) {
				const indexed = outcome(() => program.evaluate(path, { input: document }).result);
				const tried = outcome(() => program.evaluate(path, { input: document, instrument: {} }).result);
				expect(indexed).toEqual(tried);
			}
		}),
		{ numRuns: 150 },
	);
});

test('tries few of many rules', () => {
	const source = (n: number) =>
		`package p\n\n${Array.from({ length: n }, (_, i) => `a := ${i} if { input.tool == "t${i}"; input.env == "prod" }`).join('\n')}`;
	const steps = (n: number): number => {
		const program = compile({ 'p.rego': source(n) });
		for (let stepsMax = 1; ; stepsMax++) {
			try {
				program.evaluate('data.p.a', { input: { tool: 't3', env: 'prod' }, limits: { stepsMax } });
				return stepsMax;
			} catch {}
		}
	};

	expect(steps(1000)).toBe(steps(10));
});
