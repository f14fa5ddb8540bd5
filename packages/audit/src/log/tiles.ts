import { TapPassError } from '@tappass/core';
import { auditFormatLimits } from '../limits.ts';
import { hashBytes } from './hash.ts';
import { edgeWidth, grow, type Tree, tileWidth } from './tree.ts';

/**
 * Where the files of a log come from. `read` answers undefined for a file that is not there, and throws when it could not
 * find out.
 */
export interface LogReader {
	readonly read: (path: string) => Promise<Uint8Array | undefined>;
}

/** A file of a log, by its path below the log's address. */
export interface LogFile {
	readonly path: string;
	readonly bytes: Uint8Array;
}

/** Where a log's newest signed checkpoint is. */
export const checkpointPath = 'checkpoint';

/** What a path of a log names. */
export type LogPath =
	| { readonly kind: 'checkpoint' }
	| { readonly kind: 'tile'; readonly level: number; readonly number: number; readonly width: number }
	| { readonly kind: 'entries'; readonly number: number; readonly width: number };

/** The path of a tile (c2sp tlog-tiles). @param width 256 for a full one */
export function tilePath(level: number, number: number, width: number = tileWidth): string {
	return `tile/${level}/${numberPath(number)}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** The path of a bundle of entries. @param width 256 for a full one */
export function entriesPath(number: number, width: number = tileWidth): string {
	return `tile/entries/${numberPath(number)}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** 1234067 as `x001/x234/067`. */
export function numberPath(number: number): string {
	const parts = [];
	for (let rest = number; parts.length === 0 || rest > 0; rest = Math.floor(rest / 1_000))
		parts.unshift(`${parts.length === 0 ? '' : 'x'}${String(rest % 1_000).padStart(3, '0')}`);
	return parts.join('/');
}

const pathForm = /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** What a path names; undefined for one that no log has. Each file has one path. */
export function parseLogPath(path: string): LogPath | undefined {
	if (path === checkpointPath) return { kind: 'checkpoint' };
	const match = pathForm.exec(path);
	if (match === null) return undefined;
	const [, what, digits, partial] = match;
	const width = partial === undefined ? tileWidth : Number(partial);
	const number = Number(digits!.replaceAll(/[x/]/g, ''));
	if ((partial !== undefined && width >= tileWidth) || numberPath(number) !== digits) return undefined;
	return what === 'entries' ? { kind: 'entries', number, width } : { kind: 'tile', level: Number(what), number, width };
}

/** The bytes of a tile. */
export function tileBytes(hashes: readonly Uint8Array[]): Uint8Array {
	return Buffer.concat(hashes);
}

/**
 * The bytes of a bundle: each entry behind its length in 16 bits.
 * @throws {TapPassError} audit_event_invalid for an entry that is longer than those can say
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
	return Buffer.concat(
		entries.flatMap((entry) => {
			if (entry.length > auditFormatLimits.entryBytesMax)
				throw new TapPassError('audit_event_invalid', { detail: `an entry of ${entry.length} bytes` });
			return [Buffer.of(entry.length >> 8, entry.length & 0xff), entry];
		}),
	);
}

/** The entries of a bundle; undefined when the bytes end within one. */
export function decodeBundle(bytes: Uint8Array): readonly Uint8Array[] | undefined {
	const entries: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; ) {
		if (at + 2 > bytes.length) return undefined;
		const end = at + 2 + bytes[at]! * 256 + bytes[at + 1]!;
		if (end > bytes.length) return undefined;
		entries.push(bytes.subarray(at + 2, end));
		at = end;
	}
	return entries;
}

/** A log that is written as files: its tree, and the entries of the bundle that is not full. */
export interface LogState {
	readonly tree: Tree;
	readonly bundle: readonly Uint8Array[];
}

/**
 * Adds entries, and answers the files that this makes: every tile and bundle that became full, and the partial ones that a
 * checkpoint of the new size needs. A path is written once with the same bytes, whatever the batches were.
 */
