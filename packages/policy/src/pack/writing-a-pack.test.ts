import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from '@tappass/rego';
import { expect, it } from 'vitest';
import type { SourceFile } from '../author/input.ts';
import { checkPack } from './check-pack.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/writing-a-pack.md'), 'utf8');
const policies = readdirSync(join(root, 'policies'), { recursive: true, encoding: 'utf8', withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map((entry): SourceFile => {
		const path = join(entry.parentPath, entry.name);
		return { file: path.slice(root.length), bytes: readFileSync(path) };
	});

// A block that follows a line ending in `packs/…`: is that file.
const written = [...page.matchAll(/`(packs\/acme-mail\/[^`]+)`:\n\n```\w+\n([\s\S]*?)```/g)].map(
	([, file, source]): SourceFile => ({ file: file!, bytes: new TextEncoder().encode(source) }),
);

it('docs/writing-a-pack.md leads to a Pack that passes with the numbers it prints', () => {
	const report = checkPack(written, policies);

	expect(written.map(({ file }) => file)).toHaveLength(5);
	if (!('schema' in report)) throw new Error(JSON.stringify(report.diagnostics, undefined, 1));
	expect(report.diagnostics).toEqual([]);
	expect(report.cases.filter(({ passed }) => !passed)).toEqual([]);
	expect(report.passed).toBe(true);
	expect(page).toContain(
		`acme-mail@1.0.0 passes: ${report.tests.passed} tests and ${report.cases.length} cases passed, 0 and 0 failed`,
	);
	expect(page).toContain(`clauses: ${report.coverage.full} covered, ${report.coverage.partial} in part`);
});

it('shows Rego in the form that policy fmt gives', () => {
	const rego = written.filter(({ file }) => file.endsWith('.rego'));

	expect(rego).toHaveLength(2);
	for (const { file, bytes } of rego) {
		const source = new TextDecoder().decode(bytes);
		expect(format(source, file)).toBe(source);
	}
});
