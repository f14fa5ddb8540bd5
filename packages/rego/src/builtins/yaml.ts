import { Document, parseAllDocuments, Scalar, type SchemaOptions, visit } from 'yaml';
import { any, boolean, named, string } from '../types/type.ts';
import {
	compareStrings,
	isArray,
	isNumber,
	isObject,
	isSet,
	jsonDepthMax,
	jsonMembers,
	type NumberValue,
	normalInteger,
	numberText,
	ObjectBuilder,
	spendWritten,
	toDouble,
	type Value,
} from '../value/index.ts';
import { type Builtin, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { operand, stringOperand } from './operands.ts';
import { textOfUtf8 } from './utf8.ts';

const categories = ['encoding'];

/** Steps that reading one character costs: the library takes some microseconds for each, and cannot be stopped. */
const readingSteps = 32;

/** `yaml.marshal`, `yaml.unmarshal` and `yaml.is_valid`: YAML 1.1 by way of JSON, as OPA has it. */
export const yamlBuiltins: readonly Builtin[] = [
	define(
		'yaml.marshal',
		'The YAML text of a value; sets become sequences.',
		[named('x', any, 'the term to serialize')],
		named('y', string, 'the YAML string representation of `x`'),
		(args) => writeYaml(operand(args, 1)),
		{ categories },
	),
	define(
		'yaml.unmarshal',
		'The value that YAML text spells; keys become strings.',
		[named('x', string, 'a YAML string')],
		named('y', any, 'the term deserialized from `x`'),
		(args, context) => {
			const text = stringOperand(args, 1);
			context.spend(1 + text.length * readingSteps);
			return readYaml(text);
		},
		{ categories },
	),
	define(
		'yaml.is_valid',
		'Whether a string is YAML text.',
		[named('x', string, 'a YAML string')],
		named('result', boolean, '`true` if `x` is valid YAML, `false` otherwise'),
		(args, context) => {
			const text = operand(args, 1);
			if (typeof text === 'string') context.spend(1 + text.length * readingSteps);
			return typeof text === 'string' && isYaml(text);
		},
		{ categories },
	),
];

type Tags = NonNullable<Exclude<SchemaOptions['customTags'], (...args: never) => unknown>>;

/** Go's reader knows YAML 1.1 without its dates and base-60 numbers: both stay strings. */
function goTags(tags: Tags): Tags {
	return tags.filter((tag) => {
		if (typeof tag === 'string') return tag !== 'timestamp';
		const format = 'format' in tag ? tag.format : undefined;
		return tag.tag !== 'tag:yaml.org,2002:timestamp' && format !== 'TIME';
	});
}

const options = { version: '1.1', intAsBigInt: true, uniqueKeys: false, logLevel: 'silent' } as const;

/** The first document in the text; null for none. @throws {BuiltinError} */
export function readYaml(text: string): Value {
	try {
		return firstDocument(text);
	} catch (error) {
		if (error instanceof RangeError) throw new BuiltinLimitError('YAML is nested too deeply', { cause: error });
		throw error;
	}
}

function firstDocument(text: string): Value {
	const documents = parseAllDocuments(text, { ...options, customTags: goTags });
	const [document] = Array.isArray(documents) ? documents : [];
	if (document === undefined) return null;
	const [error] = document.errors;
	// The library reads nested collections recursively, and says so when the stack ended that.
	if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) {
		throw new BuiltinLimitError('YAML is nested too deeply');
	}
	if (error !== undefined) throw new BuiltinError(`yaml: ${error.message}`);
	return fromYaml(unfold(document), 0);
}

/** Aliases are expanded here, and a text with too many of them is refused by the library. */
function unfold(document: Document): unknown {
	try {
		return document.toJS({ mapAsMap: true, maxAliasCount: 100 });
	} catch (error) {
		const { message } = error as Error;
		if (message.startsWith('Excessive alias count')) throw new BuiltinLimitError(message, { cause: error });
		throw new BuiltinError(`yaml: ${message}`, { cause: error });
	}
}

function isYaml(text: string): boolean {
	try {
		readYaml(text);
		return true;
	} catch (error) {
		if (error instanceof BuiltinError) return false;
		throw error;
	}
}

