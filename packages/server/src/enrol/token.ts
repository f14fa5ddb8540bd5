import { hash } from 'node:crypto';
import { type OrgId, orgIdSchema } from '@tappass/core';

/** A bootstrap token and the only thing of it that is kept. */
export interface BootstrapToken {
	/** Secret: it goes into the URL and nowhere else. */
	readonly text: string;
	readonly hash: Uint8Array;
}

/**
 * Makes a token. It begins with the org, so that finding it never looks across orgs.
 * @param secret 32 random bytes
 */
export function makeBootstrapToken(orgId: OrgId, secret: Uint8Array): BootstrapToken {
	const text = `${orgId.slice('org_'.length)}.${Buffer.from(secret).toString('base64url')}`;
	return { text, hash: hashToken(text) };
}

/** The org and hash of a token that a request brought; undefined when it is no token at all. */
export function readBootstrapToken(text: string): { readonly org_id: OrgId; readonly hash: Uint8Array } | undefined {
	const [, org, secret] = /^([a-z0-9]{6,32})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
	if (org === undefined || secret === undefined) return undefined;
	const parsed = orgIdSchema.safeParse(`org_${org}`);
	return parsed.success ? { org_id: parsed.data, hash: hashToken(text) } : undefined;
}

function hashToken(text: string): Uint8Array {
	return hash('sha256', text, 'buffer');
}

/**
 * The URL that an operator gives to a host's owner. The fragment never reaches a server: it is how the host knows that
 * the root document it gets is the right one.
 * @param address where the host plane is reached, `https://…`
 */
export function bootstrapUrl(address: string, token: string, rootSha256: string): string {
	return `${address.replace(/\/+$/, '')}/install/${token}#root=${rootSha256}`;
}
