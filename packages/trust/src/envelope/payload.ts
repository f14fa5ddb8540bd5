import { type Json, limits, parseJson, schemaDiagnostics, TapPassError } from '@tappass/core';
import type { z } from 'zod';

/**
 * Parses bytes from outside as strict JSON with integers only; size is checked before anything is read.
 * @throws {TapPassError} payload_too_large, payload_malformed
 */
export function parsePayload(bytes: Uint8Array): Json {
	if (bytes.byteLength > limits.payloadBytesMax) {
		throw new TapPassError('payload_too_large', { detail: `at most ${limits.payloadBytesMax} bytes` });
	}
	try {
		return parseJson(bytes, { integersOnly: true });
	} catch (cause) {
		// Which rule of JSON was broken is for the log; towards the sender every broken form is the same refusal.
		const { code, detail } = cause as TapPassError;
		throw new TapPassError('payload_malformed', { detail: `${code}: ${detail}`, cause });
	}
}

/** A parsed payload → typed value; unknown members are refused. @throws {TapPassError} payload_malformed */
export function typedPayload<T>(schema: z.ZodType<T>, value: Json, what: string): T {
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	const [first] = schemaDiagnostics(result.error);
	throw new TapPassError('payload_malformed', {
		detail: `${what}${first!.path}: ${first!.message}`,
		cause: result.error,
	});
}
