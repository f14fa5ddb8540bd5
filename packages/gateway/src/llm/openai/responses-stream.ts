import { type Json, TapPassError } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { HeldOrder } from '../../stream/hold.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import { parseEvent } from '../../stream/parse-event.ts';
import { type JsonEdit, rewriteJson } from '../../stream/rewrite-json.ts';
import { keepAlive, type SseEvent, writeEvent } from '../../stream/sse.ts';
import type { StreamReader } from '../wire.ts';
import { customInput } from './chat-answer.ts';
import { channelOf, ItemJudge, isCallItem, judgeOutput, responseGrammar, responsesUsage } from './responses-items.ts';

type JsonObject = { readonly [key: string]: Json };

/** A tool call between its first and its last event. */
interface OpenCall {
	readonly custom: boolean;
	/** Arguments in pieces so far. */
	args: string;
	/** A piece was cut inside a character: pieces are not passed on as they came. */
	cut: boolean;
}

/** Judges the stream of a response. Text goes out as the guard releases it, a tool call once its item is complete. */
export class ResponsesStreamReader implements StreamReader {
	out = '';
	readonly #judge: Judge;
	readonly #items: ItemJudge;
	readonly #order = new HeldOrder();
	readonly #calls = new Map<number, OpenCall>();
	#usage: Usage | undefined;
	/** Number of the next event that goes out: events that were dropped or added move it. */
	#sequence = 0;
	#done = false;
	/** Of the response, for an error of ours. */
	#id = '';

	constructor(judge: Judge) {
		this.#judge = judge;
		this.#items = new ItemJudge(judge);
	}

	usage(): Usage | undefined {
		return this.#usage;
	}

