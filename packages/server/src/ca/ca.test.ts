import { createPublicKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type { OrgId, SandboxId } from '@tappass/core';
import { generateSigner } from '@tappass/signing';
import { importPublicKey } from '@tappass/trust';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	type Authority,
	authoritySpkiSha256,
	createAuthority,
	issueHostCertificate,
	issueServerCertificate,
} from './authority.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { hostPlaneName, orgOfHostPlaneName, parseSpiffeId, spiffeId } from './spiffe.ts';
import {
	BasicConstraintsExtension,
	type Extension,
	KeyUsageFlags,
	KeyUsagesExtension,
	Pkcs10CertificateRequestGenerator,
	SubjectAlternativeNameExtension,
} from './x509.ts';

const now = Date.UTC(2026, 0, 1, 12);
const org_id = 'org_acme01' as OrgId;
const sandbox_id = 'sbx_a1b2c3' as SandboxId;
const trustDomain = 'tappass.test';
const code = (expected: string): object => expect.objectContaining({ code: expected });

async function request(
	algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' },
	extensions: readonly Extension[] = [],
	name = 'CN=host',
): Promise<{ readonly pem: string; readonly keys: webcrypto.CryptoKeyPair }> {
	const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
	const signingAlgorithm = { name: algorithm.name, hash: 'SHA-256' };
	const csr = await Pkcs10CertificateRequestGenerator.create({
		name,
		keys,
		signingAlgorithm,
		extensions: [...extensions],
	});
	return { pem: csr.toString('pem'), keys };
}

const authority = async (): Promise<Authority> =>
	createAuthority(org_id, generateSigner('es256'), { now, serial: randomBytes(16) });
const subject = { now, trustDomain, identity: { org_id, sandbox_id } };

describe('a certificate request', () => {
	it.each([
		['P-384', { name: 'ECDSA', namedCurve: 'P-384' }],
		[
			'RSA',
			{ name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
		],
	])('with a key of %s is refused', async (_name, algorithm) => {
		const { pem } = await request(algorithm as webcrypto.EcKeyGenParams);

		await expect(readCertificateRequest(pem)).rejects.toThrow(code('csr_invalid'));
	});

	it('that another key signed is refused', async () => {
		const { pem } = await request();
		const other = await request();
		const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
		const theirs = Buffer.from(other.pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
		const at = der.indexOf(Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'));
		theirs.copy(der, at, at, at + 91);
		const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;

		await expect(readCertificateRequest(forged)).rejects.toThrow(code('csr_invalid'));
	});

	it('that is anything else is refused with the same code', async () => {
		const { pem } = await request();
		const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' });
		const texts = ['', 'x', String(other), pem + pem, `x${pem}`, pem.replace('MI', 'AA'), `${pem}${' '.repeat(9_000)}`];

		for (const text of texts) await expect(readCertificateRequest(text)).rejects.toThrow(code('csr_invalid'));
	});

	it('of which any byte was changed is refused, or says the same key: no other is ever taken from it', async () => {
		const { keys, pem } = await request();
		const key = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey)).toString('hex');
		const body = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 1, max: 255 }), async (flip) => {
				for (const at of body.keys()) {
					const bytes = Buffer.from(body);
					bytes[at]! ^= flip;
					const text = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
					const read = await readCertificateRequest(text).then(
						({ spki }) => Buffer.from(spki).toString('hex'),
						(error) => error.code,
					);
					expect([key, 'csr_invalid'], `byte ${at}`).toContain(read);
				}
			}),
			// Each run walks the whole request. The first writes the algorithm's parameters as something else than a curve.
			{ numRuns: 6, examples: [[1], [3], [0x80]] },
		);
	});
});

