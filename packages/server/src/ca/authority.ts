import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { type OrgId, TapPassError } from '@tappass/core';
import { generateSigner, type LocalSigner, type Signer } from '@tappass/signing';
import { keyId, type PublicKey } from '@tappass/trust';
import { syncLimits } from '../sync-limits.ts';
import { type HostIdentity, hostPlaneName, spiffeId } from './spiffe.ts';
import {
	BasicConstraintsExtension,
	ExtendedKeyUsage,
	ExtendedKeyUsageExtension,
	type Extension,
	KeyUsageFlags,
	KeyUsagesExtension,
	SubjectAlternativeNameExtension,
	PublicKey as SubjectKey,
	SubjectKeyIdentifierExtension,
	X509Certificate,
	X509CertificateGenerator,
} from './x509.ts';

/** An org's certificate authority: certifies its hosts, and the host plane towards them. */
export interface Authority {
	/** X.509, DER. */
	readonly certificate: Uint8Array;
	/** P-256. */
	readonly signer: Signer;
}

/** A certificate as it is stored and handed out. */
export interface IssuedCertificate {
	/** Hex, as Node's TLS names it once lower-cased. */
	readonly serial: string;
	/** X.509, DER. */
	readonly certificate: Uint8Array;
	/** Unix milliseconds. */
	readonly not_before_ms: number;
	readonly not_after_ms: number;
}

/** What the CA says about one certificate, besides the key. */
interface Subject {
	/** Unix milliseconds. */
	readonly now: number;
	/** 16 random bytes. */
	readonly serial: Uint8Array;
}

/**
 * Certifies a new authority with its own key.
 * @throws {TapPassError} key_invalid for a key that is not P-256
 */
export async function createAuthority(orgId: OrgId, signer: Signer, { now, serial }: Subject): Promise<Authority> {
	// The key is in the name: of two CAs of one org, whoever checks a chain must find the right one.
	const name = `CN=TapPass hosts ${signer.id.slice(0, 16)}, O=${orgId}`;
	const issued = await issue(
		{ name, signer },
		{
			name,
			key: signer.spki,
			serial,
			from: now - syncLimits.certificateBackdateMs,
			until: now + syncLimits.authorityLifeMs,
		},
		[
			new BasicConstraintsExtension(true, 0, true),
			new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
			await SubjectKeyIdentifierExtension.create(new SubjectKey(bytes(signer.spki))),
		],
	);
	return { certificate: issued.certificate, signer };
}

/** SHA-256 of the authority's key, hex: what the root document lists as `host_ca_spki_sha256`. */
export function authoritySpkiSha256({ signer }: Pick<Authority, 'signer'>): string {
	return keyId(signer.spki);
}

/**
 * Certifies a host's key for one hour, as one sandbox and nothing else: no CA, client authentication only.
 * @param subject whom it names, in which trust domain
 */
export function issueHostCertificate(
	authority: Authority,
	key: PublicKey,
	subject: Subject & { readonly trustDomain: string; readonly identity: HostIdentity },
): Promise<IssuedCertificate> {
	const { identity, now, serial, trustDomain } = subject;
	const terms = {
		name: `CN=${identity.sandbox_id}, O=${identity.org_id}`,
		key: key.spki,
		serial,
		from: now - syncLimits.certificateBackdateMs,
		until: now + syncLimits.certificateLifeMs,
	};
	return issue({ name: nameOf(authority), signer: authority.signer }, terms, [
		new BasicConstraintsExtension(false, undefined, true),
		new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
		new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], true),
		new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId(trustDomain, identity) }]),
	]);
}

/** The certificate that the host plane shows to an org's hosts, with its key, as PEM. */
export interface ServerCertificate {
	readonly certificate: string;
	readonly key: string;
	readonly not_after_ms: number;
}

/** Makes a key and certifies it as the host plane of one org, for a day. */
export async function issueServerCertificate(
	authority: Authority,
	orgId: OrgId,
	{ now, serial }: Subject,
): Promise<ServerCertificate> {
	const signer: LocalSigner = generateSigner('es256');
	const name = hostPlaneName(orgId);
	const terms = {
		name: `CN=${name}`,
		key: signer.spki,
		serial,
		from: now - syncLimits.certificateBackdateMs,
		until: now + syncLimits.serverCertificateLifeMs,
	};
	const issued = await issue({ name: nameOf(authority), signer: authority.signer }, terms, [
		new BasicConstraintsExtension(false, undefined, true),
		new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
		new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth], true),
		new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
	]);
	const key = createPrivateKey(signer.toPem()).export({ format: 'pem', type: 'pkcs8' });
	return { certificate: pem(issued.certificate), key: String(key), not_after_ms: issued.not_after_ms };
}

/** A certificate in PEM. */
export function pem(certificate: Uint8Array): string {
	return `${new X509Certificate(bytes(certificate)).toString('pem')}\n`;
}

interface Terms {
	readonly name: string;
	readonly key: Uint8Array;
	readonly serial: Uint8Array;
	readonly from: number;
	readonly until: number;
}

async function issue(
	issuer: { readonly name: string; readonly signer: Signer },
	{ from, key, name, serial, until }: Terms,
	extensions: readonly Extension[],
): Promise<IssuedCertificate> {
	const { signer } = issuer;
	if (signer.algorithm !== 'es256')
		throw new TapPassError('key_invalid', { detail: 'certificates are signed with P-256' });
	const certificate = await X509CertificateGenerator.create(
		{
			serialNumber: positive(serial),
			subject: name,
			issuer: issuer.name,
			notBefore: new Date(from),
			notAfter: new Date(until),
			publicKey: bytes(key),
			signingKey: { algorithm: { name: 'ECDSA', namedCurve: 'P-256' } } as unknown as webcrypto.CryptoKey,
			signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
			extensions: [...extensions],
		},
		signingWith(signer),
	);
	const der = new Uint8Array(certificate.rawData);
	return {
		serial: certificateSerial(new NodeCertificate(der)),
		certificate: der,
		// X.509 counts whole seconds.
		not_before_ms: Math.floor(from / 1_000) * 1_000,
		not_after_ms: Math.floor(until / 1_000) * 1_000,
	};
}

/** A certificate's serial as it is stored: lower-case hex. */
export function certificateSerial({ serialNumber }: Pick<NodeCertificate, 'serialNumber'>): string {
	return serialNumber.toLowerCase();
}

// The library signs through WebCrypto; a key that can be used but not seen (a key service) has only `sign`.
function signingWith(signer: Signer): webcrypto.Crypto {
	const sign = async (_algorithm: unknown, _key: unknown, message: ArrayBuffer): Promise<ArrayBuffer> =>
		bytes(await signer.sign(new Uint8Array(message))).buffer;
	return {
		subtle: { sign },
		getRandomValues: webcrypto.getRandomValues.bind(webcrypto),
	} as unknown as webcrypto.Crypto;
}

// RFC 5280 §4.1.2.2: positive, at most 20 octets; the first bits are fixed so that its length never varies.
function positive(serial: Uint8Array): string {
	const copy = Uint8Array.from(serial);
	copy[0] = (copy[0]! & 0x3f) | 0x40;
	return Buffer.from(copy).toString('hex');
}

function nameOf({ certificate }: Authority): string {
	return new X509Certificate(bytes(certificate)).subject;
}

// A copy on a buffer of its own: what TypeScript and WebCrypto both call a BufferSource.
function bytes(value: Uint8Array): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(value);
}
