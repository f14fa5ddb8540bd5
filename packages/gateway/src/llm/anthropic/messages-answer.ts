import type { Json } from '@tappass/core';
import type { Rate } from '../../budget/tariff.ts';
import type { Usage } from '../../pipeline/admission.ts';
import { type Grammar, grammar } from '../../stream/grammar.ts';
import { isList, isRecord } from '../../stream/json-value.ts';
import { type Judge, malformed } from '../../stream/judge.ts';
import type { JsonEdit } from '../../stream/rewrite-json.ts';
import { count } from '../openai/chat-answer.ts';
import { hostedToolWireName } from '../tool-names.ts';

type Block = { readonly [key: string]: Json };

const blockWords = ['type', 'id', 'tool_use_id', 'signature', 'encrypted_content', 'encrypted_index', 'data'];
/** Of a block, or of a piece of one. */
export const blockGrammar: Grammar = grammar([], blockWords);
/** The same of one whose text, under that name, is judged apart. */
export const textGrammar: Readonly<Record<'text' | 'thinking', Grammar>> = {
	text: grammar(['text'], blockWords),
	thinking: grammar(['thinking'], blockWords),
};
/** Of a block that calls a tool: name and arguments are judged together. */
export const toolGrammar: Grammar = grammar(['name', 'server_name', 'input'], blockWords);
/** Of a message: what its model does not write. */
export const messageGrammar: Grammar = grammar(
	['content'],
	['id', 'type', 'role', 'model', 'stop_reason', 'service_tier', 'inference_geo', 'speed'],
);

/** Judges a whole message with the verdict that its stream would get. */
export async function judgeMessagesAnswer(body: Json, judge: Judge): Promise<readonly JsonEdit[]> {
	if (!isRecord(body) || !isList(body['content'])) throw malformed('expected a message');
	const edits: JsonEdit[] = [];
	for (const [index, block] of body['content'].entries()) {
		if (!isRecord(block)) throw malformed('a content block is not an object');
		const at = `/content/${index}`;
		if (isToolBlock(block)) {
			await judgeTool(block, at, judge, edits);
			continue;
		}
		const field = textField(block);
		judge.leaves(block, at, edits, field === undefined ? blockGrammar : textGrammar[field]);
		if (field === undefined) continue;
		const text = block[field] as string;
		const released = judge.end(`${index}`, text);
		if (released !== text) edits.push({ at: `${at}/${field}`, json: JSON.stringify(released) });
	}
	judge.leaves(body, '', edits, messageGrammar);
	return edits;
}

/** The one text of a block that streams: of a text or a thinking block. */
export function textField(block: Block): 'text' | 'thinking' | undefined {
	if (block['type'] === 'text' && typeof block['text'] === 'string') return 'text';
	return block['type'] === 'thinking' && typeof block['thinking'] === 'string' ? 'thinking' : undefined;
}

/** Whether a block calls a tool: the caller's, or one that the vendor runs itself. */
export function isToolBlock(block: Block): boolean {
	return String(block['type']).endsWith('tool_use');
}

async function judgeTool(block: Block, at: string, judge: Judge, edits: JsonEdit[]): Promise<void> {
	judge.leaves(block, at, edits, toolGrammar);
	const args = JSON.stringify(block['input'] ?? {});
	const released = await judge.toolCall(toolBlockName(block), args);
	if (released !== undefined && released !== args) edits.push({ at: `${at}/input`, json: released });
}

/** The wire name of the tool that a block calls. */
export function toolBlockName(block: Block): string {
	const { type, name, server_name } = block;
	if (typeof name !== 'string') throw malformed('a tool block without a name');
	if (type === 'tool_use') return name;
	if (type === 'mcp_tool_use' && typeof server_name === 'string') return `${server_name}__${name}`;
	return hostedToolWireName('anthropic', name);
}

/** What was used, as the Anthropic wire says: cached tokens stand beside the prompt's. Later numbers replace earlier ones. */
export function messagesUsage(usage: Json | undefined, before?: Usage): Usage | undefined {
	if (!isRecord(usage)) return before;
	const input = count(usage['input_tokens']) ?? before?.input_tokens;
	const output = count(usage['output_tokens']) ?? before?.output_tokens;
	if (input === undefined || output === undefined) return before;
	const created = usage['cache_creation'];
	const hour =
		(isRecord(created) ? count(created['ephemeral_1h_input_tokens']) : undefined) ?? before?.cache_write_hour_tokens;
	const rates = ratesTold(usage) ?? before?.rates;
	return {
		input_tokens: input,
		output_tokens: output,
		cache_read_tokens: count(usage['cache_read_input_tokens']) ?? before?.cache_read_tokens ?? 0,
		cache_write_tokens: count(usage['cache_creation_input_tokens']) ?? before?.cache_write_tokens ?? 0,
		...(hour === undefined ? {} : { cache_write_hour_tokens: hour }),
		...(rates === undefined ? {} : { rates }),
	};
}

function ratesTold({ speed, inference_geo }: Block): readonly Rate[] | undefined {
	if (speed === undefined && inference_geo === undefined) return undefined;
	return [
		...((speed ?? 'standard') === 'standard' ? [] : ['fast' as const]),
		...(inference_geo === 'us' ? ['us' as const] : []),
	];
}

/** Usage that is believed; undefined: it is not told. Nobody answers an empty prompt: zero stands where a server does not know. */
export function toldUsage(usage: Usage | undefined): Usage | undefined {
	if (usage === undefined) return undefined;
	return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens === 0 ? undefined : usage;
}
