/**
 * What clients in a sandbox read to find the gateway and the broker. The keys are no secrets: SDKs want some text there, and
 * the egress proxy puts the capability token in its place.
 */
export const agentEnvironment: Readonly<Record<string, string>> = {
	ALL_PROXY: 'http://127.0.0.1:3128',
	ANTHROPIC_API_KEY: 'set-by-the-egress-proxy',
	ANTHROPIC_BASE_URL: 'http://inference.local:3128',
	OPENAI_API_KEY: 'set-by-the-egress-proxy',
	OPENAI_BASE_URL: 'http://inference.local:3128/v1',
	TAPPASS_GATEWAY_URL: 'http://inference.local:3128/v1',
	TAPPASS_KEYRING: '/run/tappass',
	TAPPASS_MCP_URL: 'http://mcp.local:3128/mcp',
	all_proxy: 'http://127.0.0.1:3128',
};
