import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openExportDirectory } from './export-directory.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-export-'));
});
afterEach(() => rm(directory, { recursive: true }));

const tile = 'tile/0/000.p/5';
const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the directory of an export', () => {
	test('where nothing can be made is refused, and not waited for', async () => {
		const { write } = await openExportDirectory('/proc/nothing-here');
		await expect(write({ path: tile, bytes: bytesOf('a') })).rejects.toMatchObject({ code: 'file_unwritable' });
	});

	test('keeps what was verified before when a server hands out something else', async () => {
		const first = await openExportDirectory(directory);
		await first.write({ path: tile, bytes: bytesOf('a') });
		await first.write({ path: 'checkpoint', bytes: bytesOf('signed') });

		const again = await openExportDirectory(directory);
		await again.write({ path: tile, bytes: bytesOf('a') });
		await expect(again.write({ path: tile, bytes: bytesOf('b') })).rejects.toMatchObject({ code: 'audit_forked' });
		expect(await readFile(join(directory, tile), 'utf8')).toBe('a');
	});

	test('is written over where an export was interrupted, and where files grow', async () => {
		await (await openExportDirectory(directory)).write({ path: tile, bytes: bytesOf('half') });
		const again = await openExportDirectory(directory);
		await again.write({ path: tile, bytes: bytesOf('a') });
		await again.write({ path: 'checkpoint', bytes: bytesOf('signed') });
		const later = await openExportDirectory(directory);
		await later.write({ path: 'payloads/000.jsonl', bytes: bytesOf('1') });
		await later.write({ path: 'payloads/000.jsonl', bytes: bytesOf('1 2') });

		expect(await readFile(join(directory, tile), 'utf8')).toBe('a');
		expect(await readFile(join(directory, 'payloads/000.jsonl'), 'utf8')).toBe('1 2');
	});

	test('is for its owner alone, and holds nothing else', async () => {
		await (await openExportDirectory(directory)).write({ path: tile, bytes: bytesOf('a') });
		expect(await mode(join(directory, 'tile'))).toBe(0o700);
		expect(await mode(join(directory, tile))).toBe(0o600);

		await writeFile(join(directory, 'diary.txt'), 'dear diary');
		await expect(openExportDirectory(directory)).rejects.toMatchObject({ code: 'usage' });
	});
});