	/** Where an error of ours goes on: the id of the response, and the next number. */
	place(): { readonly id: string; readonly sequence: number } {
		return { id: this.#id, sequence: this.#sequence };
	}

	event({ event, data, raw }: SseEvent): Promise<void> | undefined {
		if (data === undefined) {
			this.out += keepAlive;
			return undefined;
		}
		if (this.#done) {
			// Some servers end this wire as they end the other.
			if (data === '[DONE]') return undefined;
			throw malformed('events after the end of the response');
		}
		const message = parseEvent(data);
		const type = message['type'];
		// Clients go by either: both must say the same.
		if (typeof type !== 'string' || (event !== '' && event !== type)) throw malformed('an event under another name');
		if (type === 'error')
			throw new TapPassError('upstream_failed', { detail: 'the upstream ended its stream with an error' });
		if (type.startsWith('response.') && isRecord(message['response'])) return this.#lifecycle(type, message, data, raw);
		if (type === 'response.output_item.added') return this.#added(message, data, raw);
		if (type === 'response.output_item.done') return this.#itemDone(message, data, raw);
		return this.#inside(type, message, data, raw);
	}

	end(): Promise<void> | undefined {
		if (!this.#done)
			throw new TapPassError('upstream_truncated', { detail: 'the stream ended before its response did' });
		return undefined;
	}

	#lifecycle(type: string, message: JsonObject, data: string, raw: string): Promise<void> | undefined {
		const response = message['response'] as JsonObject;
		if (typeof response['id'] === 'string') this.#id = response['id'];
		this.#usage = responsesUsage(response) ?? this.#usage;
		const last = type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';
		const output = response['output'];
		if (!last && (!isList(output) || output.length === 0))
			return this.#put(type, message, data, raw, this.#members(response));
		return this.#last(type, message, data, raw, last);
	}

	async #last(type: string, message: JsonObject, data: string, raw: string, last: boolean): Promise<void> {
		const response = message['response'] as JsonObject;
		const { output, error } = response;
		const edits: JsonEdit[] = [...this.#members(response)];
		if (isList(output)) await judgeOutput(output, '/response/output', this.#items, edits);
		if (isRecord(error)) this.#judge.leaves(error, '/response/error', edits, new Set(['code']));
		if (!last) return this.#put(type, message, data, raw, edits);
		// A call whose item never ended was judged by the output just now, or is not part of it and goes to nobody.
		if (this.#calls.size > 0 && type === 'response.completed') throw malformed('the response ended inside a tool call');
		this.#done = true;
		if (this.#calls.size > 0) this.#order.drop();
		this.#put(type, message, data, raw, edits);
	}

	/** Members of a response besides its output: those that came after this was written are judged, what repeats the text goes. */
	#members(response: JsonObject): readonly JsonEdit[] {
		const edits: JsonEdit[] = [];
		this.#judge.leaves(response, '/response', edits, responseGrammar);
		if (typeof response['output_text'] === 'string') edits.push({ at: '/response/output_text', remove: true });
		return edits;
	}

	#added(message: JsonObject, data: string, raw: string): undefined {
		const { item, output_index: index } = message;
		if (!isRecord(item) || typeof index !== 'number') throw malformed('an item without its place');
		if (isCallItem(item)) {
			if (this.#calls.has(index)) throw malformed('two items at one place');
			this.#calls.set(index, { custom: item['type'] === 'custom_tool_call', args: '', cut: false });
			this.#order.undecided += 1;
			const custom = item['type'] === 'custom_tool_call';
			const given = custom ? 'input' : 'arguments';
			this.#later(message, data, raw, () => {
				const changed = this.#changed(index, custom);
				if (changed === undefined || typeof item[given] !== 'string' || item[given] === '') return [];
				return [{ at: `/item/${given}`, json: JSON.stringify(changed) }];
			});
			return;
		}
		const edits: JsonEdit[] = [];
		this.#items.texts(item, index, '/item', edits, false);
		return this.#put('response.output_item.added', message, data, raw, edits);
	}

	async #itemDone(message: JsonObject, data: string, raw: string): Promise<void> {
		const { item, output_index: index } = message;
		if (!isRecord(item) || typeof index !== 'number') throw malformed('an item without its place');
		const edits: JsonEdit[] = [];
		const open = this.#calls.get(index);
		if (open !== undefined) {
			const args = item[open.custom ? 'input' : 'arguments'];
			if (open.args !== '' && typeof args === 'string' && args !== open.args)
				throw malformed('a tool call that is not what was streamed');
		}
		await this.#items.item(item, index, '/item', edits);
		if (this.#judge.denial !== undefined) return;
		this.#put('response.output_item.done', message, data, raw, edits);
		if (open === undefined) return;
		this.#calls.delete(index);
		this.#order.undecided -= 1;
		this.out += this.#order.flush();
	}

	/** Events within an item: pieces of text or arguments, and their ends. */
	#inside(type: string, message: JsonObject, data: string, raw: string): undefined {
		const index = message['output_index'];
		if (typeof index !== 'number') return this.#unknown(type, message, data, raw);
		const call = this.#calls.get(index);
		if (call !== undefined) return this.#callPiece(call, index, message, data, raw);
		const channel = this.#channel(type, message, index);
		const part = message['part'];
		if (isRecord(part)) {
			const edits: JsonEdit[] = [];
			this.#items.part(part, channel, '/part', edits, type.endsWith('.done'));
			return this.#put(type, message, data, raw, edits);
		}
		if (typeof message['delta'] === 'string' && type.endsWith('.delta'))
			return this.#textDelta(type, channel, message, data, raw);
		const field =
			typeof message['text'] === 'string' ? 'text' : typeof message['refusal'] === 'string' ? 'refusal' : undefined;
		if (field === undefined || !type.endsWith('.done')) return this.#unknown(type, message, data, raw);
		const given = message[field] as string;
		const { tail, text } = this.#items.whole(channel, given);
		if (tail !== '') this.#tail(type, message, tail);
		const edits: JsonEdit[] = text === given ? [] : [{ at: `/${field}`, json: JSON.stringify(text) }];
		if (edits.length > 0 && isList(message['logprobs'])) edits.push({ at: '/logprobs', json: '[]' });
		return this.#put(type, message, data, raw, edits);
	}

