import { TapPassError } from '@tappass/core';
import { isAuthored, readDocument } from '@tappass/policy';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { checkChange } from '../recompile/check-change.ts';
import { readInputs } from '../recompile/derive.ts';
import { runtimeOf } from '../recompile/inputs.ts';
import { nextRevision } from '../store/policies.ts';
import { insertRecompile, markStale, putRuntime, readRuntimes, readSpecs } from '../store/sandboxes.ts';
import { refusal } from './policies.ts';
import { type Route, route } from './route.ts';
import { documentBody, identifier, moment, none, text } from './shapes.ts';

const runtime = z.strictObject({
	id: z.string(),
	source: z.enum(['shipped', 'org']),
	applied_by: z.string().nullable(),
	applied_at: moment.nullable(),
});

/** Runtimes: shipped ones and the org’s own. */
export const runtimeRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/runtimes',
		operation: 'listRuntimes',
		summary: 'The Runtimes there are: shipped ones and the org’s own',
		tag: 'fleet',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(runtime) }),
		handle: async ({ principal, transaction, services }) => {
			assertMay(principal, 'runtime.read', orgScope);
			const own = (await readRuntimes(transaction)).map(({ id, applied_by, applied_at }) => ({
				id,
				source: 'org' as const,
				applied_by,
				applied_at: text(applied_at),
			}));
			const shipped = [...services.derive.shipped.library.runtimes.keys()]
				.filter((id) => !own.some((each) => each.id === id))
				.map((id) => ({ id, source: 'shipped' as const, applied_by: null, applied_at: null }));
			return { body: { items: [...own, ...shipped].sort((a, b) => (a.id < b.id ? -1 : 1)) } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/runtimes/{runtime}',
		operation: 'readRuntime',
		summary: 'One Runtime',
		tag: 'fleet',
		parameters: z.strictObject({ runtime: identifier }),
		query: none,
		body: null,
		result: z.looseObject({ id: z.string() }),
		handle: async ({ path, principal, transaction, services }) => {
			assertMay(principal, 'runtime.read', orgScope);
			const found = runtimeOf(
				{ runtimes: await readRuntimes(transaction), shipped: services.derive.shipped },
				path.runtime,
			);
			return { body: { ...found } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/runtimes',
		operation: 'applyRuntime',
		audit: 'runtime.applied',
		summary: 'Apply a Runtime; every sandbox that uses it is derived anew',
		tag: 'fleet',
		parameters: none,
		query: none,
		body: documentBody,
		result: z.strictObject({ id: z.string(), stale: z.int(), signed: z.int(), failed: z.int() }),
		handle: async (call) => {
			const { body, principal, transaction, services, org_id, now } = call;
			assertMay(principal, 'runtime.apply', orgScope);
			const document = Buffer.from(body.content, 'base64');
			const read = readDocument({ file: body.file, bytes: document });
			if (!isAuthored(read))
				throw new TapPassError('policy_invalid', { detail: body.file, diagnostics: read.diagnostics });
			if (read.value.schema !== 'tappass.runtime/1')
				throw new TapPassError('schema_invalid', { detail: `expected tappass.runtime/1, found ${read.value.schema}` });
			const { id } = read.value;
			await nextRevision(transaction);
			const before = await readInputs(transaction, services.derive);
			const row = { org_id, id, file: body.file, document, applied_by: principal.email, applied_at: now };
			const after = { ...before, runtimes: [...before.runtimes.filter((each) => each.id !== id), row] };
			const specs = (await readSpecs(transaction)).filter((each) => each.runtime_id === id);
			const checked = checkChange(before, after, specs, { level: 'org', forceNarrow: false });
			if (checked.kind === 'refused') throw refusal(checked);
			await putRuntime(transaction, row);
			const stale = await markStale(
				transaction,
				specs.map((each) => each.id),
			);
			await insertRecompile(transaction, {
				org_id,
				reason: `runtime ${id}`,
				requested_by: principal.email,
				total: stale,
			});
			return {
				body: { id, stale, signed: 0, failed: 0 },
				settles: { specs: specs.map((each) => each.id), stale },
			};
		},
	}),
];
