import { type Json, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { doorLimits } from '../door-limits.ts';
import type { OfferedTool } from '../pipeline/call.ts';
import { foldedName, isFoldable } from '../pipeline/folded-name.ts';
import { escapePart, isList, isRecord } from '../stream/json-value.ts';
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
	'chat_template',
	'connectors',
	'content_policy_fallbacks',
	'context_window_fallbacks',
	'custom_llm_provider',
	'data_sources',
	'deployment_id',
	'enable_search',
	'extra_body',
	'extra_headers',
	'fallback',
	'fallbacks',
	'guardrails',
	'headers',
	'inference_geo',
	'input_cost_per_token',
	'lora_path',
	'mock_response',
	'mock_tool_calls',
	'model_list',
	'models',
	'organization',
	'output_cost_per_token',
	'plugins',
	'preset',
	'provider',
	'route',
	'search_parameters',
	'user_config',
	'vector_store_ids',
];
/** The same by how they begin: settings of a router's own connections. */
const unenforceablePrefix = /^(?:aws|azure|litellm|sagemaker|vertex|watsonx)_/;

/** Every member of the wires looks like this. Upstreams written in Go take `Messages`, or `meſſages`, for `messages`. */
const memberName = /^[a-z_][a-z0-9_.-]*$/;

/** Checks a body against what its wire must have. @throws {TapPassError} request_malformed, request_unsupported */
export function readBody<T>(schema: z.ZodType<T>, body: Json, more: readonly string[] = []): T {
	if (!isRecord(body)) throw new TapPassError('request_malformed', { detail: 'expected a JSON object' });
	const strays = Object.keys(body).filter((key) => unenforceablePrefix.test(key));
	for (const field of [...unenforceable, ...more, ...strays]) {
		const value = body[field];
		if (value !== undefined && value !== null && value !== false)
			throw new TapPassError('request_unsupported', {
				detail: `${JSON.stringify(field)} cannot be enforced here`,
				hint: 'leave it out',
			});
	}
	const strange = Object.keys(body).find((key) => !memberName.test(key));
	if (strange !== undefined) throw ambiguous(`/${escapePart(strange)}`);
	refuseTwins(body, '');
	const result = schema.safeParse(body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	const path = issue?.path.map((part) => escapePart(String(part))).join('/') ?? '';
	throw new TapPassError('request_malformed', { detail: `/${path}: ${issue?.message ?? 'not of this wire'}` });
}

/** Below these stands what a tool is given: its names are its own, and nobody here decides by them. */
const ofTools: ReadonlySet<string> = new Set([
	'arguments',
	'input',
	'input_schema',
	'metadata',
	'parameters',
	'properties',
	'schema',
]);

/** Refuses two members of one object that differ only in case: some readers take the last of them for the other. */
function refuseTwins(value: Json, at: string): void {
	if (isList(value)) {
		for (let index = 0; index < value.length; index += 1) refuseTwins(value[index]!, `${at}/${index}`);
		return;
	}
	if (!isRecord(value)) return;
	const keys = Object.keys(value);
	// Names of the wires are lower case, so there is next to never anything to compare.
	if (keys.some(isFoldable)) {
		const seen = new Set<string>();
		for (const key of keys) {
			const folded = foldedName(key);
			if (seen.has(folded)) throw ambiguous(`${at}/${escapePart(key)}`);
			seen.add(folded);
		}
	}
	for (const key of keys) {
		const below = value[key]!;
		// Of the responses wire `input` at the top is the conversation.
		if (typeof below === 'object' && (at === '' || !ofTools.has(key))) refuseTwins(below, `${at}/${escapePart(key)}`);
	}
}

function ambiguous(at: string): TapPassError {
	return new TapPassError('request_unsupported', {
		detail: `${at}: a name that some upstreams take for another one`,
		hint: 'write the names of members as the wire does, in lower case',
	});
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
	if (description !== undefined && description !== null && typeof description !== 'string')
		throw new TapPassError('request_malformed', { detail: `${at}/description: expected a text` });
	return {
		at,
		wire_name,
		name: canonicalToolName(wire_name),
		description: description ?? '',
		schema: schema ?? null,
	};
}
