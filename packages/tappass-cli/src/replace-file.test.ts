import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { replaceFile } from './replace-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'tappass-replace-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it.each([0o600, 0o640, 0o644])('a file of mode %o keeps it', async (mode) => {
	const file = join(directory, 'a.rego');
	writeFileSync(file, 'old');
	chmodSync(file, mode);

	await replaceFile(file, 'new');

	expect(readFileSync(file, 'utf8')).toBe('new');
	expect(statSync(file).mode & 0o777).toBe(mode);
});

it('a file that went away is not made anew', async () => {
	await expect(replaceFile(join(directory, 'gone'), 'new')).rejects.toMatchObject({ code: 'file_unwritable' });
});
