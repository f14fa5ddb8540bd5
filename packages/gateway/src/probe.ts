import { APICallError } from '@ai-sdk/provider';
import { type OrgId, TapPassError } from '@tappass/core';
import { createUpstreamAgent } from './llm/upstream/dispatch.ts';
import { vendorModel } from './llm/upstream/vendor-model.ts';
import { type ListedTool, Listings } from './mcp/outbound/listing.ts';
import { ConnectionPool } from './mcp/outbound/pool.ts';
import type { Route } from './pipeline/admission.ts';
import type { McpServer } from './ports.ts';

/** What an upstream said when it was tried. */
export interface ModelProbe {
	/** The beginning of what it said; empty when it only thought. */
	readonly said: string;
	readonly input_tokens: number | null;
	readonly output_tokens: number | null;
}

/**
 * Asks an upstream for a few words, as calls do: the same connections, the same credential.
 * @throws {TapPassError} upstream_refused, upstream_failed, upstream_timeout, upstream_malformed, upstream_unreachable
 */
export async function probeModel(route: Route): Promise<ModelProbe> {
	const agent = createUpstreamAgent();
	const slow = AbortSignal.timeout(Math.min(route.timeout_ms, probeMs));
	try {
		const { content, usage } = await vendorModel(agent, route).doGenerate({
			prompt: [{ role: 'user', content: [{ type: 'text', text: 'Say OK.' }] }],
			maxOutputTokens: probeTokens,
			abortSignal: slow,
		});
		const said = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
		return {
			said: said.slice(0, saidMax),
			input_tokens: usage.inputTokens.total ?? null,
			output_tokens: usage.outputTokens.total ?? null,
		};
	} catch (error) {
		throw faultOf(error, slow);
	} finally {
		await agent.destroy();
	}
}

/**
 * Connects to an MCP server and asks for its tools, as the broker does.
 * @param secret value behind a `vault://name`
 * @throws {TapPassError} upstream_unreachable and whatever else is wrong with the server; not_found for a secret
 */
export async function probeServer(
	org_id: OrgId,
	server: McpServer,
	secret: (reference: string) => Promise<string>,
): Promise<readonly ListedTool[]> {
	const agent = createUpstreamAgent();
	const port = { list: async () => [server], secret: (_: OrgId, reference: string) => secret(reference) };
	const pool = new ConnectionPool(port, agent, () => performance.now());
	try {
		const connection = await pool.get(org_id, server);
		return [...(await new Listings(() => performance.now()).tools(server.name, connection)).values()];
	} finally {
		await pool.close();
		await agent.destroy();
	}
}

/** An operator waits for it. */
const probeMs = 30_000;
/** Enough for a word; fewer than 16 some vendors refuse. */
const probeTokens = 16;
const saidMax = 200;

// What a vendor writes about a credential may hold a part of it; of other faults its words help.
function faultOf(error: unknown, slow: AbortSignal): TapPassError {
	if (error instanceof TapPassError) return error;
	if (slow.aborted) return new TapPassError('upstream_timeout', { cause: error });
	if (!APICallError.isInstance(error)) return new TapPassError('upstream_malformed', { cause: error });
	const { statusCode: status, message } = error;
	if (status === undefined) return new TapPassError('upstream_unreachable', { cause: error });
	if (status === 401 || status === 403)
		return new TapPassError('upstream_refused', { detail: `it answered ${status}` });
	if (status === 200) return new TapPassError('upstream_malformed', { cause: error });
	return new TapPassError('upstream_failed', { detail: `it answered ${status}: ${message.slice(0, saidMax)}` });
}
