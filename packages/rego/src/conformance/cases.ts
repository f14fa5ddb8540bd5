import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isArray, isObject, normalInteger, objectGet, parseJson, type Value } from '../value/index.ts';

/** One case of OPA's compliance suite: a query over modules and documents, with the answer that OPA gives. */
export interface Case {
	readonly note: string;
	readonly query: string;
	/** Sources, named `test-0.rego`, `test-1.rego`, … in error texts. */
	readonly modules: readonly string[];
	readonly data: Value;
	/** Absent: `input` is undefined. */
	readonly input: Value | undefined;
	/** The input as Rego term text; wins over `input`. */
	readonly inputTerm: string | undefined;
	/** One object of bindings for each solution. Absent where an error is wanted. */
	readonly wantResult: readonly Value[] | undefined;
	readonly wantErrorCode: string | undefined;
	/** Text that must occur in the error. */
	readonly wantError: string | undefined;
	readonly strictErrors: boolean;
	/** Sort each binding's value, an array, before comparing. */
	readonly sortBindings: boolean;
	/** Leave out bindings whose name starts with `__localq`. */
	readonly ignoreGeneratedVars: boolean;
	/** Needs the experimental keywords `and` and `or`. */
	readonly experimental: boolean;
}

/** The cases of one file, in its order. */
export interface CaseFile {
	/** The file's name without `.json` or `.yaml`. */
	readonly category: string;
	readonly cases: readonly Case[];
}

/**
 * Reads every `*.json` (an array of cases) and `*.yaml` (upstream's text, `cases: […]`) of a directory, by name.
 *
 * @throws {Error} a directory or file that cannot be read, or one that holds no cases
 */
export function readCases(directory: string): readonly CaseFile[] {
	const files = readdirSync(directory, { withFileTypes: true })
		.filter((entry) => entry.isFile() && /\.(?:json|ya?ml)$/.test(entry.name))
		.map((entry) => entry.name)
		.sort();
	if (files.length === 0) throw new Error(`${directory} holds no case files (*.json, *.yaml)`);
	return files.map((name) => {
		const text = readFileSync(join(directory, name), 'utf8');
		const list = name.endsWith('.json') ? parseJson(text) : casesOfYaml(text);
		if (list === undefined || !isArray(list)) throw new Error(`${join(directory, name)} holds no array of cases`);
		const category = name.replace(/\.(?:json|ya?ml)$/, '');
		return { category, cases: list.map((item, index) => readCase(item, `${name}[${index}]`)) };
	});
}

function casesOfYaml(text: string): Value | undefined {
	const document = exact(parse(text, { intAsBigInt: true }));
	return isObject(document) ? objectGet(document, 'cases') : undefined;
}

/** YAML integers come as bigints; small ones are plain numbers everywhere else. */
function exact(value: unknown): Value {
	if (typeof value === 'bigint') return normalInteger(value);
	if (Array.isArray(value)) return value.map(exact);
	if (typeof value !== 'object' || value === null) return value as Value;
	return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, exact(member)]));
}

function readCase(value: Value, where: string): Case {
	if (!isObject(value)) throw new Error(`${where} is not an object`);
	const field = (name: string): Value | undefined => objectGet(value, name);
	const text = (name: string): string | undefined => {
		const found = field(name);
		if (found !== undefined && found !== null && typeof found !== 'string')
			throw new Error(`${where}.${name} is no string`);
		return found ?? undefined;
	};
	const list = (name: string): readonly Value[] | undefined => {
		const found = field(name);
		if (found !== undefined && found !== null && !isArray(found)) throw new Error(`${where}.${name} is no array`);
		return found ?? undefined;
	};
	const query = text('query');
	if (query === undefined) throw new Error(`${where} has no query`);
	return {
		note: text('note') ?? '',
		query,
		modules: (list('modules') ?? []).map(String),
		data: field('data') ?? {},
		input: field('input'),
		inputTerm: text('input_term'),
		wantResult: list('want_result'),
		wantErrorCode: text('want_error_code'),
		wantError: text('want_error'),
		strictErrors: field('strict_error') === true,
		sortBindings: field('sort_bindings') === true,
		ignoreGeneratedVars: field('ignore_generated_vars') === true,
		experimental: field('experimental_keywords') === true,
	};
}
