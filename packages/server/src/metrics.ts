import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from './api/app.ts';

/** What Prometheus is told. No label names an org, a person or a sandbox. */
export interface Metrics {
	readonly request: (record: RequestRecord) => void;
	readonly derived: (signed: number, failed: number) => void;
	readonly text: () => Promise<{ readonly type: string; readonly text: string }>;
}

/** @param figures read when Prometheus asks: name of a gauge → value */
export function createMetrics(figures: () => Readonly<Record<string, number>>): Metrics {
	const registry = new Registry();
	collectDefaultMetrics({ register: registry, prefix: 'tappass_' });
	const requests = new Histogram({
		name: 'tappass_operator_request_seconds',
		help: 'Requests of the operator plane',
		labelNames: ['method', 'route', 'status'],
		buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
		registers: [registry],
	});
	const statements = new Counter({
		name: 'tappass_statements_signed_total',
		help: 'Policy statements that were signed',
		labelNames: ['outcome'],
		registers: [registry],
	});
	new Gauge({
		name: 'tappass_figure',
		help: 'Counts that planes keep',
		labelNames: ['name'],
		registers: [registry],
		collect() {
			for (const [name, value] of Object.entries(figures())) this.set({ name }, value);
		},
	});
	return {
		request: ({ method, route, status, ms }) => requests.observe({ method, route, status: String(status) }, ms / 1_000),
		derived: (signed, failed) => {
			statements.inc({ outcome: 'signed' }, signed);
			if (failed > 0) statements.inc({ outcome: 'denies_all' }, failed);
		},
		text: async () => ({ type: registry.contentType, text: await registry.metrics() }),
	};
}
