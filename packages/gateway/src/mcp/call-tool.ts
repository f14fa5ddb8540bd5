import { TapPassError } from '@tappass/core';
import { denialOf } from '../llm/refuse.ts';
import type { Admitted, Denial, Identified, Outcome } from '../pipeline/admission.ts';
import type { Caller, ToolCall } from '../pipeline/call.ts';
import { withTexts } from '../pipeline/json-texts.ts';
import type { DoorContext } from '../routes.ts';
import type { Target } from './broker.ts';
import { judgeJson } from './judge-json.ts';
import { mcpLimits } from './limits.ts';
import type { Exchange } from './outbound/connection.ts';
import { isObject, type JsonObject, type RpcAnswer } from './rpc.ts';

/** A tool call as a door read it. */
export interface ToolAsked {
	readonly wire: ToolCall['wire'];
	/** Canonical. */
	readonly tool: string;
	readonly args: JsonObject;
	readonly ticket?: string | undefined;
	readonly body_bytes: number;
	/** Other parameters that go along to the server. */
	readonly beside?: JsonObject;
	/** Whoever can be told and asked meanwhile. */
	readonly client?: Pick<Exchange, 'notify' | 'ask'>;
}

/** What became of a tool call. `settled` ends when its last record is durable, or is reported not to be. */
export type ToolDone =
	| { readonly kind: 'denied'; readonly denial: Denial; readonly settled: Promise<void> }
	| {
			readonly kind: 'answered';
			readonly request_id: string;
			readonly answer: RpcAnswer;
			readonly settled: Promise<void>;
	  };

/** A tool call from admission to settlement: judged, executed at its server, its result judged. */
export async function callTool(
	context: DoorContext,
	caller: Caller,
	identified: Identified,
	asked: ToolAsked,
): Promise<ToolDone> {
	const { tool, args, wire, ticket, body_bytes } = asked;
	// Looked up first, so that what is admitted is the definition that is called; its failure counts once the call is admitted.
	const found = await find(context, identified, tool);
	const listed = found instanceof TapPassError ? undefined : found.tool;
	const admission = await context.pipeline.admit(
		{
			kind: 'tool',
			wire,
			tool,
			args,
			body_bytes,
			ticket,
			definition_sha256: listed?.sha256,
			definition: listed?.definition,
		},
		caller,
	);
	if (admission.effect === 'block') return { kind: 'denied', denial: admission.denial, settled: Promise.resolve() };
	const { admitted } = admission;
	const { outcome, done } = await execute(context, caller, identified, asked, admitted, found).catch((error: unknown) =>
		endBadly(caller, admitted, error),
	);
	const settled = admitted.settle(outcome).catch((cause: unknown) => {
		context.report({ code: 'audit_unavailable', request_id: admitted.request_id, cause });
	});
	return { ...done, settled };
}

type Ended = {
	readonly outcome: Outcome;
	readonly done:
		| { readonly kind: 'denied'; readonly denial: Denial }
		| { readonly kind: 'answered'; readonly request_id: string; readonly answer: RpcAnswer };
};

async function find(context: DoorContext, identified: Identified, tool: string): Promise<Target | TapPassError> {
	try {
		return await context.broker.find(identified, tool);
	} catch (error) {
		return error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
	}
}

async function execute(
	context: DoorContext,
	caller: Caller,
	identified: Identified,
	asked: ToolAsked,
	admitted: Admitted,
	found: Target | TapPassError,
): Promise<Ended> {
	await admitted.recorded;
	if (found instanceof TapPassError) throw found;
	const args = withTexts(asked.args, new Map(admitted.edits.map(({ at, text }) => [at, text])));
	const { client } = asked;
	// What a server says meanwhile is judged like its result, and goes out before it.
	let said = Promise.resolve();
	const exchange: Exchange = {
		signal: AbortSignal.any([caller.gone, admitted.cut]),
		traceparent: caller.traceparent,
		notify: (method, params) => {
			said = said.then(async () => {
				const judged = await judgeJson(admitted.guard, params);
				if (judged.effect === 'release') client?.notify(method, judged.value);
			});
		},
		ask: (method, params) => client?.ask(method, params) ?? nobodyToAsk(),
	};
	const params = { ...asked.beside, name: found.tool.at_server, arguments: args };
	const answer = await request(context, identified, found, params, exchange);
	await said;
	const { request_id } = admitted;
	const judged = await judgeJson(admitted.guard, answer.kind === 'result' ? answer.result : errorOf(answer));
	if (admitted.cut.aborted) throw new TapPassError('upstream_truncated');
	if (judged.effect === 'block') {
		const { denial } = judged;
		const outcome: Outcome = { how: 'blocked', status: denial.status, released_bytes: 0, code: denial.code };
		return { outcome, done: { kind: 'denied', denial } };
	}
	const { value } = judged;
	const released_bytes = Buffer.byteLength(JSON.stringify(value));
	if (answer.kind === 'result')
		return {
			outcome: { how: 'completed', status: 200, released_bytes },
			done: { kind: 'answered', request_id, answer: { kind: 'result', result: value } },
		};
	const error = { ...answer.error, ...value } as typeof answer.error;
	return {
		outcome: { how: 'upstream_error', status: 502, released_bytes, code: 'upstream_failed' },
		done: { kind: 'answered', request_id, answer: { kind: 'error', error } },
	};
}

/** Calls the server; one that says it was never asked is greeted anew, and asked if it offers the same tool still. */
async function request(
	{ broker }: DoorContext,
	identified: Identified,
	{ connection, tool }: Target,
	params: JsonObject,
	exchange: Exchange,
): Promise<RpcAnswer> {
	try {
		return await connection.request('tools/call', params, exchange);
	} catch (error) {
		const neverAsked = error instanceof TapPassError && error.code === 'upstream_unreachable';
		if (!neverAsked || connection.alive()) throw error;
		const again = await broker.find(identified, tool.name);
		if (again.tool.sha256 !== tool.sha256) throw new TapPassError('tool_changed');
		return again.connection.request('tools/call', params, exchange);
	}
}

function errorOf(answer: Extract<RpcAnswer, { kind: 'error' }>): JsonObject {
	const { message, data } = answer.error;
	return { message: message.slice(0, mcpLimits.errorLengthMax), ...(isObject(data) ? { data } : {}) };
}

async function nobodyToAsk(): Promise<RpcAnswer> {
	return { kind: 'error', error: { code: -32_601, message: 'whoever calls cannot be asked' } };
}

function endBadly(caller: Caller, admitted: Admitted, error: unknown): Ended {
	const denial = admitted.cut.aborted ? admitted.cutBy() : denialOf(error, admitted.request_id, 'forward');
	const how = caller.gone.aborted ? 'client_gone' : admitted.cut.aborted ? 'aborted' : 'upstream_error';
	const status = caller.gone.aborted ? 499 : denial.status;
	return { outcome: { how, status, released_bytes: 0, code: denial.code }, done: { kind: 'denied', denial } };
}
