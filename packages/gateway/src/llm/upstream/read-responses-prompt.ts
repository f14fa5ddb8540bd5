import type { LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Json } from '@tappass/core';
import { isList, isRecord } from '../../stream/json-value.ts';
import { qualified } from '../openai/responses.ts';
import { readChoice } from './read-chat-prompt.ts';
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

/** A responses request in the common form. */
export function readResponsesPrompt(body: JsonObject): Prompt {
	const builder = new PromptBuilder();
	builder.system(plainText(body['instructions'], 'instructions'));
	const { input, text } = body;
	if (isList(input)) for (const item of input) readItem(item, builder);
	else builder.user([textPart(String(input))]);
	const forms = new Map<string, ToolForm>();
	const tools = isList(body['tools']) ? readTools(body['tools'], '', forms) : [];
	const format = isRecord(text) ? text['format'] : undefined;
	const more = { ...responseFormat(format), ...readChoice(body['tool_choice']) };
	return promptOf(body, { builder, limit: body['max_output_tokens'], tools, forms, more });
}

function readItem(item: Json, builder: PromptBuilder): void {
	if (!isRecord(item)) throw untranslatable('an item');
	const { type = 'message', role, content, call_id, name, namespace, output } = item;
	if (type === 'function_call')
		builder.assistant(callPart(call_id, qualified(namespace, String(name)), item['arguments']));
	else if (type === 'custom_tool_call')
		builder.assistant(callPart(call_id, qualified(namespace, String(name)), { input: item['input'] ?? '' }));
	else if (type === 'function_call_output' || type === 'custom_tool_call_output')
		builder.toolResult(String(call_id ?? ''), plainText(output, 'a tool result'));
	// Reasoning is sealed for the vendor that reasoned; none takes another's.
	else if (type === 'reasoning') return;
	else if (type !== 'message') throw untranslatable(`an item of kind ${JSON.stringify(type)}`);
	else if (role === 'assistant') builder.assistant(textPart(plainText(content, 'an answer')));
	else if (role === 'user') builder.user(isList(content) ? content.map(readPart) : [textPart(String(content))]);
	else builder.system(plainText(content, 'a system message'));
}

function readPart(part: Json): ReturnType<typeof userPart> {
	const { text, image_url, file_data } = isRecord(part) ? part : ({} as JsonObject);
	return userPart(text, image_url, file_data);
}

function readTools(
	list: readonly Json[],
	namespace: string,
	forms: Map<string, ToolForm>,
): LanguageModelV4FunctionTool[] {
	return list.flatMap((tool) => {
		const { type, name, description, parameters, tools } = isRecord(tool) ? tool : ({} as JsonObject);
		if (type === 'namespace' && isList(tools)) return readTools(tools, String(name), forms);
		if (type !== 'function' && type !== 'custom') throw untranslatable('a tool that the vendor runs');
		const whole = qualified(namespace, String(name));
		const custom = type === 'custom';
		forms.set(whole, { name: String(name), namespace: namespace === '' ? undefined : namespace, custom });
		return [custom ? customTool(whole, description) : functionTool(whole, description, parameters)];
	});
}
