import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type OrgId, parseBytesWith, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { writeSecret } from '../keys/secret-file.ts';
import { readWatermark, type Watermark } from '../store/keyrings.ts';
import type { Store } from '../store/store.ts';

/**
 * Finds out that the database was restored from a backup. What hosts were sent is counted in the database, and the count
 * is written to a file beside it before anything leaves; a database that is behind the file must not sign, or old policies
 * would pass for new ones. Raising the epoch is what begins anew.
 */
export interface RestoreGuard {
	/**
	 * @throws {TapPassError} restore_suspected when the database is behind what has left this server; store_unavailable
	 */
	readonly assertNotRestored: (orgId: OrgId) => Promise<void>;
	/**
	 * The same for a count that has just been raised; called before the transaction that raised it is committed, or a
	 * database that is behind would catch up by being refused.
	 */
	readonly assertFollows: (orgId: OrgId, raised: Watermark) => Promise<void>;
	/** Makes durable how far signing has come; what was signed may leave only afterwards. */
	readonly record: (orgId: OrgId, watermark: Watermark) => Promise<void>;
}

/**
 * Whether a database at `database` may sign after `recorded` was.
 * A higher epoch begins anew, since hosts drop everything of the one before.
 */
export function mayFollow(recorded: Watermark | undefined, database: Watermark): boolean {
	if (recorded === undefined || database.epoch > recorded.epoch) return true;
	return database.epoch === recorded.epoch && database.counter >= recorded.counter;
}

/** A guard that keeps one file for each org in `directory`, which must not be restored together with the database. */
export function openRestoreGuard(directory: string, store: Pick<Store, 'withOrg'>): RestoreGuard {
	const recorded = new Map<OrgId, Watermark>();
	const writing = new Map<OrgId, Promise<void>>();

	const load = async (orgId: OrgId): Promise<Watermark | undefined> => {
		const known = recorded.get(orgId);
		if (known !== undefined) return known;
		const read = await readWatermarkFile(fileOf(directory, orgId));
		if (read !== undefined) recorded.set(orgId, read);
		return read;
	};

	const assertFollows = (held: Watermark | undefined, found: Watermark): void => {
		if (mayFollow(held, found)) return;
		throw new TapPassError('restore_suspected', {
			detail: `the database stands at epoch ${found.epoch}, ${found.counter}; what was sent at epoch ${held?.epoch}, ${held?.counter}`,
			hint: 'tappass admin epoch bump',
		});
	};

	const write = async (orgId: OrgId, watermark: Watermark): Promise<void> => {
		const held = await load(orgId);
		if (held !== undefined && held.epoch === watermark.epoch && held.counter >= watermark.counter) return;
		await writeSecret(fileOf(directory, orgId), `${JSON.stringify({ schema: 'tappass.watermark/1', ...watermark })}\n`);
		recorded.set(orgId, watermark);
	};

	return {
		assertNotRestored: async (orgId) => {
			// In this order: what is signed between the two reads makes the database stand higher, never lower.
			const held = await load(orgId);
			const found = await store.withOrg(orgId, readWatermark);
			if (found !== undefined) assertFollows(held, found);
		},
		assertFollows: async (orgId, raised) => assertFollows(await load(orgId), raised),
		record: async (orgId, watermark) => {
			// One write at a time, so that a lower count never takes the place of a higher one.
			const turn = (writing.get(orgId) ?? Promise.resolve()).catch(() => {}).then(() => write(orgId, watermark));
			writing.set(orgId, turn);
			await turn;
		},
	};
}

function fileOf(directory: string, orgId: OrgId): string {
	return path.join(directory, `${orgId}.json`);
}

const watermarkSchema = z.strictObject({
	schema: z.literal('tappass.watermark/1'),
	epoch: z.int().min(1),
	counter: z.int().min(0),
});

async function readWatermarkFile(file: string): Promise<Watermark | undefined> {
	let bytes: Uint8Array;
	try {
		bytes = await readFile(file);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new TapPassError('restore_suspected', { detail: `${file} cannot be read`, cause: error });
	}
	try {
		const { counter, epoch } = parseBytesWith(watermarkSchema, bytes, 'the watermark', { integersOnly: true });
		return { epoch, counter };
	} catch (cause) {
		// A record that cannot be read has not been checked.
		throw new TapPassError('restore_suspected', { detail: `${file} cannot be read`, cause });
	}
}
