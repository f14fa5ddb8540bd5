import { parseJson } from '@tappass/core';
import type { ModelCall } from '../pipeline/call.ts';
import { SseParser } from '../stream/sse.ts';

/** Everything that events of the three wires may hold, as far as it is looked at. */
interface Event {
	readonly type: string;
	readonly error?: { readonly message?: unknown };
	readonly object?: string;
	readonly usage?: unknown;
	readonly choices: readonly {
		readonly index: number;
		readonly finish_reason?: string | null;
		readonly delta?: {
			readonly content?: unknown;
			readonly reasoning_content?: string;
			readonly tool_calls?: readonly {
				readonly index: number;
				readonly id?: string;
				readonly function: { readonly name?: string; readonly arguments?: string };
			}[];
		};
	}[];
	readonly index: number;
	readonly content_block: { readonly type: string; readonly name: string; readonly text?: string };
	readonly delta: {
		readonly type: string;
		readonly text?: string;
		readonly thinking?: string;
		readonly partial_json?: string;
	};
	readonly sequence_number: number;
	readonly output_index: number;
	readonly content_index?: number;
	readonly summary_index?: number;
	readonly item: Item;
	readonly text?: string;
	readonly response: { readonly usage?: unknown; readonly output: readonly Item[] };
}
interface Item {
	readonly type: string;
	readonly name: string;
	readonly arguments: string;
	readonly content?: readonly { readonly text: string }[];
	readonly summary?: readonly { readonly text: string }[];
}

/** What a client makes of a stream: the texts by kind, the tool calls, and how it ended. */
export interface Gathered {
	text: string;
	thinking: string;
	calls: { name: string; args: string }[];
	end: 'complete' | 'error';
	usage: unknown;
}

/** Reads a stream that we emitted as a pedantic client would, and throws on everything that its wire's grammar forbids. */
export function gather(wire: ModelCall['wire'], text: string): Gathered {
	const parser = new SseParser();
	const events = parser.push(new TextEncoder().encode(text)).filter(({ data }) => data !== undefined);
	if (!parser.end()) throw new Error('the stream ends inside an event');
	if (wire === 'openai-chat') return gatherChat(events.map(({ data }) => data!));
	const named = events.map(({ event, data }) => {
		const parsed = parseJson(new TextEncoder().encode(data)) as unknown as Event;
		if (event !== parsed.type) throw new Error(`event ${event} holds ${parsed.type}`);
		return parsed;
	});
	return wire === 'anthropic-messages' ? gatherMessages(named) : gatherResponses(named);
}

function fail(why: string): never {
	throw new Error(why);
}

function gatherChat(data: readonly string[]): Gathered {
	const out: Gathered = { text: '', thinking: '', calls: [], end: 'complete', usage: undefined };
	const finished = new Set<number>();
	let done = false;
	data.forEach((line, at) => {
		if (done) fail('events after the end');
		if (line === '[DONE]') {
			done = true;
			return;
		}
		const chunk = parseJson(new TextEncoder().encode(line)) as unknown as Event;
		if (chunk.error !== undefined) {
			if (at !== data.length - 1) fail('an error that is not last');
			out.end = 'error';
			done = true;
			return;
		}
		if (chunk.object !== 'chat.completion.chunk') fail('a chunk of another kind');
		if (chunk.usage) out.usage = chunk.usage;
		if (chunk.choices.length === 0 && !chunk.usage) fail('a chunk without choices or usage');
		for (const choice of chunk.choices) {
			const delta = choice.delta ?? fail('a choice without delta');
			if (finished.has(choice.index)) fail('a choice goes on after its end');
			out.text += typeof delta.content === 'string' ? delta.content : '';
			out.thinking += delta.reasoning_content ?? '';
			for (const call of delta.tool_calls ?? []) {
				if (call.index > out.calls.length) fail('tool calls skip an index');
				if (call.index === out.calls.length) {
					if (!call.id || !call.function.name) fail('a tool call begins without id or name');
					out.calls.push({ name: call.function.name, args: '' });
				}
				out.calls[call.index]!.args += call.function.arguments ?? '';
			}
			if (choice.finish_reason !== null && choice.finish_reason !== undefined) finished.add(choice.index);
		}
	});
	if (!done) fail('the stream does not end');
	return out;
}

