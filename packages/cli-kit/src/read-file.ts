import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { TapPassError } from '@tappass/core';

/**
 * Reads a regular file of at most `bytesMax` bytes; the size is checked while reading, so a growing or endless file
 * cannot exhaust memory. `-` reads stdin.
 *
 * @throws {TapPassError} file_unreadable, also for a pipe, socket or device; payload_too_large
 */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
	if (path === '-') return collect(process.stdin, 'stdin', bytesMax);
	// Without O_NONBLOCK the opening of a named pipe that nobody writes to never ends.
	const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
		throw unreadable(path, cause);
	});
	try {
		const stat = await file.stat();
		if (stat.isDirectory()) throw new TapPassError('file_unreadable', { detail: `${path} is a directory` });
		if (!stat.isFile()) {
			const hint = 'write - to read standard input';
			throw new TapPassError('file_unreadable', { detail: `${path} is not a regular file`, hint });
		}
		return await collect(file.createReadStream({ autoClose: false }), path, bytesMax);
	} finally {
		await file.close();
	}
}

async function collect(stream: AsyncIterable<Uint8Array>, name: string, bytesMax: number): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	try {
		for await (const chunk of stream) {
			size += chunk.byteLength;
			if (size > bytesMax) break;
			chunks.push(chunk);
		}
	} catch (cause) {
		throw unreadable(name, cause);
	}
	if (size > bytesMax) throw new TapPassError('payload_too_large', { detail: `${name}: more than ${bytesMax} bytes` });
	return Buffer.concat(chunks);
}

function unreadable(name: string, cause: unknown): TapPassError {
	const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
	return new TapPassError('file_unreadable', { detail: `${name}: ${code}`, cause });
}
