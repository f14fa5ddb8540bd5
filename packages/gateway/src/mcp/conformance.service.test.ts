import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type McpWorld, mcpWorld } from '../mcp-world.test.support.ts';
import { type Everything, everything } from '../test-support/everything.ts';

/*
 * The official suite, both requirement sets: against the fixture itself, and against the broker with that fixture behind it,
 * speaking both revisions or only one of them. What is scored must pass; what is not (extensions, pending) is left out.
 */

// A program and no library: it exports nothing to import.
const suite = createRequire(import.meta.url)
	.resolve.paths('x')!
	.map((folder) => path.join(folder, '@modelcontextprotocol/conformance/dist/index.js'))
	.find((file) => existsSync(file))!;
const sets = ['2025-11-25', '2026-07-28'] as const;

// A server that asks one thing after another in the middle of a call names and bundles its questions for no client: of the
// scenarios that want names and bundles, these two cannot pass in front of a server with sessions. The rest does.
const notByBridge = ['input-required-result-basic-elicitation', 'input-required-result-multiple-input-requests'];

const behind = [
	{ speaks: 'both', expected: { '2025-11-25': [], '2026-07-28': [] } },
	{ speaks: 'stateless', expected: { '2025-11-25': [], '2026-07-28': [] } },
	{ speaks: 'sessions', expected: { '2025-11-25': [], '2026-07-28': notByBridge } },
] as const;

let world: McpWorld;
const fixtures = new Map<string, Everything>();
let directory: string;

beforeAll(async () => {
	directory = await mkdtemp(path.join(tmpdir(), 'tappass-conformance-'));
	world = await mcpWorld();
	for (const { speaks } of behind) fixtures.set(speaks, await everything(speaks));
});
afterAll(async () => {
	await world.close();
	for (const { close } of fixtures.values()) await close();
	await rm(directory, { recursive: true });
});

/** Runs a set; answers the scored scenarios that failed, and how many passed. */
async function run(url: string, set: string): Promise<{ readonly failed: readonly string[]; readonly passed: number }> {
	const output = await new Promise<string>((resolve) => {
		const args = [suite, 'server', '--url', url, '--requirements', set, '--output-dir', directory];
		execFile(process.execPath, args, { cwd: directory, maxBuffer: 2 ** 26 }, (_error, out) => resolve(out));
	});
	const summary = output.slice(output.indexOf('=== SUMMARY'));
	const [scored = '', others = ''] = summary.split(/^Not scored for/m);
	const unscored = new Set([...others.matchAll(/[✓✗] (\S+) \(/g)].map(([, name]) => name));
	const rows = [...scored.matchAll(/([✓✗]) (\S+): (\d+) passed/g)].filter(([, , name]) => !unscored.has(name));
	return {
		failed: rows.filter(([, mark]) => mark === '✗').map(([, , name]) => name!),
		passed: rows.filter(([, mark]) => mark === '✓').length,
	};
}

describe.each(sets)('the official conformance suite, requirements %s,', (set) => {
	const scored = set === '2025-11-25' ? 30 : 37;

	it('passes whole against the fixture itself', async () => {
		expect(await run(fixtures.get('both')!.url, set)).toEqual({ failed: [], passed: scored });
	});

	it.each(behind)(
		'passes against the broker in front of a server that speaks $speaks',
		async ({ speaks, expected }) => {
			world.register('everything', fixtures.get(speaks)!.url);

			const { failed, passed } = await run(`${world.inside}/mcp/everything`, set);

			expect(failed).toEqual(expected[set]);
			expect(passed).toBe(scored - failed.length);
		},
	);
});
