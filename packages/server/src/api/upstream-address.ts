import { isIP } from 'node:net';
import { TapPassError } from '@tappass/core';
import { isMetadataAddress } from '@tappass/gateway';

/**
 * An address that this server may call for an operator: https, or http on this machine; http elsewhere only when it is
 * asked for, since credentials would travel in the clear. Never one where a cloud keeps the credentials of the machine;
 * names that lead to one are refused when they are looked up.
 *
 * @throws {TapPassError} usage
 */
export function checkAddress(text: string, { insecureHttp }: { readonly insecureHttp: boolean }): string {
	const url = URL.parse(text);
	if (url === null || !['http:', 'https:'].includes(url.protocol))
		throw refused(`${JSON.stringify(text)} is no address`, 'write https://host/path');
	if (url.username !== '' || url.password !== '')
		throw refused('an address holds no password', 'put it into the vault: tappass secret put <name>');
	if (url.hash !== '' || url.search !== '')
		throw refused('the address has a query or a fragment', 'a key belongs into the vault: tappass secret put <name>');
	const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
	if (isMetadataAddress(host) || metadataNames.has(host))
		throw refused(`${host} serves the credentials of the machine, never models or tools`);
	if (url.protocol === 'http:' && !isLoopback(host) && !insecureHttp)
		throw refused(
			`${url.origin} is another machine, and http would carry the credential in the clear`,
			'write https://…, or add --insecure-http where the network itself is trusted',
		);
	return url.href;
}

const metadataNames: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'instance-data']);

function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function refused(detail: string, hint?: string): TapPassError {
	return new TapPassError('usage', { detail, ...(hint === undefined ? {} : { hint }) });
}
