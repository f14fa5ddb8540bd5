/** The demo as `bin/quickstart` plays it, on the real programs; each moment is a test. */
import { spawn } from 'node:child_process';
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
