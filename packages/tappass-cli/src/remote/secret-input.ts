import { readBounded } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/**
 * A secret from a file, or from standard input for `-`; the line end at its end is not part of it.
 * @throws {TapPassError} usage, file_unreadable, payload_too_large; none of them tells what was read
 */
export async function readSecret(path: string): Promise<string> {
	refuseTyped(path, '--file <file>');
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

/**
 * Refuses standard input where it is a terminal: a secret that is typed there is seen, and stays in what the screen remembers.
 * @param flag how to name a file instead
 * @throws {TapPassError} usage
 */
export function refuseTyped(path: string, flag: string): void {
	if (path !== '-' || !process.stdin.isTTY) return;
	throw new TapPassError('usage', {
		detail: 'a secret is not typed at a terminal, where it would be seen',
		hint: `give it by a pipe, or from a file with ${flag}`,
	});
}
