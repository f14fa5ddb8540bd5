import { TapPassError } from '@tappass/core';
import { probeModel } from '@tappass/gateway';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import { isNamed } from '../gateway-store/prices.ts';
import { useSecret } from '../gateway-store/sealed.ts';
import { credentialHeaders } from '../gateway-store/upstreams.ts';
import { serverLimits } from '../limits.ts';
import { type Call, type Route, route } from './route.ts';
import { moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';
import { checkAddress } from './upstream-address.ts';
import { assertSecret, putSecret, removeSecret, secretOf, secretReference, secretValue } from './vault.ts';

const upstreamName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/, {
	error: 'expected 1 to 48 lower-case letters, digits or dashes',
});
const modelPattern = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,126}\*?$|^\*$/, {
	error: 'expected the name of a model, or its beginning and *',
});
const dollars = z.number().min(0).max(10_000);
const price = z.strictObject({
	input: dollars,
	output: dollars,
	cache_read: dollars.optional().describe('As `input` when left out'),
	cache_write: dollars.optional().describe('As `input` when left out'),
});
const speaks = z.enum(['openai', 'anthropic', 'google', 'mistral', 'openai-compatible']);
const upstreamBody = z
	.strictObject({
		speaks,
		url: z.string().min(1).max(2_048),
		insecure_http: z.boolean().default(false).describe('Whether http to another machine is meant'),
		models: z.array(modelPattern).min(1).max(100),
		region: z
			.string()
			.regex(/^[a-z0-9-]{1,32}$/)
			.nullable()
			.default(null),
		secret: secretReference.nullable().default(null),
		secret_value: secretValue.optional().describe('Put into the vault as `upstream.<name>`'),
		price: price.optional().describe('Dollars per million tokens, of each of its models'),
		timeout_ms: z.int().min(1_000).max(600_000).default(120_000),
		position: z.int().min(0).max(1_000).default(0).describe('Of two that serve a model, the lower one does'),
		replace: z.boolean().default(false),
	})
	.refine(({ secret, secret_value }) => secret === null || secret_value === undefined, {
		error: 'secret and secret_value: name one, not both',
	});
const upstream = z.strictObject({
	name: z.string(),
	speaks,
	url: z.string(),
	models: z.array(z.string()),
	region: z.string().nullable(),
	secret: z.string().nullable().describe('`vault://…`; what is in it is never told'),
	timeout_ms: z.int(),
	position: z.int(),
	created_by: z.string(),
	created_at: moment,
});
const upstreamPath = z.strictObject({ upstream: upstreamName });

/** Upstreams: where models are served, and with which secret. */
export const upstreamRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/upstreams',
		operation: 'listUpstreams',
		summary: 'The upstreams that serve models',
		tag: 'gateway',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(upstream),
		handle: async ({ query, principal, transaction }) => {
			assertMay(principal, 'gateway.read', orgScope);
			const found = await transaction
				.selectFrom('upstreams')
				.selectAll()
				.where('name', '>', readCursor(query.cursor))
				.orderBy('name')
				.limit(query.limit + 1)
				.execute();
			const { rows, next_cursor } = pageOf(found, query.limit, ({ name }) => name);
			const items = rows.map(({ org_id: _, base_url, secret, created_at, ...row }) => ({
				...row,
				url: base_url,
				secret: secret === null ? null : `vault://${secret}`,
				created_at: text(created_at),
			}));
			return { body: { items, next_cursor } };
		},
	}),
	route({
		method: 'put',
		path: '/v1/upstreams/{upstream}',
		operation: 'addUpstream',
		audit: 'upstream.added',
		hides: ['secret_value'],
		summary: 'Add an upstream; its models can be called at once, as far as policies allow',
		tag: 'gateway',
		parameters: upstreamPath,
		query: none,
		body: upstreamBody,
		result: z.strictObject({
			name: z.string(),
			url: z.string(),
			models: z.array(z.string()),
			secret: z.string().nullable(),
			replaced: z.boolean(),
		}),
		handle: addUpstream,
	}),
	route({
		method: 'delete',
		path: '/v1/upstreams/{upstream}',
		operation: 'removeUpstream',
		audit: 'upstream.removed',
		summary: 'Remove an upstream, and the secret that was put in with it',
		tag: 'gateway',
		parameters: upstreamPath,
		query: none,
		body: null,
		result: z.strictObject({ name: z.string(), secret_removed: z.boolean() }),
		handle: async ({ path, principal, transaction, org_id, now }) => {
			assertMay(principal, 'upstream.manage', orgScope);
			const name = path.upstream;
			const gone = await transaction
				.deleteFrom('upstreams')
				.where('name', '=', name)
				.returning('secret')
				.executeTakeFirst();
			if (gone === undefined)
				throw new TapPassError('not_found', { detail: `no upstream ${name}`, hint: 'tappass upstream list' });
			const isOwn = gone.secret === ownSecret(name);
			const secret_removed = isOwn && (await removeSecret(transaction, org_id, ownSecret(name), now));
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body: { name, secret_removed } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/upstreams/{upstream}/test',
		operation: 'testUpstream',
		audit: 'upstream.tested',
		secret: true,
		summary: 'Ask an upstream for a word, with its credential; says what came back',
		tag: 'gateway',
		parameters: upstreamPath,
		query: none,
		body: z.strictObject({ model: z.string().min(1).max(128).optional().describe('The first that it names exactly') }),
		result: z.strictObject({
			name: z.string(),
			model: z.string(),
			ok: z.boolean(),
			code: z.string().nullable(),
			detail: z.string().nullable(),
			said: z.string(),
			input_tokens: z.int().nullable(),
			output_tokens: z.int().nullable(),
		}),
		handle: testUpstream,
	}),
];

