import { expect, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile, type EvaluateOptions } from '../program.ts';

function value(source: string, path = 'data.p.a', options: EvaluateOptions = {}): unknown {
	return compile({ 'p.rego': `package p\n\n${source}` }).evaluate(path, options).result;
}

function failure(source: string, path = 'data.p.a', options: EvaluateOptions = {}): string {
	try {
		value(source, path, options);
	} catch (error) {
		if (error instanceof RegoError) return error.message;
		throw error;
	}
	return 'no error';
}

test('refuses two values for one complete rule', () => {
	expect(failure('a := 1\na := 2')).toBe(
		'p.rego:4: eval_conflict_error: complete rules must not produce multiple outputs',
	);
	expect(failure('a := x if some x in [1, 2]')).toContain('eval_conflict_error');
	expect(value('a := 1\na := 1.0')).toBe(1);
});

test('refuses two values for one call, but only for the arguments that have them', () => {
	const source = 'f(x) := 1 if x > 0\nf(x) := 2 if x > 10\na := f(input)';

	expect(failure(source, 'data.p.a', { input: 11 })).toContain(
		'functions must not produce multiple outputs for same inputs',
	);
	expect(value(source, 'data.p.a', { input: 5 })).toBe(1);
});

test('refuses two values for one key, but only when the key is asked for', () => {
	const source = 'a[k] := v if some [k, v] in [["x", 1], ["x", 2], ["y", 3]]';

	expect(failure(source)).toContain('eval_conflict_error: object keys must be unique');
	expect(failure(source, 'data.p.a.x')).toContain('object keys must be unique');
	expect(value(source, 'data.p.a.y')).toBe(3);
});

test('refuses a value and an object at one path', () => {
	expect(failure('a[k].b := 1 if k := "x"\na.x := 2')).toContain('object keys must be unique');
});

test('tries else branches only while nothing held, in order', () => {
	const source = 'a := 1 if input.x == 1 else := 2 if input.x < 3 else := 3';

	expect([1, 2, 3].map((x) => value(source, 'data.p.a', { input: { x } }))).toEqual([1, 2, 3]);
});

test('uses the default only when no body held', () => {
	const source = 'default a := "none"\na := "one" if input == 1';

	expect(value(source, 'data.p.a', { input: 1 })).toBe('one');
	expect(value(source, 'data.p.a', { input: 2 })).toBe('none');
	expect(value('default f(_) := 0\nf(x) := 1 if x == 1\na := [f(1), f(2)]')).toEqual([1, 0]);
});

test('is undefined where nothing holds, but an empty set or object where nothing is contained', () => {
	const source = 'a := 1 if false\nb contains 1 if false\nc[1] := 2 if false\nd[x] := 1 if x := input.x';

	expect(value(source)).toBeUndefined();
	expect(value(source, 'data.p.b')).toEqual([]);
	expect(value(source, 'data.p.d')).toEqual({});
	expect(value(source, 'data.p')).toEqual({ b: [], c: {}, d: {} });
});

test('makes sets of what rules contain, and asks for one member without making the set', () => {
	const source = 'a contains 1\na contains x if some x in [3, 2, 1]\nb if a[2]\nc if a[4]\nd if "x" in a';

	expect(value(source)).toEqual([1, 2, 3]);
	expect(value(source, 'data.p.b')).toBe(true);
	expect(value(source, 'data.p.c')).toBeUndefined();
	// The member asked for is bound before the body runs, so the failing rule for other members is never reached.
	expect(value('a contains x if { some x in [1, 2]; 1 / (x - 2) < 0 }\nb if a[1]', 'data.p.b', { strict: true })).toBe(
		true,
	);
});

test('destructures composite members and keys that are asked for', () => {
	const source =
		'a contains [x, y] if { some x in [1, 2]; y := x * 2 }\nb := y if a[[2, y]]\nc if a[[1, 3]]\nd if a[[1, 2]]';

	expect(value(source, 'data.p.b')).toBe(4);
	expect(value(source, 'data.p.c')).toBeUndefined();
	expect(value(source, 'data.p.d')).toBe(true);
});

test('builds objects from heads with variables at any depth', () => {
	const source =
		'a[x].b[y] := x + y if { some x in [1, 2]; some y in [10, 20] }\nb[x].c contains z if { x := 1; some z in [5] }';

	expect(value(source)).toEqual({ 1: { b: { 10: 11, 20: 21 } }, 2: { b: { 10: 12, 20: 22 } } });
	expect(value(source, 'data.p.a[2].b[10]')).toBe(12);
	expect(value(source, 'data.p.b[1].c')).toEqual([5]);
	expect(value(source, 'data.p.b[1].c[5]')).toBe(5);
	expect(value(source, 'data.p.a[3]')).toBeUndefined();
});

test('merges rules below a head with variables into one document', () => {
	const source = 'a[x] := 1 if x := "dynamic"\na.fixed := 2\na.deep.er := 3\nb := [k | a[k]]';

	expect(value(source)).toEqual({ deep: { er: 3 }, dynamic: 1, fixed: 2 });
	expect(value(source, 'data.p.b')).toEqual(['deep', 'dynamic', 'fixed']);
});

