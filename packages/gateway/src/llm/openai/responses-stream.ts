import { type Json, TapPassError } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { grammar, isIdentifier } from '../../stream/grammar.ts';
import { HeldOrder } from '../../stream/hold.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import { parseEvent } from '../../stream/parse-event.ts';
import { PieceRuns } from '../../stream/piece-runs.ts';
import { type JsonEdit, rewriteJson } from '../../stream/rewrite-json.ts';
import { keepAlive, type SseEvent, writeEvent } from '../../stream/sse.ts';
import type { StreamReader } from '../wire.ts';
import { customInput } from './chat-answer.ts';
import {
	channelOf,
	ItemJudge,
	isCallItem,
	isOwnCall,
	judgeOutput,
	responseGrammar,
	responsesUsage,
} from './responses-items.ts';

type JsonObject = { readonly [key: string]: Json };

/** A tool call between its first and its last event. */
interface OpenCall {
	/** As it began, and under which name it went on. */
	item: JsonObject;
	/** Member of the item that its pieces make; undefined: it says so only at its end. */
	readonly field: 'arguments' | 'input' | undefined;
	/** Arguments in pieces so far. */
	args: string;
	/** Member of the item that they were, once it ended. */
	made: string | undefined;
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
	readonly #runs: PieceRuns;
	#usage: Usage | undefined;
	/** Number of the next event that goes out: events that were dropped or added move it. */
	#sequence = 0;
	#done = false;
	/** Of the response, for an error of ours. */
	#id = '';

	constructor(judge: Judge) {
		this.#judge = judge;
		this.#items = new ItemJudge(judge);
		this.#runs = new PieceRuns(judge);
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
		if (carriers.reduce((count, key) => count + Number((message[key] ?? null) !== null), 0) > 1)
			throw malformed('an event of two kinds');
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
		const edits: JsonEdit[] = [];
		this.#judge.leaves(message, '', edits, eventGrammars.response);
		const { output = null } = response;
		if (output !== null && !isList(output)) throw malformed('an output that is no list');
		this.#members(response, edits);
		if (!last && (output === null || output.length === 0)) return this.#put(type, message, data, raw, edits);
		return this.#last(type, message, data, raw, { output: output ?? [], last, edits });
	}

