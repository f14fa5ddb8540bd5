/** The demo as `bin/quickstart` plays it, on the real programs; each moment is a test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { root } from './support/repository.ts';

interface Moment {
	readonly number: number;
	readonly title: string;
	readonly result: string;
	readonly saw: readonly string[];
}
interface Told {
	readonly passed: number;
	readonly failed: number;
	readonly moments: readonly Moment[];
}

let code: number;
let told: Told;

beforeAll(async () => {
	// Set up and built already: the program itself, not the script that installs before it.
	const child = spawn(process.execPath, [join(root, 'quickstart', 'dist', 'main.js'), '--json'], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let [stdout, stderr] = ['', ''];
	child.stdout.on('data', (part) => {
		stdout += String(part);
	});
	child.stderr.on('data', (part) => {
		stderr += String(part);
	});
	code = await new Promise((resolve) => child.once('close', (value) => resolve(value ?? 1)));
	if (stdout === '') throw new Error(stderr);
	told = JSON.parse(stdout) as Told;
}, 300_000);

describe('the demo', () => {
	test.each([2, 3, 4, 5, 6, 8, 9, 10])('moment %i passes', (number) => {
		const moment = told.moments.find((one) => one.number === number);

		expect(moment?.result, moment?.saw.join('\n')).toBe('pass');
	});

	test.each([1, 7])('moment %i says that it is not there yet', (number) => {
		expect(told.moments.find((one) => one.number === number)?.result).toBe('not_yet');
	});

	test('ends well, and counts what it showed', () => {
		expect([code, told.passed, told.failed]).toEqual([0, 8, 0]);
	});
});

describe('the demo, interrupted', () => {
	test.each([
		['before anything is up', 'starting a Collibra catalog'],
		['while policies are applied', 'registering the catalog'],
		['while sandboxes are enrolled', 'enrolling two sandboxes'],
		['in a moment', '(3) A schema'],
	])(
		'%s: ends with 130 and leaves nothing, however often it is asked',
		async (_when, line) => {
			const temporary = mkdtempSync(join(tmpdir(), 'tappass-interrupted-'));
			chmodSync(temporary, 0o711);
			const child = spawn(process.execPath, [join(root, 'quickstart', 'dist', 'main.js')], {
				env: { ...process.env, TMPDIR: temporary },
			});
			let output = '';
			const ended = once(child, 'close') as Promise<[number | null]>;
			await new Promise<void>((resolve) => {
				for (const stream of [child.stdout, child.stderr])
					stream.setEncoding('utf8').on('data', (part: string) => {
						output += part;
						if (output.includes(line)) resolve();
					});
			});

			child.kill('SIGINT');
			child.kill('SIGTERM');
			const [code] = await ended;

			try {
				expect(code, output).toBe(130);
				expect(output).toContain('quickstart: stopping what was started');
				expect(output).not.toMatch(/error|FAIL|passed/);
				expect(readdirSync(temporary)).toEqual([]);
				expect(processesNaming(temporary)).toEqual([]);
			} finally {
				rmSync(temporary, { recursive: true, force: true });
			}
		},
		180_000,
	);
});

test('the demo, its terminal closed: leaves nothing', async () => {
	const temporary = mkdtempSync(join(tmpdir(), 'tappass-closed-'));
	chmodSync(temporary, 0o711);
	const child = spawn(process.execPath, [join(root, 'quickstart', 'dist', 'main.js')], {
		env: { ...process.env, TMPDIR: temporary },
	});
	await new Promise<void>((resolve) => {
		child.stderr.on('data', (part) => {
			if (String(part).includes('enrolling two sandboxes')) resolve();
		});
	});

	child.stdout.destroy();
	child.stderr.destroy();
	child.kill('SIGHUP');
	const [code] = (await once(child, 'exit')) as [number | null];

	try {
		expect(code).toBe(130);
		expect(readdirSync(temporary)).toEqual([]);
		expect(processesNaming(temporary)).toEqual([]);
	} finally {
		rmSync(temporary, { recursive: true, force: true });
	}
}, 180_000);

/** Command lines and environments of processes in which a path stands. */
function processesNaming(path: string): readonly string[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
		.flatMap((pid) =>
			['cmdline', 'environ'].map((file) => {
				try {
					return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
				} catch {
					// It has ended since, or is another user's, whom the demo cannot have started.
					return '';
				}
			}),
		)
		.filter((text) => text.includes(path));
}
