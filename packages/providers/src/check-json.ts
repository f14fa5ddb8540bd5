import { jsonPointer, parseJson, type Rendered } from '@tappass/core';
import type { z } from 'zod';

/**
 * Problems of rendered JSON files against a schema each: a file that is missing, one that nobody expects, one that is not
 * strict JSON, and every fault that the schema finds.
 */
export function checkJson(rendered: Rendered, schemas: Readonly<Record<string, z.ZodType>>): readonly string[] {
	const paths = rendered.files.map((file) => file.path);
	const missing = Object.keys(schemas)
		.filter((path) => !paths.includes(path))
		.map((path) => `${path}: not rendered`);
	return [...missing, ...rendered.files.flatMap(({ path, content }) => checkFile(path, content, schemas[path]))];
}

function checkFile(path: string, content: string, schema: z.ZodType | undefined): readonly string[] {
	if (schema === undefined) return [`${path}: no schema knows this file`];
	let value: unknown;
	try {
		value = parseJson(new TextEncoder().encode(content), { bytesMax: 16_777_216 });
	} catch (error) {
		return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
	}
	const result = schema.safeParse(value);
	if (result.success) return [];
	return result.error.issues.map(
		(issue) =>
			`${path}#${jsonPointer(issue.path.map((part) => (typeof part === 'number' ? part : String(part))))}: ${issue.message}`,
	);
}
