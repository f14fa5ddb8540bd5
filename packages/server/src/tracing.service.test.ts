import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestServer, testServer } from './test-support/test-server.ts';

interface OtlpSpan {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
	readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

const bodies: string[] = [];
let collector: Server;
let test: TestServer;

beforeAll(async () => {
	collector = createServer((request, response) => {
		let text = '';
		request.on('data', (part) => {
			text += String(part);
		});
		request.on('end', () => {
			if (request.url === '/v1/traces') bodies.push(text);
			response.setHeader('content-type', 'application/json').end('{}');
		});
	});
	await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
	const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
	test = await testServer({ tracing: { endpoint } });
});
afterAll(async () => {
	await test.close();
	collector.close();
});

function spans(): readonly OtlpSpan[] {
	return bodies.flatMap((body) =>
		(JSON.parse(body).resourceSpans as { scopeSpans: { spans: OtlpSpan[] }[] }[]).flatMap(({ scopeSpans }) =>
			scopeSpans.flatMap((scope) => scope.spans),
		),
	);
}

it('goes on with the trace of a caller, and tells nothing that was asked', async () => {
	const traceId = 'a'.repeat(32);
	const secret = 'planted-in-the-query';
	const traceparent = `00-${traceId}-${'b'.repeat(16)}-01`;
	await test.call('GET', `/v1/sandboxes?cursor=${secret}`, undefined, { traceparent });
	await test.server.close();

	const own = spans().filter((span) => span.traceId === traceId);
	expect(own.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['GET /v1/sandboxes', 'b'.repeat(16)]]);
	expect(bodies.join()).not.toContain(secret);
	expect(bodies.join()).not.toContain(test.key);
});
