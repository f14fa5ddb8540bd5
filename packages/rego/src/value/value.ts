import type { Decimal } from './number.ts';
import type { RegoObject } from './object.ts';
import type { RegoSet } from './set.ts';

/**
 * A Rego value.
 *
 * - Numbers: a JS `number` for integers within ±(2^53 − 1) and for any number whose shortest text equals its value;
 *   `bigint` for larger integers; `Decimal` for what neither holds exactly, or whose source text must be kept (`1.0`).
 *   Equality and order go by numeric value whatever the form.
 * - Objects: plain JSON objects (input, data: own string properties only, never written) or `RegoObject` (computed;
 *   keys may be any value). Arrays are JS arrays, sets `RegoSet`.
 */
export type Value =
	| null
	| boolean
	| number
	| bigint
	| Decimal
	| string
	| readonly Value[]
	| RegoObject
	| RegoSet
	| PlainObject;

/** A JSON object handed in from outside. Read own properties only: `constructor` and `__proto__` are ordinary, absent keys. */
export interface PlainObject {
	readonly [key: string]: Value;
}
export type ObjectValue = PlainObject | RegoObject;
export type NumberValue = number | bigint | Decimal;
export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set';
