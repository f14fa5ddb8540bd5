import { chmod, unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { underUmask } from '../state/umask.ts';
import { denialLog } from './denial-log.ts';
import { systemResolve } from './dial.ts';
import { forward, type Plane, planeAt, planeDoors } from './forward.ts';
import { type ProxyState, refreshFlows } from './proxy.ts';
import { refuseSocket } from './refusal.ts';
import { tunnel } from './tunnel.ts';
import type { Egress, EgressOptions } from './types.ts';

/**
 * Starts the egress proxy of one sandbox. Nothing gets out of the sandbox but through it.
 *
 * @throws {TapPassError} already_running when another proxy serves this socket; file_unwritable
 */
export async function startEgress(options: EgressOptions): Promise<Egress> {
	const now = options.now ?? Date.now;
	const denials = denialLog(options.onDenied, now);
	const proxy: ProxyState = {
		options,
		now,
		resolve: options.resolve ?? systemResolve,
		flows: new Set(),
		deny: denials.add,
	};
	const plane = planeAt(options.agentPlaneUrl, options.agentPlaneCa);
	const server = serve(proxy, plane);
	await listen(server, options.socketPath);
	return {
		refresh: () => refreshFlows(proxy),
		connections: () => proxy.flows.size,
		close: async () => {
			// Node removes the socket with the server.
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			for (const flow of [...proxy.flows]) flow.end();
			server.closeAllConnections();
			plane.close();
			denials.flush();
			await closed;
		},
	};
}

function serve(proxy: ProxyState, plane: Plane): Server {
	const server = createServer({
		maxHeaderSize: limits.egressHeaderBytesMax,
		headersTimeout: limits.egressHeadersMs,
		requestTimeout: limits.egressRequestMs,
		keepAliveTimeout: limits.egressKeepAliveMs,
		connectionsCheckingInterval: limits.egressHeadersMs / 4,
		noDelay: true,
	});
	server.maxConnections = limits.egressConnectionsMax;
	// Past the parser's own count it would leave lines out unsaid; their size is bounded, and we count.
	server.maxHeadersCount = 0;
	server.timeout = limits.egressIdleMs;
	server.on('request', (request, response) => {
		forward(proxy, plane, request, response).catch((cause: unknown) => request.socket.destroy(cause as Error));
	});
	server.on('connect', (request, client, head) => {
		tunnel(
			proxy,
			request,
			client,
			head,
			(host) => Object.hasOwn(planeDoors, host),
			(inner) => server.emit('connection', inner),
		).catch((cause: unknown) => client.destroy(cause as Error));
	});
	server.on('drop', () =>
		proxy.deny({ code: 'connection_limit', reason: `more than ${limits.egressConnectionsMax} connections at once` }),
	);
	server.on('clientError', (cause: NodeJS.ErrnoException, client) => {
		if (cause.code === 'ECONNRESET' || cause.code === 'EPIPE') return void client.destroy();
		const reason =
			cause.code === 'ERR_HTTP_REQUEST_TIMEOUT'
				? 'the request was not complete in time'
				: `not a request this proxy reads (${cause.code ?? 'unknown'})`;
		proxy.deny({ code: 'request_malformed', reason });
		refuseSocket(client, { code: 'request_malformed', reason });
	});
	return server;
}

async function listen(server: Server, path: string): Promise<void> {
	try {
		await bind(server, path);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw unwritable(path, cause);
		if (await isServed(path)) throw new TapPassError('already_running', { detail: `${path} is served`, cause });
		await unlink(path).catch((reason: unknown) => Promise.reject(unwritable(path, reason)));
		await bind(server, path).catch((reason: unknown) => Promise.reject(unwritable(path, reason)));
	}
	// Other users of the machine would otherwise use the sandbox's token.
	await chmod(path, 0o600);
}

function bind(server: Server, path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		underUmask(0o177, () =>
			server.listen(path, 1_024, () => {
				server.off('error', reject);
				resolve();
			}),
		);
	});
}

/** Whether somebody answers at the socket; one that nobody does is left over. */
function isServed(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const probe = connect(path);
		probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
		probe.once('connect', () => probe.destroy());
	});
}

function unwritable(path: string, cause: unknown): TapPassError {
	return new TapPassError('file_unwritable', { detail: `${path}: ${(cause as NodeJS.ErrnoException).code}`, cause });
}
