import { type OrgId, orgIdSchema, TapPassError } from '@tappass/core';

/** A bootstrap URL taken apart: `https://<host>/install/<token>#root=<sha256 of the root document>`. */
export interface BootstrapUrl {
	readonly origin: string;
	/** Secret until it is redeemed. */
	readonly token: string;
	readonly org_id: OrgId;
	readonly root_sha256: string;
}

const again = 'copy the whole URL that tappass sandbox-spec emit-bootstrap printed, in quotes, with what follows #';

/** Takes a bootstrap URL apart. Its text is never repeated in an error: it holds a secret. @throws {TapPassError} usage */
export function parseBootstrapUrl(text: string): BootstrapUrl {
	const url = URL.parse(text.trim());
	if (url === null) throw unusable('it is no URL');
	if (url.protocol !== 'https:') throw unusable('it does not begin with https:');
	if (url.username !== '' || url.password !== '') throw unusable('it names a user');
	const token = /^\/install\/([A-Za-z0-9._-]{1,128})$/.exec(url.pathname)?.[1];
	if (token === undefined) throw unusable('its path is not /install/ and a token');
	const org = orgIdSchema.safeParse(`org_${token.split('.')[0]}`);
	if (!org.success) throw unusable('its token names no org');
	const root = new URLSearchParams(url.hash.slice(1)).get('root') ?? '';
	if (url.hash === '') throw unusable('what follows # is missing: the hash that says which server is the right one');
	if (!/^[0-9a-f]{64}$/.test(root)) throw unusable('what follows # is not root= and 64 hex digits');
	return { origin: url.origin, token, org_id: org.data, root_sha256: root };
}

function unusable(detail: string): TapPassError {
	return new TapPassError('usage', { detail: `the enrolment URL cannot be used: ${detail}`, hint: again });
}
