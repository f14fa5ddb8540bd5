import { TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '@tappass/trust';
import { z } from 'zod';
import { auditFormatLimits } from '../limits.ts';
import { corrupt, type LogReader, numberPath } from '../log/tiles.ts';
import { tileWidth } from '../log/tree.ts';
import { openLeaf, parseLeaf } from '../record/leaf.ts';

/** What an entry commits to, as an export carries it for those who may read it. */
export interface Opened {
	readonly index: number;
	/** Salt and private record. */
	readonly opening: Uint8Array;
}

/** Where the payloads of one bundle of entries are in an export: one JSON line each, by index. Erased ones have none. */
export function payloadsPath(bundle: number): string {
	return `payloads/${numberPath(bundle)}.jsonl`;
}

/** The bytes of such a file: the same whoever writes it. */
export function payloadsBytes(opened: readonly Opened[]): Uint8Array {
	const lines = [...opened]
		.sort((a, b) => a.index - b.index)
		.map(({ index, opening }) => `{"index":${index},"opening":"${encodeBase64(opening)}"}\n`);
	return Buffer.from(lines.join(''));
}

const line = z.strictObject({ index: z.int().min(0), opening: z.string() });

/**
 * Checks the payloads that a copy of a log carries against its entries, which are verified already.
 *
 * @param first index of the first of `entries`, all of one bundle
 * @returns how many payloads there were
 * @throws {TapPassError} audit_corrupt
 */
export async function verifyPayloads(
	reader: LogReader,
	first: number,
	entries: readonly Uint8Array[],
): Promise<number> {
	const path = payloadsPath(Math.floor(first / tileWidth));
	const bytes = await reader.read(path);
	if (bytes === undefined) return 0;
	const lines = Buffer.from(bytes).toString('utf8').split('\n');
	if (lines.pop() !== '') throw corrupt(path, first, 'its last line is cut short');
	let last = -1;
	for (const text of lines) {
		const { index, opening } = parseLine(path, first, text);
		const entry = entries[index - first];
		if (entry === undefined || index <= last) throw corrupt(path, index, 'a line that does not belong there');
		last = index;
		try {
			openLeaf(parseLeaf(entry), opening);
		} catch (cause) {
			throw corrupt(path, index, `it is not what the entry commits to (${detailOf(cause)})`);
		}
	}
	return lines.length;
}

function parseLine(path: string, first: number, text: string): Opened {
	const refused = corrupt(path, first, 'a line that is not the JSON of a payload');
	if (text.length > auditFormatLimits.payloadLineBytesMax) throw refused;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		// Where it breaks says nothing: the line is not one that we write.
		throw refused;
	}
	const parsed = line.safeParse(value);
	const opening = parsed.success ? decodeBase64(parsed.data.opening) : undefined;
	if (!parsed.success || opening === undefined) throw refused;
	return { index: parsed.data.index, opening };
}

function detailOf(error: unknown): string {
	return error instanceof TapPassError ? (error.detail ?? error.code) : 'it cannot be read';
}
