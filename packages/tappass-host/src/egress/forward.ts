import {
	type ClientRequest,
	Agent as HttpAgent,
	request as httpRequest,
	type IncomingMessage,
	type RequestOptions,
	type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import { limits } from '../limits.ts';
import { type Destination, destination, type Refusal } from './decide.ts';
import { type Checked, check } from './dial.ts';
import { framing, headerProblem, onward } from './headers.ts';
import { admit, beginSpan, type Flow, nothingAllowed, type ProxyState, policyOf } from './proxy.ts';
import { refuseRequest } from './refusal.ts';
import { tracePlace } from './trace.ts';
import type { PlaneDoor } from './types.ts';

/** The names under which the agent plane is known inside a sandbox, and whose token each gets. */
export const planeDoors: Readonly<Record<string, PlaneDoor>> = { 'inference.local': 'gateway', 'mcp.local': 'broker' };

/** Connections to the agent plane, kept between requests. */
export interface Plane {
	readonly send: (options: RequestOptions) => ClientRequest;
	readonly host: string;
	readonly port: number;
	readonly path: string;
	readonly close: () => void;
}

/** Reads the agent plane's address once. */
export function planeAt(text: string, ca: string | undefined): Plane {
	const url = new URL(text);
	const secure = url.protocol === 'https:';
	const keep = { keepAlive: true, maxFreeSockets: limits.planeIdleSocketsMax, noDelay: true };
	const agent = secure ? new HttpsAgent({ ...keep, ...(ca !== undefined && { ca }) }) : new HttpAgent(keep);
	const hostname = url.hostname.replace(/^\[|\]$/g, '');
	const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
	const send = secure ? httpsRequest : httpRequest;
	return {
		send: (options) => send({ ...options, host: hostname, port, agent }),
		host: url.host,
		port,
		path: url.pathname.replace(/\/$/, ''),
		close: () => agent.destroy(),
	};
}

/** Takes one request of the sandbox where it may go: to the agent plane, or to a host of the policy. */
export async function forward(
	proxy: ProxyState,
	plane: Plane,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const refuse = (refusal: Refusal, to?: Destination): void => {
		proxy.deny({ ...refusal, ...(to !== undefined && { host: to.host, port: to.port }) });
		refuseRequest(response, refusal);
	};
	const problem = headerProblem(request);
	if (problem !== undefined) return refuse({ code: 'request_malformed', reason: problem });
	const target = readTarget(request);
	if ('code' in target) return refuse(target);
	const policy = policyOf(proxy);
	if (policy === null) return refuse(nothingAllowed, target.to);
	const door = Object.hasOwn(planeDoors, target.to.host) ? planeDoors[target.to.host] : undefined;
	if (door !== undefined) return toPlane(proxy, plane, door, target, request, response, refuse);
	const checked = await check(policy, target.to, proxy.resolve);
	if ('code' in checked) return refuse(checked, target.to);
	toHost(proxy, checked, target, request, response);
}

interface Target {
	readonly to: Destination;
	/** As in the request, beginning with a slash. */
	readonly path: string;
}

/** Reads where a request goes: `GET http://host/path` says it itself, `GET /path` in its Host header. */
function readTarget(request: IncomingMessage): Target | Refusal {
	const malformed = (reason: string): Refusal => ({ code: 'request_malformed', reason });
	const text = request.url ?? '';
	const named = destination(request.headers.host ?? '', 80);
	if (named === undefined) return malformed('the Host header names no host');
	if (text.startsWith('/')) return { to: named, path: text };
	const [, authority, path] = /^http:\/\/([^/?#@\\]+)([/?][^#]*)?$/i.exec(text) ?? [];
	const to = authority === undefined ? undefined : destination(authority, 80);
	if (to === undefined) return malformed('expected a path, or a URL that begins with http:// and names a host');
	if (to.host !== named.host || to.port !== named.port)
		return { code: 'host_mismatch', reason: `the request is for ${to.host}, its Host header says ${named.host}` };
	return { to, path: path === undefined ? '/' : path.startsWith('?') ? `/${path}` : path };
}

const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:[/?#]|$)/i;

function toPlane(
	proxy: ProxyState,
	plane: Plane,
	door: PlaneDoor,
	{ to, path }: Target,
	request: IncomingMessage,
	response: ServerResponse,
	refuse: (refusal: Refusal, to: Destination) => void,
): void {
	const token = proxy.options.token(door);
	if (token === undefined || dotSegment.test(path)) {
		const dots: Refusal = { code: 'request_malformed', reason: 'the path has dot segments' };
		const none: Refusal = { code: 'keyring_expired', reason: `there is no token for the ${door} in force now` };
		refuse(token === undefined ? none : dots, to);
		return;
	}
	const sent = request.headers['traceparent'];
	const place = tracePlace(typeof sent === 'string' ? sent : undefined);
	const headers = [
		'host',
		plane.host,
		...onward(request.rawHeaders, 'plane'),
		...framing(request),
		'authorization',
		`Bearer ${token}`,
		'traceparent',
		place.traceparent,
	];
	const outgoing = plane.send({ method: request.method, path: plane.path + path, headers });
	const end = beginSpan(proxy, place, { kind: door, host: to.host, port: to.port });
	exchange(proxy, undefined, outgoing, request, response, end, `the agent plane could not be reached`);
}

function toHost(
	proxy: ProxyState,
	to: Checked,
	{ path }: Target,
	request: IncomingMessage,
	response: ServerResponse,
): void {
	const outgoing = httpRequest({
		host: to.address,
		port: to.port,
		method: request.method,
		path,
		headers: ['host', request.headers.host!, ...onward(request.rawHeaders, 'host'), ...framing(request)],
		// A connection of its own: one that is kept would have to be checked again for each host.
		agent: false,
	});
	const end = beginSpan(proxy, tracePlace(undefined), { kind: 'http', host: to.host, port: to.port });
	exchange(proxy, to, outgoing, request, response, end, `${to.host}:${to.port} could not be reached`);
}

/** Carries body and answer over as they come, and ends both sides when either does. */
function exchange(
	proxy: ProxyState,
	to: Checked | undefined,
	outgoing: ClientRequest,
	request: IncomingMessage,
	response: ServerResponse,
	endSpan: (status?: number) => void,
	unreachable: string,
): void {
	const flow: Flow = {
		to,
		end: () => {
			outgoing.destroy();
			request.socket.destroy();
		},
	};
	outgoing.on('error', () => refuseRequest(response, { code: 'upstream_unreachable', reason: unreachable }));
	// Who asked may have gone while the name was looked up.
	if (response.closed || request.socket.destroyed || !admit(proxy, flow)) {
		flow.end();
		return;
	}
	let status: number | undefined;
	response.once('close', () => {
		proxy.flows.delete(flow);
		outgoing.destroy();
		endSpan(status);
	});
	outgoing.setNoDelay(true);
	outgoing.setTimeout(limits.egressIdleMs, () => outgoing.destroy());
	outgoing.once('response', (answer) => {
		status = answer.statusCode ?? 502;
		response.writeHead(status, onward(answer.rawHeaders, 'client'));
		// An event stream's head goes out before its first event.
		response.flushHeaders();
		pipeline(answer, response, () => undefined);
	});
	pipeline(request, outgoing, () => undefined);
}
