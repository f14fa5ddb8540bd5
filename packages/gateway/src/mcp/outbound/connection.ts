import { metaKeys, statelessRevision } from '../revisions.ts';
import { isObject, type JsonObject, type RpcAnswer } from '../rpc.ts';

/** What surrounds one request to a server while it is under way. */
export interface Exchange {
	readonly signal: AbortSignal;
	/** W3C trace context that goes along to servers over HTTP. */
	readonly traceparent?: string | undefined;
	/** Headers that repeat arguments, for servers of the stateless revision. */
	readonly headers?: Readonly<Record<string, string>>;
	/** What whoever called can be asked; servers of the stateless revision are told. */
	readonly capabilities: JsonObject;
	/** A notification of the server that belongs to the request. */
	readonly notify: (method: string, params: JsonObject) => void;
	/** A request of the server that belongs to the request: whoever called answers it. */
	readonly ask: (method: string, params: JsonObject) => Promise<RpcAnswer>;
}

/** One MCP server that was greeted. */
export interface Connection {
	/** What the server says it can do. */
	readonly capabilities: JsonObject;
	readonly instructions: string | undefined;
	/** It asks by results that want input, and not by requests of its own. */
	readonly stateless: boolean;
	/** False: it is gone, and a new one must be made. */
	readonly alive: () => boolean;
	/**
	 * @throws {TapPassError} upstream_unreachable (it was never asked), upstream_truncated, upstream_timeout, upstream_refused,
	 * upstream_malformed, upstream_failed
	 */
	readonly request: (method: string, params: JsonObject, exchange: Exchange) => Promise<RpcAnswer>;
	readonly close: () => Promise<void>;
}

/** What we call ourselves, as a client. */
export const clientInfo: JsonObject = { name: 'tappass', version: '0.1.0' };

/** An exchange in which nobody can be told or asked anything. */
export function lonely(signal: AbortSignal): Exchange {
	return {
		signal,
		capabilities: {},
		notify: () => {},
		ask: async () => ({ kind: 'error', error: { code: -32_601, message: 'there is nobody to ask' } }),
	};
}

/** Takes what a server says to everybody: that a list or a resource changed. */
export type SaidToAll = (method: string, params: JsonObject) => void;

/** Whether a notification belongs to no request. */
export function isToAll(method: string): boolean {
	return method.endsWith('/list_changed') || method === 'notifications/resources/updated';
}

/** The parameters of a request of the stateless revision: they say for themselves who asks, and what it can be asked. */
export function withMeta(params: JsonObject, capabilities: JsonObject): JsonObject {
	const meta = isObject(params['_meta']) ? params['_meta'] : {};
	const own = {
		[metaKeys.version]: statelessRevision,
		[metaKeys.clientInfo]: clientInfo,
		[metaKeys.capabilities]: capabilities,
	};
	return { ...params, _meta: { ...meta, ...own } };
}
