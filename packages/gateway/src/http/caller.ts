import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Wire } from '../pipeline/call.ts';

// W3C Trace Context, version 0. It goes on to servers, so nothing else may travel in it.
const traceContext = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What the transport knows of who calls. `gone` fires when the connection closes before the answer is whole. */
export function callerOf(req: IncomingMessage, res: ServerResponse, wire: Wire, path: string): Caller {
	const gone = new AbortController();
	res.once('close', () => {
		if (!res.writableFinished) gone.abort();
	});
	const { authorization, traceparent } = req.headers;
	return {
		token: tokenOf(authorization, req.headers['x-api-key']),
		source: req.socket.remoteAddress ?? 'unknown',
		user_agent: req.headers['user-agent'],
		signature: `${wire} ${req.method ?? ''} ${path}`,
		...(typeof traceparent === 'string' && traceContext.test(traceparent) ? { traceparent } : {}),
		gone: gone.signal,
	};
}

/** The capability token, from either of the headers in which clients of both wires send a key. Two different ones are none. */
function tokenOf(authorization: string | undefined, key: string | string[] | undefined): string | undefined {
	const bearer = authorization === undefined ? undefined : (/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '');
	const tokens = new Set([bearer, ...(Array.isArray(key) ? key : [key])].filter((one) => one !== undefined));
	return tokens.size === 1 ? [...tokens][0] : undefined;
}
