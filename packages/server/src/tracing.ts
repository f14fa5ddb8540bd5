import { type Context, context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
	BatchSpanProcessor,
	ParentBasedSampler,
	TraceIdRatioBasedSampler,
	TracerProvider,
} from '@opentelemetry/sdk-trace';
import { TapPassError } from '@tappass/core';

/** Where traces go. */
export interface TracingOptions {
	/** OTLP over HTTP, `http://127.0.0.1:4318`: spans are sent to `/v1/traces` below it. */
	readonly endpoint: string;
	/** Part of the traces that begin here which are kept, 0 to 1; one that comes with a caller's decision keeps it. */
	readonly ratio?: number;
	readonly version: string;
}

const name = 'tappass';
const sendEveryMs = 1_000;

/**
 * Sends the spans of this process to a collector, W3C trace context in and out. Without it, spans cost nothing.
 * A collector that is away loses spans and holds nothing up: traces are not audit.
 *
 * @returns ends it, after what was recorded has been sent
 * @throws {TapPassError} usage
 */
export function startTracing({ endpoint, ratio = 1, version }: TracingOptions): () => Promise<void> {
	if (!URL.canParse(endpoint)) throw new TapPassError('usage', { detail: `${JSON.stringify(endpoint)} is no URL` });
	const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
	const provider = new TracerProvider({
		resource: resourceFromAttributes({ 'service.name': 'tappass-server', 'service.version': version }),
		sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
		spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: sendEveryMs })],
	});
	const manager = new AsyncLocalStorageContextManager().enable();
	context.setGlobalContextManager(manager);
	propagation.setGlobalPropagator(new W3CTraceContextPropagator());
	trace.setGlobalTracerProvider(provider);
	return async () => {
		await provider.shutdown();
		trace.disable();
		propagation.disable();
		context.disable();
	};
}

/** What a span says: never prompts, arguments, keys or tokens. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

/**
 * Runs `work` as a span.
 * @param headers of a request: its trace goes on
 */
export async function spanned<T>(
	title: string,
	fields: SpanFields,
	work: (span: Span) => Promise<T>,
	headers?: Readonly<Record<string, unknown>>,
): Promise<T> {
	const parent: Context = headers === undefined ? context.active() : propagation.extract(context.active(), headers);
	return trace.getTracer(name).startActiveSpan(title, { attributes: fields }, parent, async (span) => {
		try {
			return await work(span);
		} catch (error) {
			// The code alone: a message may quote what a caller sent.
			const code = error instanceof TapPassError ? error.code : 'internal';
			span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
			throw error;
		} finally {
			span.end();
		}
	});
}
