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

export interface FunctionType {
	readonly type: 'function';
	readonly args: readonly NamedType[];
	readonly result?: NamedType;
	readonly variadic?: Type;
}

type Simple = { readonly type: 'null' | 'boolean' | 'number' | 'string' };
export const nullType: Simple = { type: 'null' };
export const boolean: Simple = { type: 'boolean' };
export const number: Simple = { type: 'number' };
export const string: Simple = { type: 'string' };
export const any: Type = { type: 'any' };
export const unknown: Type = { type: 'unknown' };

export function anyOf(...of: readonly Type[]): Type {
	return { type: 'any', of };
}
export function array(dynamic: Type): Type {
	return { type: 'array', dynamic };
}
export function tuple(...items: readonly Type[]): Type {
	return { type: 'array', static: items };
}
export function set(of: Type): Type {
	return { type: 'set', of };
}
export function object(key: Type, value: Type): Type {
	return { type: 'object', dynamic: { key, value } };
}
export function record(properties: Readonly<Record<string, Type>>, dynamic?: { key: Type; value: Type }): Type {
	const fields = Object.entries(properties).map(([key, value]) => ({ key, value }));
	return dynamic === undefined ? { type: 'object', static: fields } : { type: 'object', static: fields, dynamic };
}
export function named(name: string, type: Type, description?: string): NamedType {
	return description === undefined ? { ...type, name } : { ...type, name, description };
}
export function fn(args: readonly NamedType[], result: NamedType): FunctionType {
	return { type: 'function', args, result };
}
