import { assertReadable, type Refusal, refuseAddress, refuseHost } from './decide.ts';
import type { NewDenial } from './denial-log.ts';
import type { Checked } from './dial.ts';
import type { TracePlace } from './trace.ts';
import type { EgressOptions, EgressPolicy, EgressSpan } from './types.ts';

/** Something that is open now, and how to end it. */
export interface Flow {
	/** The address that was dialled; undefined for the agent plane. */
	readonly to: Checked | undefined;
	readonly end: () => void;
}

/** What the parts of one proxy share. */
export interface ProxyState {
	readonly options: EgressOptions;
	readonly now: () => number;
	readonly resolve: (host: string) => Promise<readonly string[]>;
	readonly flows: Set<Flow>;
	readonly deny: (denial: NewDenial) => void;
}

/** What a request hears while there is no policy. */
export const nothingAllowed: Refusal = {
	code: 'keyring_expired',
	reason: 'there is no good Keyring on this host now, so nothing is reachable',
};

/** The policy as it is now. One that cannot be had or read is none: everything is refused then. */
export function policyOf({ options }: ProxyState): EgressPolicy | null {
	try {
		const policy = options.policy();
		if (policy !== null) assertReadable(policy);
		return policy;
	} catch {
		// Nothing is lost: no policy is the strictest one.
		return null;
	}
}

/**
 * Takes a flow in. Between the decision and this the policy may have changed, so it is held to the policy once more; false
 * when it was ended.
 */
export function admit(proxy: ProxyState, flow: Flow): boolean {
	proxy.flows.add(flow);
	refreshFlow(proxy, policyOf(proxy), flow);
	return proxy.flows.has(flow);
}

/** Ends every flow that the policy no longer allows. */
export function refreshFlows(proxy: ProxyState): void {
	const policy = policyOf(proxy);
	for (const flow of [...proxy.flows]) refreshFlow(proxy, policy, flow);
}

function refreshFlow(proxy: ProxyState, policy: EgressPolicy | null, flow: Flow): void {
	const { to } = flow;
	const refusal = policy === null ? nothingAllowed : refuseFlow(policy, to);
	if (refusal === undefined) return;
	proxy.deny({
		code: 'revoked',
		reason: `closed while open: ${refusal.reason}`,
		...(to !== undefined && { host: to.host, port: to.port, address: to.address }),
	});
	proxy.flows.delete(flow);
	flow.end();
}

function refuseFlow(policy: EgressPolicy, to: Checked | undefined): Refusal | undefined {
	if (to === undefined) return undefined;
	return refuseHost(policy, to) ?? refuseAddress(policy, to.address, to.port);
}

/** Begins a span; call what it gives when the work has ended. */
export function beginSpan(
	proxy: ProxyState,
	place: TracePlace,
	what: Pick<EgressSpan, 'kind' | 'host' | 'port'>,
): (status?: number) => void {
	const started_at = proxy.now();
	const begin = performance.now();
	return (status) =>
		proxy.options.onSpan?.({
			trace_id: place.trace_id,
			span_id: place.span_id,
			...(place.parent_id !== undefined && { parent_id: place.parent_id }),
			...what,
			started_at,
			duration_ms: performance.now() - begin,
			...(status !== undefined && { status }),
		});
}
