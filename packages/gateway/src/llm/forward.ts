import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Json, parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { requestIdHeaders } from '../http/answer.ts';
import type { UpstreamAnswer } from '../http/exchange.ts';
import { follow } from '../http/follow.ts';
import type { Admitted, Denial, Outcome } from '../pipeline/admission.ts';
import type { Caller, ModelCall } from '../pipeline/call.ts';
import type { DoorContext } from '../routes.ts';
import { Judge, malformed } from '../stream/judge.ts';
import { type JsonEdit, rewriteJson } from '../stream/rewrite-json.ts';
import { answerDenial, denialOf } from './refuse.ts';
import { relayStream } from './relay-stream.ts';
import { removeTools } from './remove-tools.ts';
import { dispatch } from './upstream/dispatch.ts';
import { translate } from './upstream/translate.ts';
import type { StreamReader, WireFormat } from './wire.ts';

/** A call that was read from its wire. */
export interface Asked {
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	readonly caller: Caller;
	readonly bytes: Buffer;
	readonly call: ModelCall;
}

/** A call on its way through: what was let out so far, and why it must stop, once it must. */
export interface Passage {
	readonly res: ServerResponse;
	readonly admitted: Admitted;
	readonly judge: Judge;
	/** Aborts when the caller is gone or the call is cut. */
	readonly stop: AbortSignal;
	released_bytes: number;
	/** Of a stream that has begun: errors are told inside it. */
	reader: StreamReader | undefined;
	/** The upstream said that it served nothing. */
	unserved: boolean;
}

/** Sends an admitted call to its upstream and lets out what passes. Settles it exactly once, whatever happens. */
export async function forwardCall(
	context: DoorContext,
	wire: WireFormat,
	asked: Asked,
	admitted: Admitted,
): Promise<void> {
	const { res, caller } = asked;
	// It is awaited before anything goes out; until then its failure must not count as nobody's.
	admitted.recorded.catch(() => {});
	const stopper = new AbortController();
	const unfollow = follow(stopper, [caller.gone, admitted.cut]);
	const judge = new Judge(admitted.guard);
	const passage: Passage = {
		res,
		admitted,
		judge,
		stop: stopper.signal,
		released_bytes: 0,
		reader: undefined,
		unserved: false,
	};
	let outcome: Outcome;
	try {
		outcome = await pass(context, wire, asked, passage);
	} catch (error) {
		outcome = endBadly(wire, passage, caller, error);
	}
	unfollow();
	// An answer that nobody read to its end would keep its connection.
	stopper.abort(callOver);
	try {
		await admitted.settle(outcome);
	} catch (cause) {
		context.report({ code: 'audit_unavailable', request_id: admitted.request_id, cause });
	}
}

// Made once: to make one for each call, with its stack, costs as much as a step.
const callOver = new TapPassError('upstream_truncated', { detail: 'the call is over' });

async function pass(context: DoorContext, wire: WireFormat, asked: Asked, passage: Passage): Promise<Outcome> {
	const { admitted, stop } = passage;
	const { route } = admitted;
	if (route === undefined) throw new TapPassError('internal', { detail: 'an admitted model call has no route' });
	const native = wire.native.has(route.speaks);
	const body = editBody(wire, asked, admitted, native ? route.model : asked.call.model);
	const answer = native
		? await dispatch(context.agent, route, { path: pathOf(wire, asked.req), headers: headersOf(asked), body }, stop)
		: await translate(
				context.agent,
				{
					wire,
					route,
					body,
					stream: asked.call.stream,
					request_id: admitted.request_id,
					now: context.ports.now(),
				},
				stop,
			);
	if (answer.status !== 200) return relayError(wire, passage, answer);
	return asked.call.stream ? relayStream(wire, asked.call, passage, answer) : relayWhole(wire, passage, answer);
}

