import type { Json } from '@tappass/core';
import type { ModelCall } from '../pipeline/call.ts';
import { isList, isRecord } from '../stream/json-value.ts';
import type { JsonEdit } from '../stream/rewrite-json.ts';

/**
 * Takes offered tools out of a body. A list that would be left empty goes as well, with what vendors refuse without it; a
 * choice of a tool that is gone falls back to the vendor's default.
 */
export function removeTools(call: ModelCall, pointers: readonly string[]): readonly JsonEdit[] {
	const gone = new Set(pointers);
	if (gone.size === 0) return [];
	const body = call.body as { readonly [key: string]: Json };
	const edits: JsonEdit[] = [];
	for (const at of gone) {
		// A tool within a namespace that goes as a whole is gone with it.
		if (emptied(body, listOf(at), gone) === undefined) edits.push({ at, remove: true });
	}
	const lists = new Set([...gone].map((at) => emptied(body, listOf(at), gone)).filter((at) => at !== undefined));
	for (const at of lists) edits.push({ at, remove: true });
	if (dangling(call, gone)) {
		for (const key of ['tool_choice', 'function_call'])
			if (body[key] !== undefined) edits.push({ at: `/${key}`, remove: true });
	}
	if (lists.has('/tools') && body['parallel_tool_calls'] !== undefined)
		edits.push({ at: '/parallel_tool_calls', remove: true });
	return edits;
}

function listOf(at: string): string {
	return at.slice(0, at.lastIndexOf('/'));
}

/** The outermost thing that must go because nothing is left in the list at `at`; undefined: something is left. */
function emptied(body: Json, at: string, gone: ReadonlySet<string>): string | undefined {
	const list = valueAt(body, at);
	if (!isList(list) || !list.every((_, index) => isGone(list[index]!, `${at}/${index}`, gone))) return undefined;
	const owner = at.slice(0, at.lastIndexOf('/'));
	if (owner === '') return at;
	// The list stands in an entry of another list: `/tools/3/tools`.
	return emptied(body, listOf(owner), gone) ?? owner;
}

function isGone(item: Json, at: string, gone: ReadonlySet<string>): boolean {
	if (gone.has(at)) return true;
	const inner = isRecord(item) ? item['tools'] : undefined;
	return isList(inner) && inner.length > 0 && inner.every((_, index) => gone.has(`${at}/tools/${index}`));
}

function valueAt(body: Json, at: string): Json | undefined {
	let value: Json | undefined = body;
	for (const part of at.split('/').slice(1)) {
		value = isList(value) ? value[Number(part)] : isRecord(value) ? value[part] : undefined;
	}
	return value;
}

/** Whether a tool that is gone is what the caller insists on, or no tool is left at all. */
function dangling(call: ModelCall, gone: ReadonlySet<string>): boolean {
	const left = call.offered_tools.filter(({ at }) => !gone.has(at));
	if (left.length === 0) return true;
	const body = call.body as { readonly [key: string]: Json };
	const choice = JSON.stringify([body['tool_choice'] ?? null, body['function_call'] ?? null]);
	return call.offered_tools.some(({ at, wire_name }) => gone.has(at) && choice.includes(JSON.stringify(wire_name)));
}
