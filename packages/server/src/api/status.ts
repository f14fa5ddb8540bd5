import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { newestRoot } from '../store/keys.ts';
import { readOrg } from '../store/policies.ts';
import { countSandboxes, countStale, listRecompiles } from '../store/sandboxes.ts';
import { type Route, route } from './route.ts';
import { moment, none, text } from './shapes.ts';

/** How the server is doing. */
export const statusRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/status',
		operation: 'status',
		summary: 'What runs, what is stale, and the newest waves of re-derivation',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			org_id: z.string(),
			name: z.string(),
			region: z.string(),
			epoch: z.int(),
			policy_revision: z.int(),
			version: z.string(),
			planes: z.record(z.string(), z.string().nullable()),
			root_version: z.int().nullable(),
			sandboxes: z.record(z.string(), z.int()),
			stale: z.int(),
			recompiles: z.array(
				z.strictObject({
					id: z.int(),
					reason: z.string(),
					requested_by: z.string(),
					total: z.int(),
					done: z.int(),
					failed: z.int(),
					created_at: moment,
					finished_at: moment.nullable(),
				}),
			),
		}),
		handle: async ({ principal, transaction, services, org_id }) => {
			assertMay(principal, 'status.read', orgScope);
			const org = await readOrg(transaction);
			const waves = await listRecompiles(transaction, 5);
			return {
				body: {
					org_id,
					name: org.name,
					region: org.region,
					epoch: org.epoch,
					policy_revision: org.policy_revision,
					version: services.version,
					planes: { ...services.planes },
					root_version: (await newestRoot(transaction))?.version ?? null,
					sandboxes: { ...(await countSandboxes(transaction)) },
					stale: await countStale(transaction),
					recompiles: waves.map((wave) => ({
						...wave,
						created_at: text(wave.created_at),
						finished_at: text(wave.finished_at),
					})),
				},
			};
		},
	}),
];
