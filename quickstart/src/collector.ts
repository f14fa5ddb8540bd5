import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span that somebody sent. */
export interface Span {
	readonly service: string;
	readonly name: string;
	readonly trace_id: string;
	readonly span_id: string;
	readonly parent_id: string | undefined;
}

/** Takes spans by OTLP over HTTP (JSON), as any collector does, and keeps them for the demo. */
export class Collector {
	readonly spans: Span[] = [];
	readonly #server: Server;

	constructor() {
		this.#server = createServer((request, response) => {
			let text = '';
			request.on('data', (part) => {
				text += String(part);
			});
			request.on('end', () => {
				if (request.url === '/v1/traces') this.#take(text);
				response.setHeader('content-type', 'application/json').end('{}');
			});
		});
	}

	async listen(): Promise<string> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	add(span: Span): void {
		this.spans.push(span);
	}

	close(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}

	#take(text: string): void {
		for (const { resource, scopeSpans } of (JSON.parse(text) as Otlp).resourceSpans) {
			const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? 'unknown';
			for (const { name, traceId, spanId, parentSpanId } of scopeSpans.flatMap(({ spans }) => spans))
				this.spans.push({
					service,
					name,
					trace_id: traceId,
					span_id: spanId,
					parent_id: parentSpanId === '' ? undefined : parentSpanId,
				});
		}
	}
}

interface Otlp {
	readonly resourceSpans: readonly {
		readonly resource: {
			readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
		};
		readonly scopeSpans: readonly {
			readonly spans: readonly {
				readonly name: string;
				readonly traceId: string;
				readonly spanId: string;
				readonly parentSpanId?: string;
			}[];
		}[];
	}[];
}
