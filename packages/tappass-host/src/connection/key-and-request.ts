import { webcrypto } from 'node:crypto';

/** A key that never leaves this machine, and a request for a certificate of it. */
export interface KeyAndRequest {
	/** PKCS#8, PEM. */
	readonly key: string;
	/** PKCS#10, PEM; the server reads nothing of it but the key. */
	readonly csr: string;
}

/** Makes a P-256 key and a certificate request for it. */
export async function makeKeyAndRequest(): Promise<KeyAndRequest> {
	// Loaded when it is needed, once an hour: a daemon that idles need not hold it. The polyfill comes first.
	await import('reflect-metadata');
	const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
	const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
	const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
	const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=tappass-host', keys, signingAlgorithm });
	const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
	const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
	return { key, csr: csr.toString('pem') };
}
