import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileAtomic } from './atomic-file.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-atomic-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true, force: true });
});
const unwritable = expect.objectContaining({ code: 'file_unwritable' });

describe('writeFileAtomic', () => {
	test('refuses a symbolic link and leaves its target alone', async () => {
		await writeFile(join(directory, 'target'), 'old');
		await symlink('target', join(directory, 'link'));

		await expect(writeFileAtomic(join(directory, 'link'), 'new')).rejects.toEqual(unwritable);

		expect(await readFile(join(directory, 'target'), 'utf8')).toBe('old');
	});

	test('refuses a dangling symbolic link', async () => {
		await symlink('nowhere', join(directory, 'link'));
		await expect(writeFileAtomic(join(directory, 'link'), 'new')).rejects.toEqual(unwritable);
		expect(await readdir(directory)).toEqual(['link']);
	});

	test('refuses a directory, and a directory that is not there', async () => {
		await mkdir(join(directory, 'd'));
		await expect(writeFileAtomic(join(directory, 'd'), 'x')).rejects.toEqual(unwritable);
		await expect(writeFileAtomic(join(directory, 'missing', 'f'), 'x')).rejects.toEqual(unwritable);
	});

	test.each(['open', 'write', 'sync'] as const)(
		'leaves the old file, and nothing else, when it fails after %s',
		async (step) => {
			const path = join(directory, 'f');
			await writeFile(path, 'old');

			const failing = writeFileAtomic(path, 'new', {
				after: (done) => {
					if (done === step) throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
				},
			});

			await expect(failing).rejects.toMatchObject({
				code: 'file_unwritable',
				detail: expect.stringContaining('ENOSPC'),
			});
			expect(await readFile(path, 'utf8')).toBe('old');
			expect(await readdir(directory)).toEqual(['f']);
		},
	);

	test('puts the whole file in place, with its mode, and nothing beside it', async () => {
		const path = join(directory, 'f');
		await writeFile(path, 'old');
		await writeFileAtomic(path, 'new', { mode: 0o640 });
		expect(await readFile(path, 'utf8')).toBe('new');
		expect((await stat(path)).mode & 0o777).toBe(0o640);
		await writeFileAtomic(join(directory, 'g'), new Uint8Array([1]));
		expect((await stat(join(directory, 'g'))).mode & 0o777).toBe(0o600);
		expect((await readdir(directory)).sort()).toEqual(['f', 'g']);
	});
});
