import type { Json } from '@tappass/core';
import { ratesOfTier } from '../../budget/tariff.ts';
import type { Usage } from '../../pipeline/admission.ts';
import { plainName } from '../../pipeline/json-texts.ts';
import { type Grammar, grammar, isIdentifier } from '../../stream/grammar.ts';
import { escapePart, isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';

type JsonObject = { readonly [key: string]: Json };

/** Of an answer: what the server says of itself. */
export const envelope: Grammar = grammar(
	['choices'],
	['id', 'object', 'model', 'system_fingerprint', 'service_tier', 'provider', 'obfuscation'],
);

const choiceWords = ['finish_reason', 'native_finish_reason'];
/** Of a choice: its text is looked at apart. */
export const choiceGrammar: Grammar = grammar(['message', 'delta', 'logprobs'], choiceWords);
const wholeChoice = grammar(['message', 'logprobs'], choiceWords);

/** Of a message or delta: words of the wire, and what calls tools. */
const messageWords: ReadonlySet<string> = new Set(['role', 'id']);
const callMembers: ReadonlySet<string> = new Set(['tool_calls', 'function_call']);

/** Whether a member of a message or delta is looked at elsewhere, or is a word of the wire. */
export function isApart(key: string, value: Json): boolean {
	return callMembers.has(key) || (messageWords.has(key) && typeof value === 'string' && isIdentifier(value));
}

/** What the texts in content parts pass by. */
export const partGrammar: Grammar = grammar([], ['type', 'id', 'format', 'signature']);
/** Of a tool call, and of what it calls: the name and arguments are judged together. */
export const callGrammar: Grammar = grammar(['function', 'custom'], ['type', 'id']);
export const calledGrammar: Grammar = grammar(['name', 'arguments', 'input'], []);

/** Judges a whole chat completion with the verdict that its stream would get. */
export async function judgeChatAnswer(body: Json, judge: Judge): Promise<readonly JsonEdit[]> {
	if (!isRecord(body) || !isList(body['choices'])) throw malformed('expected a chat completion');
	const edits: JsonEdit[] = [];
	for (const [index, choice] of body['choices'].entries()) {
		if (!isRecord(choice) || !isRecord(choice['message'])) throw malformed('expected a choice with a message');
		const at = `/choices/${index}/message`;
		const before = edits.length;
		await judgeMessage(choice['message'], at, index, judge, edits);
		judge.leaves(choice, `/choices/${index}`, edits, wholeChoice);
		const changed = edits.length > before;
		judgeTokens(choice['logprobs'], `${index}.tokens`, `/choices/${index}/logprobs`, judge, edits, changed);
		judge.end(`${index}.tokens`);
	}
	judge.leaves(body, '', edits, envelope);
	return edits;
}

async function judgeMessage(
	message: { readonly [key: string]: Json },
	at: string,
	choice: number,
	judge: Judge,
	edits: JsonEdit[],
): Promise<void> {
	for (const [key, value] of Object.entries(message)) {
		if (!plainName.test(key)) judge.name(key);
		if (isApart(key, value)) continue;
		const below = `${at}/${escapePart(key)}`;
		if (typeof value !== 'string') {
			judge.leaves(value, below, edits, partGrammar);
			continue;
		}
		const channel = `${choice}.${key}`;
		const text = judge.end(channel, value);
		if (text !== value) edits.push({ at: below, json: JSON.stringify(text) });
	}
	const { calls, call } = callsOf(message);
	for (const [index, one] of calls.entries()) await judgeCall(one, `${at}/tool_calls/${index}`, judge, edits);
	if (call !== undefined) await judgeCall({ function: call }, at, judge, edits, '/function_call');
}

/** The tool calls of a message or delta, of both forms. @throws {TapPassError} upstream_malformed: in another form */
export function callsOf(message: JsonObject): {
	readonly calls: readonly Json[];
	readonly call: JsonObject | undefined;
} {
	const { tool_calls: calls = null, function_call: call = null } = message;
	if ((calls !== null && !isList(calls)) || (call !== null && !isRecord(call)))
		throw malformed('tool calls in a form of their own');
	return { calls: calls ?? [], call: call ?? undefined };
}

function isText(value: Json | undefined): boolean {
	return value === undefined || value === null || typeof value === 'string';
}

/** What a tool call calls: a function, or a custom tool. @throws {TapPassError} upstream_malformed: both, or in another form */
export function calledBy({ function: fn = null, custom = null }: JsonObject): {
	readonly kind: 'function' | 'custom';
	readonly inner: JsonObject | undefined;
} {
	if ((fn !== null && !isRecord(fn)) || (custom !== null && !isRecord(custom)) || (fn !== null && custom !== null))
		throw malformed('a tool call of no one kind');
	const inner = custom ?? fn ?? undefined;
	// Clients would make a text of whatever stands there.
	if (inner !== undefined && !isText(inner['name'])) throw malformed('a name that is no text');
	return { kind: custom === null ? 'function' : 'custom', inner };
}

/**
 * The tokens of log probabilities say again what the text beside them says: they go when it was changed, and are judged by
 * themselves where they say something else.
 */
export function judgeTokens(
	logprobs: Json | undefined,
	channel: string,
	at: string,
	judge: Judge,
	edits: JsonEdit[],
	changed: boolean,
): void {
	if (logprobs === undefined || logprobs === null) return;
	if (!isRecord(logprobs)) throw malformed('log probabilities in a form of their own');
	const said = ['content', 'refusal'].map((key) => tokensOf(logprobs[key], `${at}/${key}`, judge, edits)).join('');
	judge.leaves(logprobs, at, edits, tokenGrammar);
	if (judge.push(channel, said) !== said || changed) edits.push({ at, json: 'null' });
}

const tokenGrammar = grammar(['content', 'refusal'], []);
const oneToken = grammar(['token'], []);

/** The tokens of a list of log probabilities, as one text; whatever else is in the list is judged by itself. */
export function tokensOf(list: Json | undefined, at: string, judge: Judge, edits: JsonEdit[]): string {
	if (!isList(list)) {
		judge.leaves(list ?? null, at, edits);
		return '';
	}
	let said = '';
	for (const [index, one] of list.entries()) {
		const token = isRecord(one) && typeof one['token'] === 'string' ? one['token'] : undefined;
		judge.leaves(one, `${at}/${index}`, edits, token === undefined ? undefined : oneToken);
		said += token ?? '';
	}
	return said;
}

async function judgeCall(call: Json, at: string, judge: Judge, edits: JsonEdit[], below?: string): Promise<void> {
	const { inner, kind, name, args } = readToolCall(call);
	const place = below === undefined ? `${at}/${kind}` : at + below;
	if (below === undefined) judge.leaves(call, at, edits, callGrammar);
	judge.leaves(inner, place, edits, calledGrammar);
	const released = await judge.toolCall(name, args);
	if (released === undefined || released === args) return;
	edits.push({
		at: `${place}/${kind === 'custom' ? 'input' : 'arguments'}`,
		json: JSON.stringify(kind === 'custom' ? customInput(released) : released),
	});
}

function readToolCall(call: Json): {
	readonly kind: 'function' | 'custom';
	readonly inner: JsonObject;
	readonly name: string;
	readonly args: string;
} {
	if (!isRecord(call)) throw malformed('expected a tool call');
	const { kind, inner } = calledBy(call);
	const args = inner?.[kind === 'function' ? 'arguments' : 'input'];
	if (inner === undefined || typeof inner['name'] !== 'string' || typeof args !== 'string')
		throw malformed('expected a name and arguments');
	const { name } = inner;
	return { kind, inner, name, args: kind === 'function' ? args : JSON.stringify({ input: args }) };
}

/** The text of a custom tool's input out of the arguments by which it was judged. */
export function customInput(args: string): string {
	const parsed: unknown = JSON.parse(args);
	const input = typeof parsed === 'object' && parsed !== null ? (parsed as { input?: unknown }).input : undefined;
	if (typeof input !== 'string') throw malformed('a custom tool call came back in another form');
	return input;
}

/** What was used, as the OpenAI wire says: cached tokens are part of the prompt's. */
export function chatUsage(body: Json): Usage | undefined {
	if (!isRecord(body)) return undefined;
	return openaiUsage(
		body['usage'],
		['prompt_tokens', 'completion_tokens', 'prompt_tokens_details'],
		body['service_tier'],
	);
}

/** The same of both OpenAI wires, which differ in names; undefined: it is not told. */
export function openaiUsage(
	usage: Json | undefined,
	[input, output, details]: readonly [string, string, string],
	tier: Json | undefined,
): Usage | undefined {
	if (!isRecord(usage)) return undefined;
	const prompt = count(usage[input]);
	const answer = count(usage[output]);
	// Nobody answers an empty prompt: zero stands where a server does not know.
	if (!prompt || answer === undefined) return undefined;
	const parts = usage[details];
	const cached = Math.min(prompt, (isRecord(parts) ? count(parts['cached_tokens']) : undefined) ?? 0);
	const rates = ratesOfTier(tier);
	return {
		input_tokens: prompt - cached,
		cache_read_tokens: cached,
		cache_write_tokens: 0,
		// Some servers leave out what was reasoned but for the total.
		output_tokens: Math.max(answer, (count(usage['total_tokens']) ?? 0) - prompt),
		...(rates === undefined ? {} : { rates }),
	};
}

/** A number of tokens as an upstream tells it; undefined: it is none. */
export function count(value: Json | undefined): number | undefined {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
