import { type Json, TapPassError } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { grammar, isWord } from '../../stream/grammar.ts';
import { type HeldCall, HeldOrder } from '../../stream/hold.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import { parseEvent } from '../../stream/parse-event.ts';
import { PieceRuns } from '../../stream/piece-runs.ts';
import { type JsonEdit, rewriteJson } from '../../stream/rewrite-json.ts';
import { keepAlive, type SseEvent, writeEvent } from '../../stream/sse.ts';
import type { StreamReader } from '../wire.ts';
import {
	blockGrammar,
	isToolBlock,
	messageGrammar,
	messagesUsage,
	textField,
	textGrammar,
	toldUsage,
	toolBlockName,
	toolGrammar,
} from './messages-answer.ts';

type JsonObject = { readonly [key: string]: Json };

/** A content block that is open: one that calls a tool is held, of others the text streams. */
interface OpenBlock {
	readonly field: 'text' | 'thinking' | undefined;
	readonly held: HeldCall | undefined;
	/** Arguments that came with the block's start. */
	readonly startArgs: string;
	/** Of a kind that came later: text came with its start. */
	readonly begun: boolean;
}

/** Judges the stream of a message. Text goes out as the guard releases it, a tool call once its block is complete. */
export class MessagesStreamReader implements StreamReader {
	out = '';
	readonly #judge: Judge;
	readonly #order = new HeldOrder();
	readonly #open = new Map<number, OpenBlock>();
	readonly #seen = new Set<number>();
	readonly #runs: PieceRuns;
	#usage: Usage | undefined;
	/** The beginning tells what the prompt took; only the end tells all. */
	#usageWhole = false;
	#started = false;
	#stopped = false;

	constructor(judge: Judge) {
		this.#judge = judge;
		this.#runs = new PieceRuns(judge);
	}

	usage(): Usage | undefined {
		return this.#usageWhole ? toldUsage(this.#usage) : undefined;
	}

	event({ event, data, raw }: SseEvent): Promise<void> | undefined {
		if (data === undefined) {
			this.out += keepAlive;
			return undefined;
		}
		if (this.#stopped) throw malformed('events after the end of the message');
		const message = parseEvent(data);
		const type = message['type'];
		// Clients go by either: both must say the same.
		if (typeof type !== 'string' || (event !== '' && event !== type)) throw malformed('an event under another name');
		switch (type) {
			case 'message_start':
				return this.#start(message, data, raw);
			case 'content_block_start':
				return this.#blockStart(message, data, raw);
			case 'content_block_delta':
				return this.#delta(message, data, raw);
			case 'content_block_stop':
				return this.#blockStop(message, data, raw);
			case 'message_delta':
				this.#usage = messagesUsage(message['usage'], this.#usage);
				this.#usageWhole ||= isRecord(message['usage']) && typeof message['usage']['output_tokens'] === 'number';
				return this.#messageDelta(message, data, raw);
			case 'message_stop':
				if (this.#open.size > 0) throw malformed('the message ended inside a block');
				this.#stopped = true;
				return this.#put(data, raw, this.#beside(message));
			case 'ping':
				// Never waits: it is what keeps a connection alive while something is held.
				this.out += writeEvent('ping', '{"type": "ping"}');
				return undefined;
			case 'error':
				throw new TapPassError('upstream_failed', { detail: 'the upstream ended its stream with an error' });
			default:
				throw malformed('an event of an unknown kind');
		}
	}

	end(): Promise<void> | undefined {
		if (!this.#stopped)
			throw new TapPassError('upstream_truncated', { detail: 'the stream ended before its message did' });
		return undefined;
	}

	/** What an event holds besides what it is for. */
	#beside(event: JsonObject): JsonEdit[] {
		const edits: JsonEdit[] = [];
		this.#judge.leaves(event, '', edits, eventGrammar);
		return edits;
	}

	#start(event: JsonObject, data: string, raw: string): undefined {
		const { message } = event;
		if (this.#started || !isRecord(message)) throw malformed('a message begins once');
		this.#started = true;
		this.#usage = messagesUsage(message['usage']);
		const edits = this.#beside(event);
		const { content = [] } = message;
		if (!isList(content) || content.length > 0) throw malformed('a message begins empty');
		this.#judge.leaves(message, '/message', edits, messageGrammar);
		this.#put(data, raw, edits);
	}

	#messageDelta(event: JsonObject, data: string, raw: string): undefined {
		const edits = this.#beside(event);
		this.#judge.leaves(event['delta'] ?? null, '/delta', edits, lastGrammar);
		return this.#put(data, raw, edits);
	}

	#blockStart(event: JsonObject, data: string, raw: string): undefined {
		const { index, content_block: block } = event;
		if (!this.#started || typeof index !== 'number' || !isRecord(block)) throw malformed('a block without its place');
		if (this.#seen.has(index)) throw malformed('two blocks at one place');
		this.#seen.add(index);
		const edits = this.#beside(event);
		if (isToolBlock(block)) {
			this.#judge.leaves(block, '/content_block', edits, toolGrammar);
			const input = block['input'];
			const startArgs = isRecord(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '';
			const held: HeldCall = { name: toolBlockName(block), args: '', cut: false, released: undefined };
			this.#open.set(index, { field: undefined, held, startArgs, begun: false });
			this.#order.undecided += 1;
			// Arguments that came at once go out at once, judged.
			this.#order.later(() => {
				if (startArgs !== '' && held.released !== startArgs)
					edits.push({ at: '/content_block/input', json: held.released! });
				return edits.length === 0 ? raw : writeEvent('content_block_start', rewriteJson(data, edits));
			}, data.length);
			return;
		}
		const field = textField(block);
		this.#open.set(index, { field, held: undefined, startArgs: '', begun: field === undefined && holdsText(block) });
		this.#judge.leaves(block, '/content_block', edits, field === undefined ? blockGrammar : textGrammar[field]);
		if (field !== undefined && block[field] !== '') {
			const text = this.#judge.push(`${index}`, block[field] as string);
			if (text !== block[field]) edits.push({ at: `/content_block/${field}`, json: JSON.stringify(text) });
		}
		this.#put(data, raw, edits);
	}

	#delta(event: JsonObject, data: string, raw: string): undefined {
		const { index, delta } = event;
		const block = typeof index === 'number' ? this.#open.get(index) : undefined;
		if (block === undefined || !isRecord(delta)) throw malformed('a delta outside of a block');
		const type = delta['type'];
		const edits = this.#beside(event);
		if (block.held !== undefined) return this.#toolDelta(block, delta, data, raw, edits);
		if (type === 'input_json_delta') throw malformed('arguments outside of a tool block');
		const field = type === 'text_delta' ? 'text' : type === 'thinking_delta' ? 'thinking' : undefined;
		if (field === undefined) {
			if (block.begun) throw malformed('text both at the start and in pieces');
			// A kind that is named after its text brings pieces of it.
			this.#runs.push(`${index as number}`, delta, '/delta', edits, blockGrammar, (key) => `${key}_delta` === type);
			return this.#put(data, raw, edits);
		}
		const text = delta[field];
		if (field !== block.field || typeof text !== 'string') throw malformed('a delta of another kind than its block');
		if (Object.keys(delta).length !== 2) this.#judge.leaves(delta, '/delta', edits, textGrammar[field]);
		const released = this.#judge.push(`${index}`, text);
		if (released === '' && text !== '') return;
		if (released !== text) edits.push({ at: `/delta/${field}`, json: JSON.stringify(released) });
		this.#put(data, raw, edits);
	}

