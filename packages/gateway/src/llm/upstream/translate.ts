import {
	APICallError,
	type LanguageModelV4,
	type LanguageModelV4GenerateResult,
	type LanguageModelV4StreamPart,
	UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import { type Json, TapPassError } from '@tappass/core';
import type { Agent } from 'undici';
import { type UpstreamAnswer, upstreamError } from '../../http/exchange.ts';
import type { Route } from '../../pipeline/admission.ts';
import type { ModelCall } from '../../pipeline/call.ts';
import { denialOf } from '../refuse.ts';
import type { WireFormat } from '../wire.ts';
import { readChatPrompt } from './read-chat-prompt.ts';
import { readMessagesPrompt } from './read-messages-prompt.ts';
import type { JsonObject, Prompt } from './read-prompt.ts';
import { readResponsesPrompt } from './read-responses-prompt.ts';
import { vendorModel } from './vendor-model.ts';
import { type AnswerHead, type AnswerWriter, type Said, saidBy } from './write-answer.ts';
import { ChatWriter } from './write-chat.ts';
import { MessagesWriter } from './write-messages.ts';
import { ResponsesWriter } from './write-responses.ts';

interface Translation {
	readonly read: (body: JsonObject) => Prompt;
	readonly writer: (head: AnswerHead) => AnswerWriter;
}

const translations: Readonly<Record<ModelCall['wire'], Translation>> = {
	'openai-chat': { read: readChatPrompt, writer: (head) => new ChatWriter(head) },
	'openai-responses': { read: readResponsesPrompt, writer: (head) => new ResponsesWriter(head) },
	'anthropic-messages': { read: readMessagesPrompt, writer: (head) => new MessagesWriter(head) },
};

/** What a translation is asked. */
export interface TranslationRequest {
	readonly wire: WireFormat;
	readonly route: Route;
	/** As the caller sent it, edited. */
	readonly body: Uint8Array;
	readonly stream: boolean;
	readonly request_id: string;
	/** Unix milliseconds. */
	readonly now: number;
}

/**
 * Puts a call to an upstream of another wire. The answer comes back in the caller's wire and is then judged like one that
 * came in it, so that there is one judge for each wire and not for each pair.
 */
export async function translate(agent: Agent, request: TranslationRequest, stop: AbortSignal): Promise<UpstreamAnswer> {
	const { wire, route, stream, request_id, now } = request;
	const body = JSON.parse(Buffer.from(request.body).toString('utf8')) as JsonObject;
	if (wire.path.endsWith('/count_tokens'))
		return jsonAnswer(200, { input_tokens: Math.ceil(request.body.byteLength / 4) });
	const { read, writer } = translations[wire.wire];
	const { options, forms } = read(body);
	const head = { id: request_id, model: String(body['model']), created: Math.floor(now / 1_000), forms };
	const model = vendorModel(agent, route);
	const slow = new AbortController();
	const timer = setTimeout(() => slow.abort(), route.timeout_ms);
	const asked = { ...options, abortSignal: AbortSignal.any([stop, slow.signal]) };
	try {
		if (stream) return await streamed(model, asked, writer(head));
		return jsonAnswer(200, whole(await model.doGenerate(asked), writer(head)));
	} catch (error) {
		return failed(wire, error, request_id, slow.signal.aborted);
	} finally {
		clearTimeout(timer);
	}
}

async function streamed(
	model: LanguageModelV4,
	options: Parameters<LanguageModelV4['doStream']>[0],
	writer: AnswerWriter,
): Promise<UpstreamAnswer> {
	const { stream } = await model.doStream(options);
	return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: write(stream, writer) };
}

async function* write(
	stream: ReadableStream<LanguageModelV4StreamPart>,
	writer: AnswerWriter,
): AsyncGenerator<Uint8Array> {
	yield Buffer.from(writer.begin());
	try {
		for await (const part of stream) {
			const said = saidBy(part);
			if (said !== undefined) yield Buffer.from(writer.say(said));
		}
	} catch (cause) {
		const inner = innerOf(cause);
		throw inner instanceof TapPassError ? inner : upstreamError(inner, true);
	}
}

function whole(result: LanguageModelV4GenerateResult, writer: AnswerWriter): Json {
	for (const content of result.content) {
		const said: Said | undefined =
			content.type === 'text' || content.type === 'reasoning'
				? { kind: content.type === 'text' ? 'text' : 'thinking', delta: content.text }
				: saidBy(content);
		if (said !== undefined) writer.say(said);
	}
	writer.say(saidBy({ type: 'finish', finishReason: result.finishReason, usage: result.usage })!);
	return writer.whole();
}

/** What an upstream's refusal is in the caller's wire; what is said of our credential stays here. */
function failed(wire: WireFormat, error: unknown, request_id: string, slow: boolean): UpstreamAnswer {
	if (error instanceof TapPassError) throw error;
	if (slow) throw new TapPassError('upstream_timeout', { cause: innerOf(error) });
	if (UnsupportedFunctionalityError.isInstance(error))
		throw new TapPassError('request_unsupported', { detail: 'the upstream has no form for it', cause: error });
	if (!APICallError.isInstance(error))
		throw new TapPassError('upstream_malformed', { detail: 'the answer is not of its wire', cause: innerOf(error) });
	// What connected may have served, and be paid for, whatever became of its answer.
	if (error.statusCode === undefined) throw upstreamError(innerOf(error), false);
	const { statusCode: status, responseHeaders = {} } = error;
	if (status === 200)
		throw new TapPassError('upstream_malformed', { detail: 'the answer is not of its wire', cause: innerOf(error) });
	if (status < 400 || status === 401 || status === 403) return { status, headers: {}, body: empty() };
	const failure = new TapPassError('upstream_failed', { detail: error.message });
	const told = jsonAnswer(status, wire.errorBody({ ...denialOf(failure, request_id, 'forward'), status }));
	const retry = responseHeaders['retry-after'];
	return retry === undefined ? told : { ...told, headers: { ...told.headers, 'retry-after': retry } };
}

/** What the packages wrapped. Their own errors hold the prompt, so they go no further. */
function innerOf(error: unknown): Error {
	const inner = APICallError.isInstance(error) ? error.cause : error;
	return inner instanceof Error ? inner : new Error('the connection was lost');
}

function jsonAnswer(status: number, body: Json): UpstreamAnswer {
	async function* bytes(): AsyncGenerator<Uint8Array> {
		yield Buffer.from(JSON.stringify(body));
	}
	return { status, headers: { 'content-type': 'application/json' }, body: bytes() };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
