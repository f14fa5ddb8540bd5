import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aspects } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { findTarget, targets, targetsAt } from './registry.ts';
import { goldenCases } from './test-support/golden.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
	.filter((entry) => entry.isDirectory() && entry.name !== 'test-support')
	.map((entry) => entry.name);

test('every folder is a registered target, and every target has a folder', () => {
	expect(targets.map((target) => target.name).sort()).toEqual([...folders].sort());
});

test('a name that nobody registered finds nothing', () => {
	expect(findTarget('constructor')).toBe(undefined);
	expect(targetsAt('kernel').every((target) => target.position === 'kernel')).toBe(true);
});

describe.each(folders.map((name) => [name]))('%s', (name) => {
	const folder = join(import.meta.dirname, name);

	test.each(['index.ts', 'render.ts', 'schema.ts', 'render.test.ts', 'README.md'])('has %s', (file) => {
		expect(existsSync(join(folder, file))).toBe(true);
	});

	test.each(goldenCases.map((one) => [one]))('has the golden case %s', (one) => {
		expect(existsSync(join(folder, 'testdata', one, 'want', 'rendered.json'))).toBe(true);
	});

	test('holds its golden cases and has a property over any policy', () => {
		const source = readFileSync(join(folder, 'render.test.ts'), 'utf8');
		expect(source).toContain('holdGolden(');
		expect(source).toContain('arbitraryPolicy');
	});

	test('says which Aspects it consumes and what it was checked against', () => {
		const target = findTarget(name)!;
		expect(target.aspects.length).toBeGreaterThan(0);
		expect(target.aspects.every((aspect) => aspects.includes(aspect))).toBe(true);
		expect(target.checked_against.length).toBeGreaterThan(0);
		const readme = readFileSync(join(folder, 'README.md'), 'utf8');
		for (const aspect of target.aspects) expect(readme).toContain(aspect);
	});
});
