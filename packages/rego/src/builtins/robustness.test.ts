import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { any, type Type } from '../types/type.ts';
import { numbers, strings, values } from '../value/arbitrary.test.support.ts';
import {
	isArray,
	isNumber,
	isObject,
	isSet,
	NumberRangeError,
	print,
	RegoObject,
	RegoSet,
	stringify,
	type Value,
} from '../value/index.ts';
import { BuiltinError, BuiltinLimitError } from './builtin.ts';
import { testContext } from './calling.test.support.ts';
import { coreBuiltins } from './registry.ts';

/** What a builtin may throw. */
const refusals = [BuiltinError, BuiltinLimitError, NumberRangeError];

const small = fc.integer({ min: -3, max: 40 });

/** Values of a declared type, so that calls get past the check of their operands. */
function valuesOf(type: Type): fc.Arbitrary<Value> {
	switch (type.type) {
		case 'null':
			return fc.constant(null);
		case 'boolean':
			return fc.boolean();
		case 'number':
			return fc.oneof(small, numbers);
		case 'string':
			return fc.oneof(
				strings,
				fc.constantFrom('1.5Ki', 'a/b', '/a', 'a.b', '%5d %v', 'http://[::1]/%41', '{"a": [1]}', 'Zg=='),
			);
		case 'array':
			if (type.static !== undefined) return fc.tuple(...type.static.map(valuesOf));
			return fc.array(valuesOf(type.dynamic!), { maxLength: 4 });
		case 'set':
			return fc.array(valuesOf(type.of), { maxLength: 4 }).map((items) => RegoSet.of(items));
		case 'object': {
			const { key, value } = type.dynamic ?? { key: any, value: any };
			const entries = fc.array(fc.tuple(valuesOf(key), valuesOf(value)), { maxLength: 3 });
			return entries.map((pairs) => RegoObject.of(pairs));
		}
		case 'any':
			return type.of === undefined ? values : fc.oneof(...type.of.map(valuesOf));
		default:
			return values;
	}
}

function isValue(value: unknown): value is Value {
	const v = value as Value;
	return v === null || ['boolean', 'string'].includes(typeof v) || isNumber(v) || isArray(v) || isSet(v) || isObject(v);
}

describe.each([...coreBuiltins.values()].map((builtin) => [builtin.name, builtin] as const))('%s', (_name, builtin) => {
	it('gives a value, nothing, or an error of its own, whatever it is handed', () => {
		const args = fc.tuple(
			...builtin.decl.args.map((type) =>
				fc.oneof({ weight: 4, arbitrary: valuesOf(type) }, { weight: 1, arbitrary: values }),
			),
		);
		fc.assert(
			fc.property(args, (given) => {
				const before = given.map((arg) => print(arg));
				try {
					const result = builtin.run(given, testContext());
					if (result !== undefined) {
						expect(isValue(result)).toBe(true);
						stringify(result);
					}
				} catch (error) {
					if (!refusals.some((refusal) => error instanceof refusal)) throw error;
				}
				expect(given.map((arg) => print(arg))).toEqual(before);
			}),
			{ numRuns: 100 },
		);
	});
});
