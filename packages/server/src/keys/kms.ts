import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { sha256Hex, TapPassError } from '@tappass/core';
import { open, seal } from './seal.ts';
import { writeSecret } from './secret-file.ts';

/** A key that wraps data keys and never leaves its place: a file, or a key service. */
export interface Kms {
	/** Names the wrapping key; stored with what it wrapped. */
	readonly id: string;
	/** @param context what the data key is for; must be the same when it is unwrapped */
	readonly wrap: (key: Uint8Array, context: string) => Promise<Uint8Array>;
	/** @throws {TapPassError} key_invalid when another key wrapped it, or for another context */
	readonly unwrap: (wrapped: Uint8Array, context: string) => Promise<Uint8Array>;
}

const keyBytes = 32;

/**
 * A KMS that is one file of mode 0600 with 256 random bits, made when it is not there. Replicas of one database share it.
 * @throws {TapPassError} key_invalid when the file is no such key, or others can read it
 */
export async function fileKms(file: string): Promise<Kms> {
	const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return undefined;
		throw new TapPassError('key_invalid', { detail: `${file} cannot be read (${error.code ?? ''})`, cause: error });
	});
	if (text === undefined) {
		await writeSecret(file, `${randomBytes(keyBytes).toString('base64')}\n`);
		return fileKms(file);
	}
	if (((await stat(file)).mode & 0o077) !== 0)
		throw new TapPassError('key_invalid', { detail: `${file} is open to others`, hint: `chmod 600 ${file}` });
	const key = Buffer.from(text.trim(), 'base64');
	if (key.length !== keyBytes) throw new TapPassError('key_invalid', { detail: `${file} does not hold 256 bits` });
	const context = (about: string): string => `tappass kms ${about}`;
	return {
		id: `file:${sha256Hex(key).slice(0, 16)}`,
		wrap: async (plain, about) => seal(key, plain, context(about)),
		unwrap: async (wrapped, about) => open(key, wrapped, context(about)),
	};
}
