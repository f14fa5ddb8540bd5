import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { TapPassError } from '@tappass/core';

// AES-256-GCM with a random 96-bit nonce (SP 800-38D §8.2.2); a key seals far fewer than 2^32 messages.
const algorithm = 'aes-256-gcm';
const version = 1;
const [nonceBytes, tagBytes] = [12, 16];

/** Seals bytes: version, nonce, tag, ciphertext. @param context is authenticated with them, and not stored */
export function seal(key: Uint8Array, plain: Uint8Array, context: string): Uint8Array {
	const nonce = randomBytes(nonceBytes);
	const cipher = createCipheriv(algorithm, key, nonce);
	cipher.setAAD(Buffer.from(context));
	const body = Buffer.concat([cipher.update(plain), cipher.final()]);
	return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body]);
}

/** Opens what `seal` made. @throws {TapPassError} key_invalid for another key, another context, or changed bytes */
export function open(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array {
	const head = 1 + nonceBytes + tagBytes;
	try {
		if (sealed[0] !== version || sealed.length < head) throw new RangeError('not sealed by this version');
		const decipher = createDecipheriv(algorithm, key, sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes });
		decipher.setAAD(Buffer.from(context));
		decipher.setAuthTag(sealed.subarray(1 + nonceBytes, head));
		return Buffer.concat([decipher.update(sealed.subarray(head)), decipher.final()]);
	} catch (cause) {
		throw new TapPassError('key_invalid', {
			detail: 'sealed bytes do not open with this key',
			hint: 'every replica, and a restored server, needs the key file that was there when the org was made',
			cause,
		});
	}
}
