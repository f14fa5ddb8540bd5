import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { canonicalBytes, sha256Hex, TapPassError } from '@tappass/core';
import { follow } from '../http/follow.ts';
import { denialOf, recordRefusal } from '../llm/refuse.ts';
import type { Admission, Admitted, Denial, Identified, Outcome } from '../pipeline/admission.ts';
import type { Caller, ToolCall } from '../pipeline/call.ts';
import { withTexts } from '../pipeline/json-texts.ts';
import type { DoorContext } from '../routes.ts';
import { failSpan, type SpanFields, traced, traceparentNow } from '../tracing.ts';
import type { Target } from './broker.ts';
import { deniedError } from './denial.ts';
import { judgeJson } from './judge-json.ts';
import { mcpLimits } from './limits.ts';
import type { Exchange } from './outbound/connection.ts';
import { mirroredHeaders } from './outbound/mirrored-headers.ts';
import { askThrough, type Client, inputField, inRounds, isElsewhere, StateLost } from './rounds.ts';
import { isObject, type JsonObject, type RpcAnswer, rpcCodes, rpcError } from './rpc.ts';

/** A call of a server as a door read it. */
export interface Asked {
	readonly wire: ToolCall['wire'];
	/** The canonical name under which the policy speaks of it. */
	readonly tool: string;
	readonly args: JsonObject;
	readonly ticket?: string | undefined;
	readonly body_bytes: number;
	/** How it is asked for, where it is no tool. */
	readonly relay?: Relay | undefined;
	/** Members of `_meta` that go along. */
	readonly meta?: JsonObject | undefined;
	/** Whoever can be told and asked meanwhile. */
	readonly client?: Client | undefined;
}

/** A request to a server that calls no tool: a resource, a prompt, a completion. */
export interface Relay {
	readonly server: string;
	readonly method: string;
	readonly params: (args: JsonObject) => JsonObject;
	/** `mcp://server/uri`: information barriers are asked about it. */
	readonly resource?: string | undefined;
}

/** What became of a call. `settled` ends when its last record is durable, or is reported not to be. */
export type Done = Ended['done'] & { readonly settled: Promise<void> };

interface Ended {
	readonly outcome: Outcome;
	readonly done:
		| { readonly kind: 'denied'; readonly denial: Denial }
		| { readonly kind: 'answered'; readonly request_id: string; readonly answer: RpcAnswer };
}

/** Everything that one call needs on its way. */
export interface Passage {
	readonly context: DoorContext;
	readonly caller: Caller;
	readonly identified: Identified;
	readonly asked: Asked;
	readonly admitted: Admitted;
	readonly target: Target;
	/** Arguments and input with the edits of the pipeline in them. */
	readonly args: JsonObject;
	readonly input: JsonObject | undefined;
	/** Judges more of the same call: what its client answered meanwhile. */
	readonly admitInput: (input: JsonObject) => Promise<JsonObject>;
}

/** A call from admission to settlement: judged, made at its server, its result judged. */
export async function callServer(
	context: DoorContext,
	caller: Caller,
	identified: Identified,
	asked: Asked,
): Promise<Done> {
	if (await isElsewhere(context, identified, asked)) {
		const elsewhere = denialOf(new TapPassError('asked_elsewhere'), identified.request_id, 'forward');
		const denial = await recordRefusal(context, identified, 'call.refused', elsewhere);
		// No result that a model reads as final: whoever called brings the same again, and another replica takes it.
		const answer = deniedError(denial);
		return { kind: 'answered', request_id: identified.request_id, answer, settled: Promise.resolve() };
	}
	// Looked up first, so that what is admitted is the definition that is called; its failure counts once the call is admitted.
	const found = await find(context, identified, asked);
	const input = asked.client?.round?.input;
	const admission = await admit(context, caller, asked, found, input);
	if (admission.effect === 'block') return { kind: 'denied', denial: admission.denial, settled: Promise.resolve() };
	const { admitted } = admission;
	const admitInput = async (more: JsonObject): Promise<JsonObject> => {
		const again = await admit(context, caller, asked, found, more);
		if (again.effect === 'block') throw new Refused(again.denial);
		await again.admitted.settle({ how: 'completed', status: 200, released_bytes: 0 });
		return edited(asked.args, more, again.admitted).input ?? {};
	};
	let ended: Ended;
	try {
		await admitted.recorded;
		if (found instanceof TapPassError) throw found;
		const texts = edited(asked.args, input, admitted);
		const passage = { context, caller, identified, asked, admitted, target: found, ...texts, admitInput };
		ended = await traced('client', `${methodOf(asked)} ${asked.tool}`, fieldsOf(asked, admitted), async (span) => {
			const done = await execute(passage).catch((error: unknown) => endBadly(caller, admitted, error));
			if (done.outcome.code !== undefined) failSpan(span, done.outcome.code);
			return done;
		});
	} catch (error) {
		ended = endBadly(caller, admitted, error);
	}
	// The answer goes out first: whoever waits for it need not wait for sums and signatures.
	const settled = setImmediate()
		.then(() => admitted.settle(ended.outcome))
		.catch((cause: unknown) => {
			context.report({ code: 'audit_unavailable', request_id: admitted.request_id, cause });
		});
	return { ...ended.done, settled };
}

