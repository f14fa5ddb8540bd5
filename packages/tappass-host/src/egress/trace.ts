import { randomBytes } from 'node:crypto';

/** Where a request stands in a trace (W3C Trace Context). */
export interface TracePlace {
	readonly trace_id: string;
	/** Ours. */
	readonly span_id: string;
	readonly parent_id?: string;
	/** The header for whoever comes next. */
	readonly traceparent: string;
}

const format = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Goes on with the caller's trace, or begins one. */
export function tracePlace(header: string | undefined): TracePlace {
	const [, sent, parent, flags] = format.exec(header ?? '') ?? [];
	const span_id = randomBytes(8).toString('hex');
	const valid = sent !== undefined && !/^0+$/.test(sent) && !/^0+$/.test(parent!) && !header!.startsWith('ff');
	const trace_id = valid ? sent : randomBytes(16).toString('hex');
	return {
		trace_id,
		span_id,
		...(valid && { parent_id: parent! }),
		traceparent: `00-${trace_id}-${span_id}-${valid ? flags! : '01'}`,
	};
}
