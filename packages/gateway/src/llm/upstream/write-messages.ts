import type { Json } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { writeEvent } from '../../stream/sse.ts';
import { type AnswerHead, type AnswerWriter, type FinishReason, parsedArguments, type Said } from './write-answer.ts';

const reasons: Readonly<Record<FinishReason, string>> = {
	stop: 'end_turn',
	length: 'max_tokens',
	'content-filter': 'refusal',
	'tool-calls': 'tool_use',
};

/** Writes a message: one block after the other, each opened and closed. */
export class MessagesWriter implements AnswerWriter {
	readonly #head: AnswerHead;
	readonly #content: { [key: string]: Json }[] = [];
	#open: 'text' | 'thinking' | undefined;
	#stop: string | null = null;
	#usage: { readonly [key: string]: Json } = usage({
		input_tokens: 0,
		cache_read_tokens: 0,
		cache_write_tokens: 0,
		output_tokens: 0,
	});

	constructor(head: AnswerHead) {
		this.#head = head;
	}

	begin(): string {
		return event({ type: 'message_start', message: { ...this.#message(), content: [] } });
	}

	say(said: Said): string {
		if (said.kind === 'text' || said.kind === 'thinking') return this.#text(said.kind, said.delta);
		const closed = this.#close();
		if (said.kind === 'call') return closed + this.#call(said);
		this.#stop = reasons[said.reason];
		this.#usage = said.usage === undefined ? {} : usage(said.usage);
		const delta = { stop_reason: this.#stop, stop_sequence: null };
		return closed + event({ type: 'message_delta', delta, usage: this.#usage }) + event({ type: 'message_stop' });
	}

	whole(): Json {
		return { ...this.#message(), content: this.#content };
	}

	#message(): { readonly [key: string]: Json } {
		const { id, model } = this.#head;
		return {
			id,
			type: 'message',
			role: 'assistant',
			model,
			stop_reason: this.#stop,
			stop_sequence: null,
			usage: this.#usage,
		};
	}

	#text(kind: 'text' | 'thinking', delta: string): string {
		let out = '';
		if (this.#open !== kind) {
			out = this.#close();
			this.#open = kind;
			// Nobody sealed this thinking: only its own vendor would take it back.
			this.#content.push(
				kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' },
			);
			out += event({ type: 'content_block_start', index: this.#index(), content_block: { ...this.#content.at(-1)! } });
		}
		const block = this.#content.at(-1)!;
		block[kind] = `${String(block[kind])}${delta}`;
		return out + this.#delta({ type: `${kind}_delta`, [kind]: delta });
	}

	#call({ id, name, args }: Extract<Said, { kind: 'call' }>): string {
		const block = { type: 'tool_use', id, name };
		this.#content.push({ ...block, input: parsedArguments(args) });
		const index = this.#index();
		return (
			event({ type: 'content_block_start', index, content_block: { ...block, input: {} } }) +
			this.#delta({ type: 'input_json_delta', partial_json: args }) +
			event({ type: 'content_block_stop', index })
		);
	}

	#close(): string {
		if (this.#open === undefined) return '';
		this.#open = undefined;
		return event({ type: 'content_block_stop', index: this.#index() });
	}

	#delta(delta: Json): string {
		return event({ type: 'content_block_delta', index: this.#index(), delta });
	}

	#index(): number {
		return this.#content.length - 1;
	}
}

function event(value: { readonly type: string; readonly [key: string]: Json }): string {
	return writeEvent(value.type, JSON.stringify(value));
}

function usage({ input_tokens, cache_read_tokens, cache_write_tokens, output_tokens }: Usage): {
	readonly [key: string]: Json;
} {
	return {
		input_tokens,
		cache_creation_input_tokens: cache_write_tokens,
		cache_read_input_tokens: cache_read_tokens,
		output_tokens,
	};
}
