import type {
	LanguageModelV4CallOptions,
	LanguageModelV4FilePart,
	LanguageModelV4FunctionTool,
	LanguageModelV4Message,
	LanguageModelV4TextPart,
} from '@ai-sdk/provider';
import { type Json, TapPassError } from '@tappass/core';
import { ratesOfTier } from '../../budget/tariff.ts';
import { isList, isRecord } from '../../stream/json-value.ts';

/*
 * What the readers of the three wires share on the way into the common form of a prompt. A request that holds what the
 * common form has no place for is refused: to drop it in silence would make another request of it.
 */

export type JsonObject = { readonly [key: string]: Json };
type Assistant = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number];
type ToolResult = Extract<
	Extract<LanguageModelV4Message, { role: 'tool' }>['content'][number],
	{ type: 'tool-result' }
>;
type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;
type Schema = LanguageModelV4FunctionTool['inputSchema'];

/** How a tool is called on the caller's wire, when that is not by its name alone. */
export interface ToolForm {
	readonly name: string;
	readonly namespace?: string | undefined;
	/** Its input is a text, not an object. */
	readonly custom: boolean;
}

/** A request in the common form, and what the way back needs to know of it. */
export interface Prompt {
	readonly options: LanguageModelV4CallOptions;
	readonly forms: ReadonlyMap<string, ToolForm>;
}

/** A request in the common form, from what a wire's reader found in its body. */
export function promptOf(
	body: JsonObject,
	found: {
		readonly builder: PromptBuilder;
		readonly limit: Json | undefined;
		readonly tools: LanguageModelV4FunctionTool[];
		readonly forms?: ReadonlyMap<string, ToolForm>;
		/** What else the wire states. */
		readonly more: Partial<LanguageModelV4CallOptions>;
	},
): Prompt {
	const { builder, limit, tools, forms = new Map(), more } = found;
	// Asked for, and reserved, as dearer than it would be there.
	if (ratesOfTier(body['service_tier'])?.length) throw untranslatable('this "service_tier"');
	if ((body['speed'] ?? 'standard') !== 'standard') throw untranslatable('this "speed"');
	return {
		forms,
		options: {
			prompt: builder.messages,
			...sampling(body, typeof limit === 'number' ? limit : undefined),
			...(tools.length === 0 ? {} : { tools }),
			...more,
		},
	};
}

/** Puts a conversation together: one message for everything that one side said in a row. */
export class PromptBuilder {
	readonly messages: LanguageModelV4Message[] = [];
	readonly #toolNames = new Map<string, string>();

	system(content: string): void {
		if (content !== '') this.messages.push({ role: 'system', content });
	}

	user(content: readonly UserPart[]): void {
		if (content.length > 0) this.messages.push({ role: 'user', content: [...content] });
	}

	assistant(part: Assistant): void {
		if (part.type === 'tool-call') this.#toolNames.set(part.toolCallId, part.toolName);
		const last = this.messages.at(-1);
		if (last?.role === 'assistant') last.content.push(part);
		else this.messages.push({ role: 'assistant', content: [part] });
	}

	toolResult(toolCallId: string, value: string, failed = false): void {
		const toolName = this.#toolNames.get(toolCallId);
		if (toolName === undefined)
			throw new TapPassError('request_malformed', { detail: 'a tool result without the call it answers' });
		const output = failed ? ({ type: 'error-text', value } as const) : ({ type: 'text', value } as const);
		const part: ToolResult = { type: 'tool-result', toolCallId, toolName, output };
		const last = this.messages.at(-1);
		if (last?.role === 'tool') last.content.push(part);
		else this.messages.push({ role: 'tool', content: [part] });
	}
}

/** A call that the model made earlier. */
export function callPart(id: Json | undefined, name: string, args: Json | undefined): Assistant {
	const input = typeof args === 'string' ? parseArguments(args) : (args ?? {});
	return { type: 'tool-call', toolCallId: String(id ?? ''), toolName: name, input };
}

