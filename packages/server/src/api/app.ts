import { randomUUID } from 'node:crypto';
import { canonicalJson, type OrgId, parseJson, parseWith, sha256Hex, TapPassError, toProblem } from '@tappass/core';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Principal } from '../access/may.ts';
import { TokenBuckets } from '../host-plane/token-bucket.ts';
import { readApiKey } from '../identity/api-key.ts';
import { mintOperatorToken, type OperatorClaims, verifyOperatorToken } from '../identity/operator-token.ts';
import { serverLimits } from '../limits.ts';
import { beginIdempotent, finishIdempotent } from '../store/idempotency.ts';
import { findByKeyHash, touchKey } from '../store/people.ts';
import type { Settles } from '../store/people-tables.ts';
import { type OrgTransaction, waitForStandbys } from '../store/store.ts';
import { spanned } from '../tracing.ts';
import { approvalRoutes } from './approvals.ts';
import { auditRoutes } from './audit.ts';
import { auditFiles } from './audit-files.ts';
import { eventOf, Refused, refusalOf, withoutHidden } from './audited.ts';
import { barrierRoutes } from './barriers.ts';
import { discoveredRoutes } from './discovered.ts';
import { evidenceRoutes } from './evidence.ts';
import { mcpServerRoutes } from './mcp-servers.ts';
import { describeApi } from './openapi.ts';
import { peopleRoutes } from './people.ts';
import { policyRoutes } from './policies.ts';
import { principalOf } from './principal.ts';
import { rootRoutes } from './roots.ts';
import { type Answer, type Call, type Route, Undone } from './route.ts';
import { runtimeRoutes } from './runtimes.ts';
import { specRoutes } from './sandbox-specs.ts';
import { sandboxRoutes } from './sandboxes.ts';
import { secretRoutes } from './secrets.ts';
import type { Services } from './services.ts';
import { sessionRoutes } from './sessions.ts';
import { statusRoutes } from './status.ts';
import { unenrolledRoutes } from './unenrolled.ts';
import { upstreamRoutes } from './upstreams.ts';

/** Every operation of the operator API that needs a token. */
export const operatorRoutes: readonly Route[] = [
	...peopleRoutes,
	...policyRoutes,
	...statusRoutes,
	...rootRoutes,
	...runtimeRoutes,
	...specRoutes,
	...sandboxRoutes,
	...auditRoutes,
	...evidenceRoutes,
	...secretRoutes,
	...upstreamRoutes,
	...mcpServerRoutes,
	...discoveredRoutes,
	...sessionRoutes,
	...approvalRoutes,
	...barrierRoutes,
	...unenrolledRoutes,
];

/** Told of each request that was answered. */
export interface RequestRecord {
	readonly request_id: string;
	readonly method: string;
	/** The route's pattern, never the address itself: it could hold a name. */
	readonly route: string;
	readonly status: number;
	readonly code: string | null;
	readonly ms: number;
	readonly org_id: OrgId | null;
	/** A fault of ours, for the log alone. */
	readonly error: unknown;
}

export interface OperatorAppOptions {
	readonly services: Services;
	readonly record: (request: RequestRecord) => void;
	/** Prometheus text. */
	readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
	/** False once the server drains. */
	readonly accepting: () => boolean;
}

/** What the middleware keeps of a request. */
export interface Variables {
	readonly request_id: string;
	route: string;
	org_id: OrgId | null;
}
/** A request as the handlers see it. */
export type AppContext = Context<{ Variables: Variables }>;

