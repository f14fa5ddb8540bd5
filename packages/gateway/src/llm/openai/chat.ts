import { type Json, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { doorLimits } from '../../door-limits.ts';
import type { ModelCall, OfferedTool, TextPart } from '../../pipeline/call.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';
import { flag, modelName, offeredTool, readBody, tokens, toolName } from '../read-request.ts';
import { collectMembers, collectOthers, collectTexts, collectTools, unseen } from '../read-texts.ts';
import { hostedToolWireName } from '../tool-names.ts';

const functionSchema = z.looseObject({ name: toolName });
const schema = z.looseObject({
	model: modelName,
	messages: z
		.array(
			z.looseObject({
				role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
				content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
			}),
		)
		.min(1),
	stream: flag,
	stream_options: z.looseObject({ include_usage: flag }).nullish(),
	max_tokens: tokens,
	max_completion_tokens: tokens,
	n: z.int().min(1).max(doorLimits.choicesMax).nullish(),
	tools: z.array(z.looseObject({ type: z.string() })).nullish(),
	functions: z.array(functionSchema).nullish(),
	modalities: z.array(z.string()).nullish(),
});

/** Reads a request of `POST /v1/chat/completions`. */
export function readChat(body: Json, body_bytes: number): ModelCall {
	const request = readBody(schema, body);
	if (request.modalities?.some((one) => one !== 'text'))
		throw new TapPassError('request_unsupported', {
			detail: 'only text can be judged on its way back',
			hint: 'ask for "modalities": ["text"]',
		});
	// Upstreams differ on which of the two counts.
	const limits = [request.max_completion_tokens, request.max_tokens].filter((one) => typeof one === 'number');
	return {
		kind: 'model',
		wire: 'openai-chat',
		stream: request.stream ?? false,
		model: request.model,
		max_tokens: limits.length === 0 ? undefined : Math.max(...limits),
		texts: readTexts(body as { readonly [key: string]: Json }),
		offered_tools: readTools(body as { readonly [key: string]: Json }),
		body,
		body_bytes,
	};
}

// Beside the messages: what reaches the model or the vendor as text as well.
const otherTexts: readonly string[] = [
	'prediction',
	'metadata',
	'user',
	'safety_identifier',
	'prompt_cache_key',
	'stop',
];

function readTexts(body: { readonly [key: string]: Json }): readonly TextPart[] {
	const texts: TextPart[] = [];
	(body['messages'] as readonly { readonly [key: string]: Json }[]).forEach((message, index) => {
		if (isRecord(message['audio'])) throw unseen(`/messages/${index}/audio`);
		const role = message['role'] === 'function' ? 'tool' : (message['role'] as TextPart['role']);
		collectTexts(message, `/messages/${index}`, role, texts);
	});
	collectMembers(body, otherTexts, 'user', texts);
	collectMembers(body, ['response_format'], 'system', texts);
	collectOthers(body, named, texts);
	collectTools(body['tools'], '/tools', texts, (type) => type === 'function' || type === 'custom');
	collectTools(body['functions'], '/functions', texts, () => true);
	return texts;
}

// Looked at above, as tools, or in the schema.
const named: ReadonlySet<string> = new Set([
	...otherTexts,
	'model',
	'messages',
	'response_format',
	'tools',
	'functions',
	'web_search_options',
]);

function readTools(body: { readonly [key: string]: Json }): readonly OfferedTool[] {
	const { tools, functions, web_search_options: search } = body;
	const offered = isList(tools) ? tools.map((tool, index) => readTool(tool, `/tools/${index}`)) : [];
	if (isList(functions)) offered.push(...functions.map((tool, index) => readFunction(tool, `/functions/${index}`)));
	if (search !== undefined && search !== null)
		offered.push(offeredTool('/web_search_options', hostedToolWireName('openai', 'web_search'), '', search));
	return offered;
}

function readTool(tool: Json, at: string): OfferedTool {
	if (!isRecord(tool)) throw new TapPassError('request_malformed', { detail: `${at}: expected an object` });
	const type = tool['type'];
	if (type === 'function') return readFunction(tool['function'], at);
	if (type === 'custom') return readFunction(tool['custom'], at);
	return offeredTool(at, hostedToolWireName('openai', String(type)), '', tool);
}

function readFunction(tool: Json | undefined, at: string): OfferedTool {
	const name = isRecord(tool) ? functionSchema.safeParse(tool) : undefined;
	if (!isRecord(tool) || name?.success !== true)
		throw new TapPassError('request_malformed', { detail: `${at}: expected a tool with a name` });
	return offeredTool(at, name.data.name, tool['description'], tool['parameters'] ?? tool['format']);
}

/** The model's name at the upstream, and usage told in streams. */
export function forwardChat(call: ModelCall, model: string): readonly JsonEdit[] {
	const edits: JsonEdit[] = model === call.model ? [] : [{ at: '/model', json: JSON.stringify(model) }];
	if (!call.stream) return edits;
	const options = (call.body as { readonly [key: string]: Json })['stream_options'];
	if (options === undefined) edits.push({ at: '', member: '"stream_options":{"include_usage":true}' });
	else if (!isRecord(options)) edits.push({ at: '/stream_options', json: '{"include_usage":true}' });
	else if (options['include_usage'] === undefined)
		edits.push({ at: '/stream_options', member: '"include_usage":true' });
	else if (options['include_usage'] !== true) edits.push({ at: '/stream_options/include_usage', json: 'true' });
	return edits;
}

/** Whether the caller asked for usage in the stream itself. */
export function askedForUsage(call: ModelCall): boolean {
	const options = (call.body as { readonly [key: string]: Json })['stream_options'];
	return isRecord(options) && options['include_usage'] === true;
}
