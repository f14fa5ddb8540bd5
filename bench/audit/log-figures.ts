import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
	emptyTree,
	integrate,
	type LogReader,
	type LogState,
	makeLeaf,
	noteKey,
	proveConsistency,
	proveInclusion,
	rootOf,
	signCheckpoint,
	verifyLog,
} from '@tappass/audit';
import type { OrgId, SandboxId } from '@tappass/core';

const batch = 4_096;

/**
 * A log of many entries as files: how long its tiles take to build, and the whole of it to verify, hashes of every entry and
 * tile included; how much memory that needs beyond what the process had.
 */
export async function logFigures(entries: number): Promise<Readonly<Record<string, number>>> {
	const directory = mkdtempSync(join(tmpdir(), 'tappass-bench-audit-'));
	try {
		const { privateKey, publicKey } = generateKeyPairSync('ed25519');
		const spki = publicKey.export({ format: 'der', type: 'spki' });
		const origin = 'audit.eu.tappass.example/org_bench01';
		let state: LogState = { tree: emptyTree, bundle: [] };
		let makeMs = 0;
		let buildMs = 0;
		let bytes = 0;
		for (let at = 0; at < entries; at += batch) {
			const begun = performance.now();
			const leaves = Array.from({ length: Math.min(batch, entries - at) }, (_, offset) => leafAt(at + offset));
			const made = performance.now();
			const next = integrate(state, leaves);
			buildMs += performance.now() - made;
			makeMs += made - begun;
			state = next.state;
			bytes += leaves.reduce((sum, leaf) => sum + leaf.length, 0);
			const isLast = at + batch >= entries;
			for (const file of next.files) if (isLast || !file.path.includes('.p/')) write(directory, file.path, file.bytes);
		}
		const checkpoint = { origin, size: entries, root: rootOf(state.tree) };
		const signer = { spki, sign: async (text: Uint8Array) => sign(null, text, privateKey) };
		write(directory, 'checkpoint', await signCheckpoint(checkpoint, signer));

		const reader: LogReader = { read: (path) => readFile(join(directory, path)).catch(() => undefined) };
		let rssMax = 0;
		const onProgress = (): void => {
			rssMax = Math.max(rssMax, process.memoryUsage.rss());
		};
		const begun = performance.now();
		await verifyLog(reader, { key: noteKey(origin, spki), onProgress });
		const verifyMs = performance.now() - begun;
		const proofs = performance.now();
		for (let round = 0; round < 100; round += 1) {
			await proveInclusion(reader, entries, Math.floor((entries * round) / 100));
			await proveConsistency(reader, Math.floor((entries * round) / 100), entries);
		}
		return {
			log_entries: entries,
			leaf_bytes_mean: Math.round(bytes / entries),
			leaves_made_per_second: Math.round((entries * 1_000) / makeMs),
			tiles_built_entries_per_second: Math.round((entries * 1_000) / buildMs),
			verify_seconds: Math.round(verifyMs / 10) / 100,
			verify_entries_per_second: Math.round((entries * 1_000) / verifyMs),
			verify_rss_max_mb: Math.round(rssMax / 1_048_576),
			inclusion_and_consistency_proof_ms: Math.round(performance.now() - proofs) / 100,
		};
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

function write(directory: string, path: string, bytes: Uint8Array): void {
	mkdirSync(dirname(join(directory, path)), { recursive: true });
	writeFileSync(join(directory, path), bytes);
}

function leafAt(index: number): Uint8Array {
	const digits = String(index).padStart(12, '0');
	const salt = Buffer.alloc(32);
	salt.writeUInt32BE(index);
	return makeLeaf(
		{
			id: `0192d3a4-5b6c-7def-8123-${digits}`,
			type: 'call.admitted',
			org_id: 'org_bench01' as OrgId,
			at: 1_778_148_000_000 + index,
			actor: { kind: 'agent', id: 'sbx_bench01' },
			decision: 'allow',
			sandbox_id: 'sbx_bench01' as SandboxId,
			session_id: 'ses_bench01',
			policy_version: 7,
			request_id: `0192d3a4-5b6c-7def-9123-${digits}`,
			payload: { kind: 'tool', tool: 'collibra.get_asset', arguments_sha256: digits },
		},
		{ pseudonym: 'AAAAAAAAAAAAAAAAAAAAAA', salt },
	).leaf;
}
