import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalJson, type Level } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from './author/input.ts';
import { loadLibrary } from './author/library.ts';
import { compilePolicy } from './compile-policy.ts';
import { isError, isRefused } from './request.ts';

// The shipped data as a user gets it: every example of it must compile, or the first thing a user tries fails.
const root = join(import.meta.dirname, '..', '..', '..');
const files: readonly SourceFile[] = ['policies', 'packs'].flatMap((folder) =>
	readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.map((path) => ({ file: relative(root, path), bytes: readFileSync(path), mtime: 0 })),
);
const { library, diagnostics } = loadLibrary(files);
const rego = (name: string): SourceFile => files.find(({ file }) => file === `policies/${name}.rego`)!;
const packs = [...library.packs.keys()];

describe('the shipped policies and Packs', () => {
	it('load without an error', () => {
		expect(diagnostics.filter(isError)).toEqual([]);
	});
	it('compose in any order to the same bytes, all Packs at once over the demo cascade', () => {
		const bytes = (order: readonly string[], level: Level): string => {
			const result = compilePolicy({
				library,
				org: [rego('acme-baseline')],
				project: [rego('collibra-steward')],
				packs: order.map((id) => ({ id, level })),
				function: 'collibra_steward',
			});
			if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics.filter(isError), null, 1));
			return canonicalJson({ ...result, because: result.because });
		};

		expect(bytes([...packs].reverse(), 'agent')).toBe(bytes(packs, 'agent'));
		expect(bytes([...packs].reverse(), 'org')).toBe(bytes(packs, 'org'));
	});
	for (const [id, spec] of library.specs) {
		it(`make a policy for the sandbox-spec ${id}`, () => {
			const source = files.find(({ file }) => file === spec.file)!;

			const result = compilePolicy({ library, org: [rego('acme-baseline')], spec: source, specFiles: files });

			expect(isRefused(result) ? result.diagnostics.filter(isError) : []).toEqual([]);
		});
	}
});
