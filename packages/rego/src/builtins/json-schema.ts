import { any, anyOf, array, boolean, named, nullType, object, record, string, tuple } from '../types/type.ts';
import {
	isArray,
	isNumber,
	isObject,
	isSet,
	jsonMembers,
	ObjectBuilder,
	type ObjectValue,
	objectEntries,
	parseJson,
	RegoObject,
	type Value,
} from '../value/index.ts';
import { BoundedCache } from './bounded-cache.ts';
import { type Builtin, type BuiltinContext, BuiltinError } from './builtin.ts';
import { define } from './declare.ts';
import { isJson } from './json-text.ts';
import { convertingSteps } from './limits.ts';
import { operand } from './operands.ts';
import { compileSchema } from './schema/compile.ts';
import { fieldOf, type Mismatch, SchemaError } from './schema/messages.ts';
import type { Schema } from './schema/schema.ts';
import { validate } from './schema/validate.ts';

const documentType = anyOf(string, object(any, any));
const errorType = record({ desc: string, error: string, field: string, type: string });

/** `json.verify_schema` and `json.match_schema`: drafts 4, 6 and 7. Remote references are never fetched. */
export const jsonSchemaBuiltins: readonly Builtin[] = [
	define(
		'json.verify_schema',
		'Whether a document, as JSON text or as an object, is a JSON schema, and if not, why.',
		[named('schema', documentType, 'the schema to verify')],
		named(
			'output',
			tuple(boolean, anyOf(nullType, string)),
			'`[valid, error]`: `error` is null for a valid schema, otherwise it says what is wrong',
		),
		(args, context) => verify(operand(args, 1), context),
		{ categories: ['object'] },
	),
	define(
		'json.match_schema',
		'Whether a document matches a JSON schema, and if not, every mismatch.',
		[
			named('document', documentType, 'document to verify by schema'),
			named('schema', documentType, 'schema to verify document by'),
		],
		named(
			'output',
			tuple(boolean, array(errorType)),
			'`[match, errors]`: `errors` is empty when the document matches, otherwise it has an object for each mismatch',
		),
		match,
		{ categories: ['object'] },
	),
];

function verify(value: Value, context: BuiltinContext): Value {
	try {
		schemaOf(value, context);
		return [true, null];
	} catch (error) {
		if (error instanceof SchemaError) return [false, `jsonschema: ${error.message}`];
		throw error;
	}
}

function match(args: readonly Value[], context: BuiltinContext): Value {
	try {
		const document = documentOf(operand(args, 1), context);
		const mismatches = validate(schemaOf(operand(args, 2), context), document, context.spend);
		return [mismatches.length === 0, mismatches.map(describe)];
	} catch (error) {
		if (error instanceof SchemaError) throw new BuiltinError(error.message, { cause: error });
		throw error;
	}
}

function describe({ path, type, text }: Mismatch): RegoObject {
	const field = fieldOf(path);
	return RegoObject.of([
		['desc', text],
		['error', `${field}: ${text}`],
		['field', field],
		['type', type],
	]);
}

/** Compiled schemas kept at once, by their text. */
const schemaTextsMax = 64;
const byText = new BoundedCache<Schema>(schemaTextsMax);
/** Compiled schemas by the object itself: a constant of a policy, or a part of frozen data, is the same one every time. */
const constants: WeakMap<object, Schema> = new WeakMap();

/** Other objects are remembered for one evaluation only: their host may change them, or what they hold, before the next. */
function schemaOf(value: Value, context: BuiltinContext): Schema {
	if (typeof value === 'string') return byText.get(value, () => compileSchema(documentOf(value, context)));
	if (typeof value !== 'object' || value === null) return compileSchema(documentOf(value, context));
	const passing = schemasOf(context);
	let schema = constants.get(value) ?? passing.get(value);
	if (schema === undefined) {
		schema = compileSchema(documentOf(value, context));
		(isConstant(value) ? constants : passing).set(value, schema);
	}
	return schema;
}

const memoKey = 'json schemas';

function schemasOf({ memo }: BuiltinContext): WeakMap<object, Schema> {
	let held = memo.get(memoKey) as WeakMap<object, Schema> | undefined;
	if (held === undefined) {
		held = new WeakMap();
		memo.set(memoKey, held);
	}
	return held;
}

/** Whether no part of a value can change: the engine's objects and sets never do, lists and plain objects when frozen. */
function isConstant(value: Value): boolean {
	if (typeof value !== 'object' || value === null || isNumber(value)) return true;
	if (isSet(value)) return value.values().every(isConstant);
	if (!(value instanceof RegoObject) && !Object.isFrozen(value)) return false;
	if (isArray(value)) return value.every(isConstant);
	return objectEntries(value as ObjectValue).every(([key, member]) => isConstant(key) && isConstant(member));
}

/** JSON text as the value it spells; objects and arrays as plain JSON. */
function documentOf(value: Value, context: BuiltinContext): Value {
	if (typeof value === 'string') {
		context.spend(convertingSteps(value.length));
		if (!isJson(value)) throw new SchemaError('invalid JSON string');
		return parseJson(value);
	}
	if (!isObject(value) && !isArray(value)) throw new SchemaError('wrong type, expected string or object');
	return asJson(value, context);
}

/** The value with sets as arrays and every key a string. */
function asJson(value: Value, context: BuiltinContext): Value {
	const each = (item: Value): Value => asJson(item, context);
	context.spend(1);
	if (isArray(value)) return value.map(each);
	if (isSet(value)) return value.values().map(each);
	if (!isObject(value)) return value;
	const members = new ObjectBuilder();
	for (const [key, member] of jsonMembers(value)) members.set(key, each(member));
	return members.build();
}
