import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskFiles } from '../state/files.ts';
import { uidFor } from './users.ts';

let state: string;
beforeEach(async () => {
	state = await mkdtemp(join(tmpdir(), 'tappass-users-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

test('sandboxes that ask in one moment are given a user each, and keep it', async () => {
	const names = ['a', 'b', 'c', 'd', 'e'];

	const given = await Promise.all(names.map((name) => uidFor(diskFiles, state, name)));

	expect(new Set(given).size).toBe(names.length);
	expect(await Promise.all(names.map((name) => uidFor(diskFiles, state, name)))).toEqual(given);
});

test('a table that cannot be read gives no user, and holds up nobody behind it', async () => {
	await writeFile(join(state, 'users.json'), 'no table');

	await expect(uidFor(diskFiles, state, 'a')).rejects.toThrow();
	await rm(join(state, 'users.json'));
	expect(await uidFor(diskFiles, state, 'a')).toBeGreaterThan(0);
});
