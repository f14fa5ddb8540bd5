import { hash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeDirectory, readBounded, writeFileAtomic } from '@tappass/cli-kit';
import { parseBytesWith, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { limits } from '../limits.ts';
import { refuseTyped } from './secret-input.ts';
import type { TokenAnswer } from './shapes.ts';

/** API keys by server: a key goes to the server it was given for, and to no other. */
export interface Credentials {
	readonly schema: 'tappass.credentials/1';
	/** Where the last login went. */
	readonly current: string | null;
	readonly servers: Readonly<Record<string, { readonly key: string }>>;
}
interface Tokens {
	readonly schema: 'tappass.tokens/1';
	readonly tokens: Readonly<Record<string, TokenAnswer>>;
}

const keySchema = z.string().regex(/^tappass_sk_[a-z0-9]{6,32}_[0-9a-f]{64}$/);
const credentialsSchema: z.ZodType<Credentials> = z.strictObject({
	schema: z.literal('tappass.credentials/1'),
	current: z.string().nullable(),
	servers: z.record(z.string(), z.strictObject({ key: keySchema })),
});
const tokensSchema: z.ZodType<Tokens> = z.strictObject({
	schema: z.literal('tappass.tokens/1'),
	tokens: z.record(z.string(), z.strictObject({ token: z.string(), expires_at: z.iso.datetime() })),
});

const nothing: Credentials = { schema: 'tappass.credentials/1', current: null, servers: {} };

function xdg(variable: string, ...fallback: readonly string[]): string {
	return join(process.env[variable] || join(homedir(), ...fallback), 'tappass');
}

/** File of the keys: 0600, `$XDG_CONFIG_HOME/tappass/credentials.json`. */
export function credentialsFile(): string {
	return join(xdg('XDG_CONFIG_HOME', '.config'), 'credentials.json');
}
function tokensFile(): string {
	return join(xdg('XDG_CACHE_HOME', '.cache'), 'tokens.json');
}

/** The keys of this user. @throws {TapPassError} file_unreadable, also when others may read the file; schema_invalid */
export async function readCredentials(): Promise<Credentials> {
	return (await readPrivate(credentialsFile(), credentialsSchema)) ?? nothing;
}

/** @throws {TapPassError} file_unwritable */
export async function writeCredentials(credentials: Credentials): Promise<void> {
	await writePrivate(credentialsFile(), credentials);
}

/** Reads an API key from a file, or from standard input for `-`. @throws {TapPassError} file_unreadable, usage */
export async function readKey(path: string): Promise<string> {
	refuseTyped(path, '--key-file <file>');
	return parseKey(new TextDecoder().decode(await readBounded(path, limits.keyFileBytesMax)), path);
}

/** @throws {TapPassError} usage, without the text: it may be a secret of something else */
export function parseKey(text: string, where: string): string {
	const parsed = keySchema.safeParse(text.trim());
	if (parsed.success) return parsed.data;
	throw new TapPassError('usage', {
		detail: `${where === '-' ? 'standard input' : where} holds no API key`,
		hint: 'a key begins with tappass_sk_; tappass key create makes one',
	});
}

/** The token that a key was last exchanged for, while it is good for some time yet. */
export async function readToken(server: string, key: string, now: number): Promise<string | undefined> {
	const found = (await readTokens()).tokens[nameOf(server, key)];
	return found !== undefined && Date.parse(found.expires_at) - now > limits.tokenLeftMs ? found.token : undefined;
}

/** Keeps a token, and drops those that have ended; null drops this one too. */
export async function keepToken(server: string, key: string, token: TokenAnswer | null, now: number): Promise<void> {
	const { tokens } = await readTokens();
	const alive = Object.entries(tokens).filter(
		([name, { expires_at }]) => name !== nameOf(server, key) && Date.parse(expires_at) > now,
	);
	const own: [string, TokenAnswer][] = token === null ? [] : [[nameOf(server, key), token]];
	if (own.length === 0 && alive.length === Object.keys(tokens).length) return;
	await writePrivate(tokensFile(), {
		schema: 'tappass.tokens/1',
		tokens: Object.fromEntries([...alive, ...own]),
	}).catch(() => {
		// Nothing is lost: without a cache the next command exchanges the key again.
	});
}

async function readTokens(): Promise<Tokens> {
	const none: Tokens = { schema: 'tappass.tokens/1', tokens: {} };
	// Nothing is lost by a cache that cannot be read: the key is exchanged again.
	return (await readPrivate(tokensFile(), tokensSchema).catch(() => undefined)) ?? none;
}

function nameOf(server: string, key: string): string {
	return `${server} ${hash('sha256', key).slice(0, 32)}`;
}

async function readPrivate<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
	const info = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
		throw new TapPassError('file_unreadable', { detail: `${path}: ${cause.code}`, cause });
	});
	if (info === undefined) return undefined;
	if ((info.mode & 0o077) !== 0)
		throw new TapPassError('file_unreadable', {
			detail: `${path} may be read by others`,
			hint: `chmod 600 ${path}, and revoke the keys in it if somebody else could have read them`,
		});
	return parseBytesWith(schema, await readBounded(path, limits.credentialsBytesMax), path);
}

async function writePrivate(path: string, value: unknown): Promise<void> {
	await makeDirectory(dirname(path), 0o700);
	await writeFileAtomic(path, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
}
