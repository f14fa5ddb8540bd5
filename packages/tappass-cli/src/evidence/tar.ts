import type { EvidenceFile } from '@tappass/audit';
import { TapPassError } from '@tappass/core';

const block = 512;

/**
 * A tar archive (POSIX ustar) of plain files, in the order of their paths: owner, mode and time are the same for all, so the
 * same files make the same bytes whoever writes them, and when.
 *
 * @throws {TapPassError} internal for a path longer than a header has room for
 */
export function tarBytes(files: readonly EvidenceFile[]): Uint8Array {
	const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
	const parts = sorted.flatMap(({ path, bytes }) => [header(path, bytes.length), bytes, padding(bytes.length)]);
	return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(path: string, size: number): Uint8Array {
	if (Buffer.byteLength(path) > 100) throw new TapPassError('internal', { detail: `a path too long for tar: ${path}` });
	const bytes = Buffer.alloc(block);
	const put = (at: number, text: string): void => void bytes.write(text, at, 'latin1');
	const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
	put(0, path);
	put(100, octal(0o644, 7));
	put(108, octal(0, 7)); // Owner.
	put(116, octal(0, 7)); // Group.
	put(124, octal(size, 11));
	put(136, octal(0, 11)); // Time.
	put(148, ' '.repeat(8)); // The checksum counts itself as blanks.
	put(156, '0');
	put(257, 'ustar\x0000');
	const sum = bytes.reduce((total, byte) => total + byte, 0);
	put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
	return bytes;
}

function padding(size: number): Uint8Array {
	return Buffer.alloc((block - (size % block)) % block);
}
