import { TapPassError } from '@tappass/core';

/**
 * A UUID of version 7: 48 bits of time, then random ones. Ids made later sort later.
 * @param now Unix milliseconds
 * @see RFC 9562 §5.7
 */
export function uuidv7(now: number, randomBytes: (count: number) => Uint8Array): string {
	const random = randomBytes(10);
	// Ten zeros in their place would make ids that somebody else has already.
	if (random.length !== 10) throw new TapPassError('internal', { detail: 'too few random bytes' });
	const bytes = Buffer.alloc(16);
	bytes.set(random, 6);
	bytes.writeUIntBE(Math.trunc(now), 0, 6);
	bytes[6] = (bytes[6]! & 0x0f) | 0x70;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	const hex = bytes.toString('hex');
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
