import type { Json } from '@tappass/core';
import { isRecord } from '../stream/json-value.ts';
import { writeEvent } from '../stream/sse.ts';
import { inPieces, type Script, type Turn, usageOf } from './script.ts';
import type { Played } from './server.ts';

/** A turn as a chat completion, whole and in events. */
export function playChat(script: Script, turn: Turn, body: Json, number: number): Played {
	const model = isRecord(body) ? (body['model'] ?? null) : null;
	const head = { id: `chatcmpl-${number}`, created: 1_700_000_000, model };
	const { input, output, cached } = usageOf(turn, body);
	const usage = {
		prompt_tokens: input + cached,
		completion_tokens: output,
		total_tokens: input + cached + output,
		prompt_tokens_details: { cached_tokens: cached },
	};
	const calls = turn.call.map(({ tool, arguments: args }, index) => ({
		id: `call_${number}_${index}`,
		type: 'function',
		function: { name: tool, arguments: JSON.stringify(args) },
	}));
	const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop';
	const message = {
		role: 'assistant',
		content: turn.say ?? null,
		refusal: null,
		...(turn.think === undefined ? {} : { reasoning_content: turn.think }),
		...(calls.length === 0 ? {} : { tool_calls: calls }),
	};
	const whole = {
		...head,
		object: 'chat.completion',
		choices: [{ index: 0, message, logprobs: null, finish_reason }],
		usage,
	};
	const options = isRecord(body) ? body['stream_options'] : undefined;
	const tells = isRecord(options) && options['include_usage'] === true;
	const event = (choices: Json, more: { readonly [key: string]: Json } = tells ? { usage: null } : {}): string =>
		writeEvent('', JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...more }));
	const delta = (value: Json): string => event([{ index: 0, delta: value, logprobs: null, finish_reason: null }]);
	const events = [
		delta({ role: 'assistant', content: '' }),
		...inPieces(turn.think ?? '', script.chunk).map((piece) => delta({ reasoning_content: piece })),
		...inPieces(turn.say ?? '', script.chunk).map((piece) => delta({ content: piece })),
		...calls.flatMap((call, index) => [
			delta({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] }),
			...inPieces(call.function.arguments, script.chunk).map((piece) =>
				delta({ tool_calls: [{ index, function: { arguments: piece } }] }),
			),
		]),
		event([{ index: 0, delta: {}, logprobs: null, finish_reason }]),
		...(tells ? [event([], { usage })] : []),
		'data: [DONE]\n\n',
	];
	return { whole, events, error: writeEvent('', '{"error":{"message":"scripted","type":"server_error","code":null}}') };
}
