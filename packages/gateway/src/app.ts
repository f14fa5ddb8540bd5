import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, TapPassError } from '@tappass/core';
import { doorLimits } from './door-limits.ts';
import { answerDenial, denialOf } from './llm/refuse.ts';
import { modelRoutes } from './llm/routes.ts';
import { createUpstreamAgent } from './llm/upstream/dispatch.ts';
import { chatWire, messagesWire } from './llm/wires.ts';
import { Broker } from './mcp/broker.ts';
import { mcpRoutes, metadataRoutes } from './mcp/routes.ts';
import type { Pipeline } from './pipeline/admission.ts';
import { uuidv7 } from './pipeline/uuid.ts';
import type { GatewayPorts } from './ports.ts';
import type { DoorContext, Route } from './routes.ts';
import { proposalRoutes } from './tools/proposals.ts';
import { toolRoutes } from './tools/routes.ts';
import { traced } from './tracing.ts';

/** The agent plane's request handler; whoever owns the socket hands requests to it. */
export interface Gateway {
	readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
	/** Everything that can be called; a test walks it. */
	readonly routes: readonly Route[];
	/** Waits a while for calls that are under way, then cuts the connections to upstreams. */
	readonly close: () => Promise<void>;
}

/** What a gateway is made of. */
export interface GatewayOptions {
	readonly pipeline: Pipeline;
	readonly ports: GatewayPorts;
	/** Doors besides those to models and tools. */
	readonly routes?: readonly Route[];
	/** A fault that no caller can be told of. */
	readonly report?: (fault: { readonly code: ErrorCode; readonly request_id: string; readonly cause: unknown }) => void;
}

/** Makes the gateway. One for each process; it listens nowhere itself. */
export function createGateway({ pipeline, ports, routes: more = [], report = () => {} }: GatewayOptions): Gateway {
	const agent = createUpstreamAgent();
	const broker = new Broker(ports, agent);
	const context: DoorContext = { pipeline, ports, agent, broker, report };
	const routes = Object.freeze([
		...modelRoutes,
		...toolRoutes,
		...proposalRoutes,
		...mcpRoutes,
		...metadataRoutes,
		...more,
	]);
	const byAddress = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
	const paths = new Set(routes.map(({ path }) => path));
	const underWay = new Set<Promise<void>>();

	async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
		const path = pathOf(req);
		const route = byAddress.get(`${req.method ?? ''} ${path}`) ?? byAddress.get(`${req.method ?? ''} ${below(path)}`);
		try {
			if (route !== undefined)
				return await traced(
					'server',
					`${route.method} ${route.path}`,
					{ 'http.request.method': route.method, 'http.route': route.path },
					async (span) => {
						await route.serve(req, res, context);
						span.setAttribute('http.response.status_code', res.statusCode);
					},
					req.headers,
				);
			throw new TapPassError(paths.has(path) || paths.has(below(path)) ? 'method_not_allowed' : 'not_found', {
				detail: `${req.method ?? ''} ${path.slice(0, 100)}`,
			});
		} catch (error) {
			// A door answers every fault of a call itself; what comes here is a request for nothing, or a fault of ours.
			const request_id = uuidv7(ports.now(), ports.randomBytes);
			if (route !== undefined) report({ code: 'internal', request_id, cause: error });
			req.resume();
			if (res.headersSent) res.destroy();
			else
				answerDenial(
					res,
					path.startsWith('/v1/messages') ? messagesWire : chatWire,
					denialOf(error, request_id, 'validate_wire'),
				);
		}
	}

	return {
		routes,
		handle(req, res) {
			// A caller that vanishes is seen by `close`; without a listener its error would end the process.
			res.on('error', () => {});
			const served = serve(req, res).finally(() => underWay.delete(served));
			underWay.add(served);
		},
		async close() {
			const drained = Promise.allSettled([...underWay]);
			let late: NodeJS.Timeout | undefined;
			await Promise.race([
				drained,
				new Promise<void>((resolve) => {
					late = setTimeout(resolve, doorLimits.drainMs);
				}),
			]);
			clearTimeout(late);
			await broker.close();
			await agent.destroy();
			await drained;
			pipeline.close();
		},
	};
}

/** The pattern of addresses one below another: `/mcp/collibra` is of `/mcp/*`. */
function below(path: string): string {
	return path.replace(/\/[^/]+$/, '/*');
}

/** The path that was asked for. Base URLs are often set with a version where clients add one: a doubled `/v1` is one. */
function pathOf(req: IncomingMessage): string {
	const [path = '/'] = (req.url ?? '/').split('?', 1);
	const single = path.startsWith('/v1/v1/') ? path.slice(3) : path;
	return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}
