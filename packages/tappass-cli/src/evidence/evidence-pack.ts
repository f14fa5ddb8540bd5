import {
	type EvidenceClaim,
	type EvidenceFile,
	evidenceText,
	isSignedBy,
	manifestBytes,
	type NoteKey,
	parseManifest,
	parseNote,
	verifyCheckpoint,
	vkeyText,
} from '@tappass/audit';
import { sha256Hex, TapPassError } from '@tappass/core';
import type { Library } from '@tappass/policy';
import { z } from 'zod';
import { entryPage } from '../audit/entries.ts';
import { limits } from '../limits.ts';
import { type ApiClient, path } from '../remote/api-client.ts';
import { type ClauseTable, clausePage, clauseTable } from './clauses.ts';
import type { Framework } from './frameworks.ts';
import { compiledPath, inForceOf } from './in-force.ts';
import { logPart, type Range } from './log-part.ts';
import { tarBytes } from './tar.ts';
import { timeStamp } from './time-stamp.ts';
import { verifyPage } from './verify-page.ts';

/** What a pack is to have. */
export interface PackTerms {
	readonly framework: Framework;
	/** RFC 3339; `to` is not included. */
	readonly from: string;
	readonly to: string;
	readonly key: NoteKey;
	/** Path of the log's files at the server. */
	readonly logUrl: string;
	readonly older?: Uint8Array | undefined;
	/** Whose signature that one carries, when the key of the log was rotated since. */
	readonly olderKey?: NoteKey | undefined;
	/** Address of a time stamping authority. */
	readonly tsa?: string | undefined;
	readonly library: Library;
	readonly onProgress: (text: string) => void;
}

/** A pack, as the bytes of a tar archive. */
export interface EvidencePack {
	readonly bytes: Uint8Array;
	readonly size: number;
	readonly entries: number;
	readonly statements: number;
	readonly manifest_sha256: string;
	readonly clauses: ClauseTable;
}

const collected = z.looseObject({
	from: z.string(),
	to: z.string(),
	size: z.int(),
	files: z.array(z.looseObject({ path: z.string(), content: z.base64() })),
	next_cursor: z.string().nullable(),
});
const checkpointShape = z.looseObject({ size: z.int(), note: z.string() });
const signed = z.looseObject({ note: z.string() });

/**
 * Makes an evidence pack: everything is verified as it is put in, and the server signs the manifest when what it keeps itself
 * is in there unchanged.
 *
 * @throws {TapPassError} what the server answers and what does not verify
 */
export async function evidencePack(client: ApiClient, terms: PackTerms): Promise<EvidencePack> {
	const { framework, key, library, onProgress, tsa } = terms;
	const { from, to, size, files: held } = await collect(client, terms);
	const note = await client.get(path`/v1/audit/checkpoints/${String(size)}`, checkpointShape);
	const checkpoint = Buffer.from(note.note);
	const { origin, root } = verifyCheckpoint(checkpoint, key).checkpoint;
	const { files: proven, entries } = await logPart(
		{ read: (file) => client.file(`${terms.logUrl}/${file}`) },
		{
			key,
			checkpoint,
			range: await rangeOf(client, { from, to, size }),
			from,
			to,
			older: terms.older,
			olderKey: terms.olderKey,
			onProgress: (done, all) => onProgress(`proving ${done} of ${all} entries`),
		},
	);
	const clauses = clauseTable(
		framework,
		library,
		held.filter(({ path: name }) => compiledPath.test(name)).map(inForceOf),
		entries.filter(({ leaf }) => leaf.ts >= from && leaf.ts < to),
	);
	const files = [
		...held,
		...proven,
		text('VERIFY.md', verifyPage),
		text('clauses.json', `${JSON.stringify(clauses, null, '\t')}\n`),
		text('clauses.md', clausePage(clauses)),
		text('vkey', `${vkeyText(key)}\n`),
		...(terms.olderKey === undefined ? [] : [text('older/vkey', `${vkeyText(terms.olderKey)}\n`)]),
	];
	const manifest = manifestBytes(files);
	// Refuses paths that lead out of the pack, and two files of one path.
	parseManifest(manifest);
	onProgress('having the manifest signed');
	const manifest_sha256 = sha256Hex(manifest);
	const wanted = { origin, size, root, from, to, framework: framework.id, manifest_sha256 };
	const claim = await sign(client, wanted, { manifest, key });
	const tail = [
		{ path: 'MANIFEST', bytes: manifest },
		{ path: 'MANIFEST.note', bytes: claim },
		...(tsa === undefined ? [] : [{ path: 'timestamp.tsr', bytes: await timeStamp(tsa, claim) }]),
	];
	return {
		bytes: tarBytes([...files, ...tail]),
		size,
		entries: entries.length,
		statements: held.filter(({ path: name }) => name.startsWith('policy/statements/')).length,
		manifest_sha256,
		clauses,
	};
}

interface Collected {
	readonly from: string;
	readonly to: string;
	readonly size: number;
	readonly files: readonly EvidenceFile[];
}

async function collect(client: ApiClient, { from, to }: PackTerms): Promise<Collected> {
	const files: EvidenceFile[] = [];
	let cursor: string | undefined;
	for (let pages = 0; pages < limits.pagesMax; pages += 1) {
		const page = await client.get('/v1/audit/evidence', collected, { from, to, cursor });
		const foreign = page.files.find(({ path: name }) => !/^(?:policy|roots)\//.test(name));
		if (foreign !== undefined)
			throw new TapPassError('server_unexpected', { detail: `a file ${foreign.path} of evidence` });
		for (const { path: name, content } of page.files) files.push({ path: name, bytes: Buffer.from(content, 'base64') });
		if (page.next_cursor === null) return { from: page.from, to: page.to, size: page.size, files };
		cursor = page.next_cursor;
	}
	throw new TapPassError('server_unexpected', { detail: 'the files of the period have no end' });
}

// First and last index of the period, as far as the checkpoint goes.
async function rangeOf(client: ApiClient, { from, to, size }: Omit<Collected, 'files'>): Promise<Range> {
	const within = { since: from, until: to, limit: 1 };
	const [lowest] = (await client.get('/v1/audit/events', entryPage, { ...within, order: 'asc' })).items;
	const [highest] = (await client.get('/v1/audit/events', entryPage, { ...within, order: 'desc' })).items;
	if (lowest === undefined || highest === undefined || lowest.index >= size)
		throw new TapPassError('not_found', { detail: `no entry from ${from} to ${to}` });
	return { first: lowest.index, last: Math.min(highest.index, size - 1) };
}

// What comes back must say what was asked for, and nothing else.
async function sign(
	client: ApiClient,
	wanted: EvidenceClaim,
	{ manifest, key }: { readonly manifest: Uint8Array; readonly key: NoteKey },
): Promise<Uint8Array> {
	const { from, to, framework } = wanted;
	const content = Buffer.from(manifest).toString('base64');
	const { note } = await client.send('POST', '/v1/audit/evidence', signed, { from, to, framework, manifest: content });
	const bytes = Buffer.from(note);
	const parsed = parseNote(bytes);
	if (!isSignedBy(parsed, key) || parsed.text !== evidenceText(wanted))
		throw new TapPassError('proof_invalid', { detail: 'the manifest did not come back signed by the key of the log' });
	return bytes;
}

function text(name: string, content: string): EvidenceFile {
	return { path: name, bytes: Buffer.from(content) };
}
