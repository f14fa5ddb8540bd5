import type { Json } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { type Grammar, grammar } from '../../stream/grammar.ts';
import { escapePart, isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';
import { hostedToolWireName } from '../tool-names.ts';
import { customInput, openaiUsage, tokensOf } from './chat-answer.ts';
import { qualified } from './responses.ts';

type JsonObject = { readonly [key: string]: Json };

/** A run of text: what came in, what went out. The wire repeats both at the end of a part, of an item and of the response. */
interface Run {
	raw: string;
	released: string;
	ended: boolean;
}

interface Decision {
	readonly name: string;
	readonly args: string;
	readonly released: string;
}

const itemWords = ['type', 'id', 'call_id', 'status', 'role', 'phase', 'encrypted_content'];
const itemGrammar = grammar(['content', 'summary'], itemWords);
/** Of an item that calls a tool of the caller: name and arguments are judged together. */
const callGrammar = grammar(['name', 'namespace', 'arguments', 'input'], itemWords);
/** Of one that calls a tool of the vendor: all of it is its arguments. */
const hostedGrammar = grammar([], itemWords);

/** Of a call of the vendor's: what says nothing of what was asked. */
const notArguments: ReadonlySet<string> = new Set(['id', 'status']);

/** Judges the output items of one response; the same text or call that comes again gets the same answer without being asked for. */
export class ItemJudge {
	readonly #judge: Judge;
	readonly #runs = new Map<string, Run>();
	readonly #decisions = new Map<number, Decision>();

	constructor(judge: Judge) {
		this.#judge = judge;
	}

	/** More text of a run; what may go out now. */
	delta(channel: string, delta: string): string {
		const run = this.#run(channel);
		if (run.ended && delta !== '') throw malformed('text after the end of its part');
		run.raw += delta;
		const text = this.#judge.push(channel, delta);
		run.released += text;
		return text;
	}

	/** The end of a run, which repeats its whole text. Answers what was still held, and the text as it may go out. */
	whole(channel: string, text: string): { readonly tail: string; readonly text: string } {
		const run = this.#run(channel);
		if (run.ended) {
			if (run.raw !== text) throw malformed('a text that is not what was streamed');
			return { tail: '', text: run.released };
		}
		if (!text.startsWith(run.raw)) throw malformed('a text that is not what was streamed');
		const rest = text.slice(run.raw.length);
		const tail = this.#judge.end(channel, rest);
		run.raw = text;
		run.released += tail;
		run.ended = true;
		return { tail, text: run.released };
	}

	/** Judges an item that is complete. @param at where it stands, for the edits */
	async item(item: JsonObject, index: number, at: string, edits: JsonEdit[]): Promise<void> {
		if (isCallItem(item)) return this.#call(item, index, at, edits);
		this.texts(item, index, at, edits, true);
	}

	/** Judges the texts of an item; of one that only begins, what it holds so far. */
	texts(item: JsonObject, index: number, at: string, edits: JsonEdit[], complete: boolean): void {
		for (const list of ['content', 'summary'] as const) {
			const parts = item[list];
			if (!isList(parts)) continue;
			for (const [place, part] of parts.entries()) {
				if (!isRecord(part)) throw malformed('a part is not an object');
				this.part(part, channelOf(item['type'], list, index, place), `${at}/${list}/${place}`, edits, complete);
			}
		}
		this.#judge.leaves(item, at, edits, itemGrammar);
	}

	/** Judges one part of an item. */
	part(part: JsonObject, channel: string, at: string, edits: JsonEdit[], complete: boolean): void {
		const field =
			typeof part['text'] === 'string' ? 'text' : typeof part['refusal'] === 'string' ? 'refusal' : undefined;
		const changes: JsonEdit[] = [];
		if (field !== undefined) {
			const given = part[field] as string;
			const text = complete ? this.whole(channel, given).text : given === '' ? '' : this.delta(channel, given);
			if (text !== given) {
				changes.push({ at: `${at}/${field}`, json: JSON.stringify(text) });
			}
		}
		this.tokens(part['logprobs'], `${at}/logprobs`, changes);
		this.#judge.leaves(part, at, changes, partGrammars[field ?? 'none']);
		edits.push(...changes);
	}

	/** Tokens say again what the text beside them says: they go when it was changed, or when they say what may not go out. */
	tokens(logprobs: Json | undefined, at: string, edits: JsonEdit[]): void {
		const changed = edits.length > 0;
		const said = tokensOf(logprobs, at, this.#judge, edits);
		if (said !== '' && (this.#judge.text(said) !== said || changed)) edits.push({ at, json: '[]' });
	}

	/** What a call that only begins holds besides its name and arguments. */
	begun(item: JsonObject, at: string, edits: JsonEdit[]): void {
		this.#judge.leaves(item, at, edits, isOwnCall(item) ? callGrammar : hostedGrammar);
	}

	async #call(item: JsonObject, index: number, at: string, edits: JsonEdit[]): Promise<void> {
		const read = readCall(item);
		const ranGrammar = { ...hostedGrammar, apart: new Set(Object.keys(item).filter((key) => !notArguments.has(key))) };
		this.#judge.leaves(item, at, edits, read.field === undefined ? ranGrammar : callGrammar);
		const known = this.#decisions.get(index);
		let released: string | undefined;
		if (known === undefined) {
			released = await this.#judge.toolCall(read.name, read.args);
			if (released === undefined) return;
			this.#decisions.set(index, { name: read.name, args: read.args, released });
		} else {
			if (known.name !== read.name || known.args !== read.args)
				throw malformed('a tool call that is not what was streamed');
			released = known.released;
		}
		if (released === read.args) return;
		if (read.field === undefined) return changedMembers(item, released, at, edits);
		const text = read.field === 'input' ? customInput(released) : released;
		edits.push({ at: `${at}/${read.field}`, json: JSON.stringify(text) });
	}

	/** The arguments of a call as they may go out; undefined: it was not judged yet, or is as it came. */
	changedArgs(index: number): string | undefined {
		const known = this.#decisions.get(index);
		return known === undefined || known.args === known.released ? undefined : known.released;
	}

	#run(channel: string): Run {
		let run = this.#runs.get(channel);
		if (run === undefined) {
			run = { raw: '', released: '', ended: false };
			this.#runs.set(channel, run);
		}
		return run;
	}
}

const partGrammars = {
	text: grammar(['text', 'logprobs'], ['type']),
	refusal: grammar(['refusal', 'logprobs'], ['type']),
	none: grammar(['logprobs'], ['type']),
} as const;

/** Writes what was changed of a call that the vendor ran, member by member. */
function changedMembers(item: JsonObject, released: string, at: string, edits: JsonEdit[]): void {
	for (const [key, value] of Object.entries(JSON.parse(released) as JsonObject)) {
		const json = JSON.stringify(value);
		if (json !== JSON.stringify(item[key])) edits.push({ at: `${at}/${escapePart(key)}`, json });
	}
}

/** The channel of a part; its deltas name the same place. */
export function channelOf(type: Json | undefined, list: 'content' | 'summary', index: number, place: number): string {
	return `${index}.${list === 'summary' ? 's' : type === 'reasoning' ? 'r' : 'c'}${place}`;
}

/** Whether an item calls a tool: everything that is neither a message nor reasoning nor the result of a call. */
export function isCallItem(item: JsonObject): boolean {
	const type = String(item['type']);
	return type !== 'message' && type !== 'reasoning' && type !== 'compaction' && !type.endsWith('_output');
}

/** Whether an item calls a tool of the caller, by name and arguments. */
export function isOwnCall({ type }: JsonObject): boolean {
	return type === 'function_call' || type === 'custom_tool_call';
}

function readCall(item: JsonObject): {
	readonly name: string;
	readonly args: string;
	readonly field: 'arguments' | 'input' | undefined;
} {
	const { type, name, namespace } = item;
	if (isOwnCall(item)) {
		const field = type === 'function_call' ? 'arguments' : 'input';
		const text = item[field];
		if (typeof name !== 'string' || typeof text !== 'string') throw malformed('a tool call without name or arguments');
		return {
			name: qualified(namespace, name),
			args: field === 'input' ? JSON.stringify({ input: text }) : text,
			field,
		};
	}
	// A tool that the vendor ran: everything it says of the call is its arguments.
	const args = Object.fromEntries(Object.entries(item).filter(([key]) => !notArguments.has(key)));
	return {
		name: hostedToolWireName('openai', String(type).replace(/_call$/, '')),
		args: JSON.stringify(args),
		field: undefined,
	};
}

/** What was used, as the responses wire says: cached tokens are part of the input's. */
export function responsesUsage(response: Json | undefined): Usage | undefined {
	if (!isRecord(response)) return undefined;
	const { usage, service_tier } = response;
	return openaiUsage(usage, ['input_tokens', 'output_tokens', 'input_tokens_details'], service_tier);
}

/** Judges a whole response with the verdict that its stream would get. */
export async function judgeResponsesAnswer(body: Json, judge: Judge): Promise<readonly JsonEdit[]> {
	if (!isRecord(body) || !isList(body['output'])) throw malformed('expected a response');
	const edits: JsonEdit[] = [];
	const items = new ItemJudge(judge);
	await judgeOutput(body['output'], '/output', items, edits);
	judge.leaves(body, '', edits, responseGrammar);
	if (typeof body['output_text'] === 'string') edits.push({ at: '/output_text', remove: true });
	return edits;
}

/** Of a response: what stands apart, what the server says of itself, and what it says again of the request. */
export const responseGrammar: Grammar = grammar(
	[
		'conversation',
		'include',
		'instructions',
		'metadata',
		'output',
		'output_text',
		'previous_response_id',
		'prompt',
		'prompt_cache_key',
		'reasoning',
		'safety_identifier',
		'text',
		'tool_choice',
		'tools',
		'user',
	],
	['id', 'object', 'model', 'status', 'service_tier', 'truncation', 'prompt_cache_retention', 'code'],
);

/** Judges a list of output items. */
export async function judgeOutput(
	output: readonly Json[],
	at: string,
	items: ItemJudge,
	edits: JsonEdit[],
): Promise<void> {
	for (const [index, item] of output.entries()) {
		if (!isRecord(item)) throw malformed('an output item is not an object');
		await items.item(item, index, `${at}/${index}`, edits);
	}
}
