import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile, type Program } from '../program.ts';
import { equal, lookup, RegoSet, type Value } from '../value/index.ts';

const heads = fc.constantFrom(
	'o[x] := y',
	'o[x] := [x, y]',
	'o[x][y] := 1',
	'o.a[x] := y',
	'o[x].b := y',
	'o.fixed := 1',
	'o[x][y][x] := y',
	'o[[x, y]] := x',
);
const setHeads = fc.constantFrom(
	's contains x',
	's contains [x, y]',
	's contains {"k": x}',
	's contains {x, y}',
	's contains y',
	's contains "a"',
);
const bodies = fc.constantFrom(
	'some x, y in input.p',
	'some [x, y] in input.q',
	'some x in input.r; y := x',
	'x = "a"; some y in input.r',
	'some x in input.r; some y in input.r; x != y',
	'input.p[x] = y',
);
const scalar = fc.constantFrom('a', 'b', 'fixed', 0, 1);
const input = fc.record({
	p: fc.array(scalar, { maxLength: 3 }),
	q: fc.array(fc.tuple(scalar, scalar), { maxLength: 3 }),
	r: fc.array(scalar, { maxLength: 3 }),
});

function outcome(program: Program, text: string, document: unknown): readonly Value[] | string {
	try {
		return program.queryValues(text, { input: document as never }).map((solution) => solution.get('x') ?? null);
	} catch (error) {
		if (error instanceof RegoError) return error.code;
		throw error;
	}
}

function agree(source: string, name: string, keyLists: readonly (readonly Value[])[], document: object): void {
	const program = compile({ 'p.rego': source });
	const whole = outcome(program, `x := data.p.${name}`, document);
	for (const keys of keyLists) {
		// Keys come by the input: literal ones that no rule can have are a type error.
		const path = keys.map((_, i) => `[input.keys[${i}]]`).join('');
		const alone = outcome(program, `x := data.p.${name}${path}`, { ...document, keys });
		// Asking for one key may miss a conflict elsewhere, never the other way round.
		if (typeof whole === 'string' || alone === 'rego_type_error') continue;
		let held: Value | undefined = whole[0];
		for (const key of keys) held = held === undefined ? undefined : lookup(held, key);
		expect(alone).toHaveLength(held === undefined ? 0 : 1);
		if (held !== undefined) expect(equal((alone as readonly Value[])[0]!, held)).toBe(true);
	}
}

test('an entry asked for alone is the one of the whole document', () => {
	const keyLists: Value[][] = [
		['a'],
		[0],
		['fixed'],
		['a', 'b'],
		['a', 'a'],
		['b', 0],
		['a', 'b', 'a'],
		[['a', 'b']],
		[0, 1, 0],
		['a', 0, 'a', 0],
	];
	fc.assert(
		fc.property(fc.array(fc.tuple(heads, bodies), { minLength: 1, maxLength: 3 }), input, (rules, document) => {
			const texts = rules.map(([head, body]) => (head.startsWith('o.fixed') ? head : `${head} if { ${body} }`));
			agree(`package p\n\n${texts.join('\n')}\no[x] := 1 if { x := input.none }`, 'o', keyLists, document);
		}),
		{ numRuns: 200 },
	);
});

test('a member asked for alone is in the whole set', () => {
	const keyLists: Value[][] = [
		['a'],
		[0],
		[['a', 'b']],
		[[0, 1]],
		[{ k: 'a' }],
		[RegoSet.of(['a', 'b'])],
		[RegoSet.of([0])],
		[['a', 'b'], 0],
	];
	fc.assert(
		fc.property(fc.array(fc.tuple(setHeads, bodies), { minLength: 1, maxLength: 3 }), input, (rules, document) => {
			const source = `package p\n\n${rules.map(([head, body]) => `${head} if { ${body} }`).join('\n')}`;
			agree(source, 's', keyLists, document);
		}),
		{ numRuns: 200 },
	);
});
