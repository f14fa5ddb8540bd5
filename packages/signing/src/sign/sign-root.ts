import { canonicalBytes, parseWith } from '@tappass/core';
import {
	type Envelope,
	encodeBase64,
	keyRoles,
	type ListedKey,
	type RootDocument,
	rootDocumentSchema,
	rootPayloadType,
} from '@tappass/trust';
import type { KeySet } from '../keys/key-set.ts';
import type { Signer } from '../keys/signer.ts';
import { signEnvelope } from './sign-envelope.ts';

/** What a root document says besides its keys. */
export type RootTerms = Pick<
	RootDocument,
	'org_id' | 'version' | 'epoch' | 'issued_at' | 'expires_at' | 'host_ca_spki_sha256'
>;

/** The root document that lists a key set: two of three root keys must sign, one key speaks for each other role. */
export function composeRoot(terms: RootTerms, keys: KeySet<Pick<Signer, 'id' | 'algorithm' | 'spki'>>): RootDocument {
	const all = keyRoles.flatMap((role) => keys[role]);
	const entry = ({ id, algorithm, spki }: (typeof all)[number]): [string, ListedKey] => [
		id,
		{ algorithm, public: encodeBase64(spki) },
	];
	const one = ({ id }: { readonly id: string }) => ({ threshold: 1, keyids: [id] });
	return {
		schema: 'tappass.root/1',
		...terms,
		keys: Object.fromEntries(all.map(entry)),
		roles: {
			root: { threshold: 2, keyids: keys.root.map(({ id }) => id) },
			policy: one(keys.policy),
			freshness: one(keys.freshness),
			token: one(keys.token),
			audit: one(keys.audit),
		},
	};
}

/**
 * Signs a root document; a rotation takes thresholds of the old root keys and of the new.
 * @throws {TapPassError} schema_invalid
 */
export async function signRoot(document: RootDocument, signers: readonly Signer[]): Promise<Envelope> {
	const payload = canonicalBytes(parseWith(rootDocumentSchema, document, 'the root document'));
	return signEnvelope(rootPayloadType, payload, signers);
}
