import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type OrgId, parseBytesWith, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { writeSecret } from '../keys/secret-file.ts';

/** Size and root of a log. */
export interface Head {
	readonly size: number;
	readonly root: Uint8Array;
}

/** A head that was signed, and the epoch in which it was. */
export interface SignedHead extends Head {
	readonly epoch: number;
}

const schema = z.strictObject({
	schema: z.literal('tappass.audit-last-signed/1'),
	epoch: z.int().min(1),
	size: z.int().min(0),
	root: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * What was last signed, kept apart from the database: one file for each org beside the other watermarks. A log that does
 * not contain it is never signed, so a database that was restored from a backup, or rewritten, is found out here.
 */
export class LastSigned {
	readonly #directory: string;

	/** @param directory must not be restored together with the database */
	constructor(directory: string) {
		this.#directory = directory;
	}

	/** @returns null before the first signature. @throws {TapPassError} audit_halted when it cannot be read: then nothing was checked */
	async read(orgId: OrgId): Promise<SignedHead | null> {
		const file = this.#fileOf(orgId);
		let bytes: Uint8Array;
		try {
			bytes = await readFile(file);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
			throw unreadable(file, error);
		}
		try {
			const { epoch, size, root } = parseBytesWith(schema, bytes, 'what was last signed', { integersOnly: true });
			return { epoch, size, root: Buffer.from(root, 'hex') };
		} catch (cause) {
			throw unreadable(file, cause);
		}
	}

	/** Makes a head durable before its signature leaves. One that is not larger than the last of its epoch changes nothing. */
	async write(orgId: OrgId, head: SignedHead): Promise<void> {
		const held = await this.read(orgId);
		if (held !== null && (held.epoch > head.epoch || (held.epoch === head.epoch && held.size >= head.size))) return;
		const document = {
			schema: 'tappass.audit-last-signed/1',
			epoch: head.epoch,
			size: head.size,
			root: Buffer.from(head.root).toString('hex'),
		};
		await writeSecret(this.#fileOf(orgId), `${JSON.stringify(document)}\n`);
	}

	#fileOf(orgId: OrgId): string {
		return path.join(this.#directory, `${orgId}.audit.json`);
	}
}

function unreadable(file: string, cause: unknown): TapPassError {
	return new TapPassError('audit_halted', { detail: `${file} cannot be read`, cause });
}
