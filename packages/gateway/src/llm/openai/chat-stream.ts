import { type Json, TapPassError } from '@tappass/core';
import { doorLimits } from '../../door-limits.ts';
import type { Usage } from '../../pipeline/admission.ts';
import type { ModelCall } from '../../pipeline/call.ts';
import { plainName } from '../../pipeline/json-texts.ts';
import { isIdentifier } from '../../stream/grammar.ts';
import { type HeldCall, HeldOrder } from '../../stream/hold.ts';
import { escapePart, isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import { type LeafVisitor, visitLeaves } from '../../stream/leaves.ts';
import { parseEvent } from '../../stream/parse-event.ts';
import { PieceRuns } from '../../stream/piece-runs.ts';
import { type JsonEdit, rewriteJson } from '../../stream/rewrite-json.ts';
import { keepAlive, type SseEvent, writeEvent } from '../../stream/sse.ts';
import type { StreamReader } from '../wire.ts';
import { askedForUsage } from './chat.ts';
import {
	calledBy,
	calledGrammar,
	callGrammar,
	callsOf,
	chatUsage,
	choiceGrammar,
	customInput,
	envelope,
	isApart,
	judgeTokens,
	partGrammar,
} from './chat-answer.ts';

type JsonObject = { readonly [key: string]: Json };

/** What is known of one choice: the channels with text, and the tool calls. */
interface Choice {
	readonly channels: Set<string>;
	/** Members with text in pieces below them. */
	readonly runs: Set<string>;
	readonly calls: Map<string, HeldCall & { kind: 'function' | 'custom'; id: string }>;
	finished: boolean;
}

/** Judges the stream of a chat completion. Text goes out as the guard releases it, tool calls at the end of their choice. */
export class ChatStreamReader implements StreamReader {
	out = '';
	readonly #judge: Judge;
	readonly #tellsUsage: boolean;
	readonly #order = new HeldOrder();
	readonly #choices = new Map<number, Choice>();
	readonly #runs: PieceRuns;
	#usage: Usage | undefined;
	/** That serves, told by any chunk. */
	#tier: Json = null;
	/** The latest chunk's own fields, for chunks of ours. */
	#envelope: JsonObject = {};
	#done = false;

	constructor(call: ModelCall, judge: Judge) {
		this.#judge = judge;
		this.#runs = new PieceRuns(judge);
		this.#tellsUsage = askedForUsage(call);
	}

	/** What was told before the end is not yet all. */
	usage(): Usage | undefined {
		const choices = [...this.#choices.values()];
		const ended = this.#done || (choices.length > 0 && choices.every(({ finished }) => finished));
		return ended ? this.#usage : undefined;
	}

	event({ event, data, raw }: SseEvent): Promise<void> | undefined {
		if (data === undefined) {
			this.out += keepAlive;
			return undefined;
		}
		if (this.#done) throw malformed('events after the end of the stream');
		if (event === 'error') throw endedByError();
		// This wire names no events; some servers write a word all the same.
		if (!isIdentifier(event)) throw malformed('an event under a name of its own');
		if (data === '[DONE]') return this.#finish(raw);
		const chunk = parseEvent(data);
		if (chunk['error'] !== undefined && chunk['error'] !== null) throw endedByError();
		return this.#chunk(chunk, data, raw);
	}

	end(): Promise<void> | undefined {
		if (this.#done) return undefined;
		const choices = [...this.#choices.values()];
		if (choices.length === 0 || choices.some(({ finished }) => !finished))
			throw new TapPassError('upstream_truncated', { detail: 'the stream ended before its last choice did' });
		return undefined;
	}

	async #finish(raw: string): Promise<void> {
		this.#done = true;
		for (const [index, choice] of this.#choices) {
			if (choice.finished) continue;
			await this.#decide(choice);
			this.#endChannels(index, choice, {});
		}
		if (this.#judge.denial === undefined) this.out += this.#order.flush() + raw;
	}

	#chunk(chunk: JsonObject, data: string, raw: string): Promise<void> | undefined {
		this.#tier = chunk['service_tier'] ?? this.#tier;
		const usage = chatUsage({ ...chunk, service_tier: this.#tier });
		if (usage !== undefined) this.#usage = usage;
		const choices = chunk['choices'];
		const edits: JsonEdit[] = [];
		if (!this.#tellsUsage && chunk['usage'] !== undefined) {
			// We asked for it, the caller did not: it gets the stream that it would have got.
			if (isList(choices) && choices.length === 0 && usage !== undefined) return undefined;
			if (chunk['usage'] === null) edits.push({ at: '/usage', remove: true });
		}
		this.#judge.leaves(chunk, '', edits, envelope);
		if (choices !== undefined && !isList(choices)) throw malformed('choices are not a list');
		const { id, object, created, model } = chunk;
		this.#envelope = {
			id: id ?? '',
			object: object ?? 'chat.completion.chunk',
			created: created ?? 0,
			model: model ?? '',
		};
		const list = choices ?? [];
		if (list.some((choice) => isRecord(choice) && typeof choice['finish_reason'] === 'string')) {
			return this.#lastChunk(list, edits, data, raw);
		}
		const held = this.#texts(list, edits);
		this.#emit(list, edits, held, data, raw, usage !== undefined);
		return undefined;
	}

	/** A chunk that ends a choice: its calls are judged, and what was held of its text comes before. */
	async #lastChunk(list: readonly Json[], edits: JsonEdit[], data: string, raw: string): Promise<void> {
		const held = this.#texts(list, edits);
		for (const [position, entry] of list.entries()) {
			if (!isRecord(entry) || typeof entry['finish_reason'] !== 'string') continue;
			const index = indexOf(entry, position);
			const choice = this.#choice(index);
			if (choice.finished) continue;
			choice.finished = true;
			const delta = isRecord(entry['delta']) ? entry['delta'] : {};
			this.#endChannels(index, choice, delta, edits, `/choices/${position}/delta`);
			await this.#decide(choice);
		}
		this.#emit(list, edits, held, data, raw, true);
		if (this.#judge.denial === undefined) this.out += this.#order.flush();
	}

	/** Judges the texts of a chunk and gathers its tool calls; answers the calls it holds pieces of. */
	#texts(list: readonly Json[], edits: JsonEdit[]): readonly HeldPiece[] {
		const held: HeldPiece[] = [];
		for (const [position, entry] of list.entries()) {
			if (!isRecord(entry)) throw malformed('a choice is not an object');
			if (entry['message'] !== undefined) throw malformed('a whole message in a stream');
			this.#judge.leaves(entry, `/choices/${position}`, edits, choiceGrammar);
			const delta = entry['delta'];
			if (delta === undefined || delta === null) continue;
			if (!isRecord(delta)) throw malformed('a delta is not an object');
			const index = indexOf(entry, position);
			const at = `/choices/${position}/delta`;
			const before = edits.length;
			this.#deltaTexts(delta, index, at, edits);
			const tokens = `/choices/${position}/logprobs`;
			judgeTokens(entry['logprobs'], `${index}.tokens`, tokens, this.#judge, edits, edits.length > before);
			const { calls, call } = callsOf(delta);
			this.#calls(calls, index, `${at}/tool_calls`, held, edits);
			if (call !== undefined)
				this.#call({ function: call }, 'function_call', index, `${at}/function_call`, held, edits);
		}
		return held;
	}

	#deltaTexts(delta: JsonObject, index: number, at: string, edits: JsonEdit[]): void {
		for (const key in delta) {
			const value = delta[key]!;
			if (!plainName.test(key)) this.#judge.name(key);
			if (value === null || value === '' || isApart(key, value)) continue;
			const choice = this.#choice(index);
			const below = `${at}/${escapePart(key)}`;
			if (typeof value !== 'string') {
				if (choice.finished) visitLeaves(value, '', partGrammar, late, []);
				choice.runs.add(key);
				this.#runs.push(`${index}.${key}`, { [key]: value }, at, edits, partGrammar);
				continue;
			}
			if (choice.finished) throw afterEnd();
			choice.channels.add(key);
			const text = this.#judge.push(`${index}.${key}`, value);
			if (text !== value) edits.push({ at: below, json: JSON.stringify(text) });
		}
	}

	#calls(calls: readonly Json[], index: number, at: string, held: HeldPiece[], edits: JsonEdit[]): void {
		for (const [position, call] of calls.entries()) {
			if (!isRecord(call)) throw malformed('a tool call is not an object');
			this.#judge.leaves(call, `${at}/${position}`, edits, callGrammar);
			const place = call['index'] ?? undefined;
			if (place !== undefined && typeof place !== 'number') throw malformed('an index that is no number');
			// Some servers leave the index out; then the position or the id tells calls apart.
			const key =
				typeof place === 'number' && place >= 0
					? String(place)
					: typeof call['id'] === 'string'
						? `id ${call['id']}`
						: `at ${position}`;
			this.#call(call, key, index, `${at}/${position}/${calledBy(call).kind}`, held, edits);
		}
	}

	#call(call: JsonObject, key: string, index: number, at: string, held: HeldPiece[], edits: JsonEdit[]): void {
		const choice = this.#choice(index);
		if (choice.finished) throw malformed('a tool call after the end of its choice');
		const { kind, inner = {} } = calledBy(call);
		this.#judge.leaves(inner, at, edits, calledGrammar);
		let known = choice.calls.get(key);
		if (known === undefined) {
			known = { kind, id: '', name: '', args: '', cut: false, released: undefined };
			choice.calls.set(key, known);
			this.#order.undecided += 1;
		}
		const { id } = call;
		if (typeof id === 'string' && id !== '') {
			if (known.id !== '' && known.id !== id) throw malformed('a tool call with two ids');
			known.id = id;
		}
		const name = inner['name'];
		if (typeof name === 'string' && name !== '') {
			// Clients differ on whether a second name replaces the first or is added to it.
			if (known.name !== '' && known.name !== name) throw malformed('a tool call with two names');
			known.name = name;
			known.kind = kind;
		}
		const field = kind === 'custom' ? 'input' : 'arguments';
		const args = inner[field];
		if (args !== undefined && args !== null && typeof args !== 'string') throw malformed('arguments are not text');
		const text = args ?? '';
		held.push({ call: known, at: args === undefined ? undefined : `${at}/${field}`, first: known.args === '', text });
		known.args += text;
		known.cut ||= !text.isWellFormed();
	}

	/** Puts a chunk out, or in line. */
	#emit(
		list: readonly Json[],
		edits: JsonEdit[],
		held: readonly HeldPiece[],
		data: string,
		raw: string,
		tellsUsage: boolean,
	): void {
		if (this.#judge.denial !== undefined) return;
		if (held.length > 0) {
			this.#order.later(() => render(data, raw, [...edits, ...held.flatMap(pieceEdits)]), data.length);
			return;
		}
		if (edits.length > 0 && !tellsUsage && saysNothing(list, edits)) return;
		this.out += this.#order.pass(edits.length === 0 ? raw : writeEvent('', rewriteJson(data, edits)));
	}

	async #decide(choice: Choice): Promise<void> {
		for (const call of choice.calls.values()) {
			if (call.released !== undefined) continue;
			const args = call.kind === 'custom' ? JSON.stringify({ input: call.args }) : call.args;
			const released = await this.#judge.toolCall(call.name, args);
			if (released === undefined) return;
			call.released = released === args ? call.args : call.kind === 'custom' ? customInput(released) : released;
			this.#order.undecided -= 1;
		}
	}

	/** What the guard still held of a choice: into the last delta where that has the field, else as a chunk before it. */
	#endChannels(index: number, choice: Choice, delta: JsonObject, edits?: JsonEdit[], at?: string): void {
		for (const key of choice.channels) {
			const tail = this.#judge.end(`${index}.${key}`);
			if (tail === '' || this.#judge.denial !== undefined) continue;
			const own = delta[key];
			if (edits !== undefined && at !== undefined && typeof own === 'string' && own !== '') {
				const place = edits.findIndex((edit) => edit.at === `${at}/${escapePart(key)}`);
				const before = place === -1 ? own : (JSON.parse((edits[place] as { json: string }).json) as string);
				if (place !== -1) edits.splice(place, 1);
				edits.push({ at: `${at}/${escapePart(key)}`, json: JSON.stringify(before + tail) });
				continue;
			}
			this.#say(index, { [key]: tail });
		}
		for (const key of choice.runs)
			for (const tail of this.#runs.end(`${index}.${key}`))
				if (this.#judge.denial === undefined) this.#say(index, tail);
		this.#judge.end(`${index}.tokens`);
	}

	/** A chunk of ours. */
	#say(index: number, delta: Json): void {
		const chunk = { ...this.#envelope, choices: [{ index, delta, finish_reason: null }] };
		this.out += this.#order.pass(writeEvent('', JSON.stringify(chunk)));
	}

	#choice(index: number): Choice {
		let choice = this.#choices.get(index);
		if (choice === undefined) {
			if (this.#choices.size >= doorLimits.choicesMax) throw malformed('more choices than anyone asked for');
			choice = { channels: new Set(), runs: new Set(), calls: new Map(), finished: false };
			this.#choices.set(index, choice);
		}
		return choice;
	}
}

function afterEnd(): TapPassError {
	return malformed('text after the end of its choice');
}

/** Bears no text. */
const late: LeafVisitor = {
	name: () => undefined,
	text: () => {
		throw afterEnd();
	},
};

function endedByError(): TapPassError {
	return new TapPassError('upstream_failed', { detail: 'the upstream ended its stream with an error' });
}

interface HeldPiece {
	readonly call: HeldCall;
	/** Pointer of the arguments in the chunk; undefined: it brings none. */
	readonly at: string | undefined;
	readonly first: boolean;
	readonly text: string;
}

/** Arguments that were changed all go into the call's first piece. */
function pieceEdits({ call, at, first, text }: HeldPiece): readonly JsonEdit[] {
	if (at === undefined || call.released === undefined || (call.released === call.args && !call.cut)) return [];
	if (first && text !== '') return [{ at, json: JSON.stringify(call.released) }];
	return text === '' ? [] : [{ at, json: '""' }];
}

function render(data: string, raw: string, edits: readonly JsonEdit[]): string {
	return edits.length === 0 ? raw : writeEvent('', rewriteJson(data, edits));
}

/** Whether nothing is left of a chunk but texts that are held: it would be an empty event. */
function saysNothing(list: readonly Json[], edits: readonly JsonEdit[]): boolean {
	const [only] = list;
	if (list.length !== 1 || !isRecord(only) || typeof only['finish_reason'] === 'string') return false;
	const delta = isRecord(only['delta']) ? only['delta'] : {};
	const emptied = new Set(edits.filter((edit) => 'json' in edit && edit.json === '""').map(({ at }) => at));
	const keys = Object.keys(delta).filter((key) => delta[key] !== null && delta[key] !== '');
	return keys.length > 0 && keys.every((key) => emptied.has(`/choices/0/delta/${escapePart(key)}`));
}

function indexOf(choice: JsonObject, position: number): number {
	const index = choice['index'] ?? position;
	// Clients would add its text to that of the choice it stands for.
	if (typeof index !== 'number') throw malformed('an index that is no number');
	return Number.isSafeInteger(index) && index >= 0 ? index : position;
}