export function integrate(
	{ tree, bundle }: LogState,
	entries: readonly Uint8Array[],
): { readonly state: LogState; readonly files: readonly LogFile[] } {
	const grown = grow(tree, entries);
	const open = [...bundle, ...entries];
	const first = Math.floor(tree.size / tileWidth);
	const last = Math.floor(grown.tree.size / tileWidth);
	const files: LogFile[] = grown.full.map(({ level, number, hashes }) => ({
		path: tilePath(level, number),
		bytes: tileBytes(hashes),
	}));
	for (let number = first; number < last; number += 1)
		files.push({ path: entriesPath(number), bytes: encodeBundle(open.splice(0, tileWidth)) });
	if (grown.tree.size > tree.size) {
		files.push(...edgeTiles(grown.tree));
		if (open.length > 0) files.push({ path: entriesPath(last, open.length), bytes: encodeBundle(open) });
	}
	return { state: { tree: grown.tree, bundle: open }, files };
}

/** The partial tiles of a tree. */
export function edgeTiles({ size, edge }: Tree): readonly LogFile[] {
	return edge.flatMap((hashes, level) =>
		hashes.length === 0
			? []
			: [
					{
						path: tilePath(level, Math.floor(size / tileWidth ** (level + 1)), hashes.length),
						bytes: tileBytes(hashes),
					},
				],
	);
}

/** Width of a tile in a log of a size; 0: it has no such tile. */
export function widthInLog(size: number, level: number, number: number): number {
	const full = Math.floor(size / tileWidth ** (level + 1));
	return number < full ? tileWidth : number === full ? edgeWidth(size, level) : 0;
}

/**
 * Reads the first `width` hashes of a tile. A log may have deleted a partial tile for the full one.
 * @throws {TapPassError} audit_incomplete, audit_corrupt
 */
export async function readTile(reader: LogReader, level: number, number: number, width: number): Promise<Uint8Array> {
	const path = tilePath(level, number, width);
	const { bytes, isExact } = await readExactOrFull(reader, path, tilePath(level, number), width);
	const wanted = width * hashBytes;
	if (bytes.length < wanted || (isExact && bytes.length !== wanted) || bytes.length % hashBytes !== 0)
		throw corrupt(path, number * tileWidth ** (level + 1), `a tile of ${bytes.length} bytes where ${wanted} belong`);
	return bytes.subarray(0, wanted);
}

/**
 * Reads the first `width` entries of a bundle.
 * @throws {TapPassError} audit_incomplete, audit_corrupt
 */
export async function readBundle(reader: LogReader, number: number, width: number): Promise<readonly Uint8Array[]> {
	const path = entriesPath(number, width);
	const { bytes, isExact } = await readExactOrFull(reader, path, entriesPath(number), width);
	const entries = decodeBundle(bytes);
	const first = number * tileWidth;
	if (entries === undefined) throw corrupt(path, first, 'a bundle that ends within an entry');
	if (entries.length < width || (isExact && entries.length !== width))
		throw corrupt(path, first + Math.min(entries.length, width), `${entries.length} entries where ${width} belong`);
	return entries.slice(0, width);
}

/** A fault in a file of a log. */
export function corrupt(path: string, index: number, detail: string): TapPassError {
	return new TapPassError('audit_corrupt', {
		detail: `${path}, index ${index}: ${detail}`,
		fields: { file: path, index },
	});
}

async function readExactOrFull(
	reader: LogReader,
	path: string,
	fullPath: string,
	width: number,
): Promise<{ readonly bytes: Uint8Array; readonly isExact: boolean }> {
	const exact = await reader.read(path);
	if (exact !== undefined) return { bytes: exact, isExact: true };
	const full = width === tileWidth ? undefined : await reader.read(fullPath);
	if (full === undefined)
		throw new TapPassError('audit_incomplete', { detail: `${path} is missing`, fields: { file: path } });
	return { bytes: full, isExact: false };
}
