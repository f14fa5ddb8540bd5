import { type CompiledPolicy, isIpAddress, normalizeHost, type RenderCapabilities } from '@tappass/core';

/** Where the gateway or the broker listens. */
export interface PlaneEndpoint {
	readonly host: string;
	readonly port: number;
	/** On the machine itself. */
	readonly loopback: boolean;
}

/**
 * Addresses of the gateway and the broker that a sandbox must leave reachable: they are no domains of the policy. A policy
 * that allows no token or no tool call needs neither, and gets neither.
 */
export function planeEndpoints(
	policy: CompiledPolicy,
	capabilities: Pick<RenderCapabilities, 'gateway_url' | 'mcp_url'>,
): readonly PlaneEndpoint[] {
	const { tokens_per_day, tool_calls_per_minute } = policy.budget;
	const urls = [
		...(tokens_per_day > 0 ? [capabilities.gateway_url] : []),
		...(policy.tools.allow.length > 0 && tool_calls_per_minute > 0 ? [capabilities.mcp_url] : []),
	];
	const found = urls.map(endpoint).filter((one) => one !== undefined);
	return [...new Map(found.map((one) => [`${one.host} ${one.port}`, one])).entries()]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([, one]) => one);
}

function endpoint(text: string): PlaneEndpoint | undefined {
	const url = URL.parse(text);
	const host = url === null ? undefined : normalizeHost(url.hostname);
	if (url === null || host === undefined) return undefined;
	const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
	// A name may begin like an address: `127.example.com` is somebody else's machine.
	const own = host === 'localhost' || host === '::1' || (isIpAddress(host) && host.startsWith('127.'));
	return { host, port, loopback: own };
}
