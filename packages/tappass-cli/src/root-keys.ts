import { verify } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Flags } from '@oclif/core';
import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';
import { readBounded } from '@tappass/cli-kit';
import { instant, parseJson, TapPassError } from '@tappass/core';
import { documentBytes, type LocalSigner, signerFromPem, signRoot } from '@tappass/signing';
import {
	decodeBase64,
	encodeBase64,
	importPublicKey,
	type ListedKey,
	nextRoot,
	pinRoot,
	preAuthenticationEncoding,
	type RootDocument,
	rootPayloadType,
	type TrustedRoot,
} from '@tappass/trust';
import { z } from 'zod';
import { limits } from './limits.ts';
import type { ApiClient } from './remote/api-client.ts';
import { refuseTyped } from './remote/secret-input.ts';
import { type AcceptedRoot, acceptedRoot, type OnlineRole, type PreparedKey, root } from './remote/shapes.ts';

/** Flags of every command that signs with the root keys. */
export const rootKeyFlags: {
	readonly 'root-key': OptionFlag<string[] | undefined>;
	readonly 'passphrase-file': OptionFlag<string | undefined>;
	readonly 'dry-run': BooleanFlag<boolean>;
} = {
	'root-key': Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'a root key; repeat it for two of three (default: those in root-keys/ of the data directory)',
	}),
	'passphrase-file': Flags.string({
		helpValue: '<file>',
		description:
			'passphrase of the root keys, - for standard input (default: the file passphrase beside the first key)',
	}),
	'dry-run': Flags.boolean({ description: 'sign and check, but send nothing' }),
};

/** What those flags, and `--data`, parse to. */
export interface RootKeyFlags {
	readonly 'root-key': string[] | undefined;
	readonly 'passphrase-file': string | undefined;
	readonly data: string;
}

/** The root keys that are at hand. @throws {TapPassError} file_unreadable, key_invalid */
export async function readRootKeys(flags: RootKeyFlags): Promise<readonly LocalSigner[]> {
	const files = flags['root-key'] ?? (await keysIn(join(flags.data, 'root-keys')));
	const text = async (file: string): Promise<string> =>
		new TextDecoder().decode(await readBounded(file, limits.rootKeyBytesMax));
	refuseTyped(flags['passphrase-file'] ?? '', '--passphrase-file <file>');
	const passphrase = (await text(flags['passphrase-file'] ?? join(dirname(files[0]!), 'passphrase'))).trim();
	const signers: LocalSigner[] = [];
	for (const file of files) signers.push(openKey(file, await text(file), passphrase));
	return signers;
}

async function keysIn(directory: string): Promise<readonly string[]> {
	const names = await readdir(directory).catch(() => []);
	const files = names.filter((name) => name.endsWith('.pem')).sort();
	if (files.length > 0) return files.map((name) => join(directory, name));
	throw new TapPassError('file_unreadable', {
		detail: `no root keys in ${directory}`,
		hint: 'name them where they are kept: --root-key <file> --root-key <file> --passphrase-file <file>',
	});
}

function openKey(file: string, pem: string, passphrase: string): LocalSigner {
	try {
		return signerFromPem(pem, passphrase);
	} catch (error) {
		if (error instanceof TapPassError)
			throw new TapPassError(error.code, {
				detail: `${file}: ${error.detail}`,
				hint: 'is it the right --passphrase-file?',
			});
		throw error;
	}
}

/** The root document that is in force. @throws {TapPassError} what `pinRoot` throws */
export async function readRoot(client: ApiClient): Promise<{ readonly bytes: Uint8Array; readonly held: TrustedRoot }> {
	const bytes = Buffer.from((await client.get('/v1/root', root)).document, 'base64');
	return { bytes, held: pinRoot(bytes) };
}

/** A root document that is to follow. */
export interface NextRoot {
	/** `root.json`. */
	readonly bytes: Uint8Array;
	readonly next: TrustedRoot;
}

/** A key that a role of the document lists. */
export type ListedOnline = PreparedKey & { readonly role: OnlineRole };

/** What is to be different in the document that follows. */
export interface RootChange {
	readonly epoch: number;
	/** New root keys, in the place of all the old. */
	readonly roots?: readonly LocalSigner[];
	/** New keys of the server, each in the place of the one of its role. */
	readonly keys?: readonly ListedOnline[];
	/** SHA-256 of the SPKI of a new CA of the host plane. */
	readonly hostCa?: string;
	/** Whether the keys they follow stay listed beside them. */
	readonly overlap?: boolean;
}

