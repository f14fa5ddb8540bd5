import { randomBytes } from 'node:crypto';

/** A new id: `<prefix>_` and 20 random lower-case characters (about 100 bits), as every place that carries ids takes them. */
export function newId(prefix: 'org' | 'sbx' | 'team' | 'user' | 'key' | 'boot' | 'ses'): string {
	let text = '';
	// 32 letters, so that every byte gives one without bias.
	for (const byte of randomBytes(20)) text += alphabet[byte & 31];
	return `${prefix}_${text}`;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
