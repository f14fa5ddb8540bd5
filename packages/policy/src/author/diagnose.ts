import { type Diagnostic, jsonPointer, limits } from '@tappass/core';
import type { z } from 'zod';
import type { Place } from './input.ts';
import { nameHint } from './nearest.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * What a schema refuses in a value, as diagnostics in the author's words: where it stands, what was expected and found,
 * and the nearest valid name.
 */
export function diagnoseValue(
	schema: z.ZodType,
	value: unknown,
	error: Pick<z.ZodError, 'issues'>,
	at: (path: Path, what?: 'key' | 'value') => Place,
): readonly Diagnostic[] {
	return error.issues.flatMap((issue) => diagnoseIssue(schema, value, issue, [], at)).slice(0, limits.diagnosticsMax);
}

function diagnoseIssue(
	schema: z.ZodType,
	root: unknown,
	issue: Issue,
	above: Path,
	at: (path: Path, what?: 'key' | 'value') => Place,
): readonly Diagnostic[] {
	const path = [...above, ...issue.path];
	const found = valueAt(root, path);
	const say = (message: string, hint?: string, where: Path = path, what: 'key' | 'value' = 'value'): Diagnostic => ({
		code: 'schema_invalid',
		...at(where, what),
		path: pointerOf(where),
		message,
		...(hint === undefined ? {} : { hint }),
	});
	switch (issue.code) {
		case 'unrecognized_keys': {
			const known = keysAt(schema, path).filter((key) => !isObject(found) || !Object.hasOwn(found, key));
			return issue.keys.map((key) =>
				say(`${key} is not known${place(path)}`, nameHint(key, known), [...path, key], 'key'),
			);
		}
		case 'invalid_union': {
			const branches = issue.errors.filter((branch) => branch.length > 0);
			if (branches.length === 0) {
				const values = discriminatorValues(schema, above.length === 0 ? issue.path : path);
				return [
					say(
						`expected ${values.length > 0 ? `one of ${values.join(', ')}` : 'another value'}, found ${printFound(found)}`,
						typeof found === 'string' ? nameHint(found, values) : undefined,
					),
				];
			}
			const [best] = [...branches].sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
			return best!.flatMap((inner) => diagnoseIssue(schema, root, inner, path, at));
		}
		case 'invalid_type': {
			if (found === undefined)
				return [
					say(
						`${String(path.at(-1) ?? 'the document')} is missing${place(path.slice(0, -1))}`,
						`expected ${typeText(issue.expected)}`,
					),
				];
			// Unquoted, YAML makes a number of a clause such as 164.310 and loses its last digit.
			const unquoted = issue.expected === 'string' && (typeof found === 'number' || typeof found === 'boolean');
			return [
				say(
					`expected ${typeText(issue.expected)}, found ${printFound(found)}`,
					unquoted ? 'put it in quotes' : undefined,
				),
			];
		}
		case 'invalid_value': {
			const values = issue.values.map(String);
			if (found === undefined)
				return [
					say(
						`${String(path.at(-1) ?? 'the document')} is missing${place(path.slice(0, -1))}`,
						`expected ${values.join(', ')}`,
					),
				];
			return [
				say(
					`expected ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}, found ${printFound(found)}`,
					typeof found === 'string' && values.length > 1 ? nameHint(found, values) : undefined,
				),
			];
		}
		case 'invalid_key':
			return issue.issues.map((inner) => say(inner.message, undefined, path, 'key'));
		case 'too_big':
			return [say(`expected at most ${issue.maximum}${unitOf(issue.origin)}, found ${sizeOf(found)}`)];
		case 'too_small':
			return [say(`expected at least ${issue.minimum}${unitOf(issue.origin)}, found ${sizeOf(found)}`)];
		default:
			return [
				say(
					`${issue.message}${typeof found === 'string' && !issue.message.includes(found) ? `, found ${printFound(found)}` : ''}`,
				),
			];
	}
}

function depthOf(issues: readonly Issue[]): number {
	return Math.max(...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? -1 : 0)));
}
function place(path: Path): string {
	return path.length === 0 ? '' : ` in ${path.map(String).join('.')}`;
}
function pointerOf(path: Path): string {
	return jsonPointer(path.map((part) => (typeof part === 'number' ? part : String(part))));
}
function unitOf(origin: string): string {
	return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}
function sizeOf(found: unknown): string {
	if (typeof found === 'string') return `${found.length}`;
	return Array.isArray(found) ? `${found.length}` : printFound(found);
}
const typeNames: Readonly<Record<string, string>> = {
	string: 'text',
	array: 'a list',
	object: 'a map',
	record: 'a map',
	boolean: 'true or false',
	int: 'a whole number',
	number: 'a number',
};
function typeText(expected: string): string {
	return typeNames[expected] ?? expected;
}
/** A value as a message shows it: short. */
export function printFound(found: unknown): string {
	if (Array.isArray(found)) return 'a list';
	if (typeof found === 'object' && found !== null) return 'a map';
	if (found === undefined) return 'nothing';
	const text = JSON.stringify(found) ?? String(found);
	return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
	let value = root;
	for (const part of path) {
		if (Array.isArray(value)) value = value[Number(part)];
		else if (isObject(value) && Object.hasOwn(value, part)) value = value[String(part)];
		else return undefined;
	}
	return value;
}

interface Definition {
	readonly type: string;
	readonly shape?: Readonly<Record<string, z.ZodType>>;
	readonly valueType?: z.ZodType;
	readonly element?: z.ZodType;
	readonly innerType?: z.ZodType;
	readonly in?: z.ZodType;
	readonly out?: z.ZodType;
	readonly options?: readonly z.ZodType[];
	readonly discriminator?: string;
	readonly values?: readonly unknown[];
	readonly entries?: Readonly<Record<string, string>>;
}
function definition(schema: z.ZodType): Definition {
	return schema.def as unknown as Definition;
}

// The schemas that may stand at a path: unions open into all their branches.
function schemasAt(schema: z.ZodType, path: Path): readonly z.ZodType[] {
	const def = definition(schema);
	const inner =
		def.innerType ?? (def.type === 'pipe' ? (definition(def.out!).type === 'transform' ? def.in : def.out) : undefined);
	if (inner !== undefined) return schemasAt(inner, path);
	if (def.type === 'union') return def.options!.flatMap((option) => schemasAt(option, path));
	if (path.length === 0) return [schema];
	const [head, ...rest] = path;
	const next = def.shape?.[String(head)] ?? def.valueType ?? def.element;
	return next === undefined ? [] : schemasAt(next, rest);
}
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
	return [...new Set(schemasAt(schema, path).flatMap((each) => Object.keys(definition(each).shape ?? {})))];
}
function discriminatorValues(schema: z.ZodType, path: Path): readonly string[] {
	const name = String(path.at(-1));
	return schemasAt(schema, path.slice(0, -1)).flatMap((each) => {
		const field = definition(each).shape?.[name];
		if (field === undefined) return [];
		const { values, entries } = definition(field);
		return [...(values ?? []), ...Object.values(entries ?? {})].map(String);
	});
}
