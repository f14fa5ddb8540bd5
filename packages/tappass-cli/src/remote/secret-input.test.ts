import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { readKey } from './credentials.ts';
import { readSecret } from './secret-input.ts';

const directory = mkdtempSync(join(tmpdir(), 'tappass-secret-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function fileOf(content: string | Uint8Array): string {
	const file = join(directory, 'secret');
	writeFileSync(file, content);
	return file;
}

it.each([
	['nothing', ''],
	['a line end alone', '\n'],
	['white space', ' \t '],
	['what is not UTF-8', new Uint8Array([0x66, 0xff])],
	['more than a secret has', 'x'.repeat(16_385)],
])('refuses %s, and does not tell what it read', async (_, content) => {
	await expect(readSecret(fileOf(content))).rejects.toMatchObject({
		code: expect.stringMatching(/^(?:usage|payload_too_large)$/),
		message: expect.not.stringContaining('xxx'),
	});
});

it('refuses a file that is not there', async () => {
	await expect(readSecret(join(directory, 'none'))).rejects.toMatchObject({ code: 'file_unreadable' });
});

it.each([
	['fixture', 'fixture'],
	['fixture\n', 'fixture'],
	['fixture\r\n', 'fixture'],
	['one\ntwo\n', 'one\ntwo'],
	['fixture \n', 'fixture '],
])('reads %j without the line end at its end', async (content, secret) => {
	expect(await readSecret(fileOf(content))).toBe(secret);
});

it('is never typed at a terminal, a key as little as a secret', async () => {
	vi.spyOn(process, 'stdin', 'get').mockReturnValue({ isTTY: true } as typeof process.stdin);
	try {
		await expect(readSecret('-')).rejects.toMatchObject({ code: 'usage' });
		await expect(readKey('-')).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--key-file') });
	} finally {
		vi.restoreAllMocks();
	}
});
