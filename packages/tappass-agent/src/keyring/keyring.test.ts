import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, instant } from '@tappass/core';
import { composeRoot, documentBytes, generateKeys, type KeySet, makeDevelopmentRoot, signRoot } from '@tappass/signing';
import { pinRoot } from '@tappass/trust';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeWorld, type World } from '../test-support/world.ts';

let world: World;
let told: string[];
beforeEach(async () => {
	world = await makeWorld();
	told = [];
	world.keyring.on('change', () => told.push('change'));
	world.keyring.on('policy', ({ policy_version }) => told.push(`policy ${policy_version}`));
	world.keyring.on('refused', ({ code }) => told.push(code));
});
afterEach(() => world.end());

async function put(name: string, bytes: Uint8Array | string): Promise<void> {
	writeFileSync(join(world.directory, 'new'), bytes);
	renameSync(join(world.directory, 'new'), join(world.directory, name));
	await world.keyring.reload();
}

/** A root document after the first, which lists `listed` and is signed by the root keys of each of `signers`. */
async function laterRoot(version: number, listed: KeySet, ...signers: readonly KeySet[]): Promise<Uint8Array> {
	const { host_ca_spki_sha256, org_id, issued_at, expires_at } = pinRoot(await makeDevelopmentRoot(listed)).document;
	const document = composeRoot({ org_id, version, epoch: 1, issued_at, expires_at, host_ca_spki_sha256 }, listed);
	return documentBytes(
		await signRoot(
			document,
			signers.flatMap(({ root }) => root.slice(0, 2)),
		),
	);
}

describe('a root document that is put in place of the one that was believed', () => {
	test.each([
		['of a stranger', 'key_unknown', (other: KeySet) => laterRoot(2, other, other)],
		['of a stranger, in the same version', 'key_unknown', makeDevelopmentRoot],
	])('%s is refused, and what was in force stays', async (_, code, make) => {
		await put('root.json', await make(generateKeys()));
		// Even a keyring that this root would vouch for is not looked at.
		await world.keyring.reload();

		expect(told).toEqual([code]);
		expect(world.keyring.compiled_policy.tools.allow).toEqual([]);
	});

	test('is refused when it is older, or another of the same version', async () => {
		const second = await laterRoot(2, world.keys, world.keys);
		await put('root.json', second);
		expect(told).toEqual([]);

		await put('root.json', await makeDevelopmentRoot(world.keys));
		const other = pinRoot(second).document;
		await put(
			'root.json',
			documentBytes(
				await signRoot({ ...other, expires_at: instant(Date.UTC(2099, 0, 1)) }, world.keys.root.slice(0, 2)),
			),
		);

		expect(told).toEqual(['root_rollback', 'root_mismatch']);
	});

	test('is believed when the keys before signed it, also after one that was not seen', async () => {
		await put('root.json', await laterRoot(2, world.keys, world.keys));
		await put('root.json', await laterRoot(4, world.keys, world.keys));

		await world.publish({ compliance_tags: ['SOC2:CC6.1'] }, 2);

		expect(told).toEqual(['change', 'policy 2']);
	});
});

test('a change of freshness alone is no change of policy', async () => {
	await world.publish({}, 2);
	expect(told).toEqual(['change', 'policy 2']);
});

test('what is in force again after a broken file is told', async () => {
	const good = readFileSync(join(world.directory, 'keyring.json'));
	await put('keyring.json', good.subarray(0, 100));
	expect(() => world.keyring.compiled_policy).toThrow(expect.objectContaining({ code: expect.stringMatching(/./) }));

	await put('keyring.json', good);

	expect(world.keyring.compiled_policy.tools.allow).toEqual([]);
	expect(told.slice(1)).toEqual(['change']);
});

test('an expired keyring shows no policy, and one in force cannot be widened', () => {
	const { allow } = world.keyring.compiled_policy.tools;
	expect(() => (allow as string[]).push('**')).toThrow(TypeError);
	expect(() => Object.assign(world.keyring.compiled_policy, { tools: {} })).toThrow(TypeError);

	world.clock.wall_ms += 300_000;

	expect(() => world.keyring.compiled_policy).toThrow(expect.objectContaining({ code: 'keyring_expired' }));
	expect(world.keyring.policy_version).toBe(1);
});

test('a token that the file holds is in no error and no dump', async () => {
	const text = readFileSync(join(world.directory, 'keyring.json'), 'utf8');
	const { freshness } = JSON.parse(text);
	const { tokens } = JSON.parse(Buffer.from(freshness.payload, 'base64').toString());
	const errors: Error[] = [];
	world.keyring.on('refused', (error) => errors.push(error));
	for (const bytes of [
		text.slice(0, -30),
		text.replace(freshness.payload, freshness.payload.replace(/.{8}$/, 'AAAAAAAA')),
	])
		await put('keyring.json', bytes);

	const { inspect } = await import('node:util');
	const shown = [...errors.flatMap((error) => [inspect(error, { depth: 9 }), canonicalJson(`${error.stack}`)])];
	shown.push(inspect(world.keyring, { depth: 9, showHidden: true }));
	expect(errors).not.toEqual([]);
	for (const token of Object.values(tokens) as string[])
		for (const secret of [token, token.split('.')[2]!, freshness.payload.slice(0, 200)])
			for (const each of shown) expect(each).not.toContain(secret);
});

/** Runs a program beside the keyring; resolves with what it printed once it has ended by itself. */
function program(source: string): Promise<string> {
	const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
	const head = `import { Client, govern, Keyring } from ${index};
const directory = ${JSON.stringify(world.directory)};`;
	return new Promise((resolve, reject) =>
		execFile(
			process.execPath,
			['--input-type=module', '--eval', `${head}\n${source}`],
			{ timeout: 60_000 },
			(error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`))),
		),
	);
}

test('a listener that throws is the fault of whoever wrote it, and the watch goes on', async () => {
	const second = world.directory;
	await world.publish({}, 2);
	const later = readFileSync(join(second, 'keyring.json'));
	await world.publish({}, 3);
	writeFileSync(join(second, 'later.json'), readFileSync(join(second, 'keyring.json')));
	writeFileSync(join(second, 'keyring.json'), later);

	const printed = await program(`
import { readFileSync, writeFileSync } from 'node:fs';
const seen = [];
process.on('uncaughtException', ({ message }) => seen.push(message));
const keyring = await Keyring.load({ directory, allowWritable: true });
for (const name of ['change', 'refused']) keyring.on(name, () => { throw new Error(name); });
writeFileSync(directory + '/keyring.json', '{');
await keyring.reload();
writeFileSync(directory + '/keyring.json', readFileSync(directory + '/later.json'));
await keyring.reload();
keyring.assertFresh();
await new Promise(setImmediate);
console.log(seen.join(' '), keyring.policy_version);
`);

	expect(printed).toBe('refused change 3\n');
});

test('neither a keyring that is open nor a client keeps a process alive', async () => {
	const printed = await program(`
const keyring = await Keyring.load({ directory, allowWritable: true });
const client = new Client(keyring, { mcpUrl: 'http://127.0.0.1:9/mcp' });
await client.tools.list().catch(({ code }) => console.log(code));
`);

	expect(printed).toBe('gateway_unreachable\n');
});