/** The operator plane as a function from Request to Response; no socket is needed to ask it. */
export function operatorApp({
	services,
	record,
	metrics,
	accepting,
}: OperatorAppOptions): Hono<{ Variables: Variables }> {
	const app = new Hono<{ Variables: Variables }>();
	const api = canonicalJson(describeApi(operatorRoutes, services.version) as never);
	const users = new TokenBuckets(
		{ burst: serverLimits.requestBurst, perSecond: serverLimits.requestsPerSecond },
		bucketsMax,
	);
	const addresses = new TokenBuckets(
		{ burst: serverLimits.signInBurst, perSecond: serverLimits.signInsPerSecond },
		bucketsMax,
	);

	app.use(async (context, next) => {
		const begun = performance.now();
		context.set('request_id', randomUUID());
		context.set('route', 'none');
		context.set('org_id', null);
		await next();
		const { error } = context;
		const { status } = context.res;
		secure(context);
		record({
			request_id: context.get('request_id'),
			method: context.req.method,
			route: context.get('route'),
			status,
			code: error instanceof TapPassError ? error.code : error === undefined ? null : 'internal',
			ms: performance.now() - begun,
			org_id: context.get('org_id'),
			error: status >= 500 ? error : undefined,
		});
	});
	app.onError((error, context) => problem(context, error));
	app.notFound((context) =>
		problem(
			context,
			new TapPassError('not_found', { detail: 'no such address', hint: 'GET /openapi.json lists them' }),
		),
	);

	app.get('/healthz', (context) => context.json({ status: 'ok' }));
	app.get('/readyz', async (context) => {
		if (!accepting()) throw new TapPassError('shutting_down');
		await services.store.ping();
		return context.json({ status: 'ready' });
	});
	app.get('/metrics', async (context) => {
		const { text, type } = await metrics();
		return context.text(text, 200, { 'content-type': type });
	});
	app.get('/openapi.json', (context) => context.body(api, 200, { 'content-type': 'application/json' }));
	app.post('/v1/auth/token', async (context) => {
		context.set('route', '/v1/auth/token');
		limit(addresses, addressOf(context));
		const from = { request_id: context.get('request_id'), address: addressOf(context) };
		return context.json(await signIn(services, bearer(context), from));
	});
	auditFiles(app, services, {
		accepting,
		claims: async (context) => {
			const claims = await verifyOperatorToken(bearer(context), publicKeyOf(services), services.now());
			limit(users, `${claims.org_id} ${claims.user_id}`);
			return claims;
		},
		visitor: (context) => limit(addresses, `audit ${addressOf(context)}`),
	});
	for (const route of operatorRoutes) {
		app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
			context.set('route', route.path);
			if (!accepting()) throw new TapPassError('shutting_down');
			const now = services.now();
			const claims = await verifyOperatorToken(bearer(context), publicKeyOf(services), now);
			context.set('org_id', claims.org_id);
			limit(users, `${claims.org_id} ${claims.user_id}`);
			const fields = { 'http.request.method': context.req.method, 'http.route': route.path, org_id: claims.org_id };
			const body = await spanned(
				`${context.req.method} ${route.path}`,
				{ ...fields, request_id: context.get('request_id') },
				async () => answer(services, route, await readRequest(context, route), claims, now),
				context.req.header(),
			);
			return context.json(body as object, route.success);
		});
	}
	const known = new Set([
		...operatorRoutes.map(({ path }) => path),
		'/v1/auth/token',
		'/healthz',
		'/readyz',
		'/metrics',
		'/openapi.json',
	]);
	for (const path of known)
		app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) =>
			problem(context, new TapPassError('method_not_allowed')),
		);
	return app;
}

const bucketsMax = 10_000;

interface ParsedRequest {
	readonly path: unknown;
	readonly query: unknown;
	readonly body: unknown;
	readonly request_id: string;
	readonly idempotencyKey: string | undefined;
	/** Of everything that says what is asked. */
	readonly digest: string;
}

async function readRequest(context: AppContext, route: Route): Promise<ParsedRequest> {
	const path = parse(route.parameters, context.req.param(), 'the path');
	const query = parse(route.query, singleQuery(context), 'the query');
	const bytes = route.body === null ? new Uint8Array() : await readBody(context);
	const body =
		route.body === null
			? null
			: parse(
					route.body,
					bytes.length === 0 ? {} : parseJson(bytes, { bytesMax: serverLimits.bodyBytesMax }),
					'the body',
				);
	const idempotencyKey = context.req.header('idempotency-key');
	if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,128}$/.test(idempotencyKey))
		throw new TapPassError('request_malformed', { detail: 'idempotency-key: expected 1 to 128 visible characters' });
	// What it is held against would be a hash of the secret, kept for a day.
	if (idempotencyKey !== undefined && route.hides.length > 0)
		throw new TapPassError('request_malformed', { detail: 'this address takes no idempotency-key' });
	const digest = sha256Hex(Buffer.concat([Buffer.from(`${route.operation} ${JSON.stringify([path, query])} `), bytes]));
	const request_id = context.get('request_id');
	return { path, query, body, request_id, idempotencyKey: route.method === 'get' ? undefined : idempotencyKey, digest };
}