/** A denial on its way out of a call. */
export class Refused extends TapPassError {
	readonly denial: Denial;

	constructor(denial: Denial) {
		super('tool_denied');
		this.denial = denial;
	}
}

async function find(
	{ broker }: DoorContext,
	identified: Identified,
	{ tool, relay }: Asked,
): Promise<Target | TapPassError> {
	try {
		return relay === undefined
			? await broker.find(identified, tool)
			: { connection: await broker.reach(identified, relay.server), tool: undefined };
	} catch (error) {
		return error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
	}
}

function admit(
	{ pipeline }: DoorContext,
	caller: Caller,
	{ wire, tool, args, ticket, body_bytes, relay }: Asked,
	found: Target | TapPassError,
	input: JsonObject | undefined,
): Promise<Admission> {
	const listed = found instanceof TapPassError ? undefined : found.tool;
	const call: ToolCall = {
		kind: 'tool',
		wire,
		tool,
		// What a client answers to a server is part of what it says to it, and judged with it.
		args: input === undefined ? args : { ...args, [inputField]: input },
		body_bytes,
		ticket,
		definition_sha256: listed?.sha256,
		definition: listed?.definition,
		resource: relay?.resource,
	};
	return pipeline.admit(call, caller);
}

function edited(args: JsonObject, input: JsonObject | undefined, { edits }: Admitted) {
	const texts = new Map(edits.map(({ at, text }) => [at, text]));
	if (input === undefined) return { args: withTexts(args, texts) as JsonObject, input: undefined };
	const { [inputField]: answered, ...others } = withTexts({ ...args, [inputField]: input }, texts) as JsonObject;
	return { args: others, input: isObject(answered) ? answered : {} };
}

async function execute(passage: Passage): Promise<Ended> {
	const { caller, asked, admitted, target, args } = passage;
	const { client, relay, meta } = asked;
	// What a server says meanwhile is judged like its result, and goes out before it.
	let said = Promise.resolve();
	// What may not be asked or answered ends the call, whatever the server makes of it.
	let refused: unknown;
	const stop = new AbortController();
	const unfollow = follow(stop, [caller.gone, admitted.cut]);
	const tokens = tokensOf(meta);
	let count = 0;
	let waiting = 0;
	const notify: Exchange['notify'] = (method, params) => {
		const own = tokens.back(method, params);
		if (client === undefined || own === undefined) return;
		count += 1;
		if (count > mcpLimits.saidMax || waiting >= mcpLimits.waitingMax) {
			refused ??= new TapPassError('upstream_malformed', { detail: 'it says more than any honest server' });
			return stop.abort();
		}
		waiting += 1;
		said = said
			.then(async () => {
				const judged = await judgeJson(admitted.guard, own);
				if (judged.effect === 'release') client.notify(method, tokens.named(method, judged.value));
			})
			// What cannot be judged is not said; the answer is judged by itself.
			.catch(() => {})
			.finally(() => {
				waiting -= 1;
			});
	};
	const own = relay?.params(args) ?? { name: target.tool?.at_server ?? '', arguments: args };
	const exchange: Exchange = {
		signal: stop.signal,
		traceparent: traceparentNow() ?? caller.traceparent,
		headers: target.tool === undefined ? {} : mirroredHeaders(target.tool.mirrored, args),
		capabilities: client?.capabilities ?? {},
		notify,
		ask: (method, params) =>
			askThrough(passage, method, params).catch((error: unknown) => {
				refused ??= error;
				throw error;
			}),
	};
	const params = meta === undefined ? own : { ...own, _meta: tokens.sent };
	const answer = await inRounds(passage, methodOf(asked), params, exchange, (more, around) =>
		request(passage, more, around),
	)
		.catch((error: unknown) => {
			throw refused ?? error;
		})
		.finally(unfollow);
	await said;
	if (refused !== undefined) throw refused;
	return release(passage, answer);
}

const progress = 'notifications/progress';

/**
 * Progress under a token of ours: the client's own could be anything, and a server hears of it only what was judged. What a
 * server says of the progress of something else is told to nobody.
 */
