import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { quickValue } from './quick-yaml.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const shipped = ['policies', 'packs'].flatMap((folder) =>
	readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.yaml') && !name.includes('node_modules'))
		.map((name) => readFileSync(join(root, folder, name), 'utf8')),
);

/** What the strict reader's parser makes of a text; undefined when it finds a fault. */
function strict(text: string): unknown {
	const [document, ...more] = parseAllDocuments(text, {
		version: '1.2',
		uniqueKeys: true,
		merge: false,
		prettyErrors: false,
		strict: true,
	}) as ReturnType<typeof parseAllDocuments> & { errors: unknown[]; warnings: unknown[]; toJS(): unknown }[];
	if (document === undefined || more.length > 0 || document.errors.length > 0 || document.warnings.length > 0)
		return undefined;
	return document.toJS();
}

describe('the quick reader', () => {
	test.each([
		['an anchor', 'a: &x 1'],
		['an alias', 'a: [*x]'],
		['a tag', 'a: !!str 1'],
		['a tag without a name', 'a: ! b: c'],
		['nothing but a tag', 'a: !'],
		['a number past all numbers', 'a: 8e388608'],
		['a merge key', '<<: {a: 1}'],
		['a second document', 'a: 1\n---\nb: 2'],
		['a duplicate key', 'a: 1\na: 2'],
		['a key that is no text', 'true: 1'],
		['a number as a key', '{a: {1: x}}'],
		['a key that is nothing', 'a: [:]'],
		['a key without a value that is no text', 'a: {null}'],
		['a complex key', '? [a]\n: b'],
		['a special name', '__proto__: {a: 1}'],
		['a tab', 'a:\t1'],
		['a fault', 'a: [1'],
		['a lone text', 'hello'],
		['deep nesting', `${'- '.repeat(20_000)}a`],
	])('leaves %s to the strict one', (_, text) => {
		expect(quickValue(text)).toBe(undefined);
	});

	test('reads most of what ships, as the strict one reads it', () => {
		const quick = shipped.map((text) => [quickValue(text)?.value, strict(text)] as const);
		for (const [fast, slow] of quick) if (fast !== undefined) expect(fast).toEqual(slow);
		expect(quick.filter(([fast]) => fast !== undefined).length).toBeGreaterThan(shipped.length * 0.8);
	});

	test('reads a changed document as the strict one does, or leaves it', () => {
		const piece = fc.constantFrom(
			...' \n:-,[]{}"\'#|>&*!?%@`~.0123456789abtrue',
			': ',
			'- ',
			'  ',
			'null',
			'0x1F',
			'1_0',
			'e308',
			'.inf',
			'yes',
			"''",
			'\\n',
		);
		fc.assert(
			fc.property(
				fc.constantFrom(...shipped.map((text) => text.slice(0, 900))),
				fc.array(fc.tuple(fc.nat(900), piece, fc.nat(3)), { minLength: 1, maxLength: 4 }),
				(text, changes) => {
					const changed = changes.reduce(
						(sofar, [at, insert, remove]) => sofar.slice(0, at) + insert + sofar.slice(at + remove),
						text,
					);
					const quick = quickValue(changed);
					if (quick !== undefined) expect(quick.value).toEqual(strict(changed));
				},
			),
			{ numRuns: 2_000 },
		);
	}, 60_000);
});
