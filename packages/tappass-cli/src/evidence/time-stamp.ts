import { createHash } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { boundedBody } from '../remote/bounded-body.ts';

// TimeStampReq (RFC 3161 §2.4.1) in DER, up to the hash: version 1, SHA-256. Behind it: certReq, so that the token can be
// checked with nothing but the CA of the authority. No nonce: an older token over the same hash proves no less.
const before = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
const after = Buffer.from('0101ff', 'hex');

/**
 * The address of a time stamping authority, looked at before a pack is made for it.
 * @throws {TapPassError} usage
 */
export function parseAuthority(text: string): string {
	const url = URL.parse(text);
	if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
		throw new TapPassError('usage', {
			detail: `--tsa ${JSON.stringify(text)} is no address of a time stamping authority`,
			hint: 'write http://host/path or https://host/path, without a password',
		});
	return url.href;
}

/**
 * Has a time stamping authority stamp some bytes; only their hash is sent. What comes back is looked at for the hash and for
 * being granted; its signature is checked by whoever knows the authority's CA, with `openssl ts -verify`.
 *
 * @returns the TimeStampResp as it came
 * @throws {TapPassError} server_unreachable, server_unexpected
 */
export async function timeStamp(url: string, bytes: Uint8Array): Promise<Uint8Array> {
	const imprint = createHash('sha256').update(bytes).digest();
	const unexpected = (detail: string): TapPassError =>
		new TapPassError('server_unexpected', {
			detail: `${url}: ${detail}`,
			hint: 'is this the address of an RFC 3161 time stamping authority?',
		});
	const unreachable = (cause: unknown): never => {
		throw new TapPassError('server_unreachable', {
			detail: `the time stamping authority ${url}`,
			hint: 'leave --tsa out, or try again: nothing was written',
			cause,
		});
	};
	const answer = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
		body: Buffer.concat([before, imprint, after]),
		redirect: 'error',
		signal: AbortSignal.timeout(limits.timeStampMs),
	}).catch(unreachable);
	if (!answer.ok) throw unexpected(`status ${answer.status}`);
	const read = await boundedBody(answer, limits.timeStampBytesMax).catch(unreachable);
	if (read === undefined) throw unexpected('a larger answer than any token');
	const token = Buffer.from(read);
	if (!isGranted(token)) throw unexpected('the token was not granted');
	if (!token.includes(imprint)) throw unexpected('its token is for something else');
	return token;
}

// TimeStampResp begins with PKIStatusInfo, and that with its status: 0 is granted, 1 granted with changes.
function isGranted(der: Buffer): boolean {
	const outer = contentAt(der, 0);
	const status = outer === undefined ? undefined : contentAt(der, outer);
	return status !== undefined && der[status] === 2 && der[status + 1] === 1 && (der[status + 2] ?? 9) <= 1;
}

function contentAt(der: Buffer, at: number): number | undefined {
	if (der[at] !== 0x30) return undefined;
	const length = der[at + 1] ?? 0;
	return at + 2 + (length > 0x80 ? length - 0x80 : 0);
}