function parse(schema: z.ZodType, value: unknown, what: string): unknown {
	refuseControls(value, what);
	return parseWith(schema, value, what);
}

// No name, path or text of ours has one, and PostgreSQL takes no NUL in a text.
function refuseControls(value: unknown, what: string): void {
	if (typeof value === 'string') {
		if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value))
			throw new TapPassError('request_malformed', { detail: `${what} holds a control character` });
	} else if (typeof value === 'object' && value !== null) {
		for (const [key, part] of Object.entries(value)) {
			refuseControls(key, what);
			refuseControls(part, what);
		}
	}
}

function singleQuery(context: AppContext): Readonly<Record<string, string>> {
	const all = context.req.queries();
	const twice = Object.entries(all).find(([, values]) => values.length > 1);
	if (twice !== undefined) throw new TapPassError('request_malformed', { detail: `${twice[0]} is given twice` });
	return context.req.query();
}

async function readBody(context: AppContext): Promise<Uint8Array> {
	const stream = context.req.raw.body;
	if (stream === null) return new Uint8Array();
	const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
	if (type !== 'application/json')
		throw new TapPassError('media_type_unsupported', { detail: 'expected application/json' });
	const parts: Uint8Array[] = [];
	let length = 0;
	try {
		for await (const part of stream) {
			length += part.length;
			if (length > serverLimits.bodyBytesMax)
				throw new TapPassError('request_too_large', { detail: `at most ${serverLimits.bodyBytesMax} bytes` });
			parts.push(part);
		}
	} catch (error) {
		if (error instanceof TapPassError) throw error;
		// Whoever sent it has hung up: no fault of ours, and nobody to answer.
		throw new TapPassError('request_malformed', { detail: 'the body was cut off' });
	}
	return Buffer.concat(parts);
}

// One transaction: who asks, the idempotency key, and what is asked. What takes longer runs after it was committed.
async function answer(
	services: Services,
	route: Route,
	request: ParsedRequest,
	claims: OperatorClaims,
	now: number,
): Promise<unknown> {
	const { org_id } = claims;
	const run = async (
		transaction: OrgTransaction,
	): Promise<{ readonly body: unknown; readonly settles?: Settles | null; readonly after?: () => Promise<object> }> => {
		const principal = await principalOf(transaction, claims, new Date(now));
		const { idempotencyKey } = request;
		if (idempotencyKey !== undefined) {
			// The key that asks is part of what was asked: one that may less is not shown what another was answered.
			const request_sha256 = sha256Hex(Buffer.from(`${principal.key_id} ${request.digest}`));
			const before = await beginIdempotent(
				transaction,
				{ org_id, user_id: principal.user_id, key: idempotencyKey, request_sha256 },
				new Date(now),
			);
			if (before !== undefined) {
				await waitForStandbys(transaction);
				return before;
			}
		}
		const call = { ...request, org_id, principal, transaction, services, now: new Date(now) };
		const { body, after, settles, about } = await handle(route, call).catch((error: unknown) => {
			throw refusalOf(call, route, error);
		});
		if (route.audit !== null)
			await services.audit.appendIn(transaction, [
				eventOf(withoutHidden(call, route), route.audit, { about, result: route.secret ? null : body }),
			]);
		if (idempotencyKey !== undefined)
			await finishIdempotent(transaction, principal.user_id, idempotencyKey, {
				status: route.success,
				response: route.secret ? null : canonicalJson(body as never),
				settles: settles ?? null,
			});
		return { body, ...(settles === undefined ? {} : { settles }), ...(after === undefined ? {} : { after }) };
	};
	try {
		const { body, after, settles } = await services.store.withOrg(org_id, run);
		const settled = settles == null ? {} : await services.recompiler.settle(org_id, settles);
		return { ...(body as object), ...settled, ...(await after?.()) };
	} catch (error) {
		if (error instanceof Undone) return error.answer;
		// A refusal is told after its transaction was undone, and before the caller hears of it.
		if (error instanceof Refused) {
			await services.audit.append([error.event]);
			throw error.cause;
		}
		throw error;
	}
}

