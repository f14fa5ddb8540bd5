import type { Json } from '@tappass/core';
import { isRecord } from '../stream/json-value.ts';
import { writeEvent } from '../stream/sse.ts';
import { inPieces, type Script, type Turn, usageOf } from './script.ts';
import type { Played } from './server.ts';

/** A turn as a message, whole and in events. */
export function playMessages(script: Script, turn: Turn, body: Json, number: number): Played {
	const { input, output, cached } = usageOf(turn, body);
	const content: readonly Json[] = [
		...(turn.think === undefined ? [] : [{ type: 'thinking', thinking: turn.think, signature: 'c2NyaXB0ZWQ=' }]),
		...(turn.say === undefined ? [] : [{ type: 'text', text: turn.say }]),
		...turn.call.map(({ tool, arguments: args }, index) => ({
			type: 'tool_use',
			id: `toolu_${number}_${index}`,
			name: tool,
			input: args,
		})),
	];
	const stop_reason = turn.call.length > 0 ? 'tool_use' : 'end_turn';
	const prompt = { input_tokens: input, cache_creation_input_tokens: 0, cache_read_input_tokens: cached };
	const head = {
		id: `msg_${number}`,
		type: 'message',
		role: 'assistant',
		model: isRecord(body) ? (body['model'] ?? null) : null,
	};
	const whole = { ...head, content, stop_reason, stop_sequence: null, usage: { ...prompt, output_tokens: output } };
	const event = (value: { readonly type: string }): string => writeEvent(value.type, JSON.stringify(value));
	const begun = {
		...head,
		content: [],
		stop_reason: null,
		stop_sequence: null,
		usage: { ...prompt, output_tokens: 1 },
	};
	const events = [
		event({ type: 'message_start', message: begun } as { readonly type: string }),
		event({ type: 'ping' }),
		...content.flatMap((block, index) =>
			blockEvents(script, block as { readonly [key: string]: Json }, index).map(event),
		),
		event({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: output } } as {
			readonly type: string;
		}),
		event({ type: 'message_stop' }),
	];
	const error = { type: 'error', error: { type: 'overloaded_error', message: 'scripted' } };
	return { whole, events, error: event(error) };
}

type TypedEvent = { readonly type: string; readonly [key: string]: Json };

function blockEvents(script: Script, block: { readonly [key: string]: Json }, index: number): readonly TypedEvent[] {
	const start = (content_block: Json): TypedEvent => ({ type: 'content_block_start', index, content_block });
	const delta = (value: Json): TypedEvent => ({ type: 'content_block_delta', index, delta: value });
	const stop: TypedEvent = { type: 'content_block_stop', index };
	const pieces = (text: Json | undefined): readonly string[] => inPieces(String(text), script.chunk);
	if (block['type'] === 'text')
		return [
			start({ type: 'text', text: '' }),
			...pieces(block['text']).map((text) => delta({ type: 'text_delta', text })),
			stop,
		];
	if (block['type'] === 'thinking')
		return [
			start({ type: 'thinking', thinking: '', signature: '' }),
			...pieces(block['thinking']).map((thinking) => delta({ type: 'thinking_delta', thinking })),
			delta({ type: 'signature_delta', signature: block['signature']! }),
			stop,
		];
	return [
		start({ ...block, input: {} }),
		delta({ type: 'input_json_delta', partial_json: '' }),
		...pieces(JSON.stringify(block['input'])).map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
		stop,
	];
}
