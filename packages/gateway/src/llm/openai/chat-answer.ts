import type { Json } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { escapePart, isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';

// Of a message or delta: part of the grammar, not text of the model.
const grammar: ReadonlySet<string> = new Set(['role', 'id']);
// Of an answer: not made by the model.
export const envelope: ReadonlySet<string> = new Set([
	'id',
	'object',
	'model',
	'created',
	'system_fingerprint',
	'service_tier',
	'provider',
	'usage',
	'choices',
	'obfuscation',
]);

/** Of a choice: its text is looked at apart, the rest is not made by the model. */
export const choiceGrammar: ReadonlySet<string> = new Set([
	'index',
	'message',
	'delta',
	'logprobs',
	'finish_reason',
	'native_finish_reason',
]);

/** Judges a whole chat completion with the verdict that its stream would get. */
export async function judgeChatAnswer(body: Json, judge: Judge): Promise<readonly JsonEdit[]> {
	if (!isRecord(body) || !isList(body['choices'])) throw malformed('expected a chat completion');
	const edits: JsonEdit[] = [];
	for (const [index, choice] of body['choices'].entries()) {
		if (!isRecord(choice) || !isRecord(choice['message'])) throw malformed('expected a choice with a message');
		const at = `/choices/${index}/message`;
		const before = edits.length;
		await judgeMessage(choice['message'], at, index, judge, edits);
		judge.leaves(choice, `/choices/${index}`, edits, choiceGrammar);
		if (edits.length > before && isRecord(choice['logprobs'])) {
			// The tokens say again what was just taken out.
			edits.push({ at: `/choices/${index}/logprobs`, json: 'null' });
		}
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
		if (grammar.has(key) || key === 'tool_calls' || key === 'function_call') continue;
		const below = `${at}/${escapePart(key)}`;
		if (typeof value !== 'string') {
			judge.leaves(value, below, edits, leafGrammar);
			continue;
		}
		const channel = `${choice}.${key}`;
		const text = judge.push(channel, value) + judge.end(channel);
		if (text !== value) edits.push({ at: below, json: JSON.stringify(text) });
	}
	const calls = message['tool_calls'];
	if (isList(calls))
		for (const [index, call] of calls.entries()) await judgeCall(call, `${at}/tool_calls/${index}`, judge, edits);
	if (isRecord(message['function_call'])) {
		await judgeCall({ function: message['function_call'] }, at, judge, edits, '/function_call');
	}
}

/** Names of values in content parts that no client shows. */
export const leafGrammar: ReadonlySet<string> = new Set(['type', 'id', 'format', 'signature', 'index']);

async function judgeCall(call: Json, at: string, judge: Judge, edits: JsonEdit[], below?: string): Promise<void> {
	const read = readToolCall(call);
	const released = await judge.toolCall(read.name, read.args);
	if (released === undefined || released === read.args) return;
	const place = below === undefined ? `${at}/${read.kind}` : at + below;
	edits.push({
		at: `${place}/${read.kind === 'custom' ? 'input' : 'arguments'}`,
		json: JSON.stringify(read.kind === 'custom' ? customInput(released) : released),
	});
}

function readToolCall(call: Json): {
	readonly kind: 'function' | 'custom';
	readonly name: string;
	readonly args: string;
} {
	if (!isRecord(call)) throw malformed('expected a tool call');
	const { function: fn, custom } = call;
	if (isRecord(fn) === isRecord(custom)) throw malformed('expected a tool call of one kind');
	const inner = (isRecord(fn) ? fn : custom) as { readonly [key: string]: Json };
	const args = isRecord(fn) ? inner['arguments'] : inner['input'];
	if (typeof inner['name'] !== 'string' || typeof args !== 'string') throw malformed('expected a name and arguments');
	if (isRecord(fn)) return { kind: 'function', name: inner['name'], args };
	return { kind: 'custom', name: inner['name'], args: JSON.stringify({ input: args }) };
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
	const usage = isRecord(body) ? body['usage'] : undefined;
	if (!isRecord(usage)) return undefined;
	const prompt = count(usage['prompt_tokens']);
	const output = count(usage['completion_tokens']);
	if (prompt === undefined || output === undefined) return undefined;
	const details = usage['prompt_tokens_details'];
	const cached = Math.min(prompt, (isRecord(details) ? count(details['cached_tokens']) : undefined) ?? 0);
	return { input_tokens: prompt - cached, cache_read_tokens: cached, cache_write_tokens: 0, output_tokens: output };
}

/** A number of tokens as an upstream tells it; undefined: it is none. */
export function count(value: Json | undefined): number | undefined {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
