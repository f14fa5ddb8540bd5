import { hash } from 'node:crypto';
import { type OrgId, orgIdSchema, TapPassError } from '@tappass/core';

/** An API key as it is shown once: `tappass_sk_<org>_<secret>`. The org is in it, so that no lookup crosses orgs. */
export interface NewApiKey {
	readonly text: string;
	/** SHA-256 of the text: all that is kept. */
	readonly hash: Uint8Array;
	/** The last four characters, to tell keys apart. */
	readonly ending: string;
}

const secretBytes = 32;

/** Makes a key. @param random 32 random bytes */
export function makeApiKey(orgId: OrgId, random: Uint8Array): NewApiKey {
	if (random.length < secretBytes) throw new TapPassError('internal', { detail: 'too little randomness for a key' });
	const text = `tappass_sk_${orgId.slice('org_'.length)}_${Buffer.from(random).toString('hex')}`;
	return { text, hash: hashApiKey(text), ending: text.slice(-4) };
}

/** The org a key says it is of, and its hash; undefined when the text is no key. Only the hash proves anything. */
export function readApiKey(text: string): { readonly orgId: OrgId; readonly hash: Uint8Array } | undefined {
	const match = /^tappass_sk_([a-z0-9]{6,32})_[0-9a-f]{64}$/.exec(text);
	const orgId = orgIdSchema.safeParse(`org_${match?.[1] ?? ''}`);
	return match === null || !orgId.success ? undefined : { orgId: orgId.data, hash: hashApiKey(text) };
}

function hashApiKey(text: string): Uint8Array {
	return hash('sha256', text, 'buffer');
}
