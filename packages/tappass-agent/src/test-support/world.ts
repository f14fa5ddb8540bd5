import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy } from '@tappass/core';
import { generateKeys, type KeySet, makeDevelopmentKeyring, makeDevelopmentRoot } from '@tappass/signing';
import { Keyring } from '../keyring/keyring.ts';

/** A keyring that is in force, and how to put another policy in its place. */
export interface World {
	readonly directory: string;
	readonly keyring: Keyring;
	readonly keys: KeySet;
	readonly publish: (policy: Partial<CompiledPolicy>, version: number) => Promise<void>;
	readonly clock: { wall_ms: number };
	readonly end: () => Promise<void>;
}

/** Signs a policy into a directory of its own and loads it. */
export async function makeWorld(policy: Partial<CompiledPolicy> = {}): Promise<World> {
	const directory = mkdtempSync(join(tmpdir(), 'tappass-agent-'));
	const keys = generateKeys();
	const clock = { wall_ms: Date.now() };
	const write = async (part: Partial<CompiledPolicy>, version: number): Promise<void> => {
		const terms = { policy_version: version, seq: version, ttl_seconds: 300, now: clock.wall_ms };
		const compiled_policy = { ...emptyCompiledPolicy, ...part };
		writeFileSync(join(directory, 'new'), await makeDevelopmentKeyring(keys, { ...terms, compiled_policy }));
		renameSync(join(directory, 'new'), join(directory, 'keyring.json'));
	};
	writeFileSync(join(directory, 'root.json'), await makeDevelopmentRoot(keys));
	await write(policy, 1);
	const keyring = await Keyring.load({ directory, allowWritable: true, now: () => clock.wall_ms });
	return {
		directory,
		keyring,
		keys,
		clock,
		publish: async (part, version) => {
			await write(part, version);
			await keyring.reload();
		},
		end: async () => {
			await keyring.close();
			rmSync(directory, { recursive: true, force: true });
		},
	};
}
