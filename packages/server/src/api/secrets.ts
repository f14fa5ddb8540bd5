import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { type Route, route } from './route.ts';
import { moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';
import { putSecret, removeSecret, secretName, secretValue, usersOfSecrets } from './vault.ts';

const secret = z.strictObject({
	name: z.string(),
	used_by: z.array(z.string()).describe('`upstream x`, `mcp y`'),
	created_by: z.string(),
	created_at: moment,
});
const secretPath = z.strictObject({ secret: secretName });

/** The vault: secrets are put in and used; no operation answers one. */
export const secretRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/secrets',
		operation: 'listSecrets',
		summary: 'The names of the secrets in the vault, and what uses them',
		tag: 'vault',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(secret),
		handle: async ({ query, principal, transaction }) => {
			assertMay(principal, 'secret.manage', orgScope);
			const found = await transaction
				.selectFrom('secrets')
				.select(['name', 'created_by', 'created_at'])
				.where('name', '>', readCursor(query.cursor))
				.orderBy('name')
				.limit(query.limit + 1)
				.execute();
			const { rows, next_cursor } = pageOf(found, query.limit, ({ name }) => name);
			const usersOf = await usersOfSecrets(transaction);
			const items = rows.map((row) => ({
				...row,
				created_at: text(row.created_at),
				used_by: [...usersOf(row.name)],
			}));
			return { body: { items, next_cursor } };
		},
	}),
	route({
		method: 'put',
		path: '/v1/secrets/{secret}',
		operation: 'putSecret',
		audit: 'secret.put',
		hides: ['value'],
		summary: 'Put a secret into the vault, in place of an older one of its name; it is never read back',
		tag: 'vault',
		parameters: secretPath,
		query: none,
		body: z.strictObject({ value: secretValue }),
		result: z.strictObject({ name: z.string(), replaced: z.boolean(), used_by: z.array(z.string()) }),
		handle: async ({ path, body, principal, ...call }) => {
			assertMay(principal, 'secret.manage', orgScope);
			const replaced = await putSecret({ ...call, by: principal.email }, path.secret, body.value);
			const used_by = [...(await usersOfSecrets(call.transaction))(path.secret)];
			return { body: { name: path.secret, replaced, used_by } };
		},
	}),
	route({
		method: 'delete',
		path: '/v1/secrets/{secret}',
		operation: 'removeSecret',
		audit: 'secret.removed',
		summary: 'Take a secret out of the vault; what uses it fails from now on',
		tag: 'vault',
		parameters: secretPath,
		query: none,
		body: null,
		result: z.strictObject({ name: z.string(), used_by: z.array(z.string()) }),
		handle: async ({ path, principal, transaction, org_id, now }) => {
			assertMay(principal, 'secret.manage', orgScope);
			const used_by = [...(await usersOfSecrets(transaction))(path.secret)];
			if (!(await removeSecret(transaction, org_id, path.secret, now)))
				throw new TapPassError('not_found', {
					detail: `no secret ${JSON.stringify(path.secret)} in the vault`,
					hint: 'tappass secret list',
				});
			return { body: { name: path.secret, used_by } };
		},
	}),
];
