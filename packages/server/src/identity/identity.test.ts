import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { OrgId } from '@tappass/core';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { makeApiKey, readApiKey } from './api-key.ts';
import { mintOperatorToken, verifyOperatorToken } from './operator-token.ts';

const org = 'org_abc123' as OrgId;
const now = Date.UTC(2026, 0, 1);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const claims = { org_id: org, user_id: 'user_1', key_id: 'key_1' };
const find = async (orgId: OrgId, keyId: string) =>
	orgId === org && keyId === 'k1' ? createPublicKey(privateKey) : undefined;
const refused = expect.objectContaining({ code: 'unauthenticated' });

describe('an API key', () => {
	it.each([
		'',
		'tappass_sk_',
		'tappass_sk_abc123_',
		`tappass_sk_abc123_${'0'.repeat(63)}`,
		`tappass_sk_ABC123_${'0'.repeat(64)}`,
		`tappass_sk_a'--xx_${'0'.repeat(64)}`,
		`xtappass_sk_abc123_${'0'.repeat(64)}`,
	])('is not read from %j', (text) => {
		expect(readApiKey(text)).toBeUndefined();
	});

	it('is not made of too little randomness', () => {
		expect(() => makeApiKey(org, randomBytes(16))).toThrow(expect.objectContaining({ code: 'internal' }));
	});

	it('says its org and hashes to what is kept', () => {
		const key = makeApiKey(org, randomBytes(32));

		expect(readApiKey(key.text)).toEqual({ orgId: org, hash: key.hash });
		expect(key.text).toMatch(/^tappass_sk_abc123_[0-9a-f]{64}$/);
		expect(Buffer.from(key.hash).toString('hex')).not.toContain(key.text.slice(-64));
	});
});

describe("an operator's token", () => {
	it('ends after fifteen minutes', async () => {
		const token = await mintOperatorToken(claims, 'k1', privateKey, now);

		await expect(verifyOperatorToken(token, find, now + 899_000)).resolves.toEqual(claims);
		await expect(verifyOperatorToken(token, find, now + 900_000)).rejects.toThrow(refused);
	});

	it.each(['', 'a.b.c', 'e30.e30.'])('is not %j', async (token) => {
		await expect(verifyOperatorToken(token, find, now)).rejects.toThrow(refused);
	});

	it('is refused when it names another org, another key, or was signed by another', async () => {
		const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

		for (const token of [
			await mintOperatorToken({ ...claims, org_id: 'org_other1' as OrgId }, 'k1', privateKey, now),
			await mintOperatorToken(claims, 'k2', privateKey, now),
			await mintOperatorToken(claims, 'k1', stranger, now),
		])
			await expect(verifyOperatorToken(token, find, now)).rejects.toThrow(refused);
	});

	it('is refused when it is of another type, for another audience, unsigned, or lives longer', async () => {
		const make = (typ: string, aud: string, seconds: number): Promise<string> =>
			new SignJWT({ org_id: org, key_id: 'key_1' })
				.setProtectedHeader({ alg: 'ES256', typ, kid: 'k1' })
				.setIssuer('tappass')
				.setAudience(aud)
				.setSubject('user_1')
				.setIssuedAt(now / 1_000)
				.setExpirationTime(now / 1_000 + seconds)
				.sign(privateKey);
		const good = ['tappass-operator+jwt', 'tappass:operator', 900] as const;
		const none = `${Buffer.from('{"alg":"none","kid":"k1","typ":"tappass-operator+jwt"}').toString('base64url')}.${(await make(...good)).split('.')[1]}.`;

		await expect(verifyOperatorToken(await make(...good), find, now)).resolves.toEqual(claims);
		for (const token of [
			await make('JWT', good[1], 900),
			await make(good[0], 'gateway', 900),
			await make(good[0], good[1], 901),
			none,
		])
			await expect(verifyOperatorToken(token, find, now)).rejects.toThrow(refused);
	});
});
