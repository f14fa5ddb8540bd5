import { any, anyOf, array, boolean, named, object, set, string } from '../types/type.ts';
import { isArray, isSet, jsonMembers, ObjectBuilder, type RegoObject, type Value } from '../value/index.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { define } from './declare.ts';
import { parseUrl, percentDecode, percentEncode, splitHost, UrlError } from './go-url.ts';
import { codingSteps } from './limits.ts';
import { codedOperand, objectOperand, operand, operandError } from './operands.ts';

const categories = ['encoding'];
const queryValues = anyOf(string, array(string), set(string));

/** `uri.*` and `urlquery.*`. */
export const uriBuiltins: readonly Builtin[] = [
	define(
		'uri.parse',
		'The components of a URI. Absent ones have no key; `raw_path` comes with every `path`.',
		[named('x', string, 'URI string to parse')],
		named('result', object(string, any), 'components of the URI'),
		(args, context) => uriComponents(codedOperand(args, context)),
		{ categories },
	),
	define(
		'uri.is_valid',
		'Whether a string is a URI; the empty one is not.',
		[named('x', string, 'URI string to validate')],
		named('result', boolean, '`true` if `x` is a valid URI, `false` otherwise'),
		(args, context) => {
			const text = operand(args, 1);
			if (typeof text === 'string') context.spend(codingSteps(text.length));
			return isUri(text);
		},
		{ categories },
	),
	define(
		'urlquery.decode',
		'Decodes a URL-encoded string.',
		[named('x', string, 'the URL-encoded string')],
		named('y', string, 'URL-encoding deserialization of `x`'),
		(args, context) => asBuiltinError(() => percentDecode(codedOperand(args, context), 'query')),
		{ categories },
	),
	define(
		'urlquery.encode',
		'URL-encodes a string.',
		[named('x', string, 'the string to encode')],
		named('y', string, 'URL-encoding serialization of `x`'),
		(args, context) => percentEncode(codedOperand(args, context), 'query'),
		{ categories },
	),
	define(
		'urlquery.encode_object',
		'A URL query string with the keys in order.',
		[named('object', object(string, queryValues), 'the object to encode')],
		named('y', string, 'the URL-encoded serialization of `object`'),
		(args, context) =>
			jsonMembers(objectOperand(args, 1))
				.flatMap(([key, value]) =>
					queryTexts(value).map((text) => {
						context.spend(codingSteps(key.length + text.length));
						return `${percentEncode(key, 'query')}=${percentEncode(text, 'query')}`;
					}),
				)
				.join('&'),
		{ categories },
	),
	define(
		'urlquery.decode_object',
		'The keys of a URL query string, each with its values in order.',
		[named('x', string, 'the query string')],
		named('object', object(string, array(string)), 'the resulting object'),
		(args, context) => asBuiltinError(() => parseQuery(codedOperand(args, context))),
		{ categories },
	),
];

function asBuiltinError<T>(run: () => T): T {
	try {
		return run();
	} catch (error) {
		if (error instanceof UrlError) throw new BuiltinError(error.message, { cause: error });
		throw error;
	}
}

function uriComponents(text: string): RegoObject {
	const url = asBuiltinError(() => parseUrl(text));
	const { hostname, port } = splitHost(url.host);
	const components = new ObjectBuilder();
	const set = (key: string, value: string): void => {
		if (value !== '') components.set(key, value);
	};
	set('scheme', url.scheme);
	set('hostname', hostname);
	set('port', port);
	set('path', url.path);
	set('raw_path', url.rawPath === '' ? url.path : url.rawPath);
	set('raw_query', url.rawQuery);
	set('fragment', url.fragment);
	return components.build();
}

function isUri(value: Value): boolean {
	if (typeof value !== 'string' || value === '') return false;
	try {
		parseUrl(value);
		return true;
	} catch (error) {
		if (error instanceof UrlError) return false;
		throw error;
	}
}

function queryTexts(value: Value): readonly string[] {
	if (typeof value === 'string') return [value];
	const values = isArray(value) ? value : isSet(value) ? value.values() : undefined;
	if (values?.every((each) => typeof each === 'string')) return values as readonly string[];
	throw operandError(1, 'values must be string, array[string], or set[string]');
}

function parseQuery(query: string): RegoObject {
	const found = new Map<string, string[]>();
	let fault: UrlError | undefined;
	for (const setting of query.split('&')) {
		if (setting === '') continue;
		try {
			if (setting.includes(';')) throw new UrlError('invalid semicolon separator in query');
			const equals = setting.indexOf('=');
			const key = percentDecode(equals < 0 ? setting : setting.slice(0, equals), 'query');
			const value = equals < 0 ? '' : percentDecode(setting.slice(equals + 1), 'query');
			const values = found.get(key);
			if (values === undefined) found.set(key, [value]);
			else values.push(value);
		} catch (error) {
			if (!(error instanceof UrlError)) throw error;
			// The first bad escape is reported; a semicolon, wherever it stands, replaces it.
			if (fault === undefined || setting.includes(';')) fault = error;
		}
	}
	if (fault !== undefined) throw fault;
	const result = new ObjectBuilder();
	for (const [key, values] of found) result.set(key, values);
	return result.build();
}
