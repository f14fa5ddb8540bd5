import type { Annotation, Location } from '../ast/ast.ts';
import { refText } from '../ast/text.ts';
import { RegoError } from '../errors.ts';
import { parseQuery, parseRef } from './query.ts';

/** Something wrong with one annotation. Caught where annotations are read. */
export class AnnotationFault extends Error {
	readonly loc: Location | undefined;
	readonly hint: string | undefined;

	constructor(message: string, at: { readonly loc?: Location | undefined; readonly hint?: string | undefined } = {}) {
		super(message);
		this.loc = at.loc;
		this.hint = at.hint;
	}
}

/** The content of an annotation; `scope` is empty when none is written. */
export type AnnotationBody = Omit<Annotation, 'loc' | 'rule' | 'scope'> & { readonly scope: string };

type Yaml = ReadonlyMap<unknown, unknown>;
type Field = { -readonly [K in keyof AnnotationBody]?: AnnotationBody[K] };

/** Checks what the YAML of an annotation holds, and gives it the shape of the tree. Unknown keys are passed over. */
export function readBody(yaml: unknown): AnnotationBody {
	if (!(yaml instanceof Map)) throw new AnnotationFault(`yaml: cannot read ${kindOf(yaml)} as annotations`);
	const map: Yaml = yaml;
	const body: Field = {};
	const title = text(map, 'title');
	if (title !== '') body.title = title;
	const description = text(map, 'description');
	if (description !== '') body.description = description;
	if (flag(map, 'entrypoint')) body.entrypoint = true;
	const organizations = list(map, 'organizations').map((item) => scalar(item, 'organizations'));
	if (organizations.length > 0) body.organizations = organizations;
	const resources = list(map, 'related_resources').map(relatedResource);
	if (resources.length > 0) body.related_resources = resources;
	const authors = list(map, 'authors').map(author);
	if (authors.length > 0) body.authors = authors;
	const schemas = list(map, 'schemas').map(schema);
	if (schemas.length > 0) body.schemas = schemas;
	const compile = mapOf(map, 'compile');
	if (compile !== undefined) body.compile = compileHints(compile);
	const custom = mapOf(map, 'custom');
	if (custom !== undefined && custom.size > 0) body.custom = plain(custom, []) as Record<string, unknown>;
	const labels = mapOf(map, 'labels');
	if (labels !== undefined && labels.size > 0) body.labels = plain(labels, []) as Record<string, unknown>;
	return { ...body, scope: text(map, 'scope') };
}

function text(map: Yaml, key: string): string {
	const value = map.get(key);
	return value === undefined || value === null ? '' : scalar(value, key);
}

function scalar(value: unknown, key: string): string {
	if (typeof value === 'object' && value !== null) throw mistyped(key, value, 'a string');
	return String(value);
}

function flag(map: Yaml, key: string): boolean {
	const value = map.get(key) ?? false;
	if (typeof value !== 'boolean') throw mistyped(key, value, 'a boolean');
	return value;
}

function list(map: Yaml, key: string): readonly unknown[] {
	const value = map.get(key) ?? [];
	if (!Array.isArray(value)) throw mistyped(key, value, 'a list');
	return value;
}

function mapOf(map: Yaml, key: string): Yaml | undefined {
	const value = map.get(key) ?? undefined;
	if (value !== undefined && !(value instanceof Map)) throw mistyped(key, value, 'a map');
	return value;
}

function mistyped(key: string, value: unknown, wanted: string): AnnotationFault {
	return new AnnotationFault(`yaml: ${key}: cannot read ${kindOf(value)} as ${wanted}`);
}

function kindOf(value: unknown): string {
	if (value === null || value === undefined) return 'null';
	if (Array.isArray(value)) return 'a list';
	return value instanceof Map ? 'a map' : `a ${typeof value}`;
}

/** YAML maps as plain objects, whose keys must be strings. */
function plain(value: unknown, path: readonly string[]): unknown {
	if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, String(index)]));
	if (!(value instanceof Map)) return value;
	const entries = [...value].map(([key, inner]): [string, unknown] => {
		if (typeof key !== 'string') throw new AnnotationFault(`invalid map key type(s): ${path.join('/')}`);
		return [key, plain(inner, [...path, key])];
	});
	return Object.fromEntries(entries);
}

