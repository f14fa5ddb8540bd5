import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson, sha256Hex, TapPassError } from '@tappass/core';
import { type Library, loadLibrary, type SourceFile } from '@tappass/policy';

/** The authoring data that this version of the program ships. */
export interface Shipped {
	readonly library: Library;
	/** Path → bytes of each file, as `policies/…` and `packs/…`. */
	readonly files: ReadonlyMap<string, Uint8Array>;
	/** SHA-256 over all of them: policies compiled from other data have another. */
	readonly digest: string;
}

/** Reads it. @throws {TapPassError} policy_invalid: shipped data with faults must not govern anything */
export async function readShipped(): Promise<Shipped> {
	const sources = (await Promise.all(['policies', 'packs'].map(readPackage))).flat();
	const { library, diagnostics } = loadLibrary(sources);
	if (diagnostics.some(({ severity }) => severity !== 'warning'))
		throw new TapPassError('policy_invalid', { detail: 'the shipped authoring data', diagnostics });
	const files = new Map(sources.map(({ file, bytes }) => [file, bytes]));
	const listed = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, bytes]) => [file, sha256Hex(bytes)]);
	return { library, files, digest: sha256Hex(new TextEncoder().encode(canonicalJson(listed))) };
}

async function readPackage(name: string): Promise<readonly SourceFile[]> {
	const root = path.dirname(fileURLToPath(import.meta.resolve(`@tappass/${name}/package.json`)));
	const found = await readdir(root, { recursive: true, withFileTypes: true });
	const wanted = found.filter(
		(entry) => entry.isFile() && /\.(?:rego|ya?ml|md)$/.test(entry.name) && !entry.name.startsWith('.'),
	);
	return Promise.all(
		wanted.map(async (entry) => {
			const file = path.join(entry.parentPath, entry.name);
			return { file: `${name}/${path.relative(root, file).split(path.sep).join('/')}`, bytes: await readFile(file) };
		}),
	);
}
