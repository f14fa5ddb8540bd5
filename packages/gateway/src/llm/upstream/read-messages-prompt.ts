import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Json } from '@tappass/core';
import { isList, isRecord } from '../../stream/json-value.ts';
import {
	callPart,
	filePart,
	functionTool,
	type JsonObject,
	type Prompt,
	PromptBuilder,
	plainText,
	promptOf,
	textPart,
	untranslatable,
} from './read-prompt.ts';

/** A messages request in the common form. */
export function readMessagesPrompt(body: JsonObject): Prompt {
	const builder = new PromptBuilder();
	builder.system(plainText(body['system'], 'a system prompt'));
	for (const message of body['messages'] as readonly JsonObject[]) readMessage(message, builder);
	if (isList(body['mcp_servers']) && body['mcp_servers'].length > 0) throw untranslatable('"mcp_servers"');
	const tools = isList(body['tools']) ? body['tools'].map(readTool) : [];
	return promptOf(body, { builder, limit: body['max_tokens'], tools, more: readChoice(body['tool_choice']) });
}

function readMessage({ role, content }: JsonObject, builder: PromptBuilder): void {
	const blocks = isList(content) ? content : [{ type: 'text', text: content ?? '' }];
	if (role === 'system') builder.system(plainText(content, 'a system message'));
	else if (role === 'assistant') for (const block of blocks) readAssistant(block, builder);
	else readUser(blocks, builder);
}

function readAssistant(block: Json, builder: PromptBuilder): void {
	const { type, text, id, name, input } = isRecord(block) ? block : ({} as JsonObject);
	if (type === 'text') builder.assistant(textPart(String(text)));
	else if (type === 'tool_use') builder.assistant(callPart(id, String(name), input));
	// Thinking is sealed for the vendor that thought it; none takes another's.
	else if (type !== 'thinking' && type !== 'redacted_thinking')
		throw untranslatable(`a block of kind ${JSON.stringify(type)}`);
}

function readUser(blocks: readonly Json[], builder: PromptBuilder): void {
	const parts: Parameters<PromptBuilder['user']>[0][number][] = [];
	for (const block of blocks) {
		if (!isRecord(block)) throw untranslatable('a block');
		if (block['type'] === 'text') parts.push(textPart(String(block['text'])));
		else if (block['type'] === 'image' || block['type'] === 'document') parts.push(readSource(block['source']));
		else if (block['type'] === 'tool_result') {
			const text = plainText(block['content'], 'a tool result');
			builder.toolResult(String(block['tool_use_id'] ?? ''), text, block['is_error'] === true);
		} else throw untranslatable(`a block of kind ${JSON.stringify(block['type'])}`);
	}
	builder.user(parts);
}

function readSource(source: Json | undefined): ReturnType<typeof filePart> | ReturnType<typeof textPart> {
	const { type, media_type, data, url } = isRecord(source) ? source : ({} as JsonObject);
	if (type === 'base64') return filePart(`data:${String(media_type)};base64,${String(data)}`, '');
	if (type === 'url' && typeof url === 'string') return filePart(url, 'image/*');
	if (type === 'text' && typeof data === 'string') return textPart(data);
	throw untranslatable('an image or document of this source');
}

function readTool(tool: Json): LanguageModelV4FunctionTool {
	const { type, name, description, input_schema } = isRecord(tool) ? tool : ({} as JsonObject);
	if (typeof type === 'string' && type !== 'custom') throw untranslatable('a tool that the vendor defines');
	return functionTool(String(name), description, input_schema);
}

function readChoice(choice: Json | undefined): Partial<LanguageModelV4CallOptions> {
	if (!isRecord(choice)) return {};
	const { type, name } = choice;
	if (type === 'auto' || type === 'none') return { toolChoice: { type } };
	if (type === 'any') return { toolChoice: { type: 'required' } };
	if (type === 'tool' && typeof name === 'string') return { toolChoice: { type: 'tool', toolName: name } };
	throw untranslatable('this "tool_choice"');
}
