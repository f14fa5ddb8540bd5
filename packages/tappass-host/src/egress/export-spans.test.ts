import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { exportSpans } from './export-spans.ts';
import type { EgressSpan } from './types.ts';

const span: EgressSpan = {
	trace_id: 'a'.repeat(32),
	span_id: 'b'.repeat(16),
	parent_id: 'c'.repeat(16),
	kind: 'broker',
	host: 'mcp.local',
	port: 3128,
	started_at: 1_700_000_000_000.5,
	duration_ms: 12.25,
	status: 200,
};

describe('spans of the egress proxy', () => {
	it.each(['nowhere', 'ftp://x', ''])('go to no address such as %j', (endpoint) => {
		expect(() => exportSpans(endpoint)).toThrow(expect.objectContaining({ code: 'usage' }));
	});

	it('are lost, not waited for, when nobody takes them', async () => {
		const errors: Error[] = [];
		const exporter = exportSpans('http://127.0.0.1:1', (error) => errors.push(error));
		for (let at = 0; at < 3_000; at += 1) exporter.add(span);

		await exporter.close();

		expect(errors).toHaveLength(1);
	});

	it('arrive as OTLP, with whole nanoseconds', async () => {
		const bodies: string[] = [];
		const collector = createServer((request, response) => {
			let text = '';
			request.on('data', (part) => {
				text += String(part);
			});
			request.on('end', () => {
				bodies.push(text);
				response.end();
			});
		});
		await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
		const exporter = exportSpans(`http://127.0.0.1:${(collector.address() as AddressInfo).port}/`);
		exporter.add(span);

		await exporter.close();
		collector.close();

		expect(JSON.parse(bodies[0]!)).toMatchObject({
			resourceSpans: [
				{
					scopeSpans: [
						{
							spans: [
								{
									traceId: span.trace_id,
									spanId: span.span_id,
									parentSpanId: span.parent_id,
									name: 'egress broker',
									startTimeUnixNano: '1700000000000500000',
									endTimeUnixNano: '1700000000012750000',
								},
							],
						},
					],
				},
			],
		});
	});
});
