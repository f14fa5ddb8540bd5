import {
	compareNumbers,
	equal,
	isArray,
	isInteger,
	isNumber,
	isObject,
	keyOf,
	type MapKey,
	NumberRangeError,
	type NumberValue,
	type ObjectValue,
	objectEntries,
	objectGet,
	objectSize,
	partsOf,
	type Value,
} from '../../value/index.ts';
import { BuiltinLimitError } from '../builtin.ts';
import { codePointCount } from '../code-points.ts';
import { convertingSteps } from '../limits.ts';
import { hasFormat } from './formats.ts';
import { fieldOf, limitText, type Mismatch } from './messages.ts';
import type { Schema } from './schema.ts';

/** What comparing a value with a schema gave. The score says how near a failed alternative was. */
interface Outcome {
	readonly mismatches: Mismatch[];
	score: number;
}

type Path = readonly string[];

/** Deepest nesting of values and schemas together. */
const depthMax = 1000;

/**
 * How a document does not match a schema, in gojsonschema's words and order; empty when it matches.
 *
 * @param document plain JSON: no sets, string keys only
 * @param spend called once for each pair of value and schema
 */
export function validate(schema: Schema, document: Value, spend: (steps: number) => void): readonly Mismatch[] {
	return new Validator(spend).check(schema, document, []).mismatches;
}

class Validator {
	readonly #spend: (steps: number) => void;
	#depth = 0;

	constructor(spend: (steps: number) => void) {
		this.#spend = spend;
	}

	check(schema: Schema, value: Value, path: Path): Outcome {
		const outcome: Outcome = { mismatches: [], score: 0 };
		this.#walk(schema, value, path, outcome);
		return outcome;
	}

	#walk(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
		// Patterns and formats go through a text.
		this.#spend(typeof value === 'string' ? convertingSteps(value.length) : 1);
		if (++this.#depth > depthMax) throw new BuiltinLimitError('document and schema are nested too deeply');
		if (schema.pass !== undefined) {
			if (!schema.pass) fail(outcome, path, 'false', 'False always fails validation');
		} else if (schema.ref !== undefined) {
			this.#walk(schema.ref, value, path, outcome);
		} else if (checkType(schema, value, path, outcome)) {
			this.#combinations(schema, value, path, outcome);
			if (isArray(value)) this.#array(schema, value, path, outcome);
			if (isObject(value)) this.#object(schema, value, path, outcome);
			if (isNumber(value)) checkNumber(schema, value, path, outcome);
			checkCommon(schema, value, path, outcome);
			if (typeof value === 'string') checkString(schema, value, path, outcome);
			if (isObject(value)) this.#properties(schema, value, path, outcome);
			outcome.score++;
		}
		this.#depth--;
	}

