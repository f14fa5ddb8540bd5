import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkpointPath, type LogFile } from '@tappass/audit';
import { makeDirectory, readBounded, writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/** Where a copy of a log is written: a directory of its own, for its owner alone. */
export interface ExportDirectory {
	/** Checkpoint of the copy that is there already, which the log must continue. */
	readonly checkpoint: Uint8Array | undefined;
	/** @throws {TapPassError} file_unwritable; audit_forked for a file of the log that is there already and was another */
	write(file: LogFile): Promise<void>;
}

/**
 * Looks at the directory of an export before anything is asked of a server. One with other things in it is left alone.
 * @throws {TapPassError} usage, file_unreadable
 */
export async function openExportDirectory(directory: string): Promise<ExportDirectory> {
	const names = await readdir(directory).catch((cause: NodeJS.ErrnoException): string[] => {
		if (cause.code === 'ENOENT') return [];
		throw new TapPassError('file_unreadable', { detail: `${directory}: ${cause.code}`, cause });
	});
	const hasCheckpoint = names.includes(checkpointPath);
	const own = ['tile', 'payloads', 'proofs', 'vkey'];
	const foreign = hasCheckpoint ? undefined : names.find((name) => !own.includes(name));
	if (foreign !== undefined)
		throw new TapPassError('usage', {
			detail: `${directory} holds ${foreign}, which is no part of an export`,
			hint: 'name an empty directory, or one that does not exist yet',
		});
	const checkpoint = hasCheckpoint
		? await readBounded(join(directory, checkpointPath), limits.checkpointBytesMax)
		: undefined;
	return {
		checkpoint,
		write: async ({ path, bytes }) => {
			const file = join(directory, ...path.split('/'));
			// A tile never changes: what is written before the whole log is verified must not take away what was verified before.
			const held = checkpoint !== undefined && path.startsWith('tile/') ? await readHeld(file) : undefined;
			if (held !== undefined) {
				if (Buffer.from(bytes).equals(held)) return;
				throw new TapPassError('audit_forked', {
					detail: `${path} is not what it was when ${directory} was exported`,
					hint: 'keep that copy: it shows which log was served before; name another directory to see what is served now',
				});
			}
			await makeDirectory(dirname(file), 0o700);
			await writeFileAtomic(file, bytes, { mode: 0o600 });
		},
	};
}

async function readHeld(file: string): Promise<Uint8Array | undefined> {
	try {
		return await readBounded(file, limits.logFileBytesMax);
	} catch (error) {
		if (error instanceof TapPassError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
			return undefined;
		throw error;
	}
}
