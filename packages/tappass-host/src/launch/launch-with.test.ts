import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LaunchWithOptions, launchWith } from './launch-with.ts';
import type { SandboxExit } from './types.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'tappass-with-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that is a script of the shell; the words behind it are its arguments, from `$0` on. */
function options(script: string): LaunchWithOptions {
	return {
		name: 'refused',
		command: '/bin/true',
		args: [],
		rendered: { files: [], args: [], env: {}, gaps: [] },
		runDirectory: join(folder, 'run'),
		workspaceHost: folder,
		program: ['/bin/sh', '-c', script],
		uid: process.getuid!(),
		gid: process.getgid!(),
		env: {},
		onExit: () => undefined,
	};
}

test('what the program refuses when it only looks is not started, and it says why', async () => {
	const script = 'echo "$@" >>asked; [ "$0" = --look ] || exit 0; echo "this cannot be held" >&2; exit 1';
	const launching = launchWith('nono', { ...options(script), rehearsal: ['--look'] });

	await expect(launching).rejects.toThrow('nono refuses what was rendered: this cannot be held');
	expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('-- /bin/true\n');
	expect(existsSync(join(folder, 'run/run.json'))).toBe(false);
});

test('what it would be started in and cannot be made is not said to be its own refusal', async () => {
	const launching = launchWith('nono', {
		...options('echo "bwrap: No permissions to create new namespace" >&2; exit 1'),
		rehearsal: ['--look'],
	});

	await expect(launching).rejects.toMatchObject({
		detail: 'bwrap: No permissions to create new namespace',
		hint: 'tappass-host doctor',
	});
});

test('a program that ends before its record is kept is told of, and nothing waits for it for ever', async () => {
	const run = join(folder, 'run');
	mkdirSync(run);
	// A disk that is slow: the record is not written before somebody reads, and by then the program has ended.
	const slow = join(run, 'run.json.new');
	execFileSync('mkfifo', [slow]);
	const exits: SandboxExit[] = [];
	const launching = launchWith('nono', {
		...options('sleep 0.3; echo gone >gone'),
		onExit: (exit) => exits.push(exit),
	});
	while (!existsSync(join(folder, 'gone'))) await new Promise((wake) => setTimeout(wake, 5));
	await new Promise((wake) => setTimeout(wake, 100));
	await readFile(slow);

	const sandbox = await launching;
	await sandbox.kill();

	expect(exits).toEqual([expect.objectContaining({ code: 0 })]);
});
