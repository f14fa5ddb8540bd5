import type { Json } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts';
import { openEnvelope } from './envelope.ts';
import { preAuthenticationEncoding } from './pae.ts';
import { policyPayloadType } from './payload-type.ts';

const signature = { keyid: 'a', sig: 'AAAA' };
const good = { payloadType: policyPayloadType, payload: 'e30=', signatures: [signature] };
const open = (value: unknown): unknown => openEnvelope(value as Json, policyPayloadType);

describe('an envelope', () => {
	it.each([
		['null', null],
		['text', 'e30='],
		['a list', [good]],
		['nothing', undefined],
		['a payload that is no text', { ...good, payload: 1 }],
		['no payload', { payloadType: policyPayloadType, signatures: [signature] }],
		['an unknown member', { ...good, extra: 1 }],
		['signatures that are no list', { ...good, signatures: {} }],
		['more signatures than it may have', { ...good, signatures: Array(17).fill(signature) }],
		['a signature that is null', { ...good, signatures: [null] }],
		['a signature that is a list', { ...good, signatures: [[]] }],
		['a signature that is text', { ...good, signatures: ['AAAA'] }],
		['a signature without a key id', { ...good, signatures: [{ sig: 'AAAA' }] }],
		['a signature with an unknown member', { ...good, signatures: [{ ...signature, cert: '' }] }],
		['a signature that is no text', { ...good, signatures: [{ ...signature, sig: 1 }] }],
		['a payload without padding', { ...good, payload: 'e30' }],
		['a payload with stray bits', { ...good, payload: 'e31=' }],
		['a payload in base64url', { ...good, payload: '_-8=' }],
		['a payload with a line break', { ...good, payload: 'e30=\n' }],
	])('is malformed as %s', (_name, value) => {
		expect(() => open(value)).toThrow(expect.objectContaining({ code: 'payload_malformed' }));
	});

	it('of another type is refused before its signatures are looked at', () => {
		expect(() => open({ ...good, payloadType: 'text/plain' })).toThrow(
			expect.objectContaining({ code: 'payload_type_mismatch' }),
		);
	});

	it('opens to its bytes', () => {
		expect(open(good)).toMatchObject({ payload: Buffer.from('{}'), signatures: [{ keyid: 'a' }] });
	});
});

describe('the bytes that are signed', () => {
	it('are those of the DSSE protocol', () => {
		const bytes = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));

		expect(Buffer.from(bytes).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
	});
});

describe('base64', () => {
	it('has one text for one byte string', () => {
		const bytes = Buffer.from([0xfb, 0xff, 0]);

		expect(encodeBase64(bytes)).toBe('+/8A');
		expect(encodeBase64Url(bytes)).toBe('-_8A');
		expect(decodeBase64('+/8A')).toEqual(bytes);
		expect(decodeBase64Url('-_8A')).toEqual(bytes);
		expect([decodeBase64('-_8A'), decodeBase64Url('+/8A'), decodeBase64Url('YQ=='), decodeBase64Url('YR')]).toEqual(
			Array(4).fill(undefined),
		);
	});
});
