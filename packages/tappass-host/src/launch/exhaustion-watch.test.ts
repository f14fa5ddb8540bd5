import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchExhaustion } from './exhaustion-watch.ts';

let group: string;
beforeEach(async () => {
	group = await mkdtemp(join(tmpdir(), 'tappass-group-'));
});
afterEach(() => rm(group, { recursive: true, force: true }));

test('what the kernel refused is told by kind, by the last look at the latest', async () => {
	const told: string[] = [];
	await writeFile(join(group, 'pids.events'), 'max 3\n');
	await writeFile(join(group, 'memory.events'), 'low 9\nhigh 9\nmax 9\noom 1\noom_kill 1\n');
	const end = watchExhaustion(group, (what) => told.push(what));

	await end();
	await end();

	expect(told).toEqual(['processes', 'memory']);
});

test('nothing is told of pressure that was met, or of a group that is gone', async () => {
	const told: string[] = [];
	await writeFile(join(group, 'memory.events'), 'low 0\nhigh 5\nmax 5\noom 0\noom_kill 0\n');
	const end = watchExhaustion(group, (what) => told.push(what));

	await end();
	await rm(group, { recursive: true });
	await end();

	expect(told).toEqual([]);
});
