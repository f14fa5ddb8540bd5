import type { Json } from '@tappass/core';
import { isRecord } from '../stream/json-value.ts';
import { writeEvent } from '../stream/sse.ts';
import { inPieces, type Script, type Turn, usageOf } from './script.ts';
import type { Played } from './server.ts';

type Item = { readonly [key: string]: Json };

/** A turn as a response, whole and in events. */
export function playResponses(script: Script, turn: Turn, body: Json, number: number): Played {
	const { input, output: used, cached } = usageOf(turn, body);
	const usage = {
		input_tokens: input + cached,
		input_tokens_details: { cached_tokens: cached },
		output_tokens: used,
		output_tokens_details: { reasoning_tokens: 0 },
		total_tokens: input + cached + used,
	};
	const output = itemsOf(turn, number);
	const head = {
		id: `resp_${number}`,
		object: 'response',
		created_at: 1_700_000_000,
		model: isRecord(body) ? (body['model'] ?? null) : null,
	};
	const settings = {
		error: null,
		incomplete_details: null,
		instructions: null,
		metadata: {},
		parallel_tool_calls: true,
		tools: [],
	};
	const whole = { ...head, ...settings, status: 'completed', output, usage };
	const begun = { ...head, ...settings, status: 'in_progress', output: [], usage: null };
	let sequence = 0;
	const event = (type: string, fields: Item): string => {
		const text = writeEvent(type, JSON.stringify({ type, sequence_number: sequence, ...fields }));
		sequence += 1;
		return text;
	};
	const events = [
		event('response.created', { response: begun }),
		event('response.in_progress', { response: begun }),
		...output.flatMap((item, output_index) =>
			itemEvents(script, item).map(([type, fields]) => event(type, { output_index, ...fields })),
		),
		event('response.completed', { response: whole }),
	];
	return { whole, events, error: event('error', { code: 'server_error', message: 'scripted', param: null }) };
}

function itemsOf(turn: Turn, number: number): readonly Item[] {
	const text = (type: string, value: string): Item => ({ type, text: value });
	return [
		...(turn.think === undefined
			? []
			: [{ type: 'reasoning', id: `rs_${number}`, summary: [text('summary_text', turn.think)] }]),
		...(turn.say === undefined
			? []
			: [
					{
						type: 'message',
						id: `msg_${number}`,
						status: 'completed',
						role: 'assistant',
						content: [{ ...text('output_text', turn.say), annotations: [], logprobs: [] }],
					},
				]),
		...turn.call.map(({ tool, arguments: args }, index) => ({
			type: 'function_call',
			id: `fc_${number}_${index}`,
			call_id: `call_${number}_${index}`,
			status: 'completed',
			...named(tool),
			arguments: JSON.stringify(args),
		})),
	];
}

/** Codex puts the tools of an MCP server into a namespace: `mcp__collibra/get_asset` in a script. */
function named(tool: string): Item {
	const slash = tool.indexOf('/');
	return slash === -1 ? { name: tool } : { name: tool.slice(slash + 1), namespace: tool.slice(0, slash) };
}

type ItemEvent = readonly [type: string, fields: Item];

function itemEvents(script: Script, item: Item): readonly ItemEvent[] {
	const done: ItemEvent = ['response.output_item.done', { item }];
	if (item['type'] === 'function_call') {
		const args = String(item['arguments']);
		const item_id = item['id']!;
		return [
			['response.output_item.added', { item: { ...item, status: 'in_progress', arguments: '' } }],
			...inPieces(args, script.chunk).map(
				(delta): ItemEvent => ['response.function_call_arguments.delta', { item_id, delta }],
			),
			['response.function_call_arguments.done', { item_id, name: item['name']!, arguments: args }],
			done,
		];
	}
	const summary = item['type'] === 'reasoning';
	const [part] = (summary ? item['summary'] : item['content']) as readonly [Item];
	const place = { item_id: item['id']!, [summary ? 'summary_index' : 'content_index']: 0 };
	const names = summary
		? (['response.reasoning_summary_part', 'response.reasoning_summary_text'] as const)
		: (['response.content_part', 'response.output_text'] as const);
	const empty = summary ? { summary: [] } : { status: 'in_progress', content: [] };
	const logprobs = summary ? {} : { logprobs: [] };
	return [
		['response.output_item.added', { item: { ...item, ...empty } }],
		[`${names[0]}.added`, { ...place, part: { ...part, text: '' } }],
		...inPieces(String(part['text']), script.chunk).map(
			(delta): ItemEvent => [`${names[1]}.delta`, { ...place, delta, ...logprobs }],
		),
		[`${names[1]}.done`, { ...place, text: part['text']!, ...logprobs }],
		[`${names[0]}.done`, { ...place, part }],
		done,
	];
}