	#properties(schema: Schema, value: ObjectValue, path: Path, outcome: Outcome): void {
		for (const [name, property] of schema.properties) {
			const held = objectGet(value, name);
			if (held !== undefined) this.#walk(property, held, [...path, name], outcome);
		}
	}

	#combinations(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
		if (schema.anyOf.length > 0) this.#anyOf(schema, value, path, outcome);
		if (schema.oneOf.length > 0) this.#oneOf(schema, value, path, outcome);
		if (schema.allOf.length > 0) this.#allOf(schema, value, path, outcome);
		if (schema.not !== undefined && this.check(schema.not, value, path).mismatches.length === 0) {
			fail(outcome, path, 'number_not', 'Must not validate the schema (not)');
		}
		if (isObject(value)) this.#dependencies(schema, value, path, outcome);
		if (schema.if !== undefined) this.#conditional(schema, schema.if, value, path, outcome);
		outcome.score++;
	}

	#anyOf(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
		let best: Outcome | undefined;
		for (const each of schema.anyOf) {
			const tried = this.check(each, value, path);
			if (tried.mismatches.length === 0) return;
			best = nearer(best, tried);
		}
		fail(outcome, path, 'number_any_of', 'Must validate at least one schema (anyOf)');
		if (best !== undefined) merge(outcome, best);
	}

	#oneOf(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
		let valid = 0;
		let best: Outcome | undefined;
		for (const each of schema.oneOf) {
			const tried = this.check(each, value, path);
			if (tried.mismatches.length === 0) valid++;
			else if (valid === 0) best = nearer(best, tried);
		}
		if (valid === 1) return;
		fail(outcome, path, 'number_one_of', 'Must validate one and only one schema (oneOf)');
		if (valid === 0 && best !== undefined) merge(outcome, best);
	}

	#allOf(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
		let allValid = true;
		for (const each of schema.allOf) {
			const tried = this.check(each, value, path);
			if (tried.mismatches.length > 0) allValid = false;
			merge(outcome, tried);
		}
		if (!allValid) fail(outcome, path, 'number_all_of', 'Must validate all the schemas (allOf)');
	}

	#dependencies(schema: Schema, value: ObjectValue, path: Path, outcome: Outcome): void {
		for (const [name, dependency] of schema.dependencies) {
			if (objectGet(value, name) === undefined) continue;
			if (!Array.isArray(dependency)) {
				this.#walk(dependency as Schema, value, path, outcome);
				continue;
			}
			for (const other of dependency as readonly string[]) {
				if (objectGet(value, other) !== undefined) continue;
				fail(outcome, path, 'missing_dependency', `Has a dependency on ${other}`);
			}
		}
	}

	#conditional(schema: Schema, condition: Schema, value: Value, path: Path, outcome: Outcome): void {
		const holds = this.check(condition, value, path).mismatches.length === 0;
		const branch = holds ? schema.then : schema.else;
		if (branch === undefined) return;
		const tried = this.check(branch, value, path);
		if (tried.mismatches.length === 0) return;
		if (holds) fail(outcome, path, 'condition_then', 'Must validate "then" as "if" was valid');
		else fail(outcome, path, 'condition_else', 'Must validate "else" as "if" was not valid');
		merge(outcome, tried);
	}

	#array(schema: Schema, values: readonly Value[], path: Path, outcome: Outcome): void {
		this.#items(schema, values, path, outcome);
		if (schema.minItems !== undefined && values.length < schema.minItems) {
			fail(outcome, path, 'array_min_items', `Array must have at least ${schema.minItems} items`);
		}
		if (schema.maxItems !== undefined && values.length > schema.maxItems) {
			fail(outcome, path, 'array_max_items', `Array must have at most ${schema.maxItems} items`);
		}
		if (schema.uniqueItems) checkUnique(values, path, outcome);
		if (schema.contains !== undefined) this.#contains(schema.contains, values, path, outcome);
		outcome.score++;
	}

	#items(schema: Schema, values: readonly Value[], path: Path, outcome: Outcome): void {
		const { items, additionalItems } = schema;
		if (items === undefined) return;
		const list = Array.isArray(items) ? (items as readonly Schema[]) : undefined;
		if (list?.length === 0) return;
		for (const [i, value] of values.entries()) {
			const each = list === undefined ? (items as Schema) : (list[i] ?? additionalItems);
			if (typeof each === 'object') merge(outcome, this.check(each, value, [...path, String(i)]));
		}
		if (list !== undefined && values.length > list.length && additionalItems === false) {
			fail(outcome, path, 'array_no_additional_items', 'No additional items allowed on array');
		}
	}

	#contains(schema: Schema, values: readonly Value[], path: Path, outcome: Outcome): void {
		let best: Outcome | undefined;
		for (const [i, value] of values.entries()) {
			const tried = this.check(schema, value, [...path, String(i)]);
			if (tried.mismatches.length === 0) return;
			best = nearer(best, tried);
		}
		fail(outcome, path, 'contains', 'At least one of the items must match');
		if (best !== undefined) merge(outcome, best);
	}

	#object(schema: Schema, value: ObjectValue, path: Path, outcome: Outcome): void {
		const size = objectSize(value);
		if (schema.minProperties !== undefined && size < schema.minProperties) {
			fail(outcome, path, 'array_min_properties', `Must have at least ${schema.minProperties} properties`);
		}
		if (schema.maxProperties !== undefined && size > schema.maxProperties) {
			fail(outcome, path, 'array_max_properties', `Must have at most ${schema.maxProperties} properties`);
		}
		for (const name of schema.required) {
			if (objectGet(value, name) === undefined) fail(outcome, path, 'required', `${name} is required`);
			else outcome.score++;
		}
		for (const [key, member] of objectEntries(value)) this.#member(schema, key as string, member, path, outcome);
		if (schema.propertyNames !== undefined) this.#names(schema.propertyNames, value, path, outcome);
		outcome.score++;
	}

	/** `patternProperties`, and `additionalProperties` for what no other keyword describes. */
	#member(schema: Schema, name: string, value: Value, path: Path, outcome: Outcome): void {
		this.#spend(1 + 4 * schema.patternProperties.length);
		let described = schema.properties.has(name);
		for (const { pattern, schema: each } of schema.patternProperties) {
			if (!pattern.matcher(name).find()) continue;
			described = true;
			merge(outcome, this.check(each, value, [...path, name]));
			outcome.score++;
		}
		const additional = schema.additionalProperties;
		if (described || additional === undefined || additional === true) return;
		if (additional === false) {
			fail(outcome, path, 'additional_property_not_allowed', `Additional property ${name} is not allowed`);
		} else {
			merge(outcome, this.check(additional, value, [...path, name]));
		}
	}

	#names(schema: Schema, value: ObjectValue, path: Path, outcome: Outcome): void {
		for (const [name] of objectEntries(value)) {
			const tried = this.check(schema, name, path);
			if (tried.mismatches.length === 0) continue;
			fail(outcome, path, 'invalid_property_name', `Property name of "${name}" does not match`);
			merge(outcome, tried);
		}
	}
}

