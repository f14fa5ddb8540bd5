import type { Diagnostic } from '@tappass/core';
import { diagnoseValue, printFound } from './diagnose.ts';
import { baseName, type Place, type SourceFile } from './input.ts';
import { nameHint } from './nearest.ts';
import { readYaml } from './read-yaml.ts';
import { documentSchemas } from './schemas.ts';
import type { AuthoredDocument } from './types.ts';

/** One typed document, and where each of its values stands. */
export interface Authored<T extends AuthoredDocument = AuthoredDocument> {
	readonly value: T;
	readonly file: string;
	readonly mtime?: number;
	readonly at: (path: readonly PropertyKey[], what?: 'key' | 'value') => Place;
}

type Kind = AuthoredDocument['schema'];
const kinds = Object.keys(documentSchemas) as readonly Kind[];

/** Reads one YAML file by the kind that its `schema` line names, or says everything that is wrong with it. */
export function readDocument(source: SourceFile): Authored | { readonly diagnostics: readonly Diagnostic[] } {
	const yaml = readYaml(source);
	if ('diagnostics' in yaml) return yaml;
	const { file, at } = yaml;
	const refuse = (message: string, hint: string | undefined, path: readonly string[] = []) => ({
		diagnostics: [{ code: 'schema_invalid' as const, ...at(path), message, ...(hint === undefined ? {} : { hint }) }],
	});
	const value = yaml.value;
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		return refuse(`expected a map, found ${printFound(value)}`, 'start with a line such as schema: tappass.concern/1');
	const document = withKind(value as Readonly<Record<string, unknown>>);
	const kind = document['schema'];
	if (kind === undefined) return refuse('schema is missing', `expected one of: ${kinds.join(', ')}`);
	if (typeof kind !== 'string' || !kinds.includes(kind as Kind))
		return refuse(`expected a schema, found ${printFound(kind)}`, nameHint(String(kind), kinds), ['schema']);
	const schema = documentSchemas[kind as Kind];
	const result = schema.safeParse(document);
	if (!result.success) return { diagnostics: diagnoseValue(schema, document, result.error, at) };
	const misnamed = checkFileName(result.data, source.file, at);
	if (misnamed !== undefined) return { diagnostics: [misnamed] };
	return { value: result.data, file, at, ...(source.mtime === undefined ? {} : { mtime: source.mtime }) };
}

/** Whether a read gave a document. */
export function isAuthored(read: Authored | { readonly diagnostics: readonly Diagnostic[] }): read is Authored {
	return 'value' in read;
}

// `tools.yaml` of a tenant is written without a schema line in most places that show one.
function withKind(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
	const tenant = value['schema'] === undefined && Object.keys(value).length === 1 && value['tools'] !== undefined;
	return tenant ? { schema: 'tappass.tools/1', ...value } : value;
}

const namedByFile: ReadonlySet<Kind> = new Set<Kind>([
	'tappass.function/1',
	'tappass.category/1',
	'tappass.concern/1',
	'tappass.capability/1',
	'tappass.domain-category/1',
]);

// One entry per file, found by its name: an id that differs from the file would be looked for in vain.
function checkFileName(document: AuthoredDocument, file: string, at: Authored['at']): Diagnostic | undefined {
	if (!namedByFile.has(document.schema) || !('id' in document)) return undefined;
	const expected = baseName(file).replace(/\.ya?ml$/, '');
	if (document.id === expected) return undefined;
	return {
		code: 'schema_invalid',
		...at(['id']),
		path: '/id',
		message: `the id is ${document.id}, the file is named ${baseName(file)}`,
		hint: `name the file ${document.id}.yaml`,
	};
}
