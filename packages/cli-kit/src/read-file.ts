import { open } from 'node:fs/promises';
import { TapPassError } from '@tappass/core';

/**
 * Reads a regular file of at most `bytesMax` bytes; the size is checked while reading, so a growing or endless file
 * cannot exhaust memory. `-` reads stdin.
 *
 * @throws {TapPassError} file_unreadable; payload_too_large
 */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
	if (path === '-') return collect(process.stdin, 'stdin', bytesMax);
	const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
		throw new TapPassError('file_unreadable', { detail: `${path}: ${cause.code ?? cause.message}`, cause });
	});
	try {
		const stat = await file.stat();
		if (stat.isDirectory()) throw new TapPassError('file_unreadable', { detail: `${path} is a directory` });
		return await collect(file.createReadStream({ autoClose: false }), path, bytesMax);
	} finally {
		await file.close();
	}
}

async function collect(stream: AsyncIterable<Uint8Array>, name: string, bytesMax: number): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of stream) {
		size += chunk.byteLength;
		if (size > bytesMax)
			throw new TapPassError('payload_too_large', { detail: `${name}: more than ${bytesMax} bytes` });
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}