describe('a certificate of a host', () => {
	it('holds nothing of what its request asked for but the key', async () => {
		const asked = [
			new BasicConstraintsExtension(true, 3, true),
			new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
			new SubjectAlternativeNameExtension([
				{ type: 'url', value: spiffeId(trustDomain, { org_id, sandbox_id: 'sbx_another1' as SandboxId }) },
				{ type: 'dns', value: 'evil.example' },
			]),
		];
		const { keys, pem } = await request(undefined, asked, 'CN=root, O=evil');
		const ca = await authority();

		const issued = await issueHostCertificate(ca, await readCertificateRequest(pem), {
			...subject,
			serial: randomBytes(16),
		});

		const certificate = new X509Certificate(issued.certificate);
		expect(certificate.ca).toBe(false);
		expect(certificate.subject).toBe('CN=sbx_a1b2c3\nO=org_acme01');
		expect(certificate.subjectAltName).toBe(`URI:spiffe://tappass.test/org/org_acme01/sandbox/sbx_a1b2c3`);
		expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
		expect(certificate.publicKey.export({ format: 'der', type: 'spki' })).toEqual(
			Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey)),
		);
		expect(certificate.verify(createPublicKey({ key: Buffer.from(ca.signer.spki), format: 'der', type: 'spki' }))).toBe(
			true,
		);
	});

	it('lives for one hour, whatever its request asked', async () => {
		const ca = await authority();
		const { pem } = await request();

		const issued = await issueHostCertificate(ca, await readCertificateRequest(pem), {
			...subject,
			serial: randomBytes(16),
		});

		const { validFromDate, validToDate } = new X509Certificate(issued.certificate);
		expect(validToDate.getTime()).toBe(now + 3_600_000);
		expect(validFromDate.getTime()).toBe(now - 60_000);
		expect(issued.not_after_ms).toBe(now + 3_600_000);
	});

	it('has the serial that TLS will name, of 16 bytes, whatever the random bytes', async () => {
		const ca = await authority();
		const { spki } = generateSigner('es256');
		for (const first of [0, 0x7f, 0x80, 0xff]) {
			const serial = Uint8Array.of(first, ...randomBytes(15));
			const issued = await issueHostCertificate(ca, importPublicKey('es256', spki), { ...subject, serial });

			expect(issued.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
			expect(new X509Certificate(issued.certificate).serialNumber.toLowerCase()).toBe(issued.serial);
		}
	});
});

describe('the authority', () => {
	it('certifies itself as a CA below which there is none, and has the hash that the root document lists', async () => {
		const ca = await authority();

		const certificate = new X509Certificate(ca.certificate);

		expect(certificate.ca).toBe(true);
		expect(certificate.verify(certificate.publicKey)).toBe(true);
		expect(authoritySpkiSha256(ca)).toBe(ca.signer.id);
	});

	it('refuses a key that is not P-256', async () => {
		await expect(createAuthority(org_id, generateSigner('ed25519'), { now, serial: randomBytes(16) })).rejects.toThrow(
			code('key_invalid'),
		);
	});

	it('certifies the host plane under the name of one org only', async () => {
		const issued = await issueServerCertificate(await authority(), org_id, { now, serial: randomBytes(16) });

		const certificate = new X509Certificate(issued.certificate);

		expect(certificate.checkHost(hostPlaneName(org_id))).toBe(hostPlaneName(org_id));
		expect(certificate.checkHost(hostPlaneName('org_other1' as OrgId))).toBeUndefined();
		expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
	});
});

describe('a SPIFFE id', () => {
	it.each([
		'spiffe://other.test/org/org_acme01/sandbox/sbx_a1b2c3',
		'spiffe://tappass.test/org/org_acme01/sandbox/sbx_a1b2c3/',
		'spiffe://tappass.test/org/org_acme01/sandbox/sbx_a1b2c3?x',
		'spiffe://tappass.test/org/org_acme01/sandbox/../sbx_a1b2c3',
		'spiffe://tappass.test/org/ORG_ACME01/sandbox/sbx_a1b2c3',
		'spiffe://tappass.test/org/org_acme01/runtime/sbx_a1b2c3',
		'https://tappass.test/org/org_acme01/sandbox/sbx_a1b2c3',
		'',
	])('%s is no one', (text) => {
		expect(parseSpiffeId(trustDomain, text)).toBeUndefined();
	});

	it('names an org and a sandbox, there and back', () => {
		expect(parseSpiffeId(trustDomain, spiffeId(trustDomain, { org_id, sandbox_id }))).toEqual({ org_id, sandbox_id });
	});

	it('and the host plane name of an org are told apart from every other name', () => {
		expect(orgOfHostPlaneName(hostPlaneName(org_id))).toBe(org_id);
		for (const name of [
			'',
			'org.tappass.internal',
			'x.org.tappass.internal',
			'a.b.org.tappass.internal',
			'acme01.evil.example',
		])
			expect(orgOfHostPlaneName(name)).toBeUndefined();
	});
});
