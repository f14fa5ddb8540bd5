import type { NamedType, Type } from '../types/type.ts';
import * as types from '../types/type.ts';
import type { Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';

/** Any array, `array[any]` in messages. */
export const anyArray: Type = types.array(types.any);
/** Any set. */
export const anySet: Type = types.set(types.any);
/** Any object. */
export const anyObject: Type = types.object(types.any, types.any);
/** An array or a set of anything. */
export const anyCollection: Type = types.anyOf(anyArray, anySet);
/** An array or a set of strings. */
export const stringCollection: Type = types.anyOf(types.array(types.string), types.set(types.string));

type Run = (args: readonly Value[], context: BuiltinContext) => Value | undefined;

/** What a builtin may say besides its name, types and code. */
export type Extras = Partial<Pick<Builtin, 'infix' | 'deprecated' | 'nondeterministic' | 'categories'>>;

/** A builtin with named parameters; `args` and `result` are what the capabilities list and type errors print. */
export function define(
	name: string,
	description: string,
	args: readonly NamedType[],
	result: NamedType,
	run: Run,
	extras: Extras = {},
): Builtin {
	return { name, decl: types.fn(args, result), description, run, ...extras };
}
