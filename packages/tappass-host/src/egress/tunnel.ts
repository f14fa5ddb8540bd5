import type { IncomingMessage } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { limits } from '../limits.ts';
import { destination, type Refusal } from './decide.ts';
import { type Checked, check } from './dial.ts';
import { type FirstBytes, readFirstBytes } from './first-bytes.ts';
import { admit, beginSpan, type Flow, nothingAllowed, type ProxyState, policyOf } from './proxy.ts';
import { refuseSocket } from './refusal.ts';
import { tracePlace } from './trace.ts';

/** Tunnels to the agent plane that have become connections of the proxy. */
const reentered = new WeakSet<Duplex>();

const established = 'HTTP/1.1 200 Connection established\r\n\r\n';

/**
 * Answers a CONNECT. A tunnel to the agent plane's names becomes a connection of this proxy again: `reenter` is handed it.
 *
 * @param head bytes that came behind the request
 */
export async function tunnel(
	proxy: ProxyState,
	request: IncomingMessage,
	client: Duplex,
	head: Buffer,
	isPlane: (host: string) => boolean,
	reenter: (client: Duplex) => void,
): Promise<void> {
	client.on('error', () => client.destroy());
	const to = destination(request.url ?? '');
	const refuse = (refusal: Refusal): void => {
		proxy.deny({ ...refusal, ...(to !== undefined && { host: to.host, port: to.port }) });
		refuseSocket(client, refusal);
	};
	// Piled up, each would hold memory of ours for as long as the first one lives.
	if (reentered.has(client)) return refuse({ code: 'request_malformed', reason: 'a CONNECT within a tunnel' });
	if (to === undefined) return refuse({ code: 'request_malformed', reason: 'expected CONNECT host:port' });
	const policy = policyOf(proxy);
	if (policy === null) return refuse(nothingAllowed);
	if (head.length > 0) client.unshift(head);
	if (isPlane(to.host)) {
		client.write(established);
		reentered.add(client);
		return reenter(client);
	}
	const checked = await check(policy, to, proxy.resolve);
	if ('code' in checked) return refuse(checked);
	if (!client.destroyed) open(proxy, checked, client);
}

function open(proxy: ProxyState, to: Checked, client: Duplex): void {
	const upstream = connect({ host: to.address, port: to.port, noDelay: true, allowHalfOpen: true });
	const endSpan = beginSpan(proxy, tracePlace(undefined), { kind: 'tunnel', host: to.host, port: to.port });
	const end = (): void => {
		upstream.destroy();
		client.destroy();
	};
	const flow: Flow = { to, end };
	upstream.on('error', () => undefined);
	// From now on, so that a change of the policy while dialling ends it too.
	if (!admit(proxy, flow)) return;
	client.once('close', () => {
		proxy.flows.delete(flow);
		upstream.destroy();
		endSpan();
	});
	upstream.setTimeout(limits.egressDialMs, () => upstream.destroy(new Error('late')));
	const unreachable: Refusal = { code: 'upstream_unreachable', reason: `${to.host}:${to.port} could not be reached` };
	upstream.once('error', () => refuseSocket(client, unreachable));
	upstream.once('connect', () => {
		upstream.removeAllListeners('error').on('error', end);
		upstream.removeAllListeners('timeout').setTimeout(limits.egressIdleMs, end);
		client.write(established);
		pipeline(upstream, client, () => undefined);
		const mismatch = (refusal: Refusal): void => {
			proxy.deny({ ...refusal, host: to.host, port: to.port });
			end();
		};
		letThrough(to, client, upstream, mismatch);
	});
}

/** Holds what the client sends back until it is known whom it asks for inside; what cannot be read is let through as it is. */
function letThrough(to: Checked, client: Duplex, upstream: Socket, refuse: (refusal: Refusal) => void): void {
	let held: Buffer = Buffer.alloc(0);
	let late: NodeJS.Timeout | undefined;
	const decide = (chunk: Buffer): void => {
		held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
		const first = readFirstBytes(held);
		if (first.kind === 'incomplete') {
			late ??= setTimeout(
				() => refuse({ code: 'request_malformed', reason: 'the first bytes of the tunnel were not complete in time' }),
				limits.egressHeadersMs,
			).unref();
			return;
		}
		settle();
		const refusal = refuseInside(to, first);
		if (refusal !== undefined) {
			refuse(refusal);
			return;
		}
		upstream.write(held);
		pipeline(client, upstream, () => undefined);
	};
	const ended = (): void => {
		settle();
		upstream.end(held);
	};
	const settle = (): void => {
		clearTimeout(late);
		client.off('data', decide).off('end', ended).pause();
	};
	client
		.on('data', decide)
		.once('end', ended)
		.once('close', () => clearTimeout(late));
}

function refuseInside(to: Checked, first: FirstBytes): Refusal | undefined {
	if (first.kind === 'malformed')
		return { code: 'request_malformed', reason: 'the tunnel begins with a malformed TLS or HTTP message' };
	if (first.kind !== 'named' || first.host === undefined || first.host === to.host) return undefined;
	// An address that the Runtime lists is allowed under any name.
	if (isIP(to.host) !== 0) return undefined;
	const name = first.host === '' ? 'an unreadable name' : first.host;
	return { code: 'host_mismatch', reason: `the tunnel is for ${to.host}, and inside it ${name} is asked for` };
}
