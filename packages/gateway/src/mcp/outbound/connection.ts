import type { JsonObject, RpcAnswer } from '../rpc.ts';

/** What surrounds one request to a server while it is under way. */
export interface Exchange {
	readonly signal: AbortSignal;
	/** W3C trace context that goes along to servers over HTTP. */
	readonly traceparent?: string | undefined;
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
	/** False: it is gone, and a new one must be made. */
	readonly alive: () => boolean;
	/**
	 * @throws {TapPassError} upstream_unreachable (it was never asked), upstream_truncated, upstream_timeout, upstream_refused,
	 * upstream_malformed, upstream_failed
	 */
	readonly request: (method: string, params: JsonObject, exchange: Exchange) => Promise<RpcAnswer>;
	readonly close: () => Promise<void>;
}

/** What we call ourselves. */
export const clientInfo: JsonObject = { name: 'tappass', version: '0.1.0' };
