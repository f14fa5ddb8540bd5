import { generateKeyPairSync, sign } from 'node:crypto';
import type { OrgId } from '@tappass/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { exportLog } from '../export/export-log.ts';
import { payloadsBytes, payloadsPath, verifyPayloads } from '../export/payloads.ts';
import { signCheckpoint } from '../log/checkpoint.ts';
import { noteKey } from '../log/note.ts';
import { integrate } from '../log/tiles.ts';
import { verifyTlogProof } from '../log/tlog-proof.ts';
import { emptyTree, rootOf } from '../log/tree.ts';
import { makeLeaf } from '../record/leaf.ts';
import { MemoryFiles } from '../test-support/naive-log.ts';
import { verifyLog } from './verify-log.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const spki = publicKey.export({ format: 'der', type: 'spki' });
const signer = { spki, sign: async (bytes: Uint8Array) => sign(null, bytes, privateKey) };
const origin = 'audit.eu.tappass.example/org_acme01';
const key = noteKey(origin, spki);
const count = 700;
const made = Array.from({ length: count }, (_, at) =>
	makeLeaf(
		{
			id: `0192d3a4-5b6c-7def-8123-${String(at).padStart(12, '0')}`,
			type: 'team.created',
			org_id: 'org_acme01' as OrgId,
			at: 1_778_148_000_000 + at,
			actor: { kind: 'operator', id: 'user_ada' },
			decision: 'allow',
			payload: { at },
		},
		{ pseudonym: 'AAAAAAAAAAAAAAAAAAAAAA', salt: Buffer.alloc(32, at) },
	),
);
const entries = made.map(({ leaf }) => leaf);

/** A log of some entries, honest in itself. */
async function logOf(all: readonly Uint8Array[]): Promise<MemoryFiles> {
	const files = new MemoryFiles();
	const { state, files: written } = integrate({ tree: emptyTree, bundle: [] }, all);
	files.write(written);
	const checkpoint = { origin, size: all.length, root: rootOf(state.tree) };
	files.files.set('checkpoint', await signCheckpoint(checkpoint, signer));
	return files;
}

let log: MemoryFiles;
beforeEach(async () => {
	log = await logOf(entries);
});

function flip(path: string, at: number): void {
	const bytes = Buffer.from(log.files.get(path)!);
	bytes[at]! ^= 1;
	log.files.set(path, bytes);
}
const code = (name: string, file: string, index?: number): unknown =>
	expect.objectContaining({ code: name, fields: index === undefined ? { file } : { file, index } });

describe('a log that was tampered with is refused, by file and index', () => {
	it.each([
		['a bit of an entry', 'tile/entries/000', 100, 'tile/entries/000', 0],
		['a bit of the last entry', 'tile/entries/002.p/188', -5, 'tile/entries/002.p/188', 699],
		['a hash of the lowest tiles', 'tile/0/001', 64, 'tile/entries/001', 258],
		['a hash above them', 'tile/1/000.p/2', 40, 'tile/1/000.p/2', 256],
	])('%s', async (_name, path, at, file, index) => {
		flip(path, at < 0 ? log.files.get(path)!.length + at : at);

		await expect(verifyLog(log, { key })).rejects.toEqual(code('audit_corrupt', file, index));
	});

	it.each(['tile/entries/001', 'tile/0/000', 'tile/0/002.p/188', 'tile/1/000.p/2', 'checkpoint'])(
		'%s is missing',
		async (path) => {
			log.files.delete(path);

			await expect(verifyLog(log, { key })).rejects.toEqual(code('audit_incomplete', path));
		},
	);

	it('an entry was dropped', async () => {
		const shorter = await logOf(entries.toSpliced(300, 1));
		shorter.files.set('checkpoint', log.files.get('checkpoint')!);

		await expect(verifyLog(shorter, { key })).rejects.toMatchObject({ code: 'audit_incomplete' });
	});

	it('entries and tiles were rewritten under the same checkpoint', async () => {
		const rewritten = await logOf(entries.with(300, entries[0]!));
		rewritten.files.set('checkpoint', log.files.get('checkpoint')!);

		await expect(verifyLog(rewritten, { key })).rejects.toEqual(code('audit_corrupt', 'checkpoint', count));
	});

	it('someone else signed it', async () => {
		const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });

		await expect(verifyLog(log, { key: noteKey(origin, other) })).rejects.toMatchObject({ code: 'checkpoint_invalid' });
	});
});