type TestCall = Call<z.output<typeof upstreamPath>, Record<never, never>, { model?: string | undefined }>;

async function testUpstream({ path, body, principal, transaction, services, org_id }: TestCall) {
	assertMay(principal, 'upstream.manage', orgScope);
	const name = path.upstream;
	const row = await transaction.selectFrom('upstreams').selectAll().where('name', '=', name).executeTakeFirst();
	if (row === undefined)
		throw new TapPassError('not_found', { detail: `no upstream ${name}`, hint: 'tappass upstream list' });
	const model = body.model ?? row.models.find((pattern) => !pattern.endsWith('*'));
	if (model === undefined)
		throw new TapPassError('usage', {
			detail: `${name} names no model exactly`,
			hint: `tappass upstream test ${name} --model <one of ${row.models.join(', ')}>`,
		});
	if (!row.models.some((pattern) => isNamed(pattern, model)))
		throw new TapPassError('usage', { detail: `${name} serves ${row.models.join(', ')}, not ${model}` });
	const headers =
		row.secret === null
			? {}
			: credentialHeaders(row.speaks, await useSecret(transaction, services.keys, org_id, row.secret));
	const { base_url, speaks, timeout_ms } = row;
	const nothing = { said: '', input_tokens: null, output_tokens: null };
	return {
		body: { name, model, ok: false, code: null, detail: null, ...nothing },
		after: async () => {
			try {
				return { ok: true, ...(await probeModel({ upstream: name, base_url, speaks, timeout_ms, model, headers })) };
			} catch (error) {
				return { ok: false, ...faultIn(error) };
			}
		},
	};
}

/** What was wrong with a server that was tried. @throws whatever is no fault of it */
export function faultIn(error: unknown): { readonly code: string; readonly detail: string } {
	if (!(error instanceof TapPassError) || !error.code.startsWith('upstream_')) throw error;
	return { code: error.code, detail: error.message };
}

function ownSecret(upstreamName: string): string {
	return `upstream.${upstreamName}`;
}

type AddCall = Call<z.output<typeof upstreamPath>, Record<never, never>, z.output<typeof upstreamBody>>;

async function addUpstream({ path, body, principal, transaction, org_id, now, services }: AddCall) {
	assertMay(principal, 'upstream.manage', orgScope);
	const { secret_value, price: stated, replace, url, insecure_http, secret: reference, ...fields } = body;
	const name = path.upstream;
	const by = principal.email;
	const base_url = checkAddress(url, { insecureHttp: insecure_http });
	const held = await transaction.selectFrom('upstreams').select('name').where('name', '=', name).executeTakeFirst();
	if (held !== undefined && !replace)
		throw new TapPassError('already_exists', {
			detail: `the upstream ${name}`,
			hint: 'add --replace to change it, or tappass upstream remove it',
		});
	if (held === undefined) await assertRoom(transaction);
	const secret = reference === null ? null : secretOf(reference);
	if (secret !== null) await assertSecret(principal, transaction, secret);
	if (secret_value !== undefined)
		await putSecret({ transaction, services, org_id, now, by }, ownSecret(name), secret_value);
	const row = {
		...fields,
		base_url,
		secret: secret_value === undefined ? secret : ownSecret(name),
		created_by: by,
	};
	await transaction
		.insertInto('upstreams')
		.values({ org_id, name, ...row, created_at: now })
		.onConflict((conflict) => conflict.columns(['org_id', 'name']).doUpdateSet(row))
		.execute();
	if (stated !== undefined) await putPrices(transaction, org_id, fields.models, stated, { by, now });
	await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
	return {
		body: {
			name,
			url: base_url,
			models: fields.models,
			secret: row.secret === null ? null : `vault://${row.secret}`,
			replaced: held !== undefined,
		},
	};
}

async function assertRoom(transaction: AddCall['transaction']): Promise<void> {
	const rows = await transaction.selectFrom('upstreams').select('name').limit(serverLimits.upstreamsMax).execute();
	if (rows.length >= serverLimits.upstreamsMax)
		throw new TapPassError('limit_reached', { detail: `an org has at most ${serverLimits.upstreamsMax} upstreams` });
}

async function putPrices(
	transaction: AddCall['transaction'],
	org_id: AddCall['org_id'],
	models: readonly string[],
	{ input, output, cache_read = input, cache_write = input }: z.output<typeof price>,
	{ by, now }: { readonly by: string; readonly now: Date },
): Promise<void> {
	const row = { input, output, cache_read, cache_write, set_by: by, set_at: now };
	for (const model of models)
		await transaction
			.insertInto('model_prices')
			.values({ org_id, model, ...row })
			.onConflict((conflict) => conflict.columns(['org_id', 'model']).doUpdateSet(row))
			.execute();
}
