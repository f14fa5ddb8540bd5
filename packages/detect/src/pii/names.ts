/**
 * Whether a word is a common given or family name: two Bloom filters, which forget the names themselves and err for one other
 * word in a hundred. A sign among others for the tagger, never a verdict.
 */
import { bytesOfBase64 } from '../normalize/bytes.ts';
import { mix } from '../text/tokens.ts';
import { familyNames, givenNames } from './name-lists.ts';

/** Bits of one filter. */
export const filterBits: number = 1 << 15;
/** Bits that one name sets. */
export const filterHashes = 4;

const given = bytesOfBase64(givenNames);
const family = bytesOfBase64(familyNames);

/** 1 for a given name, 2 for a family name, 3 for both; by the hash of the word in lower case. */
export function nameKind(hash: number): 0 | 1 | 2 | 3 {
	return ((holds(given, hash) ? 1 : 0) + (holds(family, hash) ? 2 : 0)) as 0 | 1 | 2 | 3;
}
function holds(filter: Uint8Array, hash: number): boolean {
	for (let index = 0; index < filterHashes; index += 1) {
		const bit = bitOf(hash, index);
		if ((filter[bit >> 3]! & (1 << (bit & 7))) === 0) return false;
	}
	return true;
}
/** The bit that `hash` sets in the `index`-th place. */
export function bitOf(hash: number, index: number): number {
	return mix(hash, 40 + index) & (filterBits - 1);
}
