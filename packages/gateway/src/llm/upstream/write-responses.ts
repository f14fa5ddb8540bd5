import type { Json } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { writeEvent } from '../../stream/sse.ts';
import { type AnswerHead, type AnswerWriter, inputText, type Said } from './write-answer.ts';

type Fields = { readonly [key: string]: Json };

/** Writes a response: one output item after the other, each opened, filled and closed. */
export class ResponsesWriter implements AnswerWriter {
	readonly #head: AnswerHead;
	readonly #output: Fields[] = [];
	#open: { readonly kind: 'text' | 'thinking'; text: string } | undefined;
	#sequence = 0;
	#status = 'in_progress';
	#incomplete: Json = null;
	#usage: Json = null;

	constructor(head: AnswerHead) {
		this.#head = head;
	}

	begin(): string {
		const response = this.whole();
		return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
	}

	say(said: Said): string {
		if (said.kind === 'text' || said.kind === 'thinking') return this.#text(said.kind, said.delta);
		const closed = this.#close();
		if (said.kind === 'call') return closed + this.#call(said);
		const cut = said.reason === 'length' || said.reason === 'content-filter';
		this.#status = cut ? 'incomplete' : 'completed';
		this.#incomplete = cut ? { reason: said.reason === 'length' ? 'max_output_tokens' : 'content_filter' } : null;
		this.#usage = said.usage === undefined ? null : usage(said.usage);
		return closed + this.#event(`response.${this.#status}`, { response: this.whole() });
	}

	whole(): Json {
		const { id, model, created } = this.#head;
		return {
			id,
			object: 'response',
			created_at: created,
			model,
			status: this.#status,
			error: null,
			incomplete_details: this.#incomplete,
			instructions: null,
			metadata: {},
			parallel_tool_calls: true,
			tools: [],
			output: [...this.#output],
			usage: this.#usage,
		};
	}

	#text(kind: 'text' | 'thinking', delta: string): string {
		let out = '';
		if (this.#open?.kind !== kind) {
			out = this.#close();
			this.#open = { kind, text: '' };
			const item = this.#item('in_progress', false);
			out += this.#event('response.output_item.added', { output_index: this.#index(), item });
			out += this.#event(names[kind].partAdded, { ...this.#place(), part: this.#part('') });
		}
		this.#open!.text += delta;
		return (
			out + this.#event(names[kind].delta, { ...this.#place(), delta, ...(kind === 'text' ? { logprobs: [] } : {}) })
		);
	}

	#close(): string {
		if (this.#open === undefined) return '';
		const { kind, text } = this.#open;
		const item = this.#item('completed', true);
		const out =
			this.#event(names[kind].done, { ...this.#place(), text, ...(kind === 'text' ? { logprobs: [] } : {}) }) +
			this.#event(names[kind].partDone, { ...this.#place(), part: this.#part(text) }) +
			this.#event('response.output_item.done', { output_index: this.#index(), item });
		this.#output.push(item);
		this.#open = undefined;
		return out;
	}

	#call({ id, name, args }: Extract<Said, { kind: 'call' }>): string {
		const form = this.#head.forms.get(name);
		const custom = form?.custom === true;
		const field = custom ? 'input' : 'arguments';
		const value = custom ? inputText(args) : args;
		const output_index = this.#index();
		const item_id = `${custom ? 'ctc' : 'fc'}_${this.#head.id}_${output_index}`;
		const item = {
			type: custom ? 'custom_tool_call' : 'function_call',
			id: item_id,
			call_id: id,
			name: form?.name ?? name,
			...(form?.namespace === undefined ? {} : { namespace: form.namespace }),
		};
		const stem = custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
		const out =
			this.#event('response.output_item.added', {
				output_index,
				item: { ...item, status: 'in_progress', [field]: '' },
			}) +
			this.#event(`${stem}.delta`, { output_index, item_id, delta: value }) +
			this.#event(`${stem}.done`, { output_index, item_id, [field]: value, ...(custom ? {} : { name: item.name }) }) +
			this.#event('response.output_item.done', {
				output_index,
				item: { ...item, status: 'completed', [field]: value },
			});
		this.#output.push({ ...item, status: 'completed', [field]: value });
		return out;
	}

	#item(status: string, filled: boolean): Fields {
		const parts = filled ? [this.#part(this.#open?.text ?? '')] : [];
		if (this.#open?.kind === 'thinking') return { type: 'reasoning', id: this.#itemId(), summary: parts };
		return { type: 'message', id: this.#itemId(), status, role: 'assistant', content: parts };
	}

	#part(text: string): Fields {
		if (this.#open?.kind === 'thinking') return { type: 'summary_text', text };
		return { type: 'output_text', text, annotations: [], logprobs: [] };
	}

	#place(): Fields {
		const place = this.#open?.kind === 'thinking' ? 'summary_index' : 'content_index';
		return { item_id: this.#itemId(), output_index: this.#index(), [place]: 0 };
	}

	#itemId(): string {
		return `${this.#open?.kind === 'thinking' ? 'rs' : 'msg'}_${this.#head.id}_${this.#index()}`;
	}

	#index(): number {
		return this.#output.length;
	}

	#event(type: string, fields: Fields): string {
		const text = writeEvent(type, JSON.stringify({ type, sequence_number: this.#sequence, ...fields }));
		this.#sequence += 1;
		return text;
	}
}

const names = {
	text: {
		partAdded: 'response.content_part.added',
		delta: 'response.output_text.delta',
		done: 'response.output_text.done',
		partDone: 'response.content_part.done',
	},
	thinking: {
		partAdded: 'response.reasoning_summary_part.added',
		delta: 'response.reasoning_summary_text.delta',
		done: 'response.reasoning_summary_text.done',
		partDone: 'response.reasoning_summary_part.done',
	},
} as const;

function usage({ input_tokens, cache_read_tokens, cache_write_tokens, output_tokens }: Usage): Json {
	const input = input_tokens + cache_read_tokens + cache_write_tokens;
	return {
		input_tokens: input,
		input_tokens_details: { cached_tokens: cache_read_tokens, cache_write_tokens },
		output_tokens,
		output_tokens_details: { reasoning_tokens: 0 },
		total_tokens: input + output_tokens,
	};
}
