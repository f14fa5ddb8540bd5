import type { Json } from '@tappass/core';
import { TapPassError } from '@tappass/core';
import type { Usage } from '../pipeline/admission.ts';
import { Judge } from '../stream/judge.ts';
import { SseParser } from '../stream/sse.ts';
import { type Gathered, gather } from '../test-support/grammar.ts';
import { type HandRules, handGuard } from '../test-support/hand-pipeline.ts';
import type { WireFormat } from './wire.ts';
import { chatWire } from './wires.ts';

/* Streams by hand, and what a reader makes of them. */

export const body: { readonly [key: string]: Json } = {
	model: 'm',
	stream: true,
	messages: [{ role: 'user', content: 'hi' }],
	input: 'hi',
};
export interface Read {
	readonly out: string;
	readonly said: Gathered;
	readonly usage: Usage | undefined;
}

export async function read(
	wire: WireFormat,
	events: readonly (object | string)[],
	rules: Partial<HandRules> = {},
	more: object = {},
): Promise<Read> {
	const judge = new Judge(handGuard(rules));
	const reader = wire.reader(wire.read({ ...body, ...more } as Json, 10), judge);
	const text = events
		.map((event) =>
			typeof event === 'string'
				? event
				: `${wire === chatWire ? '' : `event: ${(event as { type: string }).type}\n`}data: ${JSON.stringify(event)}\n\n`,
		)
		.join('');
	for (const event of new SseParser().push(new TextEncoder().encode(text))) {
		await reader.event(event);
		if (judge.denial !== undefined) break;
	}
	if (judge.denial === undefined) await reader.end();
	const out = reader.out + (judge.denial === undefined ? '' : wire.errorEvents(judge.denial, reader));
	return { out, said: gather(wire.wire, out), usage: reader.usage() };
}
export async function codeOf(work: Promise<unknown>): Promise<string> {
	return work.then(
		() => 'nothing thrown',
		(error: unknown) => (error instanceof TapPassError ? error.code : String(error)),
	);
}

export const chunk = (choices: readonly object[], more: object = {}): object => ({
	id: 'c',
	object: 'chat.completion.chunk',
	created: 1,
	model: 'm',
	choices,
	...more,
});
export const delta = (value: object, finish_reason: string | null = null): object =>
	chunk([{ index: 0, delta: value, finish_reason }]);
export const done = 'data: [DONE]\n\n';

export const start: { readonly type: string; readonly message: object } = {
	type: 'message_start',
	message: {
		id: 'm',
		type: 'message',
		role: 'assistant',
		content: [],
		model: 'm',
		usage: { input_tokens: 8, cache_read_input_tokens: 90, cache_creation_input_tokens: 2, output_tokens: 1 },
	},
};
export const stop = (usage: object = { output_tokens: 7 }): readonly object[] => [
	{ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
	{ type: 'message_stop' },
];
export const block = (index: number, content_block: object, ...deltas: readonly object[]): readonly object[] => [
	{ type: 'content_block_start', index, content_block },
	...deltas.map((one) => ({ type: 'content_block_delta', index, delta: one })),
	{ type: 'content_block_stop', index },
];
export const text = (value: string): object => ({ type: 'text_delta', text: value });

export const response = (status: string, output: readonly object[] = [], usage: object | null = null): object => ({
	id: 'r',
	object: 'response',
	status,
	output,
	usage,
	error: null,
});
export const created: object = { type: 'response.created', sequence_number: 0, response: response('in_progress') };
export const message = (value: string): object => ({
	type: 'message',
	id: 'i',
	role: 'assistant',
	status: 'completed',
	content: [{ type: 'output_text', text: value, annotations: [] }],
});