function fail(outcome: Outcome, path: Path, type: string, text: string): void {
	outcome.mismatches.push({ path, type, text });
	outcome.score -= 2;
}

function merge(outcome: Outcome, other: Outcome): void {
	outcome.mismatches.push(...other.mismatches);
	outcome.score += other.score;
}

function nearer(best: Outcome | undefined, tried: Outcome): Outcome {
	return best === undefined || tried.score > best.score ? tried : best;
}

function checkType(schema: Schema, value: Value, path: Path, outcome: Outcome): boolean {
	const { types } = schema;
	const given = schemaTypeOf(value);
	if (types.length === 0 || types.includes(given) || (given === 'integer' && types.includes('number'))) return true;
	const expected = types.length === 1 ? types[0] : `[${types.join(',')}]`;
	fail(outcome, path, 'invalid_type', `Invalid type. Expected: ${expected}, given: ${given}`);
	return false;
}

function schemaTypeOf(value: Value): string {
	if (value === null) return 'null';
	if (isNumber(value)) return isInteger(value) ? 'integer' : 'number';
	if (isArray(value)) return 'array';
	return typeof value === 'string' || typeof value === 'boolean' ? typeof value : 'object';
}

function checkCommon(schema: Schema, value: Value, path: Path, outcome: Outcome): void {
	if (schema.const !== undefined && !equal(schema.const.value, value)) {
		fail(outcome, path, 'const', `${fieldOf(path)} does not match: ${schema.const.text}`);
	}
	if (schema.enum !== undefined && !schema.enum.some((allowed) => equal(allowed.value, value))) {
		const allowed = schema.enum.length === 0 ? '(none)' : schema.enum.map(({ text }) => text).join(', ');
		fail(outcome, path, 'enum', `${fieldOf(path)} must be one of the following: ${allowed}`);
	}
	if (schema.format !== undefined && typeof value === 'string' && !hasFormat(schema.format, value)) {
		fail(outcome, path, 'format', `Does not match format '${schema.format}'`);
	}
	outcome.score++;
}

function checkUnique(values: readonly Value[], path: Path, outcome: Outcome): void {
	const seen = new Map<MapKey, number>();
	for (const [j, value] of values.entries()) {
		const i = seen.get(keyOf(value));
		if (i !== undefined) fail(outcome, path, 'unique', `array items[${i},${j}] must be unique`);
		seen.set(keyOf(value), j);
	}
}

function checkString(schema: Schema, value: string, path: Path, outcome: Outcome): void {
	const length = codePointCount(value);
	if (schema.minLength !== undefined && length < schema.minLength) {
		fail(outcome, path, 'string_gte', `String length must be greater than or equal to ${schema.minLength}`);
	}
	if (schema.maxLength !== undefined && length > schema.maxLength) {
		fail(outcome, path, 'string_lte', `String length must be less than or equal to ${schema.maxLength}`);
	}
	if (schema.pattern !== undefined && !schema.pattern.matcher(value).find()) {
		fail(outcome, path, 'pattern', `Does not match pattern '${schema.pattern.pattern()}'`);
	}
	outcome.score++;
}

function checkNumber(schema: Schema, value: NumberValue, path: Path, outcome: Outcome): void {
	const { multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
	if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
		fail(outcome, path, 'multiple_of', `Must be a multiple of ${limitText(multipleOf)}`);
	}
	if (maximum !== undefined && compareNumbers(value, maximum) > 0) {
		fail(outcome, path, 'number_lte', `Must be less than or equal to ${limitText(maximum)}`);
	}
	if (exclusiveMaximum !== undefined && compareNumbers(value, exclusiveMaximum) >= 0) {
		fail(outcome, path, 'number_lt', `Must be less than ${limitText(exclusiveMaximum)}`);
	}
	if (minimum !== undefined && compareNumbers(value, minimum) < 0) {
		fail(outcome, path, 'number_gte', `Must be greater than or equal to ${limitText(minimum)}`);
	}
	if (exclusiveMinimum !== undefined && compareNumbers(value, exclusiveMinimum) <= 0) {
		fail(outcome, path, 'number_gt', `Must be greater than ${limitText(exclusiveMinimum)}`);
	}
	outcome.score++;
}

/** Exact, so that 0.3 is a multiple of 0.1. */
function isMultiple(value: NumberValue, unit: NumberValue): boolean {
	const [a, b] = [partsOf(value), partsOf(unit)];
	const shift = a.exponent - b.exponent;
	if (Math.abs(shift) > multipleShiftMax) throw new NumberRangeError('number is out of range');
	const scaled = shift > 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
	return scaled % (shift < 0 ? b.digits * 10n ** BigInt(-shift) : b.digits) === 0n;
}

/** Powers of ten between a number and the unit it should be a multiple of; more would only exhaust memory. */
const multipleShiftMax = 20_000;
