import { randomBytes } from 'node:crypto';
import { open as openFile, readFile, stat, unlink } from 'node:fs/promises';
import { sha256Hex, TapPassError } from '@tappass/core';
import { open, seal } from './seal.ts';
import { writeSecret } from './secret-file.ts';

/** Keys that wrap data keys and never leave their place: a file, or a key service. */
export interface Kms {
	/** @param context what the data key is for; must be the same when it is unwrapped */
	readonly wrap: (key: Uint8Array, context: string) => Promise<WrappedKey>;
	/** @throws {TapPassError} key_invalid when this KMS has not the key, or another or for another context wrapped it */
	readonly unwrap: (wrapped: WrappedKey, context: string) => Promise<Uint8Array>;
}

/** A data key as it is stored. */
export interface WrappedKey {
	/** Names the wrapping key. */
	readonly kms_key_id: string;
	readonly wrapped: Uint8Array;
}

const keyBytes = 32;
/** Wrapping keys of one file: the one in use, and those that backups of the last years may need. */
const keysMax = 16;

/**
 * A KMS that is one file of mode 0600, made when it is not there: a line of 256 random bits for each key. The first line
 * wraps, the others only open what they once wrapped. Replicas of one database share it; one that meets a key it does not
 * know reads the file again, so that a rotation needs no restart.
 *
 * @throws {TapPassError} key_invalid when the file is no such file, or others can read it
 */
export async function fileKms(file: string): Promise<Kms> {
	let keys = await readKeys(file);
	if (keys === undefined) {
		await writeSecret(file, newLine());
		return fileKms(file);
	}
	const read = async (): Promise<readonly FileKey[]> => {
		const found = await readKeys(file);
		if (found === undefined) throw new TapPassError('key_invalid', { detail: `${file} is gone` });
		keys = found;
		return found;
	};
	return {
		// Rare, and by the key that is the first one now: not by one that was replaced since.
		wrap: async (plain, about) => {
			const [first] = await read();
			return { kms_key_id: first!.id, wrapped: seal(first!.key, plain, contextOf(about)) };
		},
		unwrap: async ({ kms_key_id, wrapped }, about) => {
			const has = ({ id }: FileKey): boolean => id === kms_key_id;
			const found = keys?.find(has) ?? (await read()).find(has);
			if (found === undefined)
				throw new TapPassError('key_invalid', {
					detail: `${file} has no key ${kms_key_id}`,
					hint: 'every replica, and a restored server, needs the key file that wrapped it',
				});
			return open(found.key, wrapped, contextOf(about));
		},
	};
}

/**
 * Puts a new key before those of a file; they stay, for what they have wrapped.
 * @returns the id of the new key, and those of the others
 * @throws {TapPassError} key_invalid, limit_reached, already_exists when another one does so now
 */
export async function addFileKey(
	file: string,
): Promise<{ readonly kms_key_id: string; readonly older: readonly string[] }> {
	// Two at once would each put its key before the same others, and one key would be lost with all that it had wrapped.
	const guard = `${file}.adding`;
	const made = await openFile(guard, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') throw missing(file);
		if (cause.code !== 'EEXIST')
			throw new TapPassError('key_invalid', { detail: `${guard}: ${cause.code ?? ''}`, cause });
		throw new TapPassError('already_exists', {
			detail: guard,
			hint: 'a key is being added; when nobody does, an earlier try was cut off: remove that file and run the command again',
		});
	});
	try {
		await made.close();
		return await addKey(file);
	} finally {
		await unlink(guard);
	}
}

async function addKey(file: string): Promise<{ readonly kms_key_id: string; readonly older: readonly string[] }> {
	const held = await readKeys(file);
	if (held === undefined) throw missing(file);
	if (held.length >= keysMax)
		throw new TapPassError('limit_reached', {
			detail: `${file} has ${held.length} keys`,
			hint: 'remove the last lines, which only backups from before their rotation need',
		});
	const line = newLine();
	await writeSecret(file, `${line}${held.map(({ key }) => `${Buffer.from(key).toString('base64')}\n`).join('')}`);
	return { kms_key_id: idOf(Buffer.from(line.trim(), 'base64')), older: held.map(({ id }) => id) };
}

function missing(file: string): TapPassError {
	return new TapPassError('key_invalid', {
		detail: `there is no ${file}`,
		hint: 'name the data directory of the server: --data <dir>',
	});
}

interface FileKey {
	readonly id: string;
	readonly key: Uint8Array;
}

async function readKeys(file: string): Promise<readonly FileKey[] | undefined> {
	const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return undefined;
		throw new TapPassError('key_invalid', { detail: `${file} cannot be read (${error.code ?? ''})`, cause: error });
	});
	if (text === undefined) return undefined;
	if (((await stat(file)).mode & 0o077) !== 0)
		throw new TapPassError('key_invalid', { detail: `${file} is open to others`, hint: `chmod 600 ${file}` });
	const keys = text
		.trim()
		.split(/\r?\n/)
		.map((line) => Buffer.from(line.trim(), 'base64'));
	if (keys.length > keysMax || keys.some(({ length }) => length !== keyBytes))
		throw new TapPassError('key_invalid', { detail: `${file} does not hold lines of 256 bits` });
	return keys.map((key) => ({ id: idOf(key), key }));
}

function idOf(key: Uint8Array): string {
	return `file:${sha256Hex(key).slice(0, 16)}`;
}

function newLine(): string {
	return `${randomBytes(keyBytes).toString('base64')}\n`;
}

function contextOf(about: string): string {
	return `tappass kms ${about}`;
}
