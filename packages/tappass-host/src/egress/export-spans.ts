import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TapPassError } from '@tappass/core';
import type { EgressSpan } from './types.ts';

/** Where spans go, and how to end. */
export interface SpanExporter {
	readonly add: (span: EgressSpan) => void;
	/** Sends what is left, once. */
	readonly close: () => Promise<void>;
}

const waitingMax = 2_000;
const sendEveryMs = 1_000;
const answerMs = 5_000;

/**
 * Sends spans to a collector, OTLP over HTTP as JSON. Traces are not audit: what a collector that is away does not take is
 * lost, and nothing waits for it.
 *
 * @param endpoint base URL, `http://127.0.0.1:4318`
 * @throws {TapPassError} usage
 */
export function exportSpans(endpoint: string, onError: (error: Error) => void = () => {}): SpanExporter {
	if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
		throw new TapPassError('usage', {
			detail: `OTEL_EXPORTER_OTLP_ENDPOINT: ${JSON.stringify(endpoint)} is no address`,
		});
	const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
	let waiting: EgressSpan[] = [];
	const flush = async (): Promise<void> => {
		const spans = waiting;
		waiting = [];
		if (spans.length > 0) await post(url, JSON.stringify(otlp(spans))).catch(onError);
	};
	const timer = setInterval(() => void flush(), sendEveryMs).unref();
	return {
		add: (span) => {
			if (waiting.length < waitingMax) waiting.push(span);
		},
		close: async () => {
			clearInterval(timer);
			await flush();
		},
	};
}

function otlp(spans: readonly EgressSpan[]): object {
	const name = 'tappass-host';
	return {
		resourceSpans: [
			{
				resource: { attributes: [text('service.name', name)] },
				scopeSpans: [{ scope: { name }, spans: spans.map(spanOf) }],
			},
		],
	};
}

const kindOfClient = 3;

function spanOf({
	trace_id,
	span_id,
	parent_id,
	kind,
	host,
	port,
	started_at,
	duration_ms,
	status,
}: EgressSpan): object {
	return {
		traceId: trace_id,
		spanId: span_id,
		...(parent_id === undefined ? {} : { parentSpanId: parent_id }),
		name: `egress ${kind}`,
		kind: kindOfClient,
		startTimeUnixNano: nanos(started_at),
		endTimeUnixNano: nanos(started_at + duration_ms),
		attributes: [
			text('server.address', host),
			number('server.port', port),
			...(status === undefined ? [] : [number('http.response.status_code', status)]),
		],
	};
}

function nanos(ms: number): string {
	return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}
function text(key: string, value: string): object {
	return { key, value: { stringValue: value } };
}
function number(key: string, value: number): object {
	return { key, value: { intValue: String(value) } };
}

function post(url: string, body: string): Promise<void> {
	const request = url.startsWith('https:') ? httpsRequest : httpRequest;
	return new Promise((resolve, reject) => {
		const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
		const sent = request(url, { method: 'POST', headers, timeout: answerMs }, (response) => {
			response.resume().on('end', resolve);
		});
		sent.on('timeout', () => sent.destroy(new TapPassError('timed_out', { detail: 'the collector of traces' })));
		sent.on('error', reject);
		sent.end(body);
	});
}