describe('an older checkpoint', () => {
	it.each([1, 255, 256, 257, 512, 600])(
		'of size %i tells a rewritten history, signed again, from an honest one',
		async (size) => {
			const since = (await logOf(entries.slice(0, size))).files.get('checkpoint')!;
			const rewritten = await logOf(entries.with(size - 1, entries[size]!));

			await expect(verifyLog(rewritten, { key, since })).rejects.toEqual(code('audit_forked', 'checkpoint', size));
			await expect(verifyLog(log, { key, since })).resolves.toMatchObject({ since: size });
		},
	);

	it('tells a log that was cut', async () => {
		const since = log.files.get('checkpoint')!;

		await expect(verifyLog(await logOf(entries.slice(0, 600)), { key, since })).rejects.toMatchObject({
			code: 'audit_forked',
		});
		await expect(verifyLog(log, { key, since })).resolves.toMatchObject({ since: count });
	});

	it('signed by the key before is taken with that key alone', async () => {
		const before = generateKeyPairSync('ed25519');
		const older = await logOf(entries.slice(0, 300));
		const since = await signCheckpoint(
			{ origin, size: 300, root: rootOf(integrate({ tree: emptyTree, bundle: [] }, entries.slice(0, 300)).state.tree) },
			{
				spki: before.publicKey.export({ format: 'der', type: 'spki' }),
				sign: async (bytes: Uint8Array) => sign(null, bytes, before.privateKey),
			},
		);
		const sinceKey = noteKey(origin, before.publicKey.export({ format: 'der', type: 'spki' }));

		await expect(verifyLog(log, { key, since })).rejects.toMatchObject({ code: 'checkpoint_invalid' });
		await expect(verifyLog(log, { key, since: older.files.get('checkpoint')!, sinceKey })).rejects.toMatchObject({
			code: 'checkpoint_invalid',
		});
		await expect(verifyLog(log, { key, since, sinceKey })).resolves.toMatchObject({ since: 300 });
	});

	it('of another log is none of this one, though it has the same entries', async () => {
		const other = 'audit.eu.tappass.example/org_other01';
		const root = rootOf(integrate({ tree: emptyTree, bundle: [] }, entries.slice(0, 300)).state.tree);
		const since = await signCheckpoint({ origin: other, size: 300, root }, signer);

		await expect(verifyLog(log, { key, since, sinceKey: noteKey(other, spki) })).rejects.toMatchObject({
			code: 'checkpoint_invalid',
		});
	});

	it('of nothing is in every log', async () => {
		const since = (await logOf([])).files.get('checkpoint')!;

		await expect(verifyLog(log, { key, since })).resolves.toMatchObject({ since: 0 });
	});
});

describe('an honest log', () => {
	it('verifies, whole, whatever its size', async () => {
		const seen: number[] = [];
		const verified = await verifyLog(log, { key, onProgress: (done) => seen.push(done) });

		expect(verified).toMatchObject({ checkpoint: { origin, size: count }, files: 7 });
		expect(seen).toEqual([256, 512, 700]);
		for (const size of [0, 1, 256, 512]) await verifyLog(await logOf(entries.slice(0, size)), { key });
	});

	it('is copied to the same bytes each time, and the copy verifies', async () => {
		const copies = [new MemoryFiles(), new MemoryFiles()];
		for (const copy of copies) {
			const payloads = async (first: number): Promise<{ index: number; opening: Uint8Array }[]> =>
				first === 256 ? [{ index: 257, opening: made[257]!.opening }] : [];
			await exportLog(log, { key, payloads, proofs: [0, 699] }, async (file) => copy.write([file]));
		}
		const [first, second] = copies;
		let payloads = 0;
		const onEntries = async (index: number, some: readonly Uint8Array[]): Promise<void> => {
			payloads += await verifyPayloads(first!, index, some);
		};

		expect([...first!.files.keys()].at(-1)).toBe('checkpoint');
		expect(first!.files).toEqual(second!.files);
		await verifyLog(first!, { key, onEntries });
		expect(payloads).toBe(1);
		expect(verifyTlogProof(first!.files.get('proofs/699.tlog-proof')!, entries[699]!, key).index).toBe(699);
		const wrong = async (): Promise<{ index: number; opening: Uint8Array }[]> => [
			{ index: 0, opening: made[1]!.opening },
		];
		await expect(exportLog(log, { key, payloads: wrong }, async () => {})).rejects.toMatchObject({
			code: 'audit_corrupt',
		});
		await expect(exportLog(log, { key, proofs: [700] }, async () => {})).rejects.toMatchObject({ code: 'not_found' });
	});
});

describe('the payloads of an export', () => {
	const verify = async (text: Uint8Array): Promise<number> => {
		log.files.set(payloadsPath(0), text);
		return verifyPayloads(log, 0, entries.slice(0, 256));
	};
	const line = (index: number, of: number = index): string =>
		payloadsBytes([{ index, opening: made[of]!.opening }]).toString();

	it.each([
		['of another entry', line(3, 4)],
		['behind its last entry', line(256)],
		['twice', line(3) + line(3)],
		['out of order', line(4) + line(3)],
		['cut short', line(3).slice(0, -1)],
		['that is no JSON', 'hello\n'],
		['with more members', line(3).replace('}', ',"more":1}')],
	])('are refused %s', async (_name, text) => {
		await expect(verify(Buffer.from(text))).rejects.toMatchObject({
			code: 'audit_corrupt',
			fields: { file: 'payloads/000.jsonl' },
		});
	});

	it('are those that the entries commit to', async () => {
		expect(await verify(Buffer.from(line(3) + line(4)))).toBe(2);
	});
});
