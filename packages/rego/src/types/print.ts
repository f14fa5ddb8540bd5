/** Types as OPA prints them: `any<number, string>`, `array<number>[any]`, `object<a: string>[string: any]`, `set[number]`. */
import { print, type Value } from '../value/index.ts';
import { normalize } from './compare.ts';
import type { FunctionType, NamedType, Type } from './type.ts';

/** The text of a type. */
export function printType(type: Type): string {
	switch (type.type) {
		case 'unknown':
			return '???';
		case 'any':
			return type.of === undefined || type.of.length === 0 ? 'any' : `any<${type.of.map(printType).join(', ')}>`;
		case 'array':
			return `array${listed((type.static ?? []).map(printType))}${type.dynamic === undefined ? '' : `[${printType(type.dynamic)}]`}`;
		case 'set':
			return `set[${printType(type.of)}]`;
		case 'object': {
			const properties = (type.static ?? []).map(({ key, value }) => `${keyText(key)}: ${printType(value)}`);
			const { dynamic } = type;
			return `object${listed(properties)}${dynamic === undefined ? '' : `[${printType(dynamic.key)}: ${printType(dynamic.value)}]`}`;
		}
		case 'function':
			return `${printTypes(type.args)} => ${printType(type.result ?? { type: 'unknown' })}`;
		default:
			return type.type;
	}
}

function listed(texts: readonly string[]): string {
	return texts.length === 0 ? '' : `<${texts.join(', ')}>`;
}

function keyText(key: unknown): string {
	return typeof key === 'string' ? key : print(key as Value);
}

/** `(number, string)`: argument types as found. */
export function printTypes(types: readonly Type[]): string {
	return `(${types.map(printType).join(', ')})`;
}

/** `(x: string, y: number)`: what a function takes, with its result last unless `withoutResult`. */
export function printParameters(decl: FunctionType, withoutResult = false): string {
	const wanted = withoutResult || decl.result === undefined ? decl.args : [...decl.args, decl.result];
	const texts = wanted.map(printNamed);
	if (decl.variadic !== undefined) texts.push(`${printType(normalize(decl.variadic))}...`);
	return `(${texts.join(', ')})`;
}

function printNamed(type: NamedType): string {
	const text = printType(normalize(type));
	return type.name === undefined || type.name === '' ? text : `${type.name}: ${text}`;
}
