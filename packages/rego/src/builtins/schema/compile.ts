import { RE2JS } from 're2js';
import {
	compareNumbers,
	equal,
	isArray,
	isNumber,
	isObject,
	type NumberValue,
	type ObjectValue,
	objectEntries,
	objectGet,
	toInteger,
	type Value,
} from '../../value/index.ts';
import { BuiltinLimitError } from '../builtin.ts';
import { goJson } from '../json-text.ts';
import { isInt64 } from '../operands.ts';
import { invalidType, mustBe, mustBeOfType, SchemaError } from './messages.ts';
import { References } from './references.ts';
import { openSchema, type Schema, schemaTypes } from './schema.ts';

/** Drafts in order; without `$schema`, a mixture that takes what any of them takes. */
type Draft = 4 | 6 | 7 | 99;
const mixture: Draft = 99;

/** Deepest nesting of schemas; deeper ones are mistakes or attacks. */
const depthMax = 512;

/**
 * Makes a JSON Schema (draft 4, 6 or 7) ready to validate. References stay within the schema: nothing is fetched.
 *
 * @param document plain JSON: no sets, string keys only
 * @throws {SchemaError} for the first fault found
 */
export function compileSchema(document: Value): Schema {
	return new Compiler(document).schema(document, '', 0);
}

class Compiler {
	readonly #draft: Draft;
	readonly #references: References;
	/** Schemas by the node they come from, so that a reference to itself ends. */
	readonly #made: Map<Value, Schema> = new Map();

	constructor(root: Value) {
		this.#draft = draftOf(root);
		this.#references = new References(root, this.#draft === 4 ? ['id'] : ['$id', 'id']);
	}

	/** @param base what relative references are resolved against: the nearest id above */
	schema(node: Value, base: string, depth: number): Schema {
		if (depth > depthMax) throw new BuiltinLimitError('schema is nested too deeply');
		const made = typeof node === 'object' ? this.#made.get(node) : undefined;
		if (made !== undefined) return made;
		const schema = openSchema();
		if (typeof node === 'boolean' && this.#draft >= 6) {
			schema.pass = node;
			return schema;
		}
		if (!isObject(node)) throw new SchemaError('Expected: valid schema, given: Invalid JSON');
		this.#made.set(node, schema);
		this.#fill(schema, node, this.#references.baseOf(node, base), depth + 1);
		return schema;
	}

