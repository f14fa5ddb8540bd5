import type { Json } from '@tappass/core';

/** A JSON object. */
export interface JsonObject {
	readonly [key: string]: Json;
}

/** The id of a JSON-RPC request. */
export type RpcId = string | number;

/** What a request is answered with. */
export type RpcAnswer =
	| { readonly kind: 'result'; readonly result: JsonObject }
	| { readonly kind: 'error'; readonly error: RpcError };

/** A JSON-RPC error as it travels. */
export interface RpcError {
	readonly code: number;
	readonly message: string;
	readonly data?: Json;
}

/** One message of JSON-RPC 2.0, told apart. */
export type RpcMessage =
	| { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: JsonObject }
	| { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
	| { readonly kind: 'answer'; readonly id: RpcId; readonly answer: RpcAnswer };

/** Codes of JSON-RPC and MCP that the broker itself answers with. */
export const rpcCodes = {
	parse: -32_700,
	invalidRequest: -32_600,
	methodNotFound: -32_601,
	invalidParams: -32_602,
	internal: -32_603,
} as const;

/** Reads one message; undefined: it is none. */
export function readMessage(value: Json): RpcMessage | undefined {
	if (!isObject(value) || value['jsonrpc'] !== '2.0') return undefined;
	const { id, method, params, result, error } = value;
	if (typeof method === 'string') {
		if (params !== undefined && !isObject(params)) return undefined;
		const given = params ?? {};
		if (!Object.hasOwn(value, 'id')) return { kind: 'notification', method, params: given };
		return isId(id) ? { kind: 'request', id, method, params: given } : undefined;
	}
	if (!isId(id)) return undefined;
	if (isObject(result)) return { kind: 'answer', id, answer: { kind: 'result', result } };
	const read = readError(error);
	return read === undefined ? undefined : { kind: 'answer', id, answer: { kind: 'error', error: read } };
}

function readError(error: Json | undefined): RpcError | undefined {
	if (!isObject(error)) return undefined;
	const { code, message, data } = error;
	if (typeof code !== 'number' || !Number.isSafeInteger(code) || typeof message !== 'string') return undefined;
	return { code, message, ...(data === undefined ? {} : { data }) };
}

export function isObject(value: Json | undefined): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(id: Json | undefined): id is RpcId {
	return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id));
}

export function request(id: RpcId, method: string, params: JsonObject): JsonObject {
	return { jsonrpc: '2.0', id, method, params };
}

export function notification(method: string, params: JsonObject): JsonObject {
	return { jsonrpc: '2.0', method, params };
}

/** The message that answers a request; `null`: it could not be read which. */
export function answerTo(id: RpcId | null, answer: RpcAnswer): JsonObject {
	if (answer.kind === 'result') return { jsonrpc: '2.0', id, result: answer.result };
	const { code, message, data } = answer.error;
	return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

/** An answer that is an error. */
export function rpcError(code: number, message: string, data?: Json): RpcAnswer {
	return { kind: 'error', error: { code, message, ...(data === undefined ? {} : { data }) } };
}