function gatherMessages(events: readonly Event[]): Gathered {
	const out: Gathered = { text: '', thinking: '', calls: [], end: 'complete', usage: undefined };
	const seen = new Set<number>();
	let open: { index: number; type: string } | undefined;
	let state: 'before' | 'inside' | 'ending' | 'after' = 'before';
	for (const event of events) {
		if (state === 'after') fail('events after the end');
		if (event.type === 'ping') continue;
		if (event.type === 'error') {
			if (typeof event.error?.message !== 'string') fail('an error without message');
			out.end = 'error';
			state = 'after';
			continue;
		}
		if (event.type === 'message_start') {
			if (state !== 'before') fail('a second message_start');
			state = 'inside';
			continue;
		}
		if (state === 'before') fail(`${event.type} before message_start`);
		switch (event.type) {
			case 'content_block_start':
				if (open !== undefined || state !== 'inside') fail('a block inside a block');
				if (event.index !== seen.size) fail('blocks skip an index');
				seen.add(event.index);
				open = { index: event.index, type: event.content_block.type };
				if (open.type === 'tool_use') out.calls.push({ name: event.content_block.name, args: '' });
				out.text += event.content_block.text ?? '';
				break;
			case 'content_block_delta': {
				if (open?.index !== event.index) fail('a delta outside of its block');
				const { type, text, thinking, partial_json } = event.delta;
				const fits = {
					text_delta: 'text',
					thinking_delta: 'thinking',
					signature_delta: 'thinking',
					input_json_delta: 'tool_use',
					compaction_delta: 'compaction',
				};
				if (fits[type as keyof typeof fits] !== open?.type) fail(`a ${type} in a block of ${open?.type}`);
				out.text += text ?? '';
				out.thinking += thinking ?? '';
				if (type === 'input_json_delta') out.calls.at(-1)!.args += partial_json;
				break;
			}
			case 'content_block_stop':
				if (open?.index !== event.index) fail('the end of a block that is not open');
				open = undefined;
				break;
			case 'message_delta':
				if (open !== undefined) fail('message_delta inside a block');
				state = 'ending';
				out.usage = event.usage;
				break;
			case 'message_stop':
				if (state !== 'ending') fail('message_stop without message_delta');
				state = 'after';
				break;
			default:
				fail(`unknown event ${event.type}`);
		}
	}
	if (state !== 'after') fail('the stream does not end');
	return out;
}

function gatherResponses(events: readonly Event[]): Gathered {
	const out: Gathered = { text: '', thinking: '', calls: [], end: 'complete', usage: undefined };
	const open = new Map<number, Item>();
	const texts = new Map<string, string>();
	let ended = false;
	events.forEach((event, at) => {
		if (event.sequence_number !== at) fail(`sequence number ${event.sequence_number} at ${at}`);
		const type = event.type;
		if (ended && type !== 'response.failed') fail('events after the end');
		if (at === 0 && type !== 'response.created' && type !== 'error') fail(`a response begins with ${type}`);
		const index = event.output_index;
		const key = `${index} ${event.content_index ?? ''} ${event.summary_index ?? ''}`;
		if (type === 'error') {
			out.end = 'error';
			ended = true;
		} else if (type === 'response.output_item.added') {
			if (open.has(index)) fail('an item is added twice');
			open.set(index, event.item);
		} else if (type === 'response.output_item.done') {
			if (!open.has(index)) fail('an item ends that was not added');
			const { item } = event;
			if (item.type === 'function_call') {
				out.calls.push({ name: item.name, args: item.arguments });
				if ((texts.get(`${index}  `) ?? item.arguments) !== item.arguments) fail('arguments are not their deltas');
			}
			for (const part of item.content ?? []) out.text += part.text;
			for (const part of item.summary ?? []) out.thinking += part.text;
		} else if (type.endsWith('.delta')) {
			if (!open.has(index)) fail('a delta outside of its item');
			texts.set(key, (texts.get(key) ?? '') + String(event.delta));
		} else if (type.endsWith('_text.done')) {
			if ((texts.get(key) ?? '') !== event.text) fail('a text is not its deltas');
		} else if (type === 'response.completed') {
			ended = true;
			out.usage = event.response.usage;
			const items = event.response.output;
			const whole = items
				.flatMap((item) => item.content ?? [])
				.map((part) => part.text)
				.join('');
			if (whole !== out.text) fail('the response does not say what its items said');
		}
	});
	if (!ended) fail('the stream does not end');
	return out;
}
