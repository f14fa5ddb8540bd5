import type { Json } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { writeEvent } from '../../stream/sse.ts';
import { type AnswerHead, type AnswerWriter, type FinishReason, inputText, type Said } from './write-answer.ts';

const reasons: Readonly<Record<FinishReason, string>> = {
	stop: 'stop',
	length: 'length',
	'content-filter': 'content_filter',
	'tool-calls': 'tool_calls',
};

/** Writes a chat completion. Usage is always told; the reader of the wire takes out what nobody asked for. */
export class ChatWriter implements AnswerWriter {
	readonly #head: AnswerHead;
	#text = '';
	#thinking = '';
	#finish: string | null = null;
	#usage: Json = null;
	readonly #calls: Json[] = [];

	constructor(head: AnswerHead) {
		this.#head = head;
	}

	begin(): string {
		return this.#delta({ role: 'assistant', content: '' });
	}

	say(said: Said): string {
		switch (said.kind) {
			case 'text':
				this.#text += said.delta;
				return this.#delta({ content: said.delta });
			case 'thinking':
				this.#thinking += said.delta;
				return this.#delta({ reasoning_content: said.delta });
			case 'call': {
				const call = this.#call(said);
				this.#calls.push(call);
				return this.#delta({ tool_calls: [{ index: this.#calls.length - 1, ...call }] });
			}
			case 'finish':
				this.#finish = reasons[said.reason];
				this.#usage = said.usage === undefined ? null : usage(said.usage);
				return `${this.#delta({}, this.#finish)}${this.#usageChunk()}data: [DONE]\n\n`;
		}
	}

	whole(): Json {
		const { id, model, created } = this.#head;
		const message = {
			role: 'assistant',
			content: this.#text === '' && this.#calls.length > 0 ? null : this.#text,
			refusal: null,
			...(this.#thinking === '' ? {} : { reasoning_content: this.#thinking }),
			...(this.#calls.length === 0 ? {} : { tool_calls: this.#calls }),
		};
		const choices = [{ index: 0, message, logprobs: null, finish_reason: this.#finish }];
		return { id, object: 'chat.completion', created, model, choices, usage: this.#usage };
	}

	#call({ id, name, args }: Extract<Said, { kind: 'call' }>): { readonly [key: string]: Json } {
		if (this.#head.forms.get(name)?.custom) return { id, type: 'custom', custom: { name, input: inputText(args) } };
		return { id, type: 'function', function: { name, arguments: args } };
	}

	#usageChunk(): string {
		return this.#usage === null ? '' : this.#chunk([], { usage: this.#usage });
	}

	#delta(delta: Json, finish_reason: string | null = null): string {
		return this.#chunk([{ index: 0, delta, logprobs: null, finish_reason }], { usage: null });
	}

	#chunk(choices: Json, more: { readonly [key: string]: Json }): string {
		const { id, model, created } = this.#head;
		return writeEvent('', JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices, ...more }));
	}
}

function usage({ input_tokens, cache_read_tokens, cache_write_tokens, output_tokens }: Usage): Json {
	const prompt_tokens = input_tokens + cache_read_tokens + cache_write_tokens;
	return {
		prompt_tokens,
		completion_tokens: output_tokens,
		total_tokens: prompt_tokens + output_tokens,
		prompt_tokens_details: { cached_tokens: cache_read_tokens, cache_write_tokens },
	};
}
