import { type Json, parseWith } from '@tappass/core';
import { z } from 'zod';

/** One answer of a scripted model, and when it is given. */
export interface Turn {
	readonly when: {
		/** The last message of the user holds this text. */
		readonly user?: string | undefined;
		/** A tool result since then holds this text; without results the turn does not match. */
		readonly tool_result?: string | undefined;
		/** So many tool results came since the last message of the user. */
		readonly results?: number | undefined;
		/** The model was asked for under this name. */
		readonly model?: string | undefined;
	};
	readonly think?: string | undefined;
	/** `{{user}}` and `{{tool_result}}` stand for what was said last. */
	readonly say?: string | undefined;
	readonly call: readonly { readonly tool: string; readonly arguments: { readonly [key: string]: Json } }[];
	readonly usage?: { readonly input: number; readonly output: number; readonly cached: number } | undefined;
	/** What goes wrong instead of the answer, or in the middle of it. */
	readonly fault?: 'status' | 'hang' | 'reset' | 'truncate' | 'error' | 'garbage' | undefined;
	/** Of the fault `status`. */
	readonly status: number;
	/** Milliseconds before the first byte, and between two events. */
	readonly delay_ms: number;
}

/** What a scripted model says. */
export interface Script {
	readonly schema: 'tappass.dev-model/1';
	/** Names under which the model is listed. */
	readonly models: readonly string[];
	/** Characters of one delta. */
	readonly chunk: number;
	readonly turns: readonly Turn[];
}

const text: z.ZodType<string> = z.string().max(1_000_000);
const count: z.ZodType<number> = z.int().min(0).max(100_000_000);
const turnSchema: z.ZodType<Turn> = z.strictObject({
	when: z
		.strictObject({
			user: text.optional(),
			tool_result: text.optional(),
			results: count.optional(),
			model: text.optional(),
		})
		.default({}),
	think: text.optional(),
	say: text.optional(),
	call: z.array(z.strictObject({ tool: text, arguments: z.record(z.string(), z.json()).default({}) })).default([]),
	usage: z.strictObject({ input: count, output: count, cached: z.int().min(0).default(0) }).optional(),
	fault: z.enum(['status', 'hang', 'reset', 'truncate', 'error', 'garbage']).optional(),
	status: z.int().min(400).max(599).default(500),
	delay_ms: z.int().min(0).max(60_000).default(0),
});
const scriptSchema: z.ZodType<Script> = z.strictObject({
	schema: z.literal('tappass.dev-model/1'),
	models: z.array(text).default(['scripted']),
	chunk: z.int().min(1).max(1_000_000).default(12),
	turns: z.array(turnSchema).min(1).max(10_000),
});

/** What a conversation looks like to a script, on whatever wire it came. */
export interface Conversation {
	readonly model: string;
	readonly stream: boolean;
	readonly user: string;
	/** Tool results since the last message of the user. */
	readonly results: readonly string[];
}

/** Reads a script. @throws {TapPassError} schema_invalid, with everything that is wrong */
export function readScript(value: unknown, file: string): Script {
	return parseWith(scriptSchema, value, file);
}

/** The turn that answers a conversation. */
export function findTurn(script: Script, conversation: Conversation): Turn {
	const found = script.turns.find(({ when }) => matches(when, conversation));
	if (found?.say !== undefined) return { ...found, say: fill(found.say, conversation) };
	return found ?? { when: {}, say: 'No turn of the script matches.', call: [], status: 500, delay_ms: 0 };
}

function fill(text: string, { user, results }: Conversation): string {
	return text.replaceAll('{{user}}', () => user).replaceAll('{{tool_result}}', () => results.at(-1) ?? '');
}

function matches(when: Turn['when'], { model, user, results }: Conversation): boolean {
	if (when.model !== undefined && when.model !== model) return false;
	if (when.user !== undefined && !user.includes(when.user)) return false;
	if (when.results !== undefined && when.results !== results.length) return false;
	return when.tool_result === undefined || results.some((result) => result.includes(when.tool_result!));
}

/** What a turn says was used; without numbers of its own it is counted by characters, always the same. */
export function usageOf(
	turn: Turn,
	body: Json,
): { readonly input: number; readonly output: number; readonly cached: number } {
	const said = (turn.think ?? '').length + (turn.say ?? '').length + JSON.stringify(turn.call).length;
	return turn.usage ?? { input: Math.ceil(JSON.stringify(body).length / 4), output: Math.ceil(said / 4), cached: 0 };
}

/** A text in pieces of at most so many characters; no character is cut in two. */
export function inPieces(text: string, length: number): readonly string[] {
	const characters = [...text];
	const pieces: string[] = [];
	for (let at = 0; at < characters.length; at += length) pieces.push(characters.slice(at, at + length).join(''));
	return pieces;
}
