/**
 * Sources that must not compile, and why. Each case of `testdata/rejected/*.yaml` has
 * - `rejected`: one module, or a list of them (`test-0.rego`, `test-1.rego`, …),
 * - `errors`: everything that is reported, in order, as `row:col code: message`, with OPA's further lines and our hint
 *   below it (for parse errors without the line of source and its caret),
 * - `accepted`: the nearest source that does compile.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Diagnostic } from '../errors.ts';
import { check } from '../program.ts';

interface Case {
	readonly name: string;
	readonly strict?: boolean;
	readonly print?: boolean;
	readonly rejected: string | readonly string[];
	readonly errors: string;
	readonly accepted: string | readonly string[];
}

const directory = new URL('./testdata/rejected/', import.meta.url);

function casesOf(file: string): readonly Case[] {
	return parse(readFileSync(new URL(file, directory), 'utf8')) as readonly Case[];
}

function reported(sources: string | readonly string[], { strict = false, print = false }: Case): string {
	const list = typeof sources === 'string' ? [sources] : sources;
	const modules = list.map((source, i) => ({ file: `test-${i}.rego`, source }));
	return check(modules, { strict, print })
		.map((diagnostic) => text(diagnostic, list.length > 1))
		.join('');
}

function text({ code, message, loc, details = [], hint }: Diagnostic, withFile: boolean): string {
	const at = `${withFile ? `${loc?.file}:` : ''}${loc?.row}:${loc?.col}`;
	const more = [...(code === 'rego_parse_error' ? [] : details), ...(hint === undefined ? [] : [`hint: ${hint}`])];
	return [`${at} ${code}: ${message}`, ...more.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('');
}

const files = readdirSync(directory).sort();

describe.each(files)('%s', (file) => {
	it.each(casesOf(file).map((item) => [item.name, item] as const))('%s', (_, item) => {
		expect(reported(item.rejected, item)).toBe(item.errors);
		expect(reported(item.accepted, item)).toBe('');
	});
});

it('has many cases, each of another name', () => {
	const names = files.flatMap((file) => casesOf(file).map(({ name }) => `${file} ${name}`));

	expect(names.length).toBeGreaterThanOrEqual(275);
	expect(new Set(names).size).toBe(names.length);
});
