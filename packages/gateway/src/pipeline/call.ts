import type { Json } from '@tappass/core';

/** Which door and which wire a call came by; answers speak the same one. */
export type Wire = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'tools' | 'mcp';

/** What the transport knew of a caller. Believed by no one: it is what is recorded. */
export interface Caller {
	/** The capability token as it was presented, or undefined. */
	readonly token: string | undefined;
	readonly source: string;
	readonly user_agent: string | undefined;
	/** Path and wire, for the record of an unenrolled caller. */
	readonly signature: string;
	/** W3C trace context that came along. */
	readonly traceparent?: string | undefined;
	/** Aborts when the caller went away. */
	readonly gone: AbortSignal;
}

/** One piece of text of a request, and where in the body it stands. */
export interface TextPart {
	/** JSON pointer into the body. */
	readonly at: string;
	readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
	readonly text: string;
	/** Nothing can be written over it: the name of a member, or a text in base64. */
	readonly fixed?: true;
}

/** A tool that a request offers to the model. */
export interface OfferedTool {
	readonly at: string;
	/** As it travels: `collibra__get_asset`. */
	readonly wire_name: string;
	/** Canonical: `collibra.get_asset`. */
	readonly name: string;
	readonly description: string;
	readonly schema: Json;
}

/** A call of a model, as its door read it from the wire. */
export interface ModelCall {
	readonly kind: 'model';
	readonly wire: Exclude<Wire, 'tools' | 'mcp'>;
	readonly stream: boolean;
	readonly model: string;
	/** Most tokens that may be generated; undefined when the caller set none. */
	readonly max_tokens: number | undefined;
	readonly texts: readonly TextPart[];
	readonly offered_tools: readonly OfferedTool[];
	/** The body, parsed; doors write edits into the original bytes. */
	readonly body: Json;
	readonly body_bytes: number;
}

/** The execution of a tool. */
export interface ToolCall {
	readonly kind: 'tool';
	readonly wire: 'tools' | 'mcp';
	/** Canonical `server.tool`. */
	readonly tool: string;
	readonly args: Json;
	readonly body_bytes: number;
	/** Of an approval that was granted for exactly this call. */
	readonly ticket?: string | undefined;
	/** Hash of the definition that the server offers now, for pins; undefined when it offers none. */
	readonly definition_sha256?: string | undefined;
	/** The definition itself, so that a reviewer sees what changed. */
	readonly definition?: Json | undefined;
	/** What the call reads, `mcp://server/uri`, when its door knows: information barriers are asked about it. */
	readonly resource?: string | undefined;
}

export type Call = ModelCall | ToolCall;
