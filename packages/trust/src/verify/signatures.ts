import { verify } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import type { OpenEnvelope } from '../envelope/envelope.ts';
import { preAuthenticationEncoding } from '../envelope/pae.ts';
import type { KeyRole } from '../keys/root-document.ts';
import type { TrustedRoot } from '../keys/trusted-root.ts';

/**
 * Checks that a threshold of different keys of `role` has signed the envelope's exact bytes; answers their ids.
 * A key counts once however often it is named. Keys the root does not know are passed over, as during a rotation,
 * but a signature that claims a key of the role and does not verify refuses the whole envelope.
 *
 * @throws {TapPassError} sig_invalid, key_unknown, key_role_mismatch, threshold_unmet
 * @see TUF specification 5.3.4; DSSE protocol, step 5
 */
export function assertSigned(envelope: OpenEnvelope, root: TrustedRoot, role: KeyRole): readonly string[] {
	const { threshold, keyids } = root.document.roles[role];
	const message = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
	const signers = new Set<string>();
	for (const { keyid, sig } of envelope.signatures) {
		if (!keyids.includes(keyid) || signers.has(keyid)) continue;
		if (!verify(null, message, root.keys.get(keyid)!.key, sig)) throw new TapPassError('sig_invalid');
		signers.add(keyid);
	}
	if (signers.size < threshold) throw unmet(envelope, root, signers.size, threshold);
	return [...signers];
}

function unmet(envelope: OpenEnvelope, root: TrustedRoot, count: number, threshold: number): TapPassError {
	const unknown = envelope.signatures.some(({ keyid }) => !root.keys.has(keyid));
	if (count > 0) return new TapPassError('threshold_unmet', { detail: `${count} of ${threshold}` });
	return new TapPassError(unknown ? 'key_unknown' : 'key_role_mismatch');
}