function handle(
	route: Route,
	call: Omit<Call<unknown, unknown, unknown>, 'principal'> & { readonly principal: Principal },
): Promise<Answer<object>> {
	return route.handle(call as never) as never;
}

async function signIn(
	services: Services,
	text: string,
	{ request_id, address }: { readonly request_id: string; readonly address: string },
): Promise<{ readonly token: string; readonly expires_at: string }> {
	const refused = new TapPassError('unauthenticated', {
		detail: 'the API key is not valid, or no longer',
		hint: 'ask an org admin for a new one',
	});
	const key = readApiKey(text);
	if (key === undefined) throw refused;
	const now = services.now();
	return services.store.withOrg(key.orgId, async (transaction) => {
		const principal = await findByKeyHash(transaction, key.orgId, key.hash, new Date(now));
		if (principal === undefined) throw refused;
		await touchKey(transaction, principal.key_id, new Date(now));
		await services.audit.appendIn(transaction, [
			services.audit.event({
				type: 'operator.signed_in',
				org_id: key.orgId,
				actor: { kind: 'operator', id: principal.user_id },
				decision: 'allow',
				request_id,
				payload: { key_id: principal.key_id, from: address },
			}),
		]);
		const signer = await services.keys.current(transaction, key.orgId, 'operator_token');
		const claims = { org_id: key.orgId, user_id: principal.user_id, key_id: principal.key_id };
		const token = await mintOperatorToken(claims, signer.id, signer.privateKey, now);
		return {
			token,
			expires_at: new Date((Math.floor(now / 1_000) + serverLimits.operatorTokenSeconds) * 1_000).toISOString(),
		};
	});
}

function publicKeyOf({ store, keys }: Services): Parameters<typeof verifyOperatorToken>[1] {
	return (orgId, keyId) => keys.publicKey(store, orgId, 'operator_token', keyId);
}

function bearer(context: AppContext): string {
	const [, text] = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(context.req.header('authorization') ?? '') ?? [];
	if (text === undefined)
		throw new TapPassError('unauthenticated', {
			detail: 'expected: authorization: Bearer …',
			hint: 'sign in: tappass login',
		});
	return text;
}

class RateLimited extends TapPassError {
	readonly seconds: number;
	constructor(seconds: number) {
		super('rate_limited', { detail: `try again in ${seconds} s` });
		this.seconds = seconds;
	}
}

function limit(buckets: TokenBuckets, caller: string): void {
	const seconds = buckets.take(caller, performance.now());
	if (seconds > 0) throw new RateLimited(seconds);
}

function addressOf(context: AppContext): string {
	const { incoming } = context.env as { readonly incoming?: { readonly socket: { readonly remoteAddress?: string } } };
	return incoming?.socket.remoteAddress ?? 'unknown';
}

function problem(context: AppContext, error: unknown): Response {
	const document = { ...toProblem(error, context.req.path.slice(0, 256)), request_id: context.get('request_id') };
	const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
	if (document.status === 401) headers['www-authenticate'] = 'Bearer';
	if (error instanceof RateLimited) headers['retry-after'] = String(error.seconds);
	else if (document.status === 503 && document.code === 'audit_unavailable') headers['retry-after'] = '1';
	return context.body(JSON.stringify(document), document.status as 400, headers);
}

// Answers hold policies and, once, keys: no cache keeps them, and no browser takes them for something else.
function secure(context: AppContext): void {
	const { headers } = context.res;
	headers.set('x-request-id', context.get('request_id'));
	if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
	headers.set('x-content-type-options', 'nosniff');
	headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
}
