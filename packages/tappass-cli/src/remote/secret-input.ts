import { readBounded } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/**
 * A secret from a file, or from standard input for `-`; the line end at its end is not part of it.
 * @throws {TapPassError} usage, file_unreadable, payload_too_large; none of them tells what was read
 */
export async function readSecret(path: string): Promise<string> {
	if (path === '-' && process.stdin.isTTY)
		throw new TapPassError('usage', {
			detail: 'a secret is not typed at a terminal, where it would be seen',
			hint: 'give it by a pipe, or from a file with --file <file>',
		});
	const bytes = await readBounded(path, limits.secretBytesMax);
	const where = path === '-' ? 'standard input' : path;
	let text: string;
	try {
		text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
	} catch {
		// Which byte is wrong would tell of the secret.
		throw new TapPassError('usage', { detail: `${where} is not UTF-8` });
	}
	if (text.trim() === '') throw new TapPassError('usage', { detail: `${where} is empty` });
	return text;
}
