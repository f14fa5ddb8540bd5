import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
	credentialsFile,
	keepToken,
	parseKey,
	readCredentials,
	readKey,
	readToken,
	writeCredentials,
} from './credentials.ts';

// A fixture: no server knows it.
const key = `tappass_sk_fixture_${'0'.repeat(64)}`;
const server = 'https://tappass.example';
const now = Date.UTC(2026, 0, 1);
let directory: string;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'tappass-credentials-'));
	vi.stubEnv('XDG_CONFIG_HOME', join(directory, 'config'));
	vi.stubEnv('XDG_CACHE_HOME', join(directory, 'cache'));
});
afterEach(() => {
	vi.unstubAllEnvs();
	rmSync(directory, { recursive: true, force: true });
});

it('refuses a file that others may read', async () => {
	await writeCredentials({ schema: 'tappass.credentials/1', current: server, servers: { [server]: { key } } });
	chmodSync(credentialsFile(), 0o640);

	await expect(readCredentials()).rejects.toMatchObject({
		code: 'file_unreadable',
		hint: expect.stringMatching(/chmod 600/),
	});
});

it.each([
	'{',
	'{"schema":"tappass.credentials/2"}',
	'{"schema":"tappass.credentials/1","current":null,"servers":{"x":{"key":"no"}}}',
])('refuses a file that is not one of ours: %s', async (text) => {
	await writeCredentials({ schema: 'tappass.credentials/1', current: null, servers: {} });
	writeFileSync(credentialsFile(), text);

	await expect(readCredentials()).rejects.toMatchObject({
		code: expect.stringMatching(/^(json_malformed|schema_invalid)$/),
	});
});

it('keeps keys where only their owner may read', async () => {
	const credentials = { schema: 'tappass.credentials/1', current: server, servers: { [server]: { key } } } as const;
	await writeCredentials(credentials);

	expect(await readCredentials()).toEqual(credentials);
	expect(statSync(credentialsFile()).mode & 0o777).toBe(0o600);
	expect(statSync(join(directory, 'config', 'tappass')).mode & 0o777).toBe(0o700);
});

it('says that a text is no key, and never what it is', async () => {
	const file = join(directory, 'other');
	writeFileSync(file, 'AKIA-something-secret\n');

	await expect(readKey(file)).rejects.toMatchObject({ code: 'usage' });
	await expect(readKey(file)).rejects.not.toThrow(/AKIA/);
	expect(parseKey(` ${key}\n`, 'a file')).toBe(key);
});

it('gives a kept token for its own server and key alone, and not when it is about to end', async () => {
	await keepToken(server, key, { token: 'one', expires_at: new Date(now + 60_000).toISOString() }, now);

	expect(await readToken('https://other.example', key, now)).toBeUndefined();
	expect(await readToken(server, key.replace(/0$/, '1'), now)).toBeUndefined();
	expect(await readToken(server, key, now + 31_000)).toBeUndefined();
	expect(await readToken(server, key, now)).toBe('one');
	await keepToken(server, key, null, now);
	expect(await readToken(server, key, now)).toBeUndefined();
});

it('works on without a cache that can be written or read', async () => {
	writeFileSync(join(directory, 'cache'), 'a file where the directory should be');
	await keepToken(server, key, { token: 'one', expires_at: new Date(now + 60_000).toISOString() }, now);

	expect(await readToken(server, key, now)).toBeUndefined();
});