	#fill(schema: Schema, node: ObjectValue, base: string, depth: number): void {
		const sub = (value: Value): Schema => this.schema(value, base, depth);
		this.#definitions(node, sub);
		text(node, 'title');
		text(node, 'description');
		const ref = text(node, '$ref');
		if (ref !== undefined) {
			const target = this.#references.resolve(ref, base);
			if (!isObject(target.node) && typeof target.node !== 'boolean') throw mustBeOfType('valid schema', 'object');
			schema.ref = this.schema(target.node, target.base, depth);
			return;
		}
		fillTypes(schema, node);
		this.#objectKeywords(schema, node, sub);
		this.#arrayKeywords(schema, node, sub);
		this.#numberKeywords(schema, node);
		fillStrings(schema, node);
		this.#combinations(schema, node, sub);
	}

	#definitions(node: ObjectValue, sub: (value: Value) => Schema): void {
		const definitions = objectGet(node, 'definitions');
		if (definitions === undefined) return;
		if (!isObject(definitions)) throw invalidType('array of schemas', 'definitions');
		for (const [, definition] of objectEntries(definitions)) {
			if (!isObject(definition) && typeof definition !== 'boolean')
				throw invalidType('array of schemas', 'definitions');
			sub(definition);
		}
	}

	#objectKeywords(schema: Schema, node: ObjectValue, sub: (value: Value) => Schema): void {
		const properties = objectGet(node, 'properties');
		if (properties !== undefined) {
			if (!isObject(properties)) throw mustBeOfType('properties', 'object');
			for (const [name, value] of objectEntries(properties)) schema.properties.set(name as string, sub(value));
		}
		const additional = objectGet(node, 'additionalProperties');
		if (additional !== undefined) schema.additionalProperties = allowance(additional, 'additionalProperties', sub);
		const patterns = objectGet(node, 'patternProperties');
		if (patterns !== undefined) {
			if (!isObject(patterns)) throw invalidType('valid schema', 'patternProperties');
			for (const [name, value] of objectEntries(patterns)) {
				const pattern = compiled(name as string);
				if (pattern === undefined) throw new SchemaError(`Invalid regex pattern '${name}'`);
				schema.patternProperties.push({ pattern, schema: sub(value) });
			}
		}
		const names = objectGet(node, 'propertyNames');
		if (names !== undefined && this.#draft >= 6) {
			if (!isObject(names) && typeof names !== 'boolean') throw invalidType('valid schema', 'patternProperties');
			schema.propertyNames = sub(names);
		}
		fillDependencies(schema, node, sub);
		set(schema, 'minProperties', size(node, 'minProperties'));
		set(schema, 'maxProperties', size(node, 'maxProperties'));
		if ((schema.minProperties ?? 0) > (schema.maxProperties ?? Number.POSITIVE_INFINITY)) {
			throw new SchemaError('minProperties cannot be greater than maxProperties');
		}
		for (const name of list(node, 'required') ?? []) {
			if (typeof name !== 'string') throw invalidType('string', 'required');
			if (schema.required.includes(name)) throw new SchemaError('required items must be unique');
			schema.required.push(name);
		}
	}

	#arrayKeywords(schema: Schema, node: ObjectValue, sub: (value: Value) => Schema): void {
		const items = objectGet(node, 'items');
		if (items !== undefined) schema.items = itemSchemas(items, sub);
		const additional = objectGet(node, 'additionalItems');
		if (additional !== undefined) schema.additionalItems = allowance(additional, 'additionalItems', sub);
		set(schema, 'minItems', size(node, 'minItems'));
		set(schema, 'maxItems', size(node, 'maxItems'));
		const unique = objectGet(node, 'uniqueItems');
		if (unique !== undefined) {
			if (typeof unique !== 'boolean') throw mustBe('uniqueItems', 'boolean', 'a');
			schema.uniqueItems = unique;
		}
		const contains = objectGet(node, 'contains');
		if (contains !== undefined && this.#draft >= 6) schema.contains = sub(contains);
	}

	#numberKeywords(schema: Schema, node: ObjectValue): void {
		const multipleOf = objectGet(node, 'multipleOf');
		if (multipleOf !== undefined) {
			if (!isNumber(multipleOf)) throw invalidType('number', 'multipleOf');
			if (compareNumbers(multipleOf, 0) <= 0) throw new SchemaError('multipleOf must be strictly greater than 0');
			schema.multipleOf = multipleOf;
		}
		this.#bound(schema, node, 'minimum', 'exclusiveMinimum');
		this.#bound(schema, node, 'maximum', 'exclusiveMaximum');
	}

	/** In draft 4 `exclusive…` is a switch on the bound, later a bound of its own. */
	#bound(
		schema: Schema,
		node: ObjectValue,
		plain: 'minimum' | 'maximum',
		exclusive: 'exclusiveMinimum' | 'exclusiveMaximum',
	): void {
		const bound = objectGet(node, plain);
		if (bound !== undefined && !isNumber(bound)) throw mustBe(plain, 'number', 'a');
		const strict = objectGet(node, exclusive);
		const takesSwitch = this.#draft === 4 || this.#draft === mixture;
		if (typeof strict === 'boolean' && takesSwitch) {
			if (bound === undefined) throw new SchemaError(`${exclusive} cannot be used without ${plain}`);
			set(schema, strict ? exclusive : plain, bound);
			return;
		}
		set(schema, plain, bound);
		if (strict === undefined) return;
		if (!isNumber(strict) || this.#draft === 4) {
			throw invalidType(this.#draft === 4 ? 'boolean' : takesSwitch ? 'boolean/number' : 'number', exclusive);
		}
		schema[exclusive] = strict;
	}

	#combinations(schema: Schema, node: ObjectValue, sub: (value: Value) => Schema): void {
		const constant = objectGet(node, 'const');
		if (constant !== undefined && this.#draft >= 6) schema.const = { value: constant, text: goJson(constant) };
		const allowed = list(node, 'enum');
		if (allowed !== undefined) {
			for (const [i, value] of allowed.entries()) {
				if (allowed.slice(0, i).some((other) => equal(other, value))) {
					throw new SchemaError('enum items must be unique');
				}
			}
			schema.enum = allowed.map((value) => ({ value, text: goJson(value) }));
		}
		for (const keyword of ['oneOf', 'anyOf', 'allOf'] as const) {
			for (const value of list(node, keyword) ?? []) schema[keyword].push(sub(value));
		}
		const later = this.#draft >= 7 ? (['not', 'if', 'then', 'else'] as const) : (['not'] as const);
		for (const keyword of later) {
			const value = objectGet(node, keyword);
			if (value === undefined) continue;
			if (!isObject(value) && typeof value !== 'boolean') throw mustBe(keyword, 'object');
			schema[keyword] = sub(value);
		}
	}
}

