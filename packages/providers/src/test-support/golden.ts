import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
	type CompiledPolicy,
	compiledPolicySchema,
	parseBytesWith,
	parseJson,
	type RenderCapabilities,
	renderCapabilitiesSchema,
} from '@tappass/core';
import { describe, expect, test } from 'vitest';
import type { Target } from '../target.ts';

/** The cases that every target has: what it renders for each is read in review like code. */
export const goldenCases = ['empty', 'typical', 'everything', 'hostile'] as const;
export type GoldenCase = (typeof goldenCases)[number];

const shared: string = join(import.meta.dirname, '..', '..', 'src', 'test-support', 'testdata');

/** A policy that all targets share as a case. */
export function casePolicy(name: GoldenCase): CompiledPolicy {
	return parseBytesWith(compiledPolicySchema, readFileSync(join(shared, `${name}.compiled-policy.json`)), name);
}

/** The machine that all golden cases render for. */
export function caseCapabilities(overrides: Partial<RenderCapabilities> = {}): RenderCapabilities {
	const base = parseJson(readFileSync(join(shared, 'capabilities.json')));
	return renderCapabilitiesSchema.parse({ ...(base as object), ...overrides });
}

/**
 * Compares what a target renders for the shared cases with `testdata/<case>/want/…` in its folder, byte for byte, and
 * checks each against the target's own schema. `vitest -u` refreshes; read the difference.
 */
export function holdGolden(target: Target, folder: string, overrides: Partial<RenderCapabilities> = {}): void {
	describe(`${target.name}: golden cases`, () => {
		test.each(goldenCases.map((name) => [name]))('%s', async (name) => {
			const rendered = target.render(casePolicy(name), caseCapabilities(overrides));
			const want = join(folder, 'testdata', name, 'want');
			expect(target.check(rendered)).toEqual([]);
			for (const file of rendered.files)
				await expect(file.content).toMatchFileSnapshot(join(want, 'files', file.path.replaceAll('/', '__')));
			const rest = {
				files: rendered.files.map(({ path, mode }) => ({ path, mode: mode.toString(8) })),
				args: rendered.args,
				env: rendered.env,
				gaps: rendered.gaps,
			};
			await expect(`${JSON.stringify(rest, null, 2)}\n`).toMatchFileSnapshot(join(want, 'rendered.json'));
		});
	});
}
