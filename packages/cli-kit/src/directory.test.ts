import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDirectory } from './directory.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-directory-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true, force: true });
});
const unwritable = expect.objectContaining({ code: 'file_unwritable' });

describe('makeDirectory', () => {
	test.each(['link', 'link/', './link//'])('refuses a symbolic link named %s', async (name) => {
		await mkdir(join(directory, 'elsewhere'));
		await symlink('elsewhere', join(directory, 'link'));
		await expect(makeDirectory(`${directory}/${name}`, 0o700)).rejects.toEqual(unwritable);
		expect(await readdir(join(directory, 'elsewhere'))).toEqual([]);
	});

	test.each(['', '/dev/null', '/dev/null/below', '/proc/tappass', '/proc/tappass/below', 'a\u0000b'])(
		'refuses %j, and ends',
		async (path) => {
			await expect(makeDirectory(path, 0o700)).rejects.toEqual(unwritable);
		},
	);

	test('makes what is missing, with the mode, and is content with what is there', async () => {
		const path = join(directory, 'a', 'b');
		await makeDirectory(path, 0o700);
		await makeDirectory(path, 0o755);
		expect((await stat(path)).mode & 0o777).toBe(0o700);
	});
});