function fromYaml(node: unknown, depth: number): Value {
	if (depth > jsonDepthMax) throw new BuiltinLimitError('YAML is nested too deeply');
	switch (typeof node) {
		case 'string':
		case 'boolean':
			return node;
		case 'bigint':
			return integer(node);
		case 'number':
			if (!Number.isFinite(node)) throw new BuiltinError('yaml: number has no JSON form');
			return node === 0 ? 0 : node;
		default:
			break;
	}
	if (node === null || node === undefined) return null;
	if (Array.isArray(node)) return node.map((item) => fromYaml(item, depth + 1));
	if (node instanceof Uint8Array) return textOfUtf8(node);
	const result = new ObjectBuilder();
	if (node instanceof Set) {
		for (const key of node) result.set(keyText(key), null);
	} else if (node instanceof Map) {
		for (const [key, value] of node) result.set(keyText(key), fromYaml(value, depth + 1));
	} else {
		throw new BuiltinError('yaml: value has no JSON form');
	}
	return result.build();
}

/** Integers beyond 64 bits become doubles, as in Go. */
function integer(n: bigint): number | bigint {
	return n >= -(2n ** 63n) && n < 2n ** 64n ? normalInteger(n) : Number(n);
}

function keyText(key: unknown): string {
	switch (typeof key) {
		case 'string':
			return key;
		case 'bigint':
		case 'number':
		case 'boolean':
			return String(key);
		default:
			throw new BuiltinError('yaml: key has no JSON form');
	}
}

/** Strings that would read as something else are in double quotes, other special ones in single quotes, as Go has it. */
function writeYaml(value: Value): string {
	const document = new Document(toYaml(value), {
		version: '1.1',
		customTags: plainTags,
		sortMapEntries: false,
		aliasDuplicateObjects: false,
	});
	visit(document, {
		Scalar(_key, node) {
			if (typeof node.value !== 'string') return;
			if (node.value.includes('\n')) node.type = Scalar.BLOCK_LITERAL;
			else if (isAmbiguous(node.value)) node.type = Scalar.QUOTE_DOUBLE;
		},
	});
	return document.toString({ indentSeq: false, lineWidth: 0, singleQuote: true });
}

/** Maps are maps: without this, the library writes them as ordered ones. */
function plainTags(tags: Tags): Tags {
	return tags.filter((tag) => typeof tag === 'string' || !/:(?:omap|pairs|set)$/.test(tag.tag));
}

const reader = new Document(null, { version: '1.1' });

/** Whether a plain scalar with this text would not be a string in YAML 1.1. */
function isAmbiguous(text: string): boolean {
	return (
		text === '' ||
		(reader.schema?.tags ?? []).some((tag) => tag.default === true && 'test' in tag && tag.test?.test(text) === true)
	);
}

/** The library makes a node of each part of a value, at many times the cost of a part of plain text. */
const nodeWeight = 16;

function toYaml(value: Value): unknown {
	if (isNumber(value)) return yamlNumber(value);
	spendWritten(nodeWeight);
	if (isArray(value)) return value.map(toYaml);
	if (isSet(value)) return value.values().map(toYaml);
	if (!isObject(value)) return value;
	const members = jsonMembers(value).map(([key, member]) => [key, toYaml(member)] as const);
	return new Map(members.sort((a, b) => compareNaturally(a[0], b[0])));
}

function yamlNumber(value: NumberValue): bigint | number {
	const text = numberText(value);
	return /^-?[0-9]+$/.test(text) ? BigInt(text) : toDouble(value);
}

/** Go's order of keys in YAML: digits by the number they make, and letters after everything else. */
function compareNaturally(a: string, b: string): number {
	const [x, y] = [[...a], [...b]];
	let at = 0;
	while (at < x.length && at < y.length && x[at] === y[at]) at++;
	const [left, right] = [x[at], y[at]];
	if (left === undefined || right === undefined) return x.length - y.length;
	const afterDigit = at > 0 && /[0-9]/.test(x[at - 1]!);
	const [leftLetter, rightLetter] = [letter.test(left), letter.test(right)];
	if (leftLetter !== rightLetter) return leftLetter === afterDigit ? -1 : 1;
	if (leftLetter) return compareStrings(left, right);
	const numbers = compareDigits(x.slice(at).join(''), y.slice(at).join(''), afterDigit);
	return numbers === 0 ? compareStrings(left, right) : numbers;
}

const letter = /^\p{L}$/u;

function compareDigits(a: string, b: string, afterDigit: boolean): number {
	// A digit before makes the longer run the larger number, zeros at its start or not.
	const lead = afterDigit ? '1' : '';
	const [x, y] = [/^[0-9]*/.exec(a)![0], /^[0-9]*/.exec(b)![0]];
	const [m, n] = [BigInt(`${lead}${x}` || '0'), BigInt(`${lead}${y}` || '0')];
	return m === n ? x.length - y.length : m < n ? -1 : 1;
}
