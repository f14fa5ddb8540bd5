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
	/** For a transport of the MCP SDK: `new StreamableHTTPClientTransport(url, { fetch })`. */
	readonly mcp: { readonly url: URL; readonly fetch: typeof globalThis.fetch };
	readonly #options: ClientOptions;

	constructor(keyring: Keyring, options: ClientOptions = {}) {
		this.keyring = keyring;
		this.#options = options;
		const gateway = trimmed(
			options.gatewayUrl ?? process.env['TAPPASS_GATEWAY_URL'] ?? 'http://inference.local:3128/v1',
		);
		const mcp = trimmed(options.mcpUrl ?? process.env['TAPPASS_MCP_URL'] ?? 'http://mcp.local:3128/mcp');
		const broker = mcp.replace(/\/mcp$/, '');
		const governed: typeof globalThis.fetch = (input, init) => this.#fetch(input, init);
		this.llm = {
			openai: () => ({ baseURL: gateway, apiKey: placeholder, fetch: governed }),
			// Anthropic's SDK adds /v1 itself.
			anthropic: () => ({ baseURL: gateway.replace(/\/v1$/, ''), apiKey: placeholder, fetch: governed }),
		};
		this.mcp = { url: new URL(mcp), fetch: governed };
		this.tools = {
			list: async () => {
				const { status, body } = await this.#ask(`${broker}/v1/tools`, {});
				const { items } = (status === 200 ? body : {}) as { readonly items?: readonly ToolInfo[] };
				return items ?? refusedOr(status, body);
			},
			execute: async (tool, args = {}, { ticket, signal } = {}) => {
				const asked = { tool, arguments: args, ...(ticket === undefined ? {} : { ticket }) };
				const { status, body } = await this.#ask(`${broker}/v1/tools/execute`, {
					method: 'POST',
					headers: { 'content-type': 'application/json' },
					body: JSON.stringify(asked),
					signal: signal ?? AbortSignal.timeout(agentLimits.toolMs),
				});
				return status === 200 ? answerOf(body) : refusedOr(status, body);
			},
		};
	}

	async #ask(url: string, init: RequestInit): Promise<{ readonly status: number; readonly body: unknown }> {
		const response = await this.#fetch(url, init);
		const text = await boundedText(response);
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
		const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
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
			if (cause instanceof Error && ['AbortError', 'TimeoutError'].includes(cause.name)) throw cause;
			throw new TapPassError('gateway_unreachable', {
				detail: pathOf(input),
				hint: 'tappass-agent doctor says what is missing',
				cause,
			});
		} finally {
			onSpan?.({
				name: `${init.method ?? 'GET'} ${pathOf(input)}`,
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

function trimmed(url: string): string {
	if (!URL.canParse(url)) throw new TapPassError('usage', { detail: `${JSON.stringify(url)} is no URL` });
	return url.replace(/\/+$/, '');
}

function pathOf(input: Request | string | URL): string {
	return new URL(input instanceof Request ? input.url : String(input)).pathname;
}

function answerOf(body: unknown): ToolAnswer {
	const { result, request_id = '' } = (body ?? {}) as {
		readonly result?: {
			readonly content?: readonly Readonly<Record<string, unknown>>[];
			readonly structuredContent?: Readonly<Record<string, unknown>>;
			readonly isError?: boolean;
		};
		readonly request_id?: string;
	};
	if (result === undefined) throw new TapPassError('gateway_unreachable', { detail: 'an answer without a result' });
	const content = result.content ?? [];
	const text = content.flatMap((block) => (typeof block['text'] === 'string' ? [block['text']] : [])).join('\n');
	return {
		text,
		content,
		...(result.structuredContent === undefined ? {} : { structured_content: result.structuredContent }),
		is_error: result.isError === true,
		request_id,
	};
}

/** The gateway's refusal as a value, also when it could not judge; anything else did not come from the gateway. */
function refusedOr(status: number, body: unknown): Denial {
	// The egress proxy refuses in the shape of a wire: `{ error: { code } }`.
	const inner = (body as { readonly error?: unknown } | null | undefined)?.error;
	const denial = status === 200 ? undefined : (denialOf(status, body) ?? denialOf(status, inner));
	if (denial !== undefined) return denial;
	throw new TapPassError('gateway_unreachable', { detail: `something else answered, with status ${status}` });
}
