import { compareNumbers, type NumberValue, numberText, toDouble } from '../../value/index.ts';
import { formatFloat } from '../go-float.ts';

/** Why a schema is none; the message is gojsonschema's, which OPA hands on. */
export class SchemaError extends Error {
	override readonly name = 'SchemaError';
}

/** `Invalid type. Expected: string, given: title`, where `given` names the keyword. */
export function invalidType(expected: string, keyword: string): SchemaError {
	return new SchemaError(`Invalid type. Expected: ${expected}, given: ${keyword}`);
}

/** `minLength must be of an integer`. */
export function mustBe(keyword: string, what: string, article: 'a' | 'an' = 'an'): SchemaError {
	return new SchemaError(`${keyword} must be of ${article} ${what}`);
}

/** `properties must be of type object`. */
export function mustBeOfType(keyword: string, type: string): SchemaError {
	return new SchemaError(`${keyword} must be of type ${type}`);
}

/** A limit in a message: ten significant digits, as Go prints its big floats. */
export function limitText(n: NumberValue): string {
	const sign = compareNumbers(n, 0) < 0 ? '-' : '';
	const double = toDouble(n);
	return Number.isFinite(double) ? sign + formatFloat(double, 'g', 10) : numberText(n);
}

/** One way in which a document does not match: the code and text that OPA puts in its result. */
export interface Mismatch {
	/** Steps from the document's root. */
	readonly path: readonly string[];
	readonly type: string;
	readonly text: string;
}

/** The place of a mismatch: `a.0.b`, or `(root)`. */
export function fieldOf(path: readonly string[]): string {
	return path.length === 0 ? '(root)' : path.join('.');
}
