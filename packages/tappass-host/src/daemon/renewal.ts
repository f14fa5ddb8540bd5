import { X509Certificate } from 'node:crypto';
import { type Json, parseWith, TapPassError } from '@tappass/core';
import { certificateAnswerSchema, type TrustedRoot } from '@tappass/trust';
import { isListedCa } from '../connection/host-plane.ts';
import { makeKeyAndRequest } from '../connection/key-and-request.ts';
import { limits } from '../limits.ts';
import { type Credentials, documentText } from '../state/documents.ts';
import type { Files } from '../state/files.ts';

/**
 * When a certificate is renewed, Unix milliseconds: at half of its life, sooner or later by a tenth so that a fleet that
 * was enrolled together does not come together.
 * @param random 0 to 1
 */
export function renewalTime({ certificate }: Credentials, random: number): number {
	const { validFromDate, validToDate } = new X509Certificate(certificate.certificate);
	const from = validFromDate.getTime();
	const part = limits.renewAfter + (random * 2 - 1) * limits.renewJitter;
	return from + (validToDate.getTime() - from) * part;
}

/**
 * Gets the next certificate, for a new key, and stores it. Until it is stored the old one is shown: the server takes the
 * old one for as long as the new one was not seen, so no crash and no full disk leaves a host without a good one.
 *
 * @throws {TapPassError} what `post` throws, root_mismatch, csr_invalid, file_unwritable
 */
export async function renewCertificate(options: {
	readonly files: Files;
	readonly path: string;
	readonly root: TrustedRoot;
	readonly post: (path: string, status: 201, body: object) => Promise<Json>;
}): Promise<Credentials> {
	const { csr, key } = await makeKeyAndRequest();
	const answer = await options.post('/v1/sync/renew', 201, { schema: 'tappass.renewal/1', csr });
	const certificate = parseWith(certificateAnswerSchema, answer, 'the answer to the renewal');
	if (!isListedCa(certificate.ca, options.root)) throw new TapPassError('root_mismatch', { detail: 'the new CA' });
	const credentials: Credentials = { schema: 'tappass.host-credentials/1', key, certificate };
	await options.files.write(options.path, documentText(credentials));
	return credentials;
}
