import { randomUUID } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import type { Identified } from '../pipeline/admission.ts';
import type { DoorContext } from '../routes.ts';
import { type Asked, digestOf, type Passage, Refused } from './call-server.ts';
import { judgeJson } from './judge-json.ts';
import { mcpLimits } from './limits.ts';
import type { Exchange } from './outbound/connection.ts';
import { ParkedCall, type Step } from './parked.ts';
import { canBeAsked } from './revisions.ts';
import { isObject, type JsonObject, type RpcAnswer, rpcCodes, rpcError } from './rpc.ts';
import { seal, unseal } from './seal.ts';

/*
 * Servers and clients ask each other in two ways: by requests in the middle of a call (revisions with sessions), or by results
 * that want input and a second request that brings it (the stateless one). Each pair is bridged here.
 */

/** The client of a call. */
export interface Client {
	/** What it can be asked. */
	readonly capabilities: JsonObject;
	readonly notify: Exchange['notify'];
	/** Remembers what resources it wants to hear of. */
	readonly watch?: (on: boolean, server: string, uri: string) => void;
	/** A client with sessions is asked while its call runs. */
	readonly ask?: Exchange['ask'];
	/** A client of the stateless revision: what it brought along. */
	readonly round?: { readonly input: JsonObject | undefined; readonly state: string | undefined };
}

/** Under this name the pipeline sees, among the arguments, what a client answered to a server. */
export const inputField = 'tappass/input';

type Send = (params: JsonObject, exchange: Exchange) => Promise<RpcAnswer>;

/** Makes a call with however many rounds of input it takes. */
export async function inRounds(
	passage: Passage,
	method: string,
	params: JsonObject,
	exchange: Exchange,
	send: Send,
): Promise<RpcAnswer> {
	const round = passage.asked.client?.round;
	const { stateless } = passage.target.connection;
	const state = round?.state === undefined ? undefined : await stateOf(passage, round.state);
	if (!stateless) return round === undefined ? send(params, exchange) : park(passage, params, exchange, send, state);
	if (round === undefined) return askAndSend(passage, params, exchange, send);
	const { input } = passage;
	const answer = await send(
		{
			...params,
			...(input === undefined ? {} : { inputResponses: input }),
			...(typeof state?.['server'] === 'string' ? { requestState: state['server'] } : {}),
		},
		exchange,
	);
	return wantsInput(answer) ? sealed(passage, answer, method) : answer;
}

/** A question of the server to the client of the call: judged like a result, its answer like arguments. */
export async function askThrough(passage: Passage, method: string, params: JsonObject): Promise<RpcAnswer> {
	const { client } = passage.asked;
	if (client?.ask === undefined || !canBeAsked(client.capabilities, method))
		return rpcError(rpcCodes.methodNotFound, 'the client cannot be asked this');
	const judged = await judgeJson(passage.admitted.guard, params);
	if (judged.effect === 'block') throw new Refused(judged.denial);
	const answer = await client.ask(method, judged.value);
	if (answer.kind === 'error') return rpcError(rpcCodes.internal, 'the client did not answer');
	const { answered } = await passage.admitInput({ answered: answer.result });
	return isObject(answered) ? { kind: 'result', result: answered } : rpcError(rpcCodes.internal, 'no answer');
}

/** A client with sessions at a stateless server: it is asked here, and the call is sent again with what it said. */
async function askAndSend(passage: Passage, params: JsonObject, exchange: Exchange, send: Send): Promise<RpcAnswer> {
	let more: JsonObject = {};
	for (let round = 0; round < mcpLimits.roundsMax; round += 1) {
		const answer = await send({ ...params, ...more }, exchange);
		if (!wantsInput(answer)) return answer;
		const { requestState } = answer.result;
		const inputResponses: Record<string, JsonObject> = {};
		for (const [id, question] of questionsOf(answer)) {
			const answered = await askThrough(passage, question.method, question.params);
			if (answered.kind === 'error') return answered;
			inputResponses[id] = answered.result;
		}
		more = { inputResponses, ...(typeof requestState === 'string' ? { requestState } : {}) };
	}
	throw new TapPassError('upstream_failed', { detail: 'it asks without end' });
}

