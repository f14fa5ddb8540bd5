import type { AuditEvent } from '@tappass/audit';
import { createGateway, type Gateway } from '../app.ts';
import { readScript, type Turn } from '../dev/script.ts';
import { type ModelCallSeen, type ScriptedModel, scriptedModel } from '../dev/server.ts';
import type { Route } from '../pipeline/admission.ts';
import type { GatewayPorts } from '../ports.ts';
import { type HandPipeline, type HandRules, handPipeline } from './hand-pipeline.ts';
import { listen } from './listen.ts';

/** A gateway that listens, in front of a scripted model, with a pipeline made by hand. */
export interface Served {
	readonly url: string;
	readonly direct: string;
	readonly pipeline: HandPipeline;
	readonly model: ScriptedModel;
	readonly gateway: Gateway;
	readonly audited: readonly AuditEvent[];
	readonly close: () => Promise<void>;
	readonly lastCall: () => ModelCallSeen;
}

export async function serve(
	turns: readonly Partial<Turn>[],
	rules: Partial<Omit<HandRules, 'route'>> & { readonly route?: Partial<Route> } = {},
	chunk = 5,
): Promise<Served> {
	const model = await scriptedModel(readScript({ schema: 'tappass.dev-model/1', chunk, turns }, 'script.yaml'));
	const route: Route = {
		upstream: 'scripted',
		headers: { authorization: 'Bearer vaulted' },
		base_url: model.url,
		speaks: 'openai',
		model: 'scripted',
		timeout_ms: 2_000,
		...rules.route,
	};
	const pipeline = handPipeline({ ...rules, route });
	const audited: AuditEvent[] = [];
	const ports = {
		now: () => 1_700_000_000_000,
		randomBytes: (count: number) => new Uint8Array(count),
		audit: {
			append: async (events: readonly AuditEvent[]) => {
				audited.push(...events);
			},
		},
		upstreams: {
			models: async () => ['scripted', 'scripted', 'hidden', 'family-*'].map((id) => ({ id, upstream: 'script' })),
			route: async (_org: string, model: string) =>
				/^(?:scripted|hidden|family-.*)$/.test(model) ? { upstream: 'script' } : undefined,
		},
	} as unknown as GatewayPorts;
	const gateway = createGateway({ pipeline, ports });
	const door = await listen(gateway);
	return {
		url: `${door.url}/v1`,
		direct: model.url,
		pipeline,
		model,
		gateway,
		audited,
		lastCall: () => model.calls.at(-1)!,
		async close() {
			await door.close();
			await model.close();
		},
	};
}
