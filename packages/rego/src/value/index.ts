export {
	abs,
	add,
	ceil,
	divide,
	floor,
	multiply,
	negate,
	type RemainderFault,
	remainder,
	round,
	subtract,
} from './arithmetic.ts';
export { compare, compareStrings, equal, isArray, isNumber, typeName } from './compare.ts';
export { JsonDepthError, type JsonValue, jsonDepthMax, jsonMembers, parseJson, stringify, toJson } from './json.ts';
export { forgetPlainSpellings, keyOf, type MapKey } from './key.ts';
export {
	compareNumbers,
	Decimal,
	type DecimalParts,
	equalNumbers,
	isInteger,
	NumberRangeError,
	normalInteger,
	numberText,
	parseNumber,
	partsOf,
	toBigInt,
	toDouble,
	toInteger,
} from './number.ts';
export {
	type Entry,
	forgetPlainKeys,
	isObject,
	lookup,
	ObjectBuilder,
	objectEntries,
	objectGet,
	objectKeys,
	objectSize,
	RegoObject,
} from './object.ts';
export { print, quote } from './print.ts';
export { isSet, RegoSet, SetBuilder } from './set.ts';
export type { NumberValue, ObjectValue, PlainObject, TypeName, Value } from './value.ts';
export { itemsComparedMax, spendWritten, ValueWorkError, withLimitedWork } from './work.ts';
