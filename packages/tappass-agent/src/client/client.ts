import { TapPassError } from '@tappass/core';
import type { Keyring } from '../keyring/keyring.ts';
import { agentLimits } from '../limits.ts';
import { type Denial, denialOf } from './denial.ts';
import { type ClientSpan, tracePlace } from './trace.ts';

/** Where the gateway and the broker are, and who is told of requests. */
export interface ClientOptions {
	/** Base URL of the LLM Gateway, `/v1` included; `TAPPASS_GATEWAY_URL`, else the one inside every sandbox. */
	readonly gatewayUrl?: string;
	/** URL of the MCP Broker; `TAPPASS_MCP_URL`, else the one inside every sandbox. */
	readonly mcpUrl?: string;
	/** W3C trace context that every request goes on from. */
	readonly traceparent?: string;
	/** Told of each request; for tracers. */
	readonly onSpan?: (span: ClientSpan) => void;
	readonly fetch?: typeof globalThis.fetch;
}

/** Options for the constructors of vendors' own SDKs. */
export interface LlmOptions {
	readonly baseURL: string;
	/** No credential: SDKs want some text; the real one is added after the call has left the sandbox. */
	readonly apiKey: string;
	readonly fetch: typeof globalThis.fetch;
}

/** The class of the MCP SDK's streamable HTTP transport: handed in, so that this package needs no copy of that SDK. */
export type McpTransportType<Transport> = new (
	url: URL,
	options: { readonly fetch: typeof globalThis.fetch },
) => Transport;

/** A tool that the policy shows. */
export interface ToolInfo {
	/** `server.tool`. */
	readonly name: string;
	/** As it is called on wires that allow no dot. */
	readonly wire_name: string;
	readonly description: string;
	/** JSON Schema of the arguments. */
	readonly input_schema: Readonly<Record<string, unknown>>;
}

/** What a tool answered. */
export interface ToolAnswer {
	/** The texts of the answer, joined. */
	readonly text: string;
	/** MCP content blocks, as the server sent them and the policy let them pass. */
	readonly content: readonly Readonly<Record<string, unknown>>[];
	readonly structured_content?: Readonly<Record<string, unknown>>;
	/** The tool itself failed: it was allowed, and says so in its text. */
	readonly is_error: boolean;
	readonly request_id: string;
}

/** What may be called now, or why nothing may: a killed session, a revoked sandbox. */
export type ToolList = readonly ToolInfo[] | Denial;

/** What came of a call: an answer, or why it was refused. */
export type ToolResult = ToolAnswer | Denial;

const inSandbox = { gateway: 'http://inference.local:3128/v1', mcp: 'http://mcp.local:3128/mcp' } as const;
const placeholder = 'set-by-the-egress-proxy';

/**
 * The way to models and tools. Each request is judged by the policy in force at that moment; a change needs no new client.
 * There is no request for more rights, and no credential: an agent holds neither.
 */
export class Client {
	readonly keyring: Keyring;
	/** For the SDKs of OpenAI and Anthropic, LangChain and others that take a base URL. */
	readonly llm: { readonly openai: () => LlmOptions; readonly anthropic: () => LlmOptions };
	readonly tools: {
		/** What the policy shows now; a refusal is a value. @throws {TapPassError} keyring_expired, gateway_unreachable */
		readonly list: () => Promise<ToolList>;
		/** Calls a tool; a refusal is a value. @throws {TapPassError} keyring_expired, gateway_unreachable */
		readonly execute: (
			tool: string,
			args?: Readonly<Record<string, unknown>>,
			options?: { readonly ticket?: string; readonly signal?: AbortSignal },
		) => Promise<ToolResult>;
	};
	readonly mcp: {
		readonly url: URL;
		readonly fetch: typeof globalThis.fetch;
		/** A transport for the official MCP client: `client.mcp.transport(StreamableHTTPClientTransport)`. */
		readonly transport: <Transport>(type: McpTransportType<Transport>) => Transport;
	};
	readonly #options: ClientOptions;

