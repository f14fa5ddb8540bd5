import { type Json, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { doorLimits } from '../door-limits.ts';
import type { OfferedTool } from '../pipeline/call.ts';
import { escapePart, isRecord } from '../stream/json-value.ts';
import { canonicalToolName } from './tool-names.ts';

/**
 * Fields by which some gateways and vendors take another model, address, credential or tool than the call names: the
 * pipeline judges none of them, so a request that sets one is refused.
 */
const unenforceable: readonly string[] = [
	'api_base',
	'api_key',
	'api_version',
	'base_url',
	'custom_llm_provider',
	'extra_body',
	'extra_headers',
	'fallbacks',
	'model_list',
	'models',
	'plugins',
	'provider',
	'route',
];

/** Checks a body against what its wire must have. @throws {TapPassError} request_malformed, request_unsupported */
export function readBody<T>(schema: z.ZodType<T>, body: Json, more: readonly string[] = []): T {
	if (!isRecord(body)) throw new TapPassError('request_malformed', { detail: 'expected a JSON object' });
	for (const field of [...unenforceable, ...more]) {
		const value = body[field];
		if (value !== undefined && value !== null && value !== false)
			throw new TapPassError('request_unsupported', {
				detail: `${JSON.stringify(field)} cannot be enforced here`,
				hint: 'leave it out',
			});
	}
	const result = schema.safeParse(body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	const path = issue?.path.map((part) => escapePart(String(part))).join('/') ?? '';
	throw new TapPassError('request_malformed', { detail: `/${path}: ${issue?.message ?? 'not of this wire'}` });
}

/** The name of a model. */
export const modelName: z.ZodType<string> = z.string().min(1).max(doorLimits.identifierLengthMax);
/** A number of tokens. */
export const tokens: z.ZodType<number | null | undefined> = z.int().min(1).max(100_000_000).nullish();
export const flag: z.ZodType<boolean | null | undefined> = z.boolean().nullish();
/** The name of a tool on a wire. */
export const toolName: z.ZodType<string> = z.string().min(1).max(doorLimits.identifierLengthMax);

/** A tool that the body offers at a pointer. */
export function offeredTool(
	at: string,
	wire_name: string,
	description: unknown,
	schema: Json | undefined,
): OfferedTool {
	return {
		at,
		wire_name,
		name: canonicalToolName(wire_name),
		description: typeof description === 'string' ? description : '',
		schema: schema ?? null,
	};
}