/**
 * Signs the document that follows, with every old root key at hand and the new ones, and checks it as a host will.
 * A server could hand out a document that lists root keys of its own; what none of ours has signed is not gone on from.
 *
 * @param now Unix milliseconds
 * @throws {TapPassError} key_unknown, threshold_unmet, root_mismatch
 */
export async function signNext(
	{ bytes, held }: { readonly bytes: Uint8Array; readonly held: TrustedRoot },
	old: readonly LocalSigner[],
	change: RootChange,
	now: number,
): Promise<NextRoot> {
	const { document } = held;
	const known = old.filter(({ id }) => document.roles.root.keyids.includes(id));
	if (new Set(known.map(({ id }) => id)).size < document.roles.root.threshold)
		throw new TapPassError('threshold_unmet', {
			detail: `${known.length} of ${old.length} keys here are root keys of this org, ${document.roles.root.threshold} are needed`,
			hint: 'tappass admin root status lists their ids; name more with --root-key <file>',
		});
	if (!known.some((signer) => hasSigned(signer, bytes)))
		throw new TapPassError('root_mismatch', {
			detail: 'none of the keys here has signed the document that the server gives out',
			hint: 'do not sign it: find out who made it, and compare with root.json of a host',
		});
	const { keys = [], overlap = false, roots = [] } = change;
	const replaced = keys.reduce((all, key) => withKey(all, key, overlap), document);
	const expires = new Date(now);
	expires.setUTCFullYear(expires.getUTCFullYear() + rootYears);
	const following: RootDocument = {
		...(roots.length === 0 ? replaced : withRoots(replaced, roots)),
		version: document.version + 1,
		epoch: change.epoch,
		host_ca_spki_sha256: change.hostCa ?? document.host_ca_spki_sha256,
		issued_at: instant(now),
		expires_at: instant(expires.getTime()),
	};
	const signed = documentBytes(await signRoot(following, [...known, ...roots]));
	return { bytes: signed, next: nextRoot(held, parseJson(signed, { integersOnly: true })) };
}

const rootYears = 5;

function withRoots(document: RootDocument, roots: readonly LocalSigner[]): RootDocument {
	const gone = new Set(document.roles.root.keyids);
	const kept = Object.entries(document.keys).filter(([id]) => !gone.has(id));
	const added = roots.map(({ id, algorithm, spki }): [string, ListedKey] => [
		id,
		{ algorithm, public: encodeBase64(spki) },
	]);
	return {
		...document,
		keys: Object.fromEntries([...kept, ...added]),
		roles: { ...document.roles, root: { threshold: 2, keyids: roots.map(({ id }) => id) } },
	};
}

// The id is checked against the key where the document is read again, below.
function withKey(document: RootDocument, key: ListedOnline, overlap: boolean): RootDocument {
	const { role } = key;
	const before = document.roles[role].keyids;
	// One before the last goes in any case: an overlap is of two.
	const kept = overlap ? before.slice(0, 1) : [];
	const listed = Object.entries(document.keys).filter(([id]) => kept.includes(id) || !before.includes(id));
	return {
		...document,
		keys: Object.fromEntries([...listed, [key.key_id, { algorithm: key.algorithm, public: key.public }]]),
		roles: { ...document.roles, [role]: { threshold: 1, keyids: [key.key_id, ...kept] } },
	};
}

const envelopeSchema = z.looseObject({
	payload: z.string(),
	signatures: z.array(z.looseObject({ keyid: z.string(), sig: z.string() })),
});

function hasSigned({ id, spki }: LocalSigner, bytes: Uint8Array): boolean {
	const { payload, signatures } = envelopeSchema.parse(parseJson(bytes, { integersOnly: true }));
	const message = preAuthenticationEncoding(rootPayloadType, decodeBase64(payload) ?? new Uint8Array());
	const { key } = importPublicKey('ed25519', spki);
	return signatures.some(
		({ keyid, sig }) => keyid === id && verify(null, message, key, decodeBase64(sig) ?? new Uint8Array()),
	);
}

/** Has the server take a document. @throws {TapPassError} what the server refuses it for */
export async function sendRoot(
	client: ApiClient,
	bytes: Uint8Array,
	{ cutOff = false }: { readonly cutOff?: boolean } = {},
): Promise<AcceptedRoot> {
	const document = Buffer.from(bytes).toString('base64');
	return client.send('POST', '/v1/root', acceptedRoot, { document, ...(cutOff ? { cut_off: true } : {}) });
}
