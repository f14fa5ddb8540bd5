import { type Json, TapPassError } from '@tappass/core';
import { z } from 'zod';
import type { ModelCall, OfferedTool, TextPart } from '../../pipeline/call.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';
import { flag, modelName, offeredTool, readBody, tokens, toolName } from '../read-request.ts';
import { collectMembers, collectOthers, collectTexts, collectTools } from '../read-texts.ts';
import { hostedToolWireName } from '../tool-names.ts';

const schema = z.looseObject({
	model: modelName,
	messages: z
		.array(
			z.looseObject({
				role: z.enum(['user', 'assistant', 'system']),
				content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
			}),
		)
		.min(1),
	system: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
	stream: flag,
	max_tokens: tokens,
	tools: z.array(z.looseObject({ name: toolName.optional(), type: z.string().nullish() })).nullish(),
	mcp_servers: z.array(z.looseObject({})).nullish(),
});

// A container keeps files and skills of earlier calls at the vendor; nobody here could look at them.
const stored: readonly string[] = ['container'];

/** Reads a request of `POST /v1/messages`, or of `count_tokens`, which generates nothing. */
export function readMessages(body: Json, body_bytes: number): ModelCall {
	const request = readBody(schema, body, stored);
	const record = body as { readonly [key: string]: Json };
	return {
		kind: 'model',
		wire: 'anthropic-messages',
		stream: request.stream ?? false,
		model: request.model,
		max_tokens: request.max_tokens ?? undefined,
		texts: readTexts(record),
		offered_tools: readTools(record),
		body,
		body_bytes,
	};
}

function readTexts(body: { readonly [key: string]: Json }): readonly TextPart[] {
	const texts: TextPart[] = [];
	collectMembers(body, ['system'], 'system', texts);
	for (const [index, message] of (body['messages'] as readonly { readonly [key: string]: Json }[]).entries()) {
		const role = message['role'] as 'user' | 'assistant' | 'system';
		readContent(message['content']!, `/messages/${index}/content`, role, texts);
		collectOthers(message, ofMessages, texts, `/messages/${index}`);
	}
	collectMembers(body, ['metadata', 'stop_sequences'], 'user', texts);
	collectMembers(body, ['output_config'], 'system', texts);
	collectOthers(body, named, texts);
	collectTools(body['tools'], '/tools', texts, (type) => typeof type !== 'string' || runByCaller.test(type));
	return texts;
}

const ofMessages: ReadonlySet<string> = new Set(['role', 'content']);

// Looked at above, as tools, or in the schema.
const named: ReadonlySet<string> = new Set([
	'model',
	'messages',
	'system',
	'metadata',
	'stop_sequences',
	'output_config',
	'tools',
	'mcp_servers',
]);

function readContent(content: Json, at: string, role: TextPart['role'], texts: TextPart[]): void {
	if (!isList(content)) collectTexts(content, at, role, texts);
	else
		for (const [index, block] of content.entries()) {
			const type = isRecord(block) ? String(block['type']) : '';
			collectTexts(block, `${at}/${index}`, type.endsWith('tool_result') ? 'tool' : role, texts);
		}
}

function readTools(body: { readonly [key: string]: Json }): readonly OfferedTool[] {
	const tools = isList(body['tools']) ? body['tools'].map((tool, index) => readTool(tool, `/tools/${index}`)) : [];
	// The vendor would call these servers itself, past the broker.
	const servers = isList(body['mcp_servers']) ? body['mcp_servers'] : [];
	const wireName = hostedToolWireName('anthropic', 'mcp');
	return [...tools, ...servers.map((server, index) => offeredTool(`/mcp_servers/${index}`, wireName, '', server))];
}

// Tools that Anthropic defines and the caller runs: their names are the caller's own, as in a harness.
const runByCaller = /^(?:custom|(?:bash|text_editor|computer|memory)_\d{8})$/;

function readTool(tool: Json, at: string): OfferedTool {
	if (!isRecord(tool)) throw new TapPassError('request_malformed', { detail: `${at}: expected an object` });
	const { type, name, description, input_schema } = tool;
	if (typeof type === 'string' && !runByCaller.test(type))
		return offeredTool(at, hostedToolWireName('anthropic', type), description, tool);
	if (typeof name !== 'string') throw new TapPassError('request_malformed', { detail: `${at}: expected a name` });
	return offeredTool(at, name, description, input_schema);
}

/** The model's name at the upstream. */
export function forwardMessages(call: ModelCall, model: string): readonly JsonEdit[] {
	return model === call.model ? [] : [{ at: '/model', json: JSON.stringify(model) }];
}
