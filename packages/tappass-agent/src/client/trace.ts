import { randomBytes } from 'node:crypto';

/** A request of the client, when it has ended: what a tracer makes a span of. Ids are hex, times Unix milliseconds. */
export interface ClientSpan {
	readonly name: string;
	readonly trace_id: string;
	readonly span_id: string;
	readonly parent_id: string | undefined;
	readonly started_at: number;
	readonly duration_ms: number;
	readonly status: number | undefined;
}

/** W3C trace context of one request. */
export interface TracePlace {
	readonly trace_id: string;
	readonly span_id: string;
	readonly parent_id: string | undefined;
	readonly traceparent: string;
}

/** Goes on from a caller's place, or begins a trace. */
export function tracePlace(from: string | undefined): TracePlace {
	const [, sent, parent_id] = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/.exec(from ?? '') ?? [];
	const trace_id = sent ?? randomBytes(16).toString('hex');
	const span_id = randomBytes(8).toString('hex');
	return { trace_id, span_id, parent_id, traceparent: `00-${trace_id}-${span_id}-01` };
}