function parseArguments(text: string): unknown {
	try {
		return text === '' ? {} : JSON.parse(text);
	} catch (cause) {
		throw new TapPassError('request_malformed', { detail: 'arguments of an earlier tool call are not JSON', cause });
	}
}

export function textPart(text: string): LanguageModelV4TextPart {
	return { type: 'text', text };
}

/** An image or file by its URL; a data URL holds it itself. */
export function filePart(url: string, fallback: string): LanguageModelV4FilePart {
	const inline = /^data:([\w.+/-]+);base64,/.exec(url);
	if (inline !== null)
		return { type: 'file', mediaType: inline[1]!, data: { type: 'data', data: url.slice(inline[0].length) } };
	if (!URL.canParse(url)) throw new TapPassError('request_malformed', { detail: 'an image or file without a URL' });
	return { type: 'file', mediaType: fallback, data: { type: 'url', url: new URL(url) } };
}

/** A part of what a user says, as both OpenAI wires write it once it is unwrapped: the first of these that is stated. */
export function userPart(text: Json | undefined, image: Json | undefined, file: Json | undefined): UserPart {
	if (typeof text === 'string') return textPart(text);
	if (typeof image === 'string') return filePart(image, 'image/*');
	if (typeof file === 'string') return filePart(file, 'application/pdf');
	throw untranslatable('content of this kind');
}

/** The refusal of what the common form has no place for. */
export function untranslatable(what: string): TapPassError {
	return new TapPassError('request_unsupported', {
		detail: `${what} cannot be put to an upstream of another wire`,
		hint: 'use a model whose upstream speaks this wire',
	});
}

/** The text of content that may only be text. */
export function plainText(content: Json | undefined, what: string): string {
	if (typeof content === 'string') return content;
	if (content === undefined || content === null) return '';
	if (!isList(content)) throw untranslatable(what);
	return content
		.map((part) => {
			if (isRecord(part) && typeof part['text'] === 'string') return part['text'];
			throw untranslatable(`${what} that is not text`);
		})
		.join('\n');
}

export function functionTool(
	name: string,
	description: Json | undefined,
	schema: Json | undefined,
): LanguageModelV4FunctionTool {
	return {
		type: 'function',
		name,
		...(typeof description === 'string' ? { description } : {}),
		inputSchema: (isRecord(schema) ? schema : { type: 'object', properties: {} }) as Schema,
	};
}

/** A tool whose input is a text: as a function with one argument, which the way back takes off again. */
export function customTool(name: string, description: Json | undefined): LanguageModelV4FunctionTool {
	const schema = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] };
	return functionTool(name, description, schema);
}

/** Numbers and switches that all wires know, where the body states them. */
function sampling(body: JsonObject, maxTokens: number | undefined): Partial<LanguageModelV4CallOptions> {
	const number = (key: string): number | undefined => (typeof body[key] === 'number' ? body[key] : undefined);
	const stop = body['stop'] ?? body['stop_sequences'];
	const stopSequences =
		typeof stop === 'string' ? [stop] : isList(stop) ? stop.filter((one) => typeof one === 'string') : undefined;
	return defined({
		maxOutputTokens: maxTokens,
		temperature: number('temperature'),
		topP: number('top_p'),
		topK: number('top_k'),
		presencePenalty: number('presence_penalty'),
		frequencyPenalty: number('frequency_penalty'),
		seed: number('seed'),
		stopSequences,
	});
}

/** The answer's form, where a schema for it is stated. */
export function responseFormat(format: Json | undefined): Partial<LanguageModelV4CallOptions> {
	if (!isRecord(format) || format['type'] === 'text') return {};
	const inner = isRecord(format['json_schema']) ? format['json_schema'] : format;
	const { schema, name } = inner;
	return {
		responseFormat: {
			type: 'json',
			...(isRecord(schema) ? { schema: schema as Schema } : {}),
			...(typeof name === 'string' ? { name } : {}),
		},
	};
}

/** An object without the members that are undefined. */
export function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): Partial<T> {
	return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>;
}