	async #last(
		type: string,
		message: JsonObject,
		data: string,
		raw: string,
		{ output, last, edits }: { readonly output: readonly Json[]; readonly last: boolean; readonly edits: JsonEdit[] },
	): Promise<void> {
		await judgeOutput(output, '/response/output', this.#items, edits);
		if (!last) return this.#put(type, message, data, raw, edits);
		// A call whose item never ended was judged by the output just now, or is not part of it and goes to nobody.
		if (this.#calls.size > 0 && type === 'response.completed') throw malformed('the response ended inside a tool call');
		this.#done = true;
		if (this.#calls.size > 0) this.#order.drop();
		for (const owner of this.#runs.owners()) this.#endRuns(owner);
		this.#put(type, message, data, raw, edits);
	}

	/** Members of a response besides its output: those that came after this was written are judged, what repeats the text goes. */
	#members(response: JsonObject, edits: JsonEdit[]): void {
		this.#judge.leaves(response, '/response', edits, responseGrammar);
		if (typeof response['output_text'] === 'string') edits.push({ at: '/response/output_text', remove: true });
	}

	#added(message: JsonObject, data: string, raw: string): undefined {
		const { item, output_index: index } = message;
		if (!isRecord(item) || typeof index !== 'number') throw malformed('an item without its place');
		const edits: JsonEdit[] = [];
		this.#judge.leaves(message, '', edits, eventGrammars.item);
		if (isCallItem(item)) {
			if (this.#calls.has(index)) throw malformed('two items at one place');
			const field = !isOwnCall(item) ? undefined : item['type'] === 'custom_tool_call' ? 'input' : 'arguments';
			const call: OpenCall = { item, field, args: '', made: undefined, cut: false };
			this.#calls.set(index, call);
			this.#order.undecided += 1;
			this.#items.begun(item, '/item', edits);
			this.#later(message, data, raw, edits, () => {
				const changed = this.#changed(index, call);
				if (changed === undefined || field === undefined || typeof item[field] !== 'string' || item[field] === '')
					return [];
				return [{ at: `/item/${field}`, json: JSON.stringify(changed) }];
			});
			return;
		}
		this.#items.texts(item, index, '/item', edits, false);
		return this.#put('response.output_item.added', message, data, raw, edits);
	}

	async #itemDone(message: JsonObject, data: string, raw: string): Promise<void> {
		const { item, output_index: index } = message;
		if (!isRecord(item) || typeof index !== 'number') throw malformed('an item without its place');
		const edits: JsonEdit[] = [];
		this.#judge.leaves(message, '', edits, eventGrammars.item);
		const open = this.#calls.get(index);
		if (open !== undefined) sameCall(open, item);
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
		const edits: JsonEdit[] = [];
		if (isRecord(part)) {
			this.#judge.leaves(message, '', edits, eventGrammars.part);
			this.#items.part(part, channel, '/part', edits, type.endsWith('.done'));
			return this.#put(type, message, data, raw, edits);
		}
		if (typeof message['delta'] === 'string' && type.endsWith('.delta'))
			return this.#textDelta(type, channel, message, data, raw);
		const field =
			typeof message['text'] === 'string' ? 'text' : typeof message['refusal'] === 'string' ? 'refusal' : undefined;
		if (field === undefined || !type.endsWith('.done')) return this.#unknown(type, message, data, raw);
		const given = message[field] as string;
		this.#judge.leaves(message, '', edits, eventGrammars[field]);
		const { tail, text } = this.#items.whole(channel, given);
		if (tail !== '') this.#tail(type, message, tail);
		if (text !== given) edits.push({ at: `/${field}`, json: JSON.stringify(text) });
		this.#items.tokens(message['logprobs'], '/logprobs', edits);
		return this.#put(type, message, data, raw, edits);
	}

	#textDelta(type: string, channel: string, message: JsonObject, data: string, raw: string): undefined {
		const given = message['delta'] as string;
		const edits: JsonEdit[] = [];
		const text = this.#items.delta(channel, given);
		if (text !== given) edits.push({ at: '/delta', json: JSON.stringify(text) });
		this.#items.tokens(message['logprobs'], '/logprobs', edits);
		this.#judge.leaves(message, '', edits, eventGrammars.delta);
		if (text === '' && given !== '') return;
		return this.#put(type, message, data, raw, edits);
	}

	/** What was held of a text, as a piece of its own before its end. */
	#tail(type: string, message: JsonObject, tail: string): void {
		const place = Object.fromEntries(
			Object.entries(message).filter(([key, value]) =>
				typeof value === 'string'
					? key === 'item_id' && isIdentifier(value)
					: places.has(key) && typeof value === 'number',
			),
		);
		const delta = {
			...place,
			type: type.replace(/\.done$/, '.delta'),
			delta: tail,
			...(message['logprobs'] === undefined ? {} : { logprobs: [] }),
		};
		this.#pass(() => this.#numbered(delta.type, delta, JSON.stringify(delta), undefined, []), 0);
	}

	#callPiece(call: OpenCall, index: number, message: JsonObject, data: string, raw: string): undefined {
		const { delta } = message;
		const edits: JsonEdit[] = [];
		for (const key of eventGrammars.call.apart)
			if (typeof (message[key] ?? '') !== 'string') throw malformed('a piece of a tool call that is no text');
		this.#judge.leaves(message, '', edits, eventGrammars.call);
		if (typeof delta === 'string') {
			const first = call.args === '' && delta !== '';
			call.args += delta;
			call.cut ||= !delta.isWellFormed();
			this.#later(message, data, raw, edits, () => {
				const changed = this.#changed(index, call) ?? (call.cut ? call.args : undefined);
				if (changed === undefined || delta === '') return [];
				return [{ at: '/delta', json: first ? JSON.stringify(changed) : '""' }];
			});
			return;
		}
		const field = (['arguments', 'input', 'code'] as const).find((key) => typeof message[key] === 'string');
		if (field !== undefined && call.args !== '' && message[field] !== call.args) throw notStreamed();
		if (field !== undefined && call.args === '') call.args = message[field] as string;
		const { name } = message;
		if (name !== undefined) {
			if ((call.item['name'] ?? '') !== '' && name !== call.item['name']) throw notStreamed();
			call.item = { ...call.item, name };
		}
		this.#later(message, data, raw, edits, () => {
			const changed = this.#changed(index, call);
			return changed === undefined || field === undefined ? [] : [{ at: `/${field}`, json: JSON.stringify(changed) }];
		});
	}

	/** What a call's pieces are as they may go out; undefined: as they came. */
	#changed(index: number, { field, made }: OpenCall): string | undefined {
		const args = this.#items.changedArgs(index);
		if (args === undefined || field === 'arguments') return args;
		if (field === 'input') return customInput(args);
		const value = made === undefined ? undefined : (JSON.parse(args) as JsonObject)[made];
		return typeof value === 'string' ? value : undefined;
	}

	/** An event of a kind that came after this was written: of one that brings pieces each member is a run, other texts are judged each on its own. */
	#unknown(type: string, message: JsonObject, data: string, raw: string): undefined {
		const edits: JsonEdit[] = [];
		if (type.endsWith('.delta')) this.#runs.push(type, message, '', edits, eventGrammars.none, () => true);
		else {
			this.#endRuns(type.replace(/\.done$/, '.delta'));
			this.#judge.leaves(message, '', edits, eventGrammars.none);
		}
		return this.#put(type, message, data, raw, edits);
	}

	#endRuns(owner: string): void {
		for (const tail of this.#runs.end(owner))
			this.#pass(() => this.#numbered(owner, tail as JsonObject, JSON.stringify(tail), undefined, []), 0);
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

	#later(
		message: JsonObject,
		data: string,
		raw: string,
		edits: readonly JsonEdit[],
		more: () => readonly JsonEdit[],
	): void {
		const type = message['type'] as string;
		this.#order.later(() => this.#numbered(type, message, data, raw, [...edits, ...more()]), data.length);
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

/** Where in a response a piece stands. */
const places: ReadonlySet<string> = new Set(['sequence_number', 'output_index', 'content_index', 'summary_index']);

/** Members of which an event holds one: clients go by its type, or by what it holds. */
const carriers: readonly string[] = ['response', 'item', 'part', 'delta'];

const eventWords = ['type', 'item_id', 'obfuscation', 'partial_image_b64'];
/** Of an event, by what it is for. */
const eventGrammars = {
	response: grammar(['response'], eventWords),
	item: grammar(['item'], eventWords),
	part: grammar(['part'], eventWords),
	delta: grammar(['delta', 'logprobs'], eventWords),
	text: grammar(['text', 'logprobs'], eventWords),
	refusal: grammar(['refusal', 'logprobs'], eventWords),
	call: grammar(['delta', 'arguments', 'input', 'code', 'name'], eventWords),
	none: grammar([], eventWords),
} as const;

/** Holds the end of a tool call to its beginning: clients differ on which of the two counts. */
function sameCall(open: OpenCall, item: JsonObject): void {
	const differs = (key: string): boolean => (open.item[key] ?? '') !== (item[key] ?? '');
	// A name or id that the beginning leaves open is told by the end alone.
	const isOpen = (key: string): boolean => (key === 'name' || key === 'call_id') && (open.item[key] ?? '') === '';
	if (['type', 'name', 'namespace', 'call_id'].some((key) => differs(key) && !isOpen(key))) throw notStreamed();
	// What came with the beginning, and what came in pieces, is what the end repeats.
	const early = open.field === undefined ? '' : (open.item[open.field] ?? '');
	if (early !== '' && early !== item[open.field!]) throw notStreamed();
	if (open.field === undefined) open.made = Object.keys(item).find((key) => item[key] === open.args);
	else open.made = item[open.field] === open.args ? open.field : undefined;
	if (open.args !== '' && open.made === undefined) throw notStreamed();
}

function notStreamed(): TapPassError {
	return malformed('a tool call that is not what was streamed');
}

function isReasoning(part: Json | undefined): boolean {
	return isRecord(part) && part['type'] === 'reasoning_text';
}
