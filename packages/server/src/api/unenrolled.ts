import { projectNameSchema, sha256Hex, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { type Route, route } from './route.ts';
import { bootstraps, emitFrom } from './sandbox-specs.ts';
import { identifier, moment, none, text } from './shapes.ts';

const caller = z.strictObject({
	id: z.string(),
	source: z.string(),
	signature: z.string().describe('What it called'),
	user_agent: z.string().nullable(),
	seen: z.int(),
	first_seen: moment,
	last_seen: moment,
});

/** Callers that nobody enrolled. */
export const unenrolledRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/unenrolled-callers',
		operation: 'listUnenrolledCallers',
		summary: 'Callers whose token maps to no sandbox, the latest first',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(caller) }),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'audit.read', orgScope);
			const rows = await transaction
				.selectFrom('unenrolled_callers')
				.select(['source', 'signature', 'user_agent', 'seen', 'first_seen', 'last_seen'])
				.orderBy('last_seen', 'desc')
				.limit(listedMax)
				.execute();
			const items = rows.map((row) => ({
				id: idOf(row),
				...row,
				first_seen: text(row.first_seen),
				last_seen: text(row.last_seen),
			}));
			return { body: { items } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/unenrolled-callers/{caller}/enroll',
		operation: 'enrollCaller',
		audit: 'agent.enrolled',
		secret: true,
		summary: 'Make a sandbox of a spec for a caller, and the single-use URL that enrols its host',
		tag: 'gateway',
		success: 201,
		parameters: z.strictObject({ caller: z.string().regex(/^call_[0-9a-f]{16}$/) }),
		query: none,
		body: z.strictObject({ spec: identifier, project: projectNameSchema.optional() }),
		result: bootstraps,
		handle: async (call) => {
			const { path, body, principal, transaction } = call;
			assertMay(principal, 'audit.read', orgScope);
			const rows = await transaction.selectFrom('unenrolled_callers').select(['source', 'signature']).execute();
			const found = rows.find((row) => idOf(row) === path.caller);
			if (found === undefined)
				throw new TapPassError('not_found', {
					detail: `no caller ${path.caller}`,
					hint: 'tappass agent discovered',
				});
			const made = await emitFrom(call, body.spec, { count: 1, project: body.project });
			// It is known now. When it goes on calling without its sandbox's token, it is found anew.
			await transaction
				.deleteFrom('unenrolled_callers')
				.where('source', '=', found.source)
				.where('signature', '=', found.signature)
				.execute();
			return made;
		},
	}),
];

const listedMax = 1_000;

function idOf({ source, signature }: { readonly source: string; readonly signature: string }): string {
	return `call_${sha256Hex(Buffer.from(JSON.stringify([source, signature]))).slice(0, 16)}`;
}
