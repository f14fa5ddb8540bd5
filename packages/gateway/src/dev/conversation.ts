import type { Json } from '@tappass/core';
import { isList, isRecord } from '../stream/json-value.ts';
import type { Conversation } from './script.ts';

/** Reads a conversation from a body of any of the wires: what users and tools said last. */
export function readConversation(body: Json): Conversation {
	const record = isRecord(body) ? body : {};
	const input = record['input'];
	const entries = isList(record['messages']) ? record['messages'] : isList(input) ? input : [];
	let user = typeof input === 'string' ? input : '';
	let results: string[] = [];
	for (const entry of entries) {
		if (!isRecord(entry)) continue;
		const found = resultsOf(entry);
		results.push(...found);
		if (entry['role'] !== 'user' || found.length > 0) continue;
		user = textOf(entry['content']);
		results = [];
	}
	return { model: String(record['model'] ?? ''), stream: record['stream'] === true, user, results };
}

/** Texts of the tool results of one entry: a message of role `tool`, blocks of kind `tool_result`, items of kind `…_output`. */
function resultsOf(entry: { readonly [key: string]: Json }): readonly string[] {
	if (entry['role'] === 'tool') return [textOf(entry['content'])];
	if (String(entry['type'] ?? '').endsWith('_output')) return [textOf(entry['output'])];
	if (!isList(entry['content'])) return [];
	return entry['content'].flatMap((block) =>
		isRecord(block) && block['type'] === 'tool_result' ? [textOf(block['content'])] : [],
	);
}

function textOf(content: Json | undefined): string {
	if (typeof content === 'string') return content;
	if (!isList(content)) return content === undefined || content === null ? '' : JSON.stringify(content);
	return content.map((part) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}
