import { Agent } from 'undici';
import { doorLimits } from '../../door-limits.ts';
import { sendHttp, type UpstreamAnswer } from '../../http/exchange.ts';
import { lookupUpstream } from '../../http/metadata-address.ts';
import type { Route } from '../../pipeline/admission.ts';

/** What is sent to an upstream. */
export interface UpstreamRequest {
	/** Below the base URL of the route. */
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
}

/** Connections to all upstreams: one pool for each address, kept open between calls. */
export function createUpstreamAgent(): Agent {
	return new Agent({
		connections: doorLimits.upstreamConnectionsMax,
		keepAliveTimeout: doorLimits.upstreamIdleMs,
		connect: { timeout: doorLimits.connectMs, lookup: lookupUpstream },
		bodyTimeout: doorLimits.silenceMs,
	});
}

/** The base URL of a route with its version: `https://api.anthropic.com` and `…/v1` are both written. */
export function baseUrl(route: Pick<Route, 'base_url'>): URL {
	const url = new URL(route.base_url);
	if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1';
	return url;
}

/**
 * Sends one call.
 * @throws {TapPassError} upstream_unreachable, upstream_timeout; `body` throws upstream_truncated, upstream_timeout
 */
export function dispatch(
	agent: Agent,
	route: Route,
	request: UpstreamRequest,
	signal: AbortSignal,
): Promise<UpstreamAnswer> {
	const url = baseUrl(route);
	return sendHttp(
		agent,
		{
			origin: url.origin,
			path: `${url.pathname.replace(/\/$/, '')}${request.path}${url.search}`,
			method: 'POST',
			headers: { ...request.headers, ...route.headers, 'content-length': String(request.body.byteLength) },
			body: request.body,
			headersTimeout: route.timeout_ms,
		},
		signal,
	);
}
