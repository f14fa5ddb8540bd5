import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { type Json, TapPassError } from '@tappass/core';
import type { Usage } from '../../pipeline/admission.ts';
import { isRecord } from '../../stream/json-value.ts';
import type { ToolForm } from './read-prompt.ts';

/** What a vendor says, in a few words that all of them share. */
export type Said =
	| { readonly kind: 'text'; readonly delta: string }
	| { readonly kind: 'thinking'; readonly delta: string }
	| { readonly kind: 'call'; readonly id: string; readonly name: string; readonly args: string }
	| { readonly kind: 'finish'; readonly reason: FinishReason; readonly usage: Usage | undefined };
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls';

/** Writes what a vendor says in one wire, both as a stream and whole. */
export interface AnswerWriter {
	/** The first events. */
	readonly begin: () => string;
	/** The events of one saying. */
	readonly say: (said: Said) => string;
	/** The whole answer, once everything was said. */
	readonly whole: () => Json;
}

/** What an answer is about. */
export interface AnswerHead {
	readonly id: string;
	readonly model: string;
	/** Unix seconds. */
	readonly created: number;
	readonly forms: ReadonlyMap<string, ToolForm>;
}

/** One part of the common form; undefined: it says nothing to a client. @throws {TapPassError} upstream_failed, upstream_malformed */
export function saidBy(part: LanguageModelV4StreamPart): Said | undefined {
	switch (part.type) {
		case 'text-delta':
			return part.delta === '' ? undefined : { kind: 'text', delta: part.delta };
		case 'reasoning-delta':
			return part.delta === '' ? undefined : { kind: 'thinking', delta: part.delta };
		case 'tool-call':
			return { kind: 'call', id: part.toolCallId, name: part.toolName, args: part.input === '' ? '{}' : part.input };
		case 'finish':
			return { kind: 'finish', reason: reasonOf(part.finishReason.unified), usage: usageOf(part.usage) };
		case 'error':
			throw new TapPassError('upstream_failed', {
				detail: 'the upstream ended its answer with an error',
				cause: part.error,
			});
		case 'file':
		case 'reasoning-file':
		case 'tool-result':
		case 'tool-approval-request':
			throw new TapPassError('upstream_malformed', { detail: 'the answer holds what this wire has no place for' });
		default:
			return undefined;
	}
}

function reasonOf(reason: string): FinishReason {
	if (reason === 'length' || reason === 'content-filter' || reason === 'tool-calls') return reason;
	if (reason === 'error' || reason === 'interrupted')
		throw new TapPassError('upstream_failed', { detail: 'the upstream ended its answer with an error' });
	return 'stop';
}

function usageOf(usage: Extract<LanguageModelV4StreamPart, { type: 'finish' }>['usage']): Usage | undefined {
	const { total, noCache, cacheRead, cacheWrite } = usage.inputTokens;
	// The packages write nothing, or zero, where the vendor told nothing; nobody answers an empty prompt.
	if (!total || usage.outputTokens.total === undefined) return undefined;
	const read = cacheRead ?? 0;
	const written = cacheWrite ?? 0;
	return {
		input_tokens: noCache ?? Math.max(0, total - read - written),
		cache_read_tokens: read,
		cache_write_tokens: written,
		output_tokens: usage.outputTokens.total,
	};
}

/** The arguments of a call as an object. @throws {TapPassError} upstream_malformed: they are no JSON */
export function parsedArguments(args: string): Json {
	try {
		return JSON.parse(args) as Json;
	} catch (cause) {
		throw new TapPassError('upstream_malformed', { detail: 'the arguments of a tool call are no JSON', cause });
	}
}

/** The text of a custom tool's input. */
export function inputText(args: string): string {
	const parsed = parsedArguments(args);
	const input = isRecord(parsed) ? parsed['input'] : undefined;
	return typeof input === 'string' ? input : args;
}