	constructor(keyring: Keyring, options: ClientOptions = {}) {
		this.keyring = keyring;
		this.#options = options;
		const { TAPPASS_GATEWAY_URL, TAPPASS_MCP_URL } = process.env;
		const gateway = addressOf('gatewayUrl', options.gatewayUrl ?? TAPPASS_GATEWAY_URL ?? inSandbox.gateway);
		const mcp = addressOf('mcpUrl', options.mcpUrl ?? TAPPASS_MCP_URL ?? inSandbox.mcp);
		const broker = mcp.replace(/\/mcp$/, '');
		const governed: typeof globalThis.fetch = (input, init) => this.#fetch(input, init);
		this.llm = {
			openai: () => ({ baseURL: gateway, apiKey: placeholder, fetch: governed }),
			// Anthropic's SDK adds /v1 itself.
			anthropic: () => ({ baseURL: gateway.replace(/\/v1$/, ''), apiKey: placeholder, fetch: governed }),
		};
		this.mcp = {
			url: new URL(mcp),
			fetch: governed,
			transport: (Type) => new Type(new URL(mcp), { fetch: governed }),
		};
		this.tools = {
			list: async () => {
				const { status, body } = await this.#ask(`${broker}/v1/tools`, {
					signal: AbortSignal.timeout(agentLimits.listMs),
				});
				return status === 200 ? toolsOf(body) : refusalOf(status, body);
			},
			execute: async (tool, args = {}, { ticket, signal } = {}) => {
				const asked = { tool, arguments: args, ...(ticket === undefined ? {} : { ticket }) };
				const bound = AbortSignal.timeout(agentLimits.toolMs);
				const { status, body } = await this.#ask(`${broker}/v1/tools/execute`, {
					method: 'POST',
					headers: { 'content-type': 'application/json' },
					body: JSON.stringify(asked),
					signal: signal === undefined ? bound : AbortSignal.any([signal, bound]),
				});
				return status === 200 ? answerOf(body) : refusalOf(status, body);
			},
		};
	}

	async #ask(url: string, init: RequestInit): Promise<{ readonly status: number; readonly body: unknown }> {
		const response = await this.#fetch(url, init);
		const text = await boundedText(response).catch((cause: unknown) => {
			throw unreachable(url, cause);
		});
		try {
			return { status: response.status, body: JSON.parse(text) };
		} catch {
			// Whatever answered was not the gateway.
			return { status: response.status, body: undefined };
		}
	}

	async #fetch(input: Request | string | URL, init: RequestInit = {}): Promise<Response> {
		this.keyring.assertFresh();
		const { onSpan, traceparent, fetch = globalThis.fetch } = this.#options;
		const asked = input instanceof Request ? input : undefined;
		const headers = new Headers(init.headers ?? asked?.headers);
		const place = tracePlace(headers.get('traceparent') ?? traceparent);
		headers.set('traceparent', place.traceparent);
		const started_at = Date.now();
		let status: number | undefined;
		try {
			// The gateway sends nobody elsewhere; whatever does is not the gateway.
			const response = await fetch(input, { ...init, headers, redirect: 'error' });
			({ status } = response);
			return response;
		} catch (cause) {
			throw unreachable(input, cause);
		} finally {
			onSpan?.({
				name: `${init.method ?? asked?.method ?? 'GET'} ${pathOf(input)}`,
				trace_id: place.trace_id,
				span_id: place.span_id,
				parent_id: place.parent_id,
				started_at,
				duration_ms: Date.now() - started_at,
				status,
			});
		}
	}
}

/** A caller that gave up hears its own word; everything else is an address that did not answer as it should. */
function unreachable(input: Request | string | URL, cause: unknown): unknown {
	if (cause instanceof TapPassError || (cause instanceof Error && cause.name === 'AbortError')) return cause;
	const late = cause instanceof Error && cause.name === 'TimeoutError';
	return new TapPassError('gateway_unreachable', {
		detail: late ? `${pathOf(input)}: no answer in time` : pathOf(input),
		hint: 'in a sandbox the host carries it, and tappass-host status says more; outside one, set TAPPASS_GATEWAY_URL and TAPPASS_MCP_URL',
		cause,
	});
}

async function boundedText(response: Response): Promise<string> {
	const decoder = new TextDecoder();
	let [text, bytes] = ['', 0];
	for await (const part of response.body ?? []) {
		bytes += part.byteLength;
		if (bytes > agentLimits.answerBytesMax)
			throw new TapPassError('gateway_unreachable', { detail: 'an answer that is too long' });
		text += decoder.decode(part, { stream: true });
	}
	return text + decoder.decode();
}

/** The address without what could be wrong with it: never printed, since a name and password may stand in it. */
function addressOf(name: 'gatewayUrl' | 'mcpUrl', text: string): string {
	const url = URL.parse(text);
	const why =
		url === null || !['http:', 'https:'].includes(url.protocol)
			? 'no http or https URL'
			: url.username !== '' || url.password !== ''
				? 'a name or password in it; an agent holds none'
				: url.search !== '' || url.hash !== ''
					? 'more than a path after the host'
					: undefined;
	if (why === undefined) return text.replace(/\/+$/, '');
	throw new TapPassError('usage', { detail: `${name}: ${why}`, hint: `it is like ${inSandbox.gateway}` });
}

function pathOf(input: Request | string | URL): string {
	return URL.parse(input instanceof Request ? input.url : String(input))?.pathname ?? '(no URL)';
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The tools of an answer, each held to its shape: whoever answered is not believed further than that. */
function toolsOf(body: unknown): ToolList {
	const items = fieldsOf(body)?.['items'];
	if (!Array.isArray(items)) throw strange('an answer without tools');
	return items.map((item) => {
		const { name, wire_name, description, input_schema } = fieldsOf(item) ?? {};
		const schema = fieldsOf(input_schema);
		if (typeof name !== 'string' || typeof wire_name !== 'string' || typeof description !== 'string' || !schema)
			throw strange('a tool of another shape');
		return { name, wire_name, description, input_schema: schema };
	});
}

function answerOf(body: unknown): ToolAnswer {
	const { result: said, request_id } = fieldsOf(body) ?? {};
	const result = fieldsOf(said);
	if (result === undefined) throw strange('an answer without a result');
	const content = result['content'] ?? [];
	if (!Array.isArray(content) || content.some((block) => fieldsOf(block) === undefined))
		throw strange('a result of another shape');
	const blocks: readonly Fields[] = content;
	const structured = fieldsOf(result['structuredContent']);
	return {
		text: blocks.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('\n'),
		content: blocks,
		...(structured === undefined ? {} : { structured_content: structured }),
		// Anything but a plain "no" counts as a failure.
		is_error: (result['isError'] ?? false) !== false,
		request_id: typeof request_id === 'string' ? request_id : '',
	};
}

/** The gateway's refusal as a value, also when it could not judge; anything else did not come from the gateway. */
function refusalOf(status: number, body: unknown): Denial {
	// The egress proxy refuses in the shape of a wire: `{ error: { code } }`.
	const denial = denialOf(status, body) ?? denialOf(status, fieldsOf(body)?.['error']);
	if (denial !== undefined) return denial;
	throw strange(`something else answered, with status ${status}`);
}

function strange(detail: string): TapPassError {
	return new TapPassError('gateway_unreachable', { detail });
}
