import type { Json } from '@tappass/core';
import { isObject, type JsonObject } from '../rpc.ts';

/** A parameter that travels in a header as well, and where it stands in the arguments. */
export interface MirroredParameter {
	readonly header: string;
	readonly path: readonly string[];
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const primitive: ReadonlySet<Json> = new Set(['string', 'integer', 'boolean']);

/**
 * The parameters that a tool's schema wants mirrored into headers; undefined: it asks for that in a way that is not allowed,
 * and the tool is left out.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
export function mirroredParameters(schema: Json | undefined): readonly MirroredParameter[] | undefined {
	const found: MirroredParameter[] = [];
	const reachable = walk(schema, [], found);
	const names = new Set(found.map(({ header }) => header.toLowerCase()));
	const everywhere = count(schema);
	return reachable && names.size === found.length && everywhere === found.length ? found : undefined;
}

function walk(schema: Json | undefined, path: readonly string[], found: MirroredParameter[]): boolean {
	if (!isObject(schema)) return true;
	const name = schema['x-mcp-header'];
	if (name !== undefined) {
		if (typeof name !== 'string' || !token.test(name) || path.length === 0) return false;
		if (!primitive.has(schema['type'] ?? null)) return false;
		found.push({ header: `Mcp-Param-${name}`, path });
	}
	const { properties } = schema;
	if (!isObject(properties)) return true;
	return Object.entries(properties).every(([key, inner]) => walk(inner, [...path, key], found));
}

/** How often the annotation stands anywhere, also where it must not. */
function count(value: Json | undefined): number {
	if (typeof value !== 'object' || value === null) return 0;
	const own = isObject(value) && typeof value['x-mcp-header'] === 'string' ? 1 : 0;
	return Object.values(value).reduce((sum: number, inner) => sum + count(inner as Json), own);
}

/** The headers for a call's arguments. */
export function mirroredHeaders(
	parameters: readonly MirroredParameter[],
	args: JsonObject,
): Readonly<Record<string, string>> {
	const headers: Record<string, string> = {};
	for (const { header, path } of parameters) {
		let value: Json | undefined = args;
		for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
		if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
			headers[header] = headerText(String(value));
	}
	return headers;
}

/** A value as a header may carry it: plain where that is safe, else in base64 with a mark. */
export function headerText(value: string): string {
	const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value);
	return plain || value === '' ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}

/** What a header carries. */
export function readHeaderText(value: string): string {
	const marked = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(value);
	return marked === null ? value : Buffer.from(marked[1] ?? '', 'base64').toString('utf8');
}
