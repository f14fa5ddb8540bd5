/** Static types, in the shape that OPA's `capabilities.json` uses, so a declaration is its own listing. */
export type Type =
	| { readonly type: 'null' | 'boolean' | 'number' | 'string' }
	/** Without `of`: any value at all. */
	| { readonly type: 'any'; readonly of?: readonly Type[] }
	| { readonly type: 'array'; readonly static?: readonly Type[]; readonly dynamic?: Type }
	| { readonly type: 'set'; readonly of: Type }
	| {
			readonly type: 'object';
			readonly static?: readonly { readonly key: unknown; readonly value: Type }[];
			readonly dynamic?: { readonly key: Type; readonly value: Type };
	  }
	| FunctionType
	/** Not known (yet): only the checker makes it, no declaration holds it. Printed `???`. */
	| { readonly type: 'unknown' };

/** A named, described parameter or result: what `opa` prints in errors and docs. */
export type NamedType = Type & { readonly name?: string; readonly description?: string };

/** Parameters and result of a function; without `result` it holds or fails. `variadic`: the type of any further arguments. */
export interface FunctionType {
	readonly type: 'function';
	readonly args: readonly NamedType[];
	readonly result?: NamedType;
	readonly variadic?: Type;
}

type Simple = { readonly type: 'null' | 'boolean' | 'number' | 'string' };
/** The type of null. */
export const nullType: Simple = { type: 'null' };
/** The type of true and false. */
export const boolean: Simple = { type: 'boolean' };
/** The type of all numbers. */
export const number: Simple = { type: 'number' };
/** The type of all strings. */
export const string: Simple = { type: 'string' };
/** Any value at all. */
export const any: Type = { type: 'any' };
/** A type not known (yet). */
export const unknown: Type = { type: 'unknown' };

/** One of several types. */
export function anyOf(...of: readonly Type[]): Type {
	return { type: 'any', of };
}
/** Arrays of any length with items of one type. */
export function array(dynamic: Type): Type {
	return { type: 'array', dynamic };
}
/** Arrays of one length, with a type for each item. */
export function tuple(...items: readonly Type[]): Type {
	return { type: 'array', static: items };
}
/** Sets with members of one type. */
export function set(of: Type): Type {
	return { type: 'set', of };
}
/** Objects with keys and values of one type each. */
export function object(key: Type, value: Type): Type {
	return { type: 'object', dynamic: { key, value } };
}
/** Objects with these properties, and further ones when `dynamic` says so. */
export function record(properties: Readonly<Record<string, Type>>, dynamic?: { key: Type; value: Type }): Type {
	const fields = Object.entries(properties).map(([key, value]) => ({ key, value }));
	return dynamic === undefined ? { type: 'object', static: fields } : { type: 'object', static: fields, dynamic };
}
/** A type with a name, and possibly a description, for errors and docs. */
export function named(name: string, type: Type, description?: string): NamedType {
	return description === undefined ? { ...type, name } : { ...type, name, description };
}
/** A function of these parameters. */
export function fn(args: readonly NamedType[], result: NamedType): FunctionType {
	return { type: 'function', args, result };
}