test('lays base data and rules over one another', () => {
	const program = compile({
		'p.rego': 'package p\n\na := 1\n\nb := data.p.base\n\nkeys := {k | data.q[k]}',
		'q.rego': 'package q.r\n\nx := 1',
	});
	const data = { p: { base: 'here' }, q: { s: 2, r: { y: 3 } } };

	expect(program.evaluate('data.p.b', { data }).result).toBe('here');
	expect(program.evaluate('data.p.keys', { data }).result).toEqual(['r', 's']);
	expect(program.evaluate('data.q', { data }).result).toEqual({ r: { x: 1, y: 3 }, s: 2 });
	expect(program.evaluate('data.q.r.y', { data }).result).toBe(3);
});

test('walks rules and data by variables', () => {
	const program = compile({
		'a.rego': 'package top.a\n\nv := 1',
		'b.rego': 'package top.b\n\nv := 2',
		'p.rego': 'package p\n\nall := {k: v | v := data.top[k].v}\n\none := data.top[input].v',
	});
	const data = { top: { c: { v: 3 } } };

	expect(program.evaluate('data.p.all', { data }).result).toEqual({ a: 1, b: 2, c: 3 });
	expect(['a', 'c', 'd'].map((input) => program.evaluate('data.p.one', { data, input }).result)).toEqual([
		1,
		3,
		undefined,
	]);
});

test('hides data.system from iteration but not from its own reference', () => {
	const program = compile({ 's.rego': 'package system\n\nx := 1', 'p.rego': 'package p\n\na := data.system.x' });

	expect(program.evaluate('data').result).toEqual({ p: { a: 1 } });
	expect(program.evaluate('data.system.x').result).toBe(1);
});

test('reads own properties only', () => {
	const source = 'a if input.constructor\nb if input["__proto__"]\nc := input.toString';

	for (const name of ['a', 'b', 'c']) expect(value(source, `data.p.${name}`, { input: {} })).toBeUndefined();
	expect(value('a := input["__proto__"]', 'data.p.a', { input: JSON.parse('{"__proto__": 1}') })).toBe(1);
});

test('writes neither input nor data', () => {
	const freeze = (v: unknown): unknown => {
		if (typeof v === 'object' && v !== null) for (const item of Object.values(Object.freeze(v))) freeze(item);
		return v;
	};
	const input = freeze({ a: { b: [1, { c: 2 }] } }) as never;
	const source = 'a := [x, y] if { x := input with input.a.b as 3; y := data.z with data.z.k as input.a }';

	expect(value(source, 'data.p.a', { input, data: freeze({ z: { l: 1 } }) as never })).toEqual([
		{ a: { b: 3 } },
		{ k: { b: [1, { c: 2 }] }, l: 1 },
	]);
});

test('leaves a builtin error undefined unless errors are strict', () => {
	const source = 'a := 1 / 0\nb if not a\nc := to_number("x")';

	expect(value(source)).toBeUndefined();
	expect(value(source, 'data.p.b')).toBe(true);
	expect(failure(source, 'data.p.a', { strict: true })).toBe('p.rego:3: eval_builtin_error: div: divide by zero');
	expect(failure(source, 'data.p.b', { strict: true })).toContain('eval_builtin_error');
});

test('evaluates functions with patterns for parameters', () => {
	const source =
		'f([x, {"k": y}], "s") := x + y\nf(null, _) := 0\na := [f([1, {"k": 2}], "s"), f(null, 1)]\nb := f([1, input.x], "s")\nc := f([1, {"k": 2}], "t")';

	expect(value(source)).toEqual([3, 0]);
	expect(value(source, 'data.p.b', { input: { x: 1 } })).toBeUndefined();
	expect(value(source, 'data.p.c')).toBeUndefined();
});

test('takes the output of a call as a last argument', () => {
	expect(value('f(x) := [x, 1]\na := y if { count([1, 2], 2); f(5, [y, _]) }')).toBe(5);
});

test('refuses an entry inside another rule’s value also when only that entry is asked for', () => {
	const source = 'a[q].r := v if {\n\tq := "q"\n\tv := {"s": {"t": 1}}\n}\na.q.r.s.u := 42';

	expect(failure(source, 'data.p.a.q.r.s.u')).toContain('object keys must be unique');
	expect(failure(source, 'data.p.a')).toContain('object keys must be unique');
	expect(value(source, 'data.p.a.z')).toBeUndefined();
});

test('sees what the host changed in data between evaluations', () => {
	const program = compile({ 'p.rego': 'package p\n\na := {k | data.users[k]}' });
	const data = { users: { ann: 1 } as Record<string, number> };

	expect(program.evaluate('data.p.a', { data }).result).toEqual(['ann']);
	data.users['bob'] = 2;
	expect(program.evaluate('data.p.a', { data }).result).toEqual(['ann', 'bob']);
});
