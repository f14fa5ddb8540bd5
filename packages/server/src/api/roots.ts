import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { acceptRoot } from '../keys/accept-root.ts';
import { newestRoot } from '../store/keys.ts';
import { lockOrg } from '../store/roots.ts';
import { insertRecompile, readSpecs } from '../store/sandboxes.ts';
import { type Route, route } from './route.ts';
import { none } from './shapes.ts';

/** The root document. It is signed where the root keys are, which is never here. */
export const rootRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/root',
		operation: 'readRoot',
		summary: 'The newest root document, as hosts get it',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ version: z.int(), epoch: z.int(), sha256: z.string(), document: z.base64() }),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'status.read', orgScope);
			const root = await newestRoot(transaction);
			if (root === undefined) throw new TapPassError('not_found', { detail: 'the org has no root document' });
			const { version, epoch, sha256, document } = root;
			return { body: { version, epoch, sha256, document: document.toString('base64') } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/root',
		operation: 'acceptRoot',
		audit: 'root.accepted',
		summary: 'Put the next root document in force; a raised epoch has every sandbox derived anew',
		tag: 'status',
		parameters: none,
		query: none,
		body: z.strictObject({
			document: z.base64().min(1).describe('root.json, signed by the old root keys and the new'),
		}),
		result: z.strictObject({ version: z.int(), epoch: z.int(), stale: z.int(), signed: z.int(), failed: z.int() }),
		handle: async ({ body, principal, transaction, services, org_id, now }) => {
			assertMay(principal, 'admin.root', orgScope);
			await lockOrg(transaction);
			const bytes = Buffer.from(body.document, 'base64');
			const { version, epoch, outdated } = await acceptRoot(transaction, org_id, bytes, now.getTime());
			const specs = (await readSpecs(transaction)).map(({ id }) => id);
			await insertRecompile(transaction, {
				org_id,
				reason: `root ${version}, epoch ${epoch}`,
				requested_by: principal.email,
				total: outdated,
			});
			return {
				body: { version, epoch, stale: outdated, signed: 0, failed: 0 },
				after: () => services.recompiler.settle(org_id, specs, outdated),
			};
		},
	}),
];
