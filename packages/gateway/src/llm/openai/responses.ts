import { type Json, TapPassError } from '@tappass/core';
import { z } from 'zod';
import type { ModelCall, OfferedTool, TextPart } from '../../pipeline/call.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';
import { flag, modelName, offeredTool, readBody, tokens } from '../read-request.ts';
import { collectMembers, collectOthers, collectTexts, collectTools, unseen } from '../read-texts.ts';
import { hostedToolWireName } from '../tool-names.ts';

const schema = z.looseObject({
	model: modelName,
	input: z.union([z.string(), z.array(z.looseObject({}))]),
	instructions: z.union([z.string(), z.array(z.looseObject({})), z.null()]).optional(),
	stream: flag,
	max_output_tokens: tokens,
	tools: z.array(z.looseObject({ type: z.string() })).nullish(),
});

// What these stand for is kept at the vendor, or happens there after the answer.
const stored: readonly string[] = [
	'previous_response_id',
	'conversation',
	'prompt',
	'background',
	'context_management',
];

/** Reads a request of `POST /v1/responses`. */
export function readResponses(body: Json, body_bytes: number): ModelCall {
	const request = readBody(schema, body, stored);
	const record = body as { readonly [key: string]: Json };
	return {
		kind: 'model',
		wire: 'openai-responses',
		stream: request.stream ?? false,
		model: request.model,
		max_tokens: request.max_output_tokens ?? undefined,
		texts: readTexts(record),
		offered_tools: isList(record['tools']) ? readTools(record['tools'], '/tools', '') : [],
		body,
		body_bytes,
	};
}

function readTexts(body: { readonly [key: string]: Json }): readonly TextPart[] {
	const texts: TextPart[] = [];
	collectMembers(body, ['instructions'], 'system', texts);
	const input = body['input']!;
	if (isList(input)) for (const [index, item] of input.entries()) readItem(item, `/input/${index}`, texts);
	else collectTexts(input, '/input', 'user', texts);
	collectMembers(body, ['metadata', 'user', 'safety_identifier', 'prompt_cache_key'], 'user', texts);
	collectMembers(body, ['text'], 'system', texts);
	collectOthers(body, named, texts);
	collectTools(body['tools'], '/tools', texts, (type) => ownTools.has(String(type)));
	return texts;
}

// Looked at above, as tools, or in the schema.
const named: ReadonlySet<string> = new Set([
	'model',
	'input',
	'instructions',
	'metadata',
	'user',
	'safety_identifier',
	'prompt_cache_key',
	'text',
	'tools',
]);

const roles: ReadonlySet<string> = new Set(['system', 'developer', 'user', 'assistant']);

/** Tools that the caller runs. */
const ownTools: ReadonlySet<string> = new Set(['function', 'custom', 'namespace']);

/** Items that hold what the model itself said; all others, also those that come later, may hold what somebody answered it. */
const ownItems: ReadonlySet<string> = new Set([
	'apply_patch_call',
	'compaction',
	'computer_call',
	'custom_tool_call',
	'function_call',
	'local_shell_call',
	'reasoning',
	'shell_call',
]);

function readItem(item: Json, at: string, texts: TextPart[]): void {
	if (!isRecord(item)) throw new TapPassError('request_malformed', { detail: `${at}: expected an object` });
	const { role } = item;
	const type = item['type'] ?? 'message';
	if (typeof type !== 'string' || type === 'item_reference') throw unseen(at);
	if (type === 'message') {
		if (typeof role !== 'string' || !roles.has(role))
			throw new TapPassError('request_malformed', { detail: `${at}/role: expected one of ${[...roles].join(', ')}` });
		collectTexts(item, at, role as TextPart['role'], texts);
	} else collectTexts(item, at, ownItems.has(type) ? 'assistant' : 'tool', texts);
}

/** Tools of a list; those of a namespace travel under `namespace__name`. */
function readTools(list: readonly Json[], at: string, namespace: string): readonly OfferedTool[] {
	return list.flatMap((tool, index) => {
		const place = `${at}/${index}`;
		if (!isRecord(tool)) throw new TapPassError('request_malformed', { detail: `${place}: expected an object` });
		const { type, name, description, tools } = tool;
		if (type === 'namespace' && typeof name === 'string' && isList(tools) && namespace === '')
			return readTools(tools, `${place}/tools`, name);
		if (type === 'function' || type === 'custom') {
			if (typeof name !== 'string' || name === '')
				throw new TapPassError('request_malformed', { detail: `${place}: expected a tool with a name` });
			return [offeredTool(place, qualified(namespace, name), description, tool['parameters'] ?? tool['format'])];
		}
		return [offeredTool(place, hostedToolWireName('openai', String(type)), description, tool)];
	});
}

/** The wire name of a tool of a namespace, as `mcp__collibra` and `get_asset` are `mcp__collibra__get_asset`. */
export function qualified(namespace: Json | undefined, name: string): string {
	if (typeof namespace !== 'string' || namespace === '') return name;
	return namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`;
}

/** The model's name at the upstream. */
export function forwardResponses(call: ModelCall, model: string): readonly JsonEdit[] {
	return model === call.model ? [] : [{ at: '/model', json: JSON.stringify(model) }];
}