/** The body as it goes to the upstream: the caller's bytes but for what was edited. */
function editBody(wire: WireFormat, { call, bytes }: Asked, admitted: Admitted, model: string): Uint8Array {
	const removed = removeTools(call, admitted.removed_tools);
	const edits: JsonEdit[] = [...wire.forwardEdits(call, model), ...removed];
	for (const { at, text } of admitted.edits) {
		const lost = admitted.removed_tools.some((tool) => at.startsWith(`${tool}/`));
		if (!lost) edits.push({ at, json: JSON.stringify(text) });
	}
	return edits.length === 0 ? bytes : Buffer.from(rewriteJson(bytes.toString('utf8'), edits));
}

function pathOf(wire: WireFormat, req: IncomingMessage): string {
	const query = new URLSearchParams(req.url?.split('?', 2)[1] ?? '');
	return query.get('beta') === 'true' ? `${wire.path}?beta=true` : wire.path;
}

// Of the caller's headers only these go on: others name accounts, projects or hops that are not its to choose.
const forwarded: readonly string[] = ['anthropic-version', 'anthropic-beta', 'openai-beta'];
// Names of versions and features, one after the other; not whatever text somebody wants to have carried.
const headerText = /^[\w.=-]{1,64}(?:, ?[\w.=-]{1,64}){0,31}$/;

function headersOf({ req, call }: Asked): Readonly<Record<string, string>> {
	const headers: Record<string, string> = {
		'content-type': 'application/json',
		accept: call.stream ? 'text/event-stream' : 'application/json',
		'accept-encoding': 'identity',
		'user-agent': 'tappass-gateway',
	};
	if (call.wire === 'anthropic-messages') headers['anthropic-version'] = '2023-06-01';
	for (const name of forwarded) {
		const value = req.headers[name];
		if (typeof value === 'string' && headerText.test(value)) headers[name] = value;
	}
	return headers;
}

/** An answer that does not stream: judged whole before its first byte goes out. */
async function relayWhole(wire: WireFormat, passage: Passage, answer: UpstreamAnswer): Promise<Outcome> {
	const { admitted, judge, res } = passage;
	if (!isJson(answer)) throw malformed('expected a JSON answer');
	const bytes = await collect(answer, doorLimits.answerBytesMax);
	const body = parseAnswer(bytes);
	const usage = wire.usageOf(body);
	const edits = await wire.judgeAnswer(body, judge);
	if (judge.denial !== undefined) {
		answerDenial(res, wire, judge.denial);
		return { how: 'blocked', usage, status: judge.denial.status, released_bytes: 0, code: judge.denial.code };
	}
	const out = edits.length === 0 ? bytes : Buffer.from(rewriteJson(bytes.toString('utf8'), edits));
	await admitted.recorded;
	await release(passage, answer.status, { 'content-type': 'application/json' }, out);
	return { how: 'completed', usage, status: answer.status, released_bytes: passage.released_bytes };
}

function parseAnswer(bytes: Uint8Array): Json {
	try {
		return parseJson(bytes, { bytesMax: doorLimits.answerBytesMax });
	} catch (cause) {
		throw new TapPassError('upstream_malformed', { detail: 'the answer is not strict JSON', cause });
	}
}

// What tells a client when to come again; limits of the account are not the caller's to see.
const told: Readonly<Record<string, RegExp>> = {
	'retry-after': /^(?:\d{1,9}|[A-Z][a-z]{2}, [\w :]{4,24} GMT)$/,
	'retry-after-ms': /^\d{1,12}(?:\.\d{1,6})?$/,
	'x-should-retry': /^(?:true|false)$/,
};

/** Statuses by which somebody stopped waiting for an answer, which may have been made and paid for all the same. */
const gaveUp: ReadonlySet<number> = new Set([408, 499, 504, 522, 524]);