function relatedResource(value: unknown): NonNullable<Annotation['related_resources']>[number] {
	const invalid = (why: string): AnnotationFault =>
		new AnnotationFault(`invalid related-resource definition ${shown(value)}: ${why}`);
	if (typeof value === 'string') {
		if (value === '') throw invalid('ref URL may not be empty string');
		return { ref: value };
	}
	if (!(value instanceof Map)) throw invalid('invalid value type, must be string or map');
	const ref = trimmed(value, 'ref');
	if (ref === '') throw invalid("'ref' value required in object");
	const description = trimmed(value, 'description');
	return description === '' ? { ref } : { ref, description };
}

function author(value: unknown): NonNullable<Annotation['authors']>[number] {
	const invalid = (why: string): AnnotationFault =>
		new AnnotationFault(`invalid author definition ${shown(value)}: ${why}`);
	if (typeof value !== 'string' && !(value instanceof Map)) throw invalid('invalid value type, must be string or map');
	if (value instanceof Map) {
		const [name, email] = [trimmed(value, 'name'), trimmed(value, 'email')];
		if (name === '' && email === '') throw invalid("'name' and/or 'email' values required in object");
		return named(name, email);
	}
	const words = value.split(/\s+/).filter((word) => word !== '');
	const last = words.at(-1);
	if (last === undefined) throw invalid('author is an empty string');
	if (!last.startsWith('<') || !last.endsWith('>')) return named(words.join(' '), '');
	return named(words.slice(0, -1).join(' '), last.slice(1, -1));
}

function named(name: string, email: string): NonNullable<Annotation['authors']>[number] {
	return { ...(name === '' ? {} : { name }), ...(email === '' ? {} : { email }) };
}

function trimmed(map: Yaml, key: string): string {
	const value = map.get(key);
	return typeof value === 'string' ? value.trim() : '';
}

function shown(value: unknown): string {
	return typeof value === 'string' ? value : kindOf(value);
}

function schema(value: unknown): NonNullable<Annotation['schemas']>[number] {
	const first = value instanceof Map ? [...value][0] : undefined;
	if (first === undefined || typeof first[0] !== 'string') throw new AnnotationFault('invalid document reference');
	const [key, declared] = first;
	const path = refOf(key, 'invalid document reference');
	if (typeof declared === 'string') return { path, schema: schemaRef(declared) };
	if (declared instanceof Map) return { path, definition: plain(declared, []) };
	throw new AnnotationFault(`invalid schema declaration for path "${key}"`);
}

function refOf(written: string, message: string): string {
	try {
		return refText(parseRef(written).terms);
	} catch (error) {
		if (error instanceof RegoError) throw new AnnotationFault(message);
		throw error;
	}
}

/** `schema` or a ref below it. */
function schemaRef(written: string): string {
	if (written === 'schema') return written;
	const ref = refOf(written, 'invalid schema reference');
	if (!/^schema[.[]/.test(ref)) throw new AnnotationFault('invalid schema reference');
	return ref;
}

function compileHints(map: Yaml): NonNullable<Annotation['compile']> {
	const unknowns = list(map, 'unknowns').map((item) => {
		const written = scalar(item, 'unknowns');
		return refOf(written, `invalid unknowns element "${written}"`);
	});
	const mask = text(map, 'mask_rule');
	if (mask !== '') checkMask(mask);
	return {
		...(unknowns.length > 0 ? { unknowns } : {}),
		...(mask === '' ? {} : { mask_rule: mask }),
	};
}

function checkMask(mask: string): void {
	try {
		const [expr, ...more] = parseQuery(mask);
		const kind = expr?.kind === 'term' ? expr.term.kind : undefined;
		if (more.length === 0 && (kind === 'var' || kind === 'string' || kind === 'ref')) return;
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
	}
	throw new AnnotationFault(`invalid mask_rule annotation "${mask}"`);
}