	#toolDelta(
		{ held, startArgs }: OpenBlock,
		delta: JsonObject,
		data: string,
		raw: string,
		edits: JsonEdit[],
	): undefined {
		const piece = delta['partial_json'];
		if (held === undefined || delta['type'] !== 'input_json_delta' || typeof piece !== 'string')
			throw malformed('a delta of another kind than its block');
		// Clients differ on which of the two counts.
		if (startArgs !== '' && piece !== '') throw malformed('arguments both at the start and in pieces');
		const first = held.args === '' && piece !== '';
		held.args += piece;
		held.cut ||= !piece.isWellFormed();
		this.#judge.leaves(delta, '/delta', edits, toolDelta);
		this.#order.later(() => {
			const kept = piece === '' || (held.released === held.args && !held.cut);
			// Changed arguments all go into the first piece.
			if (!kept && !first) return '';
			if (!kept) edits.push({ at: '/delta/partial_json', json: JSON.stringify(held.released) });
			return edits.length === 0 ? raw : writeEvent('content_block_delta', rewriteJson(data, edits));
		}, data.length);
	}

	#blockStop(event: JsonObject, data: string, raw: string): Promise<void> | undefined {
		const { index } = event;
		const block = typeof index === 'number' ? this.#open.get(index) : undefined;
		if (block === undefined) throw malformed('the end of a block that was not open');
		this.#open.delete(index as number);
		const end = this.#beside(event);
		if (block.held !== undefined) return this.#toolStop(block, block.held, data, raw, end);
		const tail = block.field === undefined ? '' : this.#judge.end(`${index as number}`);
		if (tail !== '') this.#say(index!, { type: `${block.field}_delta`, [block.field!]: tail });
		for (const delta of this.#runs.end(`${index as number}`)) this.#say(index!, delta);
		return this.#put(data, raw, end);
	}

	/** A piece of ours. */
	#say(index: Json, delta: Json): void {
		this.#pass(writeEvent('content_block_delta', JSON.stringify({ type: 'content_block_delta', index, delta })));
	}

	async #toolStop(
		{ startArgs }: OpenBlock,
		held: HeldCall,
		data: string,
		raw: string,
		end: readonly JsonEdit[],
	): Promise<void> {
		const given = startArgs === '' ? held.args : startArgs;
		const args = given === '' ? '{}' : given;
		const released = await this.#judge.toolCall(held.name, args);
		if (released === undefined) return;
		held.released = released === args ? given : released;
		this.#put(data, raw, end);
		this.#order.undecided -= 1;
		this.out += this.#order.flush();
	}

	#put(data: string, raw: string, edits: readonly JsonEdit[]): undefined {
		if (edits.length === 0) return this.#pass(raw);
		return this.#pass(writeEvent(parseEvent(data)['type'] as string, rewriteJson(data, edits)));
	}

	#pass(text: string): undefined {
		if (this.#judge.denial === undefined) this.out += this.#order.pass(text);
	}
}

/** Whether a block holds a text that its pieces would be added to. */
function holdsText(block: JsonObject): boolean {
	return Object.entries(block).some(
		([key, value]) => typeof value === 'string' && value !== '' && !isWord(blockGrammar, key, value, block),
	);
}

/** Of an event: what stands at its own place. */
const eventGrammar = grammar(['message', 'content_block', 'delta'], ['type']);
const lastGrammar = grammar([], ['stop_reason']);
const toolDelta = grammar(['partial_json'], ['type']);
