import { any, anyOf, array, boolean, named, number, set, string, type Type } from '../types/type.ts';
import {
	add,
	compare,
	isArray,
	isNumber,
	isObject,
	isSet,
	multiply,
	type NumberValue,
	objectSize,
	RegoObject,
	type Value,
} from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { codePointCount } from './code-points.ts';
import { anyArray, anyCollection, anyObject, anySet, define } from './declare.ts';
import { convertingSteps } from './limits.ts';
import { collectionOperand, operand, operandElementError, operandTypeError } from './operands.ts';

const numberCollection: Type = anyOf(array(number), set(number));
const categories = ['aggregates'];

/** `count`, `sum`, `product`, `max`, `min`, `sort`, and the deprecated `all` and `any`. */
export const aggregateBuiltins: readonly Builtin[] = [
	define(
		'count',
		'The number of elements in a collection, or of characters in a string.',
		[named('collection', anyOf(string, anyArray, anyObject, anySet), 'the set/array/object/string to be counted')],
		named('n', number, 'the count of elements, key/val pairs, or characters, respectively.'),
		(args, context) => count(operand(args, 1), context),
		{ categories },
	),
	define(
		'sum',
		'The sum of an array or set of numbers.',
		[named('collection', numberCollection, 'the set or array of numbers to sum')],
		named('n', number, 'the sum of all elements'),
		(args, context) => fold(args, context, 0, add),
		{ categories },
	),
	define(
		'product',
		'The product of an array or set of numbers.',
		[named('collection', numberCollection, 'the set or array of numbers to multiply')],
		named('n', number, 'the product of all elements'),
		(args, context) => fold(args, context, 1, multiply),
		{ categories },
	),
	define(
		'max',
		'The largest value in a collection; undefined when it is empty.',
		[named('collection', anyCollection, 'the set or array to be searched')],
		named('n', any, 'the maximum of all elements'),
		(args, context) => extreme(args, context, (candidate, best) => compare(candidate, best) >= 0),
		{ categories },
	),
	define(
		'min',
		'The smallest value in a collection; undefined when it is empty.',
		[named('collection', anyCollection, 'the set or array to be searched')],
		named('n', any, 'the minimum of all elements'),
		(args, context) => extreme(args, context, (candidate, best) => compare(candidate, best) <= 0),
		{ categories },
	),
	define(
		'sort',
		'The elements as a sorted array.',
		[named('collection', anyCollection, 'the array or set to be sorted')],
		named('n', anyArray, 'the sorted array'),
		(args, context) => {
			const values = collectionOperand(args, 1);
			context.spend(values.length);
			return isSet(operand(args, 1)) ? values : [...values].sort(compare);
		},
		{ categories },
	),
	deprecatedTest('all', (values) => values.every((value) => value === true)),
	deprecatedTest('any', (values) => values.includes(true)),
];

function deprecatedTest(name: string, holds: (values: readonly Value[]) => boolean): Builtin {
	return {
		name,
		decl: { type: 'function', args: [anyCollection], result: boolean },
		deprecated: true,
		run: (args) => holds(collectionOperand(args, 1, ['array', 'set'])),
	};
}

function count(collection: Value, context: BuiltinContext): number {
	if (typeof collection === 'string') {
		context.spend(convertingSteps(collection.length));
		return codePointCount(collection);
	}
	if (isArray(collection)) return collection.length;
	if (isSet(collection)) return collection.size;
	if (isObject(collection)) {
		const size = objectSize(collection);
		// Of a plain object it is not known until its keys are listed.
		if (!(collection instanceof RegoObject)) context.spend(size >> 2);
		return size;
	}
	throw operandTypeError(1, collection, 'array', 'object', 'set', 'string');
}

function fold(
	args: readonly Value[],
	context: BuiltinContext,
	initial: NumberValue,
	operation: (a: NumberValue, b: NumberValue) => NumberValue,
): NumberValue {
	const values = collectionOperand(args, 1);
	context.spend(values.length);
	let result = initial;
	for (const value of values) {
		if (!isNumber(value)) throw operandElementError(1, operand(args, 1), value, 'number');
		result = operation(result, value);
	}
	return result;
}

function extreme(
	args: readonly Value[],
	context: BuiltinContext,
	better: (candidate: Value, best: Value) => boolean,
): Value | undefined {
	const values = collectionOperand(args, 1);
	context.spend(values.length);
	let best = values[0];
	for (const value of values) if (better(value, best!)) best = value;
	return best;
}
