import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Module } from '../ast/ast.ts';
import { parseModule } from '../parse/index.ts';
import { format } from './index.ts';

const shared = new URL('../../../../../shared/', import.meta.url);
const goldens = new URL('rego-conformance-more/format.json', shared);
describe('the goldens of opa fmt', () => {
	const cases: { name: string; source: string; formatted: string }[] = JSON.parse(readFileSync(goldens, 'utf8'));

	it.each(cases)('$name', ({ name, source, formatted: expected }) => {
		expect(format(source, name)).toBe(expected);
		expect(format(expected, name)).toBe(expected);
	});
});

const suite = new URL('rego-conformance/', shared);
describe('modules of the conformance suite', () => {
	const files = readdirSync(suite).filter((file) => file.endsWith('.json'));

	it.each(files)('%s: keep their meaning and comments, and their form stays', (file) => {
		const parse = (source: string): Module => parseModule(source, 'x.rego', { experimental: true, annotations: false });
		for (const { modules } of JSON.parse(readFileSync(new URL(file, suite), 'utf8'))) {
			for (const source of modules ?? []) {
				const text = format(source);

				expect(format(text)).toBe(text);
				expect(meaning(parse(text))).toEqual(meaning(parse(source)));
				expect(parse(text).comments.map((comment) => comment.text.trim())).toEqual(
					parse(source).comments.map((comment) => comment.text.trim()),
				);
			}
		}
	});
});

/** A tree without places, and without what formatting is free to change. */
function meaning(module: Module): unknown {
	const dropped = new Set([
		'loc',
		'infix',
		'source',
		'hasIf',
		'braces',
		'chained',
		'comments',
		'aliasLoc',
		'raw',
		'assign',
	]);
	const imports = module.imports.map((imported) =>
		JSON.stringify(imported.path.terms.map((term) => 'value' in term && term.value)),
	);
	return JSON.parse(
		JSON.stringify({ ...module, imports: imports.toSorted() }, (key, value) => {
			if (dropped.has(key)) return undefined;
			if (key === 'name' && value.startsWith('$')) return '_';
			if (
				key === 'body' &&
				JSON.stringify(value)
					.replace(/"loc":\{[^}]*\},?/g, '')
					.includes('"kind":"boolean","value":true')
			) {
				return value.length === 1 && value[0].kind === 'term' && value[0].term.kind === 'boolean' ? [] : value;
			}
			if (value?.kind === 'template-string') return { ...value, parts: merged(value.parts) };
			if (Array.isArray(value?.ref) && value.contains === undefined)
				return { ...value, value: value.value ?? { kind: 'boolean', value: true } };
			return value;
		}),
	);
}

function merged(parts: readonly { readonly kind: string; readonly value?: string }[]): unknown[] {
	const list: { kind: string; value?: string }[] = [];
	for (const part of parts) {
		const last = list.at(-1);
		if (part.kind === 'string' && last?.kind === 'string') last.value = `${last.value}${part.value}`;
		else list.push({ ...part });
	}
	return list;
}
