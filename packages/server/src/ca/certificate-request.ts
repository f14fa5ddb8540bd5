import { TapPassError } from '@tappass/core';
import { importPublicKey, type PublicKey } from '@tappass/trust';
import { syncLimits } from '../sync-limits.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

/**
 * Reads a certificate request (PKCS#10, PEM) for the one thing that is taken from it: a P-256 key whose owner signed the
 * request. Subject, extensions and attributes are not even looked at; what a certificate says, the CA alone decides.
 * @throws {TapPassError} csr_invalid
 */
export async function readCertificateRequest(pem: string): Promise<PublicKey> {
	if (pem.length > syncLimits.requestBytesMax) throw invalid(`longer than ${syncLimits.requestBytesMax} bytes`);
	if (!/^-----BEGIN CERTIFICATE REQUEST-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE REQUEST-----\s*$/.test(pem))
		throw invalid('expected one PKCS#10 request in PEM');
	const request = parse(pem);
	const key = p256(request);
	// Proof of possession: without it a host could enrol a key of someone else.
	if (!(await verifies(request))) throw invalid('its signature is not of its own key');
	return key;
}

function parse(pem: string): Pkcs10CertificateRequest {
	try {
		return new Pkcs10CertificateRequest(pem);
	} catch {
		throw invalid('not a PKCS#10 request');
	}
}

function p256(request: Pkcs10CertificateRequest): PublicKey {
	try {
		// The library reads the key only when it is asked for it, and throws when its algorithm is none.
		return importPublicKey('es256', new Uint8Array(request.publicKey.rawData));
	} catch {
		throw invalid('the key must be P-256, uncompressed');
	}
}

async function verifies(request: Pkcs10CertificateRequest): Promise<boolean> {
	try {
		return await request.verify();
	} catch {
		// An algorithm that the platform cannot check has not been checked: refused.
		return false;
	}
}

function invalid(detail: string): TapPassError {
	return new TapPassError('csr_invalid', { detail });
}
