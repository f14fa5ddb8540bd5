import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** What a span says: never prompts, arguments, results or credentials. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

/**
 * Runs `work` as a span, which costs next to nothing while nobody collects spans.
 * @param kind `server`: of a request that came in, whose trace goes on by its headers; `client`: of one that goes out
 */
export function traced<T>(
	kind: 'server' | 'client',
	title: string,
	fields: SpanFields,
	work: (span: Span) => Promise<T>,
	headers?: Readonly<Record<string, unknown>>,
): Promise<T> {
	const parent = headers === undefined ? context.active() : propagation.extract(context.active(), headers);
	const options = { kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT, attributes: fields };
	return trace.getTracer('tappass-gateway').startActiveSpan(title, options, parent, async (span) => {
		try {
			return await work(span);
		} catch (error) {
			span.setStatus({ code: SpanStatusCode.ERROR });
			throw error;
		} finally {
			span.end();
		}
	});
}

/** Says in a span that its call was refused or failed, by the code alone: a message may quote what a caller sent. */
export function failSpan(span: Span, code: string): void {
	span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
}

/** The trace context for whoever is called from here; undefined: nobody collects spans. */
export function traceparentNow(): string | undefined {
	const carrier: { traceparent?: string } = {};
	propagation.inject(context.active(), carrier);
	return carrier.traceparent;
}
