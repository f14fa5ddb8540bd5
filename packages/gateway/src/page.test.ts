/** docs/gateway.md against the sources: every code, header and record that they name, and for each step the codes it refuses with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorTable, steps } from '@tappass/core';
import { expect, test } from 'vitest';

const here = import.meta.dirname;
const page = readFileSync(join(here, '../../../docs/gateway.md'), 'utf8');
const sources = readdirSync(here, { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.ts') && !/test[.-]support|\.test\.|^dev\//.test(file))
	.map((file) => ({ file, text: readFileSync(join(here, file), 'utf8') }));
const all = sources.map(({ text }) => text).join('\n');

/** The codes of the table that a source writes. */
function codesIn(text: string): ReadonlySet<string> {
	return new Set(
		[...text.matchAll(/'([a-z]+(?:_[a-z]+)*)'/g)]
			.map(([, word]) => word!)
			.filter((word) => Object.hasOwn(errorTable, word)),
	);
}

/** Words that are codes as well, and what the process itself cannot do. */
const elsewhere: ReadonlySet<string> = new Set(['internal', 'method_not_allowed', 'usage', 'policy_invalid']);

test('each code that the gateway answers with is on the page', () => {
	const missing = [...codesIn(all)].filter((code) => !elsewhere.has(code) && !page.includes(code));

	expect(missing).toEqual([]);
});

const rows = new Map(
	[...page.matchAll(/^\| \d+ \| `([a-z_]+)` \|.*\| ([^|]*) \|$/gm)].map(([, step, codes]) => [
		step!,
		[...codes!.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code!),
	]),
);

test.each(steps.map(({ name }) => name))('%s: the codes of its row are those that it can refuse with', (step) => {
	const text = sources.find(({ file }) => file === join('pipeline/steps', `${step.replaceAll('_', '-')}.ts`))!.text;
	const written = [...codesIn(text)].filter((code) => !elsewhere.has(code) && !undecided.has(`${step} ${code}`));
	const row = rows.get(step)!;

	expect(row).toEqual(expect.arrayContaining(written));
	expect(row.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
	// What a row names beyond its own file stands in a file that the steps share, or in the one that verifies tokens.
	expect(
		row.filter((code) => !codesIn(all).has(code) && !code.startsWith('token_') && !code.startsWith('json_')),
	).toEqual([]);
});

/** Codes of findings that decide nothing, or that step 23 decides by. */
const undecided: ReadonlySet<string> = new Set([
	'filter_offered_tools tool_denied',
	'authorize_tool approval_required',
	'evaluate_rego approval_required',
]);

test('each record that the gateway makes is on the page', () => {
	const types = new Set([...all.matchAll(/'((?:call|approval)\.[a-z]+)'/g)].map(([, type]) => type!));

	expect([...types].filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
	expect(types.size).toBeGreaterThan(4);
});

test('each header that an answer of a model door may carry is on the page', () => {
	const named = sources
		.filter(({ file }) => file === 'http/answer.ts' || file === 'llm/forward.ts' || file === 'llm/relay-stream.ts')
		.flatMap(({ text }) => [...text.matchAll(/'((?:x|retry|request|cache)-[a-z-]+)'/g)].map(([, header]) => header!));

	expect(new Set(named).size).toBeGreaterThan(4);
	expect([...new Set(named)].filter((header) => !page.includes(`\`${header}\``))).toEqual([]);
});