	#textDelta(type: string, channel: string, message: JsonObject, data: string, raw: string): undefined {
		const given = message['delta'] as string;
		const text = this.#items.delta(channel, given);
		if (text === '' && given !== '') return;
		const edits: JsonEdit[] = text === given ? [] : [{ at: '/delta', json: JSON.stringify(text) }];
		// The tokens say again what is held or was taken out.
		if (edits.length > 0 && isList(message['logprobs'])) edits.push({ at: '/logprobs', json: '[]' });
		return this.#put(type, message, data, raw, edits);
	}

	/** What was held of a text, as a piece of its own before its end. */
	#tail(type: string, message: JsonObject, tail: string): void {
		const { text: _text, refusal: _refusal, logprobs, ...place } = message;
		const delta = {
			...place,
			type: type.replace(/\.done$/, '.delta'),
			delta: tail,
			...(logprobs === undefined ? {} : { logprobs: [] }),
		};
		this.#pass(() => this.#numbered(delta.type, delta, JSON.stringify(delta), undefined, []), 0);
	}

	#callPiece(call: OpenCall, index: number, message: JsonObject, data: string, raw: string): undefined {
		const { delta } = message;
		if (typeof delta === 'string') {
			const first = call.args === '' && delta !== '';
			call.args += delta;
			call.cut ||= !delta.isWellFormed();
			this.#later(message, data, raw, () => {
				const changed = this.#changed(index, call.custom) ?? (call.cut ? call.args : undefined);
				if (changed === undefined || delta === '') return [];
				return [{ at: '/delta', json: first ? JSON.stringify(changed) : '""' }];
			});
			return;
		}
		const field =
			typeof message['arguments'] === 'string'
				? 'arguments'
				: typeof message['input'] === 'string'
					? 'input'
					: undefined;
		if (field !== undefined && call.args !== '' && message[field] !== call.args)
			throw malformed('a tool call that is not what was streamed');
		if (field !== undefined && call.args === '') call.args = message[field] as string;
		this.#later(message, data, raw, () => {
			const changed = this.#changed(index, call.custom);
			return changed === undefined || field === undefined ? [] : [{ at: `/${field}`, json: JSON.stringify(changed) }];
		});
	}

	#changed(index: number, custom: boolean): string | undefined {
		const args = this.#items.changedArgs(index);
		return args !== undefined && custom ? customInput(args) : args;
	}

	/** An event of a kind that came after this was written: each of its texts is judged on its own. */
	#unknown(type: string, message: JsonObject, data: string, raw: string): undefined {
		const edits: JsonEdit[] = [];
		this.#judge.leaves(message, '', edits, eventGrammar);
		return this.#put(type, message, data, raw, edits);
	}

	#channel(type: string, message: JsonObject, index: number): string {
		const { content_index: content, summary_index: summary } = message;
		if (typeof summary === 'number') return channelOf('reasoning', 'summary', index, summary);
		const kind = type.startsWith('response.reasoning') || isReasoning(message['part']) ? 'reasoning' : 'message';
		return channelOf(kind, 'content', index, typeof content === 'number' ? content : 0);
	}

	#put(type: string, message: JsonObject, data: string, raw: string, edits: readonly JsonEdit[]): undefined {
		this.#pass(() => this.#numbered(type, message, data, raw, edits), data.length);
	}

	#later(message: JsonObject, data: string, raw: string, edits: () => readonly JsonEdit[]): void {
		this.#order.later(() => this.#numbered(message['type'] as string, message, data, raw, edits()), data.length);
	}

	// Numbers are given when an event goes out, so what waits is rendered then.
	#pass(render: () => string, length: number): void {
		if (this.#judge.denial !== undefined) return;
		if (this.#order.holding) this.#order.later(render, length);
		else this.out += render();
	}

	#numbered(
		type: string,
		message: JsonObject,
		data: string,
		raw: string | undefined,
		edits: readonly JsonEdit[],
	): string {
		const given = message['sequence_number'];
		const number = this.#sequence;
		this.#sequence += 1;
		if (typeof given === 'number' && given !== number) {
			if (number === 0) this.#sequence = given + 1;
			else return writeEvent(type, rewriteJson(data, [...edits, { at: '/sequence_number', json: String(number) }]));
		}
		return edits.length === 0 && raw !== undefined ? raw : writeEvent(type, rewriteJson(data, edits));
	}
}

const eventGrammar: ReadonlySet<string> = new Set([
	'type',
	'item_id',
	'sequence_number',
	'output_index',
	'obfuscation',
]);

function isReasoning(part: Json | undefined): boolean {
	return isRecord(part) && part['type'] === 'reasoning_text';
}
