import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchWith } from './launch-with.ts';
import type { SandboxExit } from './types.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'tappass-with-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a program that ends before its record is kept is told of, and nothing waits for it for ever', async () => {
	const run = join(folder, 'run');
	mkdirSync(run);
	// A disk that is slow: the record is not written before somebody reads, and by then the program has ended.
	const slow = join(run, 'run.json.new');
	execFileSync('mkfifo', [slow]);
	const exits: SandboxExit[] = [];
	const launching = launchWith('nono', {
		name: 'refused',
		command: '/bin/true',
		args: [],
		rendered: { files: [], args: [], env: {}, gaps: [] },
		runDirectory: run,
		workspaceHost: folder,
		program: ['/bin/sh', '-c', 'sleep 0.3; echo gone >gone'],
		uid: process.getuid!(),
		gid: process.getgid!(),
		env: {},
		onExit: (exit) => exits.push(exit),
	});
	while (!existsSync(join(folder, 'gone'))) await new Promise((wake) => setTimeout(wake, 5));
	await new Promise((wake) => setTimeout(wake, 100));
	await readFile(slow);

	const sandbox = await launching;
	await sandbox.kill();

	expect(exits).toEqual([expect.objectContaining({ code: 0 })]);
});
