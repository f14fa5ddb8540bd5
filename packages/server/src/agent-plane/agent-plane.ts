import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TapPassError } from '@tappass/core';
import { createGateway, createPipeline, type GatewayRoute, shippedDetectors } from '@tappass/gateway';
import type { AuditLog } from '../audit-store/audit-log.ts';
import { startListener } from '../events/listener.ts';
import { type StoredPorts, storedPorts } from '../gateway-store/ports.ts';
import { readPrices } from '../gateway-store/prices.ts';
import { speakHttp1, TlsContexts } from '../host-plane/tls-contexts.ts';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { Store } from '../store/store.ts';

export interface AgentPlaneOptions {
	readonly store: Store;
	readonly keys: OrgKeys;
	readonly audit: AuditLog;
	readonly listen: { readonly host: string; readonly port: number };
	/** TLS by a certificate of the org's own CA, as on the host plane; plain HTTP is for one machine. */
	readonly tls: boolean;
	/** Doors besides those of the gateway. */
	readonly routes?: readonly GatewayRoute[];
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly log: (level: 'warn' | 'error', msg: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** The agent plane, listening: the LLM Gateway and the MCP Broker over the stores that replicas share. */
export interface AgentPlane {
	readonly port: number;
	readonly ports: StoredPorts['ports'];
	/** Takes nothing new, finishes what is under way for a while, then cuts it. */
	readonly close: () => Promise<void>;
}

/** @throws {TapPassError} policy_invalid when the shipped prices have a fault; already_running when the address is taken */
export async function startAgentPlane(options: AgentPlaneOptions): Promise<AgentPlane> {
	const { store, keys, audit, now, log } = options;
	const onError = (error: unknown): void => {
		const { code } = error instanceof TapPassError ? error : new TapPassError('internal');
		log(code === 'internal' ? 'error' : 'warn', 'work of the gateway in the background failed', { code });
	};
	const stored = storedPorts({ store, keys, audit, prices: await readPrices(), now, onError });
	const pipeline = createPipeline(stored.ports, { detectors: shippedDetectors });
	const gateway = createGateway({
		pipeline,
		ports: stored.ports,
		...(options.routes === undefined ? {} : { routes: options.routes }),
		report: ({ code, request_id, cause }) =>
			log('error', 'a call failed', { code, request_id, cause: cause instanceof Error ? cause.name : 'unknown' }),
	});
	const listener = startListener({ store, onNotice: stored.onNotice, onGap: stored.onGap, onError });
	const server = await makeServer(options, gateway.handle);
	try {
		await listen(server, options.listen);
	} catch (error) {
		await Promise.all([listener.stop(), gateway.close(), stored.close()]);
		throw error;
	}
	return {
		port: (server.address() as AddressInfo).port,
		ports: stored.ports,
		close: async () => {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeIdleConnections();
			await gateway.close();
			server.closeAllConnections();
			await closed;
			await listener.stop();
			await stored.close();
		},
	};
}

// Headers must come at once; how long a body and an answer may take is the doors' own bound.
const bounds = { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 30_000, maxHeaderSize: 16_384 } as const;

async function makeServer(
	{ tls, store, keys, now }: AgentPlaneOptions,
	handle: Parameters<typeof createServer>[1],
): Promise<Server> {
	if (!tls) return createServer(bounds, handle);
	const contexts = new TlsContexts({ store, keys, now });
	const { options } = await contexts.forNoName();
	const sni = (name: string, done: (error: Error | null, context?: import('node:tls').SecureContext) => void): void => {
		contexts.forName(name).then(
			(context) => done(null, context ?? undefined),
			(error: unknown) => done(error instanceof Error ? error : new TapPassError('internal')),
		);
	};
	return createTlsServer(
		{ ...bounds, ...options, ALPNCallback: speakHttp1, SNICallback: sni },
		handle,
	) as unknown as Server;
}

async function listen(server: Server, { host, port }: AgentPlaneOptions['listen']): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) =>
			reject(
				error.code === 'EADDRINUSE'
					? new TapPassError('already_running', { detail: `${host}:${port} is taken` })
					: error,
			),
		);
		server.listen(port, host, 1_024, resolve);
	});
}
