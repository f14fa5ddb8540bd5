import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { addFileKey, fileKms } from './kms.ts';
import { open, seal } from './seal.ts';

const invalid = expect.objectContaining({ code: 'key_invalid' });
const key = randomBytes(32);
const secret = Buffer.from('a private key');

describe('sealed bytes', () => {
	it('do not open with another key, in another context, or shortened', () => {
		const sealed = seal(key, secret, 'org_a policy');

		expect(() => open(randomBytes(32), sealed, 'org_a policy')).toThrow(invalid);
		expect(() => open(key, sealed, 'org_b policy')).toThrow(invalid);
		for (let length = 0; length < sealed.length; length += 1)
			expect(() => open(key, sealed.subarray(0, length), 'org_a policy')).toThrow(invalid);
	});

	it('do not open when any bit was changed', () => {
		const sealed = seal(key, secret, 'x');
		for (let at = 0; at < sealed.length * 8; at += 1) {
			const changed = Buffer.from(sealed);
			changed[at >> 3]! ^= 1 << (at & 7);
			expect(() => open(key, changed, 'x')).toThrow(invalid);
		}
	});

	it('open to what was sealed, and are different each time', () => {
		expect(open(key, seal(key, secret, 'x'), 'x')).toEqual(secret);
		expect(seal(key, secret, 'x')).not.toEqual(seal(key, secret, 'x'));
	});
});

describe('a key file', () => {
	it('is made once, readable by its owner alone, and refused when others can read it or it holds something else', async () => {
		const directory = await mkdtemp(path.join(tmpdir(), 'tappass-kms-'));
		const file = path.join(directory, 'secrets', 'kms.key');
		const first = await fileKms(file);
		const again = await fileKms(file);
		const mode = (await stat(file)).mode & 0o777;
		const wrapped = await first.wrap(secret, 'org_a');
		const opened = await again.unwrap(wrapped, 'org_a');
		const elsewhere = await again.unwrap(wrapped, 'org_b').catch((error: unknown) => error);
		await chmod(file, 0o644);
		const open644 = await fileKms(file).catch((error: unknown) => error);
		await chmod(file, 0o600);
		await writeFile(file, 'short');
		const short = await fileKms(file).catch((error: unknown) => error);
		await rm(directory, { recursive: true });

		expect(mode).toBe(0o600);
		expect((await again.wrap(secret, 'org_a').catch(() => wrapped)).kms_key_id).toBe(wrapped.kms_key_id);
		expect(elsewhere).toEqual(invalid);
		expect(opened).toEqual(secret);
		expect([open644, short]).toEqual([invalid, invalid]);
	});

	it('loses no key when two are added at once: one of them is refused', async () => {
		const directory = await mkdtemp(path.join(tmpdir(), 'tappass-kms-'));
		const file = path.join(directory, 'two.key');
		await fileKms(file);

		const all = await Promise.allSettled(Array.from({ length: 6 }, () => addFileKey(file)));

		const made = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.kms_key_id] : []));
		const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
		expect(made.length).toBeGreaterThan(0);
		expect(new Set(refused)).toEqual(refused.length === 0 ? new Set() : new Set(['already_exists']));
		const { older } = await addFileKey(file);
		expect(older).toEqual(expect.arrayContaining(made));
		await rm(directory, { recursive: true });
	});

	it('with a new first line wraps by that, and opens what the others have wrapped, also where it was read before', async () => {
		const directory = await mkdtemp(path.join(tmpdir(), 'tappass-kms-'));
		const file = path.join(directory, 'kms.key');
		const before = await fileKms(file);
		const old = await before.wrap(secret, 'org_a');
		const { kms_key_id, older } = await addFileKey(file);
		const after = await fileKms(file);
		const next = await after.wrap(secret, 'org_a');

		expect(next.kms_key_id).toBe(kms_key_id);
		expect(older).toEqual([old.kms_key_id]);
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		for (const kms of [before, after])
			for (const wrapped of [old, next]) expect(await kms.unwrap(wrapped, 'org_a')).toEqual(secret);
		// The line before last is what a backup from before needs; without it only that is lost.
		await writeFile(file, (await readFile(file, 'utf8')).split('\n')[0]!);
		const alone = await fileKms(file);
		await expect(alone.unwrap(old, 'org_a')).rejects.toThrow(invalid);
		expect(await alone.unwrap(next, 'org_a')).toEqual(secret);
		for (let keys = 1; keys < 16; keys += 1) await addFileKey(file);
		await expect(addFileKey(file)).rejects.toThrow(expect.objectContaining({ code: 'limit_reached' }));
		for (const none of ['none.key', 'none/kms.key'])
			await expect(addFileKey(path.join(directory, none))).rejects.toThrow(
				expect.objectContaining({ detail: expect.stringContaining('there is no') }),
			);
		await rm(directory, { recursive: true });
	});
});
