import { type NoteKey, parseVkey } from '@tappass/audit';
import { readBounded } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/**
 * A verifier key as it is written, or the file that holds it: a key has two plus signs, which few paths have.
 * @throws {TapPassError} key_invalid, file_unreadable; usage for the key of a witness where a log's is needed
 */
export async function readVerifierKey(given: string, kind: NoteKey['kind'] = 'log'): Promise<NoteKey> {
	const isKey = /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/.test(given.trim());
	const text = isKey ? given : new TextDecoder().decode(await readFileOf(given));
	const key = parseVkey(text);
	if (key.kind !== kind)
		throw new TapPassError('usage', { detail: `${key.name} is the key of a ${key.kind}, not of a ${kind}` });
	return key;
}

async function readFileOf(path: string): Promise<Uint8Array> {
	try {
		return await readBounded(path, limits.checkpointBytesMax);
	} catch (error) {
		if (!(error instanceof TapPassError) || error.hint !== undefined) throw error;
		const hint = 'a verifier key is written name+id+base64; anything else is the name of a file that holds one';
		throw new TapPassError(error.code, {
			...(error.detail === undefined ? {} : { detail: error.detail }),
			hint,
			cause: error.cause,
		});
	}
}