function tokensOf(meta: JsonObject | undefined) {
	const { progressToken: given, ...others } = meta ?? {};
	const token = randomUUID();
	return {
		sent: given === undefined ? others : { ...others, progressToken: token },
		/** What is to be judged of a notification; undefined: it is not for this call. */
		back: (method: string, params: JsonObject): JsonObject | undefined => {
			if (method !== progress) return params;
			const { progressToken, ...rest } = params;
			return given !== undefined && progressToken === token ? rest : undefined;
		},
		named: (method: string, params: JsonObject): JsonObject =>
			method === progress && given !== undefined ? { ...params, progressToken: given } : params,
	};
}

/** Calls the server; one that says it was never asked is greeted anew, and asked if it offers the same tool still. */
async function request(
	{ context: { broker }, identified, target: { connection, tool }, asked: { relay } }: Passage,
	params: JsonObject,
	exchange: Exchange,
): Promise<RpcAnswer> {
	const method = methodOf({ relay });
	try {
		return await connection.request(method, params, exchange);
	} catch (error) {
		const neverAsked = error instanceof TapPassError && error.code === 'upstream_unreachable';
		if (!neverAsked || connection.alive()) throw error;
		if (relay !== undefined) return (await broker.reach(identified, relay.server)).request(method, params, exchange);
		const again = await broker.find(identified, tool?.name ?? '');
		if (again.tool?.sha256 !== tool?.sha256) throw new TapPassError('tool_changed', { cause: error });
		return again.connection.request(method, params, exchange);
	}
}

async function release({ admitted, caller }: Passage, answer: RpcAnswer): Promise<Ended> {
	const { request_id, guard, cut } = admitted;
	const judged = await judgeJson(guard, answer.kind === 'result' ? answer.result : textsOfError(answer));
	if (cut.aborted || caller.gone.aborted) throw new TapPassError('upstream_truncated');
	if (judged.effect === 'block') throw new Refused(judged.denial);
	const value = withoutOurs(judged.value);
	const released_bytes = Buffer.byteLength(JSON.stringify(value));
	if (answer.kind === 'result')
		return {
			outcome: { how: 'completed', status: 200, released_bytes },
			done: { kind: 'answered', request_id, answer: { kind: 'result', result: value } },
		};
	const error = { ...value, code: answer.error.code } as typeof answer.error;
	return {
		outcome: { how: 'upstream_error', status: 502, released_bytes, code: 'upstream_failed' },
		done: { kind: 'answered', request_id, answer: { kind: 'error', error } },
	};
}

/** What we say of a call in `_meta` no server says in our place. */
function withoutOurs(value: JsonObject): JsonObject {
	const { _meta: meta } = value;
	if (!isObject(meta) || !Object.keys(meta).some((name) => name.startsWith('tappass/'))) return value;
	return { ...value, _meta: Object.fromEntries(Object.entries(meta).filter(([name]) => !name.startsWith('tappass/'))) };
}

function textsOfError({ error: { message, data } }: Extract<RpcAnswer, { kind: 'error' }>): JsonObject {
	return { message: message.slice(0, mcpLimits.errorLengthMax), ...(data === undefined ? {} : { data }) };
}

function endBadly(caller: Caller, admitted: Admitted, error: unknown): Ended {
	const refused = error instanceof Refused;
	if (error instanceof StateLost) {
		const answer = rpcError(rpcCodes.invalidParams, `${error.detail} (${error.hint})`);
		const { request_id } = admitted;
		const outcome: Outcome = { how: 'upstream_error', status: 400, released_bytes: 0, code: error.code };
		return { outcome, done: { kind: 'answered', request_id, answer } };
	}
	const denial = refused
		? error.denial
		: admitted.cut.aborted
			? admitted.cutBy()
			: denialOf(error, admitted.request_id, 'forward');
	const how = caller.gone.aborted
		? 'client_gone'
		: admitted.cut.aborted
			? 'aborted'
			: refused
				? 'blocked'
				: 'upstream_error';
	const status = caller.gone.aborted ? 499 : denial.status;
	return { outcome: { how, status, released_bytes: 0, code: denial.code }, done: { kind: 'denied', denial } };
}

function methodOf({ relay }: Pick<Asked, 'relay'>): string {
	return relay?.method ?? 'tools/call';
}

/** By the conventions for spans of generative AI. */
function fieldsOf(asked: Asked, { request_id }: Admitted): SpanFields {
	return {
		'gen_ai.operation.name': 'execute_tool',
		'gen_ai.tool.name': asked.tool,
		'mcp.method.name': methodOf(asked),
		'tappass.request_id': request_id,
	};
}

/** What names one call and no other, for state that goes with it. */
export function digestOf(asked: Asked): string {
	return sha256Hex(canonicalBytes([asked.tool, methodOf(asked), asked.args]));
}