/** An upstream that says no: its own words, judged, unless they are about our credential. */
async function relayError(wire: WireFormat, passage: Passage, answer: UpstreamAnswer): Promise<Outcome> {
	const { admitted, judge } = passage;
	if (answer.status === 401 || answer.status === 403)
		throw new TapPassError('upstream_refused', { detail: `it answered ${answer.status}` });
	passage.unserved = answer.status >= 400 && !gaveUp.has(answer.status);
	if (answer.status < 400 || !isJson(answer))
		throw new TapPassError('upstream_failed', { detail: `it answered ${answer.status}` });
	const bytes = await collect(answer, doorLimits.errorBytesMax);
	const edits: JsonEdit[] = [];
	judge.leaves(parseAnswer(bytes), '', edits);
	const usage = passage.unserved ? nothingUsed : undefined;
	const outcome = { usage, status: answer.status, code: 'upstream_failed' } as const;
	if (judge.denial !== undefined) {
		answerDenial(passage.res, wire, judge.denial);
		return { ...outcome, how: 'blocked', released_bytes: 0, code: judge.denial.code };
	}
	const headers: Record<string, string> = { 'content-type': 'application/json' };
	for (const [name, form] of Object.entries(told)) {
		const value = answer.headers[name];
		if (typeof value === 'string' && form.test(value)) headers[name] = value;
	}
	await admitted.recorded;
	await release(
		passage,
		answer.status,
		headers,
		edits.length === 0 ? bytes : Buffer.from(rewriteJson(bytes.toString('utf8'), edits)),
	);
	return { ...outcome, how: 'upstream_error', released_bytes: passage.released_bytes };
}

async function release(
	passage: Passage,
	status: number,
	headers: Readonly<Record<string, string>>,
	bytes: Uint8Array,
): Promise<void> {
	const { res, admitted, stop } = passage;
	if (stop.aborted) throw new TapPassError('upstream_unreachable', { detail: 'the call was given up' });
	res.writeHead(status, { ...headers, ...requestIdHeaders(admitted.request_id), 'content-length': bytes.byteLength });
	res.end(bytes);
	passage.released_bytes = bytes.byteLength;
}

function isJson(answer: UpstreamAnswer): boolean {
	return /^application\/(?:[\w.+-]+\+)?json\b/.test(answer.headers['content-type'] ?? '') && isPlain(answer);
}

/** Whether the answer came uncompressed, as we asked. */
export function isPlain(answer: UpstreamAnswer): boolean {
	const encoding = answer.headers['content-encoding'];
	return encoding === undefined || encoding === 'identity';
}

async function collect(answer: UpstreamAnswer, bytesMax: number): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of answer.body) {
		bytes += chunk.byteLength;
		if (bytes > bytesMax) throw malformed('the answer is larger than any honest one');
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, bytes);
}

/** Ends a call that cannot go on: says why where that can still be said. */
function endBadly(wire: WireFormat, passage: Passage, caller: Caller, error: unknown): Outcome {
	const { res, admitted, reader } = passage;
	const usage = reader?.usage() ?? unused(passage, error);
	const { released_bytes } = passage;
	if (caller.gone.aborted) return { how: 'client_gone', usage, status: 499, released_bytes };
	const denial = whyEnded(admitted, error);
	if (!res.headersSent) answerDenial(res, wire, denial);
	else if (reader === undefined) res.destroy();
	else res.end(wire.errorEvents(denial, reader));
	const how = admitted.cut.aborted ? 'aborted' : 'upstream_error';
	return { how, usage, status: denial.status, released_bytes, code: denial.code };
}

function whyEnded(admitted: Admitted, error: unknown): Denial {
	if (admitted.cut.aborted) return admitted.cutBy();
	return denialOf(error, admitted.request_id, 'forward');
}

/** Nothing was used when the upstream was never reached, or would not serve. Otherwise nobody knows, and the reservation stands. */
function unused(passage: Passage, error: unknown): Outcome['usage'] {
	// Whoever breaks off may have had its answer generated all the same.
	if (passage.reader !== undefined || passage.stop.aborted) return undefined;
	const never = passage.unserved || (error instanceof TapPassError && neverServed.has(error.code));
	return never ? nothingUsed : undefined;
}

/** Codes of calls that never reached an upstream, or that it would not serve. */
const neverServed: ReadonlySet<string> = new Set([
	'upstream_unreachable',
	'upstream_refused',
	'request_unsupported',
	'request_malformed',
]);

const nothingUsed = { input_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 0 } as const;
