import type { IncomingMessage } from 'node:http';
import { TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';

/**
 * Reads a whole request body, within bounds of size and time. A body that says its size is refused before a byte is read.
 * @throws {TapPassError} request_too_large, request_timeout, request_malformed: the caller went away in the middle
 */
export function readBytes(
	req: IncomingMessage,
	bounds: { readonly bytes: number; readonly ms: number } = { bytes: doorLimits.bodyBytesMax, ms: doorLimits.bodyMs },
): Promise<Buffer> {
	const tooLarge = (): TapPassError =>
		new TapPassError('request_too_large', { detail: `at most ${bounds.bytes} bytes`, hint: 'send less in one call' });
	if (Number(req.headers['content-length'] ?? 0) > bounds.bytes) return Promise.reject(tooLarge());
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let bytes = 0;
		const fail = (error: TapPassError): void => {
			clearTimeout(slow);
			req.off('data', take);
			req.pause();
			reject(error);
		};
		const slow = setTimeout(() => {
			fail(new TapPassError('request_timeout', { detail: `the body took longer than ${bounds.ms} ms` }));
		}, bounds.ms);
		const take = (chunk: Buffer): void => {
			bytes += chunk.byteLength;
			if (bytes > bounds.bytes) fail(tooLarge());
			else chunks.push(chunk);
		};
		req.on('data', take);
		req.once('end', () => {
			clearTimeout(slow);
			resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
		});
		req.once('error', (cause) => {
			fail(new TapPassError('request_malformed', { detail: 'the body ended before it was whole', cause }));
		});
	});
}
