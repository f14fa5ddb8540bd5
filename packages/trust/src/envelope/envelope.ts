import { type Json, TapPassError } from '@tappass/core';
import { trustLimits } from '../limits.ts';
import { decodeBase64 } from './base64.ts';
import type { PayloadType } from './payload-type.ts';

/** A DSSE envelope as it stands in JSON; `payload` and `sig` are base64. */
export interface Envelope {
	readonly payloadType: string;
	readonly payload: string;
	readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** An envelope of the expected type, decoded but not yet believed. */
export interface OpenEnvelope {
	readonly payloadType: PayloadType;
	readonly payload: Uint8Array;
	readonly signatures: readonly OpenSignature[];
}

/** One decoded signature of an envelope. */
export interface OpenSignature {
	/** SHA-256 of the signer's SPKI, hex. */
	readonly keyid: string;
	readonly sig: Uint8Array;
}

/**
 * Decodes an envelope and checks that it says it carries `payloadType`; looks at no signature and parses no payload.
 * @throws {TapPassError} payload_malformed, payload_type_mismatch, sig_missing
 */
export function openEnvelope(value: Json | undefined, payloadType: PayloadType): OpenEnvelope {
	const envelope = members(value);
	if (envelope['payloadType'] !== payloadType) {
		throw new TapPassError('payload_type_mismatch', { detail: `expected ${payloadType}` });
	}
	const signatures = openSignatures(envelope['signatures']);
	const payload = bytesOf(envelope['payload'], 'payload');
	return { payloadType, payload, signatures };
}

function members(value: Json | undefined): { readonly [key: string]: Json } {
	if (typeof value !== 'object' || value === null || isList(value)) throw malformed('expected an envelope');
	const unknown = Object.keys(value).find((key) => !['payloadType', 'payload', 'signatures'].includes(key));
	// A statement in the place of its envelope is the plainest way to leave the signature out.
	if (!('signatures' in value)) throw new TapPassError('sig_missing', { detail: 'the envelope names no signatures' });
	if (unknown !== undefined) throw malformed('the envelope has a member that DSSE does not know');
	return value;
}

function openSignatures(value: Json | undefined): readonly OpenSignature[] {
	if (!isList(value)) throw malformed('signatures is not a list');
	if (value.length === 0) throw new TapPassError('sig_missing', { detail: 'the list of signatures is empty' });
	if (value.length > trustLimits.signaturesMax) throw malformed(`more than ${trustLimits.signaturesMax} signatures`);
	return value.map(openSignature);
}

function openSignature(value: Json): OpenSignature {
	if (typeof value !== 'object' || value === null || isList(value)) throw malformed('a signature is not an object');
	const { keyid, sig, ...more } = value;
	if (Object.keys(more).length > 0) throw malformed('a signature has a member that DSSE does not know');
	if (typeof keyid !== 'string') throw malformed('a signature names no key');
	if (sig === undefined || sig === '') throw new TapPassError('sig_missing', { detail: 'a signature is empty' });
	return { keyid, sig: bytesOf(sig, 'sig') };
}

function bytesOf(value: Json | undefined, name: string): Uint8Array {
	const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
	if (bytes === undefined) throw malformed(`${name} is not canonical base64`);
	return bytes;
}

// Array.isArray does not narrow readonly arrays away from the other members of Json.
function isList(value: Json | undefined): value is readonly Json[] {
	return Array.isArray(value);
}

function malformed(detail: string): TapPassError {
	return new TapPassError('payload_malformed', { detail });
}
