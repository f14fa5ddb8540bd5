import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Json } from '@tappass/core';
import { isList, isRecord } from '../../stream/json-value.ts';
import {
	callPart,
	customTool,
	functionTool,
	type JsonObject,
	type Prompt,
	PromptBuilder,
	plainText,
	promptOf,
	responseFormat,
	type ToolForm,
	textPart,
	untranslatable,
	userPart,
} from './read-prompt.ts';

/** A chat completion request in the common form. */
export function readChatPrompt(body: JsonObject): Prompt {
	const builder = new PromptBuilder();
	for (const message of body['messages'] as readonly JsonObject[]) readMessage(message, builder);
	if (body['functions'] !== undefined) throw untranslatable('"functions"');
	if (typeof body['n'] === 'number' && body['n'] > 1) throw untranslatable('"n" above 1');
	const forms = new Map<string, ToolForm>();
	const tools = isList(body['tools']) ? body['tools'].map((tool) => readTool(tool, forms)) : [];
	const limit = body['max_completion_tokens'] ?? body['max_tokens'];
	const more = { ...responseFormat(body['response_format']), ...readChoice(body['tool_choice']) };
	return promptOf(body, { builder, limit, tools, forms, more });
}

function readMessage(message: JsonObject, builder: PromptBuilder): void {
	const { role, content } = message;
	if (role === 'system' || role === 'developer') builder.system(plainText(content, 'a system message'));
	else if (role === 'user') builder.user(isList(content) ? content.map(readPart) : [textPart(String(content ?? ''))]);
	else if (role === 'tool')
		builder.toolResult(String(message['tool_call_id'] ?? ''), plainText(content, 'a tool result'));
	else if (role === 'assistant') readAssistant(message, builder);
	else throw untranslatable(`a message of role ${JSON.stringify(role)}`);
}

function readAssistant(message: JsonObject, builder: PromptBuilder): void {
	if (message['function_call'] !== undefined) throw untranslatable('"function_call"');
	const text = plainText(message['content'], 'an answer');
	if (text !== '') builder.assistant(textPart(text));
	if (!isList(message['tool_calls'])) return;
	for (const call of message['tool_calls']) {
		if (!isRecord(call)) throw untranslatable('a tool call');
		const { function: fn, custom } = call;
		if (isRecord(fn)) builder.assistant(callPart(call['id'], String(fn['name']), fn['arguments']));
		else if (isRecord(custom))
			builder.assistant(callPart(call['id'], String(custom['name']), { input: custom['input'] ?? '' }));
		else throw untranslatable('a tool call');
	}
}

function readPart(part: Json): ReturnType<typeof userPart> {
	const { text, image_url: image, file } = isRecord(part) ? part : ({} as JsonObject);
	return userPart(text, isRecord(image) ? image['url'] : undefined, isRecord(file) ? file['file_data'] : undefined);
}

function readTool(tool: Json, forms: Map<string, ToolForm>): LanguageModelV4FunctionTool {
	const fn = isRecord(tool) ? tool['function'] : undefined;
	if (isRecord(fn)) return functionTool(String(fn['name']), fn['description'], fn['parameters']);
	const custom = isRecord(tool) ? tool['custom'] : undefined;
	if (!isRecord(custom)) throw untranslatable('a tool that the vendor runs');
	const name = String(custom['name']);
	forms.set(name, { name, custom: true });
	return customTool(name, custom['description']);
}

/** A choice of tools, as both OpenAI wires write it. */
export function readChoice(choice: Json | undefined): Partial<LanguageModelV4CallOptions> {
	if (choice === undefined || choice === null) return {};
	if (choice === 'auto' || choice === 'none' || choice === 'required') return { toolChoice: { type: choice } };
	const inner = isRecord(choice) ? (choice['function'] ?? choice['custom'] ?? choice) : undefined;
	const name = isRecord(inner) ? inner['name'] : undefined;
	if (typeof name !== 'string') throw untranslatable('this "tool_choice"');
	return { toolChoice: { type: 'tool', toolName: name } };
}