/** A client of the stateless revision at a server with sessions: the call waits while the client is asked by a result. */
async function park(
	passage: Passage,
	params: JsonObject,
	exchange: Exchange,
	send: Send,
	state: JsonObject | undefined,
): Promise<RpcAnswer> {
	const { broker } = passage.context;
	const client = passage.asked.client!;
	let id = typeof state?.['parked'] === 'string' ? state['parked'] : undefined;
	let call = id === undefined ? undefined : broker.parked.get(id);
	if (id !== undefined && call === undefined) throw stateLost();
	call ??= new ParkedCall((around) => send(params, { ...exchange, ...around }));
	id ??= randomUUID();
	call.respond(passage.input ?? {});
	let step: Step;
	try {
		step = await call.next(exchange.signal, exchange.notify);
	} catch (error) {
		broker.parked.delete(id);
		throw error;
	}
	if (step.kind === 'answered') {
		broker.parked.delete(id);
		return step.answer;
	}
	if (!canBeAsked(client.capabilities, step.method)) {
		call.end();
		broker.parked.delete(id);
		return rpcError(rpcCodes.invalidRequest, `the server needs a client that answers ${step.method}`);
	}
	broker.parked.set(id, call);
	const { method, params: wanted } = step;
	return {
		kind: 'result',
		result: {
			resultType: 'input_required',
			inputRequests: { [step.id]: { method, params: wanted } },
			requestState: await seal(passage.context.broker, passage.identified, digestOf(passage.asked), {
				parked: id,
				at: broker.id,
				question: step.id,
			}),
		},
	};
}

/** A server's state goes through the client under our seal: no other agent, and no other call, can bring it back. */
async function sealed(passage: Passage, answer: WantsInput, method: string): Promise<RpcAnswer> {
	const { client } = passage.asked;
	if (
		!roundMethods.has(method) ||
		questionsOf(answer).some(([, one]) => !canBeAsked(client?.capabilities ?? {}, one.method))
	)
		throw new TapPassError('upstream_malformed', { detail: 'it asks what it must not ask' });
	const { requestState, ...result } = answer.result;
	if (typeof requestState !== 'string') return { kind: 'result', result };
	const state = await seal(passage.context.broker, passage.identified, digestOf(passage.asked), {
		server: requestState,
	});
	return { kind: 'result', result: { ...result, requestState: state } };
}

/**
 * Whether a call goes on at another replica: the one that asked its client. It is told so before the call is judged, so
 * that a try at the wrong door uses nothing up.
 */
export async function isElsewhere(context: DoorContext, identified: Identified, asked: Asked): Promise<boolean> {
	const { broker } = context;
	const state = asked.client?.round?.state;
	if (state === undefined) return false;
	const opened = await unseal(broker, identified, digestOf(asked), state);
	return typeof opened?.['at'] === 'string' && opened['at'] !== broker.id;
}

async function stateOf(passage: Passage, state: string): Promise<JsonObject> {
	const opened = await unseal(passage.context.broker, passage.identified, digestOf(passage.asked), state);
	if (opened === undefined) throw stateLost();
	return opened;
}

function stateLost(): StateLost {
	return new StateLost('request_malformed', {
		detail: 'requestState is not of this call',
		hint: 'call again without it',
	});
}

/** State that was made up, changed, or is of another call or process: the protocol's own error, not a refusal of the tool. */
export class StateLost extends TapPassError {}

const roundMethods: ReadonlySet<string> = new Set(['prompts/get', 'resources/read', 'tools/call']);

type WantsInput = Extract<RpcAnswer, { kind: 'result' }>;

function wantsInput(answer: RpcAnswer): answer is WantsInput {
	return answer.kind === 'result' && answer.result['resultType'] === 'input_required';
}

function questionsOf({ result }: WantsInput): readonly (readonly [string, { method: string; params: JsonObject }])[] {
	const { inputRequests } = result;
	if (inputRequests === undefined) return [];
	const questions = isObject(inputRequests) ? Object.entries(inputRequests) : [['', null] as const];
	return questions.map(([id, question]) => {
		const { method, params } = isObject(question) ? question : {};
		if (typeof method !== 'string') throw new TapPassError('upstream_malformed', { detail: 'it asks nothing' });
		return [id, { method, params: isObject(params) ? params : {} }] as const;
	});
}
