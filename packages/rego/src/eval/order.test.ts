import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile } from '../program.ts';
import { RegoSet, stringify, type Value } from '../value/index.ts';

const expressions = [
	'x = input.p[_]',
	'y = input.q[x]',
	'[x, z] = [y, 1]',
	'[x, [y, z]] = input.nested[_]',
	'{"k": z, "l": [x, _]} = input.objects[_]',
	'[input.p[_], x] = [y, input.p[_]]',
	'input.o[y] = x',
	'input.o[y][z]',
	'not x == y',
	'not input.q[x] == z',
	'not data.p.s[x]',
	'x > 0',
	'z != y',
	'z = [w | w = input.p[_]; w != x]',
	'z = {w: y | w = input.q[_]}',
	'z = x + y',
	'every e in [x, y] { e >= z }',
	'every i, e in input.p { input.p[i] == e; e != z }',
	'walk(input.o, [_, y])',
	'walk(input.nested, [z, x])',
	'data.p.s[x]',
	'data.p.s[[x, z]]',
	'data.p.o[x][y]',
	'data.p.o[y] = z',
	'data.p.o[_][_] = x',
	'count(input.p, z)',
	'x in input.p',
	'[x, y] in input.nested',
	'data.p.f(x, z)',
	'data.p.f(y) == x',
	'y = z',
	'x = 1',
	'z = data.p.o with input.p as [x]',
	'input.p[_] = y with input.p as [x, 7]',
	'data[z].s[y]',
];

const input = {
	p: [1, 2, 3],
	q: [0, 2, 1, 3],
	o: { a: 1, b: { c: 2 }, 1: [3] },
	nested: [
		[1, [2, 1]],
		[2, [2, 2]],
		[1, 2],
	],
	objects: [{ k: 1, l: [2, 3] }, { k: 2 }, { k: 1, l: [3, 1] }],
};

const source = `package p

s contains x if some x in input.p
s contains [x, y] if { some x in input.p; y = x + 1 }

o[x][y] := x if { some x in input.p; some y in input.q; y > x }
o[x].name := "n" if some x in input.q

f(x) := x - 1 if x > 1
f(x) := 0 if x == 1`;

const program = compile({ 'p.rego': source });

/** The set of solutions of a query, or the code of what is wrong with it. */
function solutions(query: string): string {
	try {
		const found = program.queryValues(query, { input, limits: { stepsMax: 300_000 } });
		return stringify(
			RegoSet.of(found.map((solution) => [...solution].sort(([a], [b]) => (a < b ? -1 : 1)) as unknown as Value)),
		);
	} catch (error) {
		if (error instanceof RegoError) return error.code;
		throw error;
	}
}

test('the order of expressions never changes the solutions', () => {
	let bound = 0;
	const bodies = fc.uniqueArray(fc.constantFrom(...expressions), { minLength: 2, maxLength: 5 });
	fc.assert(
		fc.property(
			bodies.chain((body) => fc.tuple(fc.constant(body), fc.shuffledSubarray(body, { minLength: body.length }))),
			([body, shuffled]) => {
				const one = solutions(body.join('; '));
				const other = solutions(shuffled.join('; '));
				if (!one.startsWith('rego_') && one !== '[]') bound++;
				// Limits and inferred types do depend on the order.
				const either = [one, other];
				if (either.includes('rego_limit_error') || either.includes('rego_type_error')) return;
				expect(other).toBe(one);
			},
		),
		{ numRuns: 3000 },
	);
	// Most random bodies are refused; enough of them must have had solutions for this to mean anything.
	expect(bound).toBeGreaterThan(100);
});

test('a solution of a body satisfies each expression of it', () => {
	const bodies = fc.uniqueArray(fc.constantFrom(...expressions), { minLength: 2, maxLength: 4 });
	fc.assert(
		fc.property(bodies, (body) => {
			const found = solutions(body.join('; '));
			if (found.startsWith('rego_')) return;
			for (const solution of (JSON.parse(found) as [string, unknown][][]).slice(0, 5)) {
				// Objects with keys that are no strings cannot be written back from JSON.
				if (JSON.stringify(solution).includes('{')) continue;
				const values = solution.map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
				for (const expression of body) {
					if (expression.includes('{w |') || expression.includes('{w:')) continue;
					const again = solutions([...values, expression].join('; '));
					expect([expression, values, again === '[]']).toEqual([expression, values, false]);
				}
			}
		}),
		{ numRuns: 1000 },
	);
});
