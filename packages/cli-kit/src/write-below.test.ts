import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeBelow } from './write-below.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-below-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true, force: true });
});

test.each(['../escape', '/etc/../../escape', '', '/'])('refuses the path %j', async (path) => {
	await expect(writeBelow(directory, [{ path, content: 'x', mode: 0o644 }])).rejects.toMatchObject({
		code: 'internal',
	});
});

test('refuses to go through a symbolic link', async () => {
	await symlink('/tmp', join(directory, 'etc'));
	await expect(writeBelow(directory, [{ path: '/etc/x', content: 'x', mode: 0o644 }])).rejects.toMatchObject({
		code: 'file_unwritable',
	});
});

test('puts absolute paths and the home below the directory, with their modes', async () => {
	const written = await writeBelow(directory, [
		{ path: '/etc/codex/requirements.toml', content: 'a', mode: 0o640 },
		{ path: '~/.x', content: 'b', mode: 0o600 },
	]);
	expect(written.map((file) => file.mode)).toEqual(['0640', '0600']);
	expect(await readFile(join(directory, 'etc/codex/requirements.toml'), 'utf8')).toBe('a');
	expect((await stat(join(directory, 'home/.x'))).mode & 0o777).toBe(0o600);
});
