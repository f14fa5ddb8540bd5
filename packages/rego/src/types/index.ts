export {
	compareTypes,
	includesType,
	isAnything,
	normalize,
	type ObjectType,
	sameType,
	sortProperties,
	union,
} from './compare.ts';
export { printParameters, printType, printTypes } from './print.ts';
export { holdsUnknown, itemAt, keysOf, knownKeys, propertyAt, select, typeOfValue, valuesOf } from './select.ts';
export type { FunctionType, NamedType, Type } from './type.ts';
export { any, array, boolean, nullType, number, object, set, string, tuple, unknown } from './type.ts';
export { mergeTypes, unifies } from './unify.ts';
