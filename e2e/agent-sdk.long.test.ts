/** The keyring's watch, where a file is replaced faster than anyone could read it. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyCompiledPolicy } from '@tappass/core';
import { generateKeys, makeDevelopmentKeyring, makeDevelopmentRoot } from '@tappass/signing';
import { Keyring } from 'tappass-agent';
import { expect, test } from 'vitest';

test('a keyring comes to the last of a thousand quick replacements', async () => {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-sdk-'));
	const keys = generateKeys();
	const replace = async (bytes: Uint8Array): Promise<void> => {
		await writeFile(join(directory, '.new'), bytes, { mode: 0o444 });
		await rename(join(directory, '.new'), join(directory, 'keyring.json'));
	};
	const terms = { compiled_policy: emptyCompiledPolicy, ttl_seconds: 300, now: Date.now() };
	const first = await makeDevelopmentKeyring(keys, { ...terms, policy_version: 5, seq: 10 });
	const last = await makeDevelopmentKeyring(keys, { ...terms, policy_version: 9, seq: 1_011 });
	await writeFile(join(directory, 'root.json'), await makeDevelopmentRoot(keys), { mode: 0o444 });
	await replace(first);
	const keyring = await Keyring.load({ directory, allowWritable: true });

	for (let round = 0; round < 1_000; round += 1) await replace(first);
	await replace(last);

	await expect.poll(() => keyring.policy_version, { timeout: 60_000 }).toBe(9);
	await keyring.close();
	await rm(directory, { recursive: true, force: true });
});
