import type { IncomingMessage } from 'node:http';
import { parseBytesWith, TapPassError } from '@tappass/core';
import type { z } from 'zod';
import { syncLimits } from '../sync-limits.ts';

/**
 * Reads a request's JSON body, at most 256 KiB, as one message.
 * @throws {TapPassError} media_type_unsupported, request_too_large, request_malformed, json_…, schema_invalid
 */
export async function readMessage<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
	if (!/^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? ''))
		throw new TapPassError('media_type_unsupported');
	if (Number(request.headers['content-length'] ?? 0) > syncLimits.bodyBytesMax) throw tooLarge();
	const chunks: Buffer[] = [];
	let length = 0;
	try {
		for await (const chunk of request as AsyncIterable<Buffer>) {
			length += chunk.byteLength;
			if (length > syncLimits.bodyBytesMax) throw tooLarge();
			chunks.push(chunk);
		}
	} catch (error) {
		if (error instanceof TapPassError) throw error;
		throw new TapPassError('request_malformed', { detail: 'the body was cut off' });
	}
	return parseBytesWith(schema, Buffer.concat(chunks), 'the request', { integersOnly: false });
}

function tooLarge(): TapPassError {
	return new TapPassError('request_too_large', { detail: `at most ${syncLimits.bodyBytesMax} bytes` });
}
