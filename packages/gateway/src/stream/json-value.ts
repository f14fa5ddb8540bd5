import type { Json } from '@tappass/core';

/** Whether a JSON value is a list; `Array.isArray` alone does not narrow a read-only one. */
export function isList(value: Json | undefined): value is readonly Json[] {
	return Array.isArray(value);
}

/** Whether a JSON value is an object. */
export function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key as a part of a JSON pointer. */
export function escapePart(key: string): string {
	return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}