function draftOf(root: Value): Draft {
	if (!isObject(root)) {
		if (typeof root === 'boolean') return mixture;
		throw new SchemaError('schema is invalid');
	}
	const named = objectGet(root, '$schema');
	if (named === undefined) return mixture;
	if (typeof named !== 'string') throw mustBeOfType('$schema', 'string');
	const match = /^http:\/\/json-schema\.org\/draft-0([467])\/schema(?:#|$)/.exec(named);
	return match === null ? mixture : (Number(match[1]) as Draft);
}

function set<Key extends keyof Schema>(schema: Schema, key: Key, value: Schema[Key] | undefined): void {
	if (value !== undefined) schema[key] = value;
}

function text(node: ObjectValue, keyword: string): string | undefined {
	const value = objectGet(node, keyword);
	if (value === undefined || typeof value === 'string') return value;
	throw invalidType('string', keyword);
}

function list(node: ObjectValue, keyword: string): readonly Value[] | undefined {
	const value = objectGet(node, keyword);
	if (value === undefined || isArray(value)) return value;
	throw mustBe(keyword, 'array');
}

/** A length or count: a non-negative integer. */
function size(node: ObjectValue, keyword: string): number | undefined {
	const value = objectGet(node, keyword);
	if (value === undefined) return undefined;
	if (!isNumber(value) || !isInt64(value) || toInteger(value) === undefined) throw mustBe(keyword, 'integer');
	if (compareNumbers(value as NumberValue, 0) < 0)
		throw new SchemaError(`${keyword} must be greater than or equal to 0`);
	return Number(value);
}

function allowance(value: Value, keyword: string, sub: (value: Value) => Schema): boolean | Schema {
	if (typeof value === 'boolean') return value;
	if (!isObject(value)) throw invalidType('boolean/valid schema', keyword);
	return sub(value);
}

function itemSchemas(items: Value, sub: (value: Value) => Schema): Schema | readonly Schema[] {
	const isSchema = (value: Value): boolean => isObject(value) || typeof value === 'boolean';
	if (isSchema(items)) return sub(items);
	if (!isArray(items) || !items.every(isSchema)) throw invalidType('valid schema/array of schemas', 'items');
	return items.map(sub);
}

function fillTypes(schema: Schema, node: ObjectValue): void {
	const type = objectGet(node, 'type');
	if (type === undefined) return;
	for (const name of isArray(type) ? type : [type]) {
		if (typeof name !== 'string') throw invalidType('type', 'string/array of strings');
		if (!schemaTypes.includes(name)) {
			throw new SchemaError(
				`has a primitive type that is NOT VALID -- given: /${name}/ Expected valid values are:[${schemaTypes.join(' ')}]`,
			);
		}
		if (schema.types.includes(name)) throw new SchemaError(`${name} type is duplicated`);
		schema.types.push(name);
	}
}

function fillDependencies(schema: Schema, node: ObjectValue, sub: (value: Value) => Schema): void {
	const dependencies = objectGet(node, 'dependencies');
	if (dependencies === undefined) return;
	if (!isObject(dependencies)) throw mustBeOfType('dependencies', 'object');
	for (const [name, value] of objectEntries(dependencies)) {
		const names = isArray(value) && value.every((each) => typeof each === 'string');
		if (!names && !isObject(value) && typeof value !== 'boolean') {
			throw mustBeOfType('dependency', 'schema or array of strings');
		}
		schema.dependencies.set(name as string, names ? (value as readonly string[]) : sub(value));
	}
}

function fillStrings(schema: Schema, node: ObjectValue): void {
	set(schema, 'minLength', size(node, 'minLength'));
	set(schema, 'maxLength', size(node, 'maxLength'));
	if ((schema.minLength ?? 0) > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
		throw new SchemaError('minLength cannot be greater than maxLength');
	}
	const pattern = text(node, 'pattern');
	if (pattern !== undefined) {
		const expression = compiled(pattern);
		if (expression === undefined) throw new SchemaError('pattern must be a valid regex');
		schema.pattern = expression;
	}
	set(schema, 'format', text(node, 'format'));
}

/** RE2, so that no pattern can take more than linear time. */
function compiled(pattern: string): RE2JS | undefined {
	try {
		return RE2JS.compile(pattern);
	} catch {
		// The library throws for a bad pattern only, and the caller reports that.
		return undefined;
	}
}
