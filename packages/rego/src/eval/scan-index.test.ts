import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile } from '../program.ts';

function deepFreeze<T>(value: T): T {
	if (typeof value === 'object' && value !== null) {
		Object.freeze(value);
		for (const item of Object.values(value)) deepFreeze(item);
	}
	return value;
}

const program = compile({
	'p.rego': `package p

found contains i if { some i, row in data.rows; row.k == input.k; row.v > 0 }

grouped := {k: vs | some row in data.rows; k := row.k; vs := [r.v | some r in data.rows; r.k == k]}

joined contains [a.v, b.v] if { some a in data.rows; some b in data.others; a.k == b.k }

nested contains i if { some i, row in data.rows; row.n.x = input.k }

again contains row.v if { some k in [input.k, 1, "b"]; some row in rows; row.k == k }

rows := data.rows

set contains row if some row in data.rows

inSet contains row.v if { some k in [input.k, 1]; some row in set; row.k == k }`,
});

const scalar = fc.constantFrom(1, 2, 1.5, 'a', 'b', null, true, [1], { x: 1 });
const row = fc
	.record(
		{ k: scalar, v: fc.integer({ min: 0, max: 3 }), n: fc.oneof(scalar, fc.record({ x: scalar })) },
		{ requiredKeys: ['v'] },
	)
	.map((value) => JSON.parse(JSON.stringify(value)));
const documents = fc.record({
	rows: fc.oneof(
		fc.array(row, { minLength: 14, maxLength: 30 }),
		fc
			.dictionary(fc.string({ maxLength: 4 }), row, { minKeys: 14, maxKeys: 24 })
			.map((value) => JSON.parse(JSON.stringify(value))),
	),
	others: fc.array(row, { minLength: 0, maxLength: 20 }),
});

function outcome(data: unknown, k: unknown, instrument: boolean): unknown {
	const found: Record<string, unknown> = {};
	for (const name of ['found', 'grouped', 'joined', 'nested', 'again', 'inSet']) {
		try {
			const options = { input: { k } as never, data: data as never };
			found[name] = program.evaluate(`data.p.${name}`, instrument ? { ...options, instrument: {} } : options).result;
		} catch (error) {
			if (!(error instanceof RegoError)) throw error;
			found[name] = error.code;
		}
	}
	return found;
}

test('looks up the same rows that a scan finds, frozen or not', () => {
	fc.assert(
		fc.property(documents, scalar, (data, k) => {
			const scanned = outcome(data, k, true);

			expect(outcome(data, k, false)).toEqual(scanned);
			expect(outcome(deepFreeze(structuredClone(data)), k, false)).toEqual(scanned);
		}),
		{ numRuns: 150 },
	);
});

test('sees what the host changed between evaluations, also in a frozen list of rows', () => {
	const rows = Array.from({ length: 40 }, (_, i) => ({ k: i, v: 1 }));
	const data = { rows: Object.freeze(rows), others: [] };
	const found = () => program.evaluate('data.p.found', { data: data as never, input: { k: 'new' } }).result;

	expect(found()).toEqual([]);
	(rows[3] as { k: unknown }).k = 'new';
	expect(found()).toEqual([3]);
});

test('joins in time that grows with the rows, not with their square', () => {
	const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ k: `k${i}`, v: i }));
	const steps = (n: number): boolean => {
		const data = { rows: rows(n), others: rows(n) };
		return program.evaluate('data.p.joined', { data, limits: { stepsMax: 40 * n } }).defined;
	};

	expect(steps(1000)).toBe(true);
});

test('tells a field whose name holds a NUL from a field within a field', () => {
	const source = `package p

a := count([1 | some k in [1, 2, 3]; some row in data.rows; row.x.y == k])

b := count([1 | some k in [7, 8, 9]; some row in data.rows; row["x\\u0000y"] == k])

both := [a, b]
`;
	const rows = Array.from({ length: 20 }, () => ({ x: { y: 1 }, 'x\0y': 9 }));

	expect(compile({ 'p.rego': source }).evaluate('data.p.both', { data: { rows } }).result).toEqual([20, 20]);
});
