import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { AgentLog } from './agent-log.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-log-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('an agent that prints faster than the disk takes fills no memory', async () => {
	const path = join(directory, 'log');
	const log = new AgentLog(path);
	await log.open();
	const chunk = Buffer.alloc(65_536, 'x');

	// All in one turn: the disk takes nothing in between.
	for (let round = 0; round < 200; round += 1) log.write(chunk);
	await log.close();

	expect((await readFile(path)).byteLength).toBeLessThanOrEqual(limits.logHeldBytesMax + chunk.byteLength);
});

test('keeps what was printed, in two files at most', async () => {
	const path = join(directory, 'log');
	const log = new AgentLog(path);
	await log.open();
	const line = `${'y'.repeat(1_023)}\n`;

	for (let round = 0; round < 20; round += 1) {
		for (let one = 0; one < 512; one += 1) log.write(line);
		await new Promise((wake) => setImmediate(wake));
	}
	await log.close();

	// It may have been put aside in this very moment, so that there is the other one alone.
	const sizes = await Promise.all(
		[path, `${path}.1`].map((one) =>
			readFile(one).then(
				({ byteLength }) => byteLength,
				() => 0,
			),
		),
	);
	expect(Math.max(...sizes)).toBeGreaterThan(0);
	expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.logBytesMax + 2 * line.length);
});
