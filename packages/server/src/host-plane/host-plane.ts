import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type OrgId, orgIdSchema, TapPassError, toProblem } from '@tappass/core';
import {
	eventsRequestSchema,
	exchangeRequestSchema,
	type RootsAnswer,
	renewalRequestSchema,
	sessionRequestSchema,
	statusReportSchema,
} from '@tappass/trust';
import type { Audit } from '../audit-store/append.ts';
import { type AuthorityKeys, type EnrolmentOptions, exchange, renew } from '../enrol/enrolment.ts';
import { inertHeaders, inertPage } from '../enrol/inert-page.ts';
import { rootEnvelopes } from '../enrol/root-envelopes.ts';
import { startListener } from '../events/listener.ts';
import { KeyringIssuer, type OnlineKeys } from '../freshness/keyring-issuer.ts';
import type { RestoreGuard } from '../freshness/restore-guard.ts';
import { findRoot } from '../store/enrolment.ts';
import type { Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import { spanned } from '../tracing.ts';
import { type AuthenticatedHost, authenticate, presentedHost } from './authenticate.ts';
import { readMessage } from './request-body.ts';
import { type Route, routeOf } from './routes.ts';
import { type StreamFigures, StreamHub } from './stream-hub.ts';
import { close, keepEvents, open, report, snapshot } from './sync-requests.ts';
import { type PublicCertificate, speakHttp1, TlsContexts } from './tls-contexts.ts';
import { TokenBuckets } from './token-bucket.ts';

/** One line of a log; `msg` is a fixed sentence. */
export type SyncLog = (
	level: 'info' | 'warn' | 'error',
	msg: string,
	fields: Readonly<Record<string, unknown>>,
) => void;

export interface HostPlaneOptions {
	readonly store: Store;
	readonly audit: Audit;
	/** `OrgKeys`. */
	readonly keys: OnlineKeys & AuthorityKeys;
	readonly guard: RestoreGuard;
	/** Authority part of the hosts' SPIFFE ids. */
	readonly trustDomain: string;
	/** Where hosts reach the host plane, `https://…`: what statements carry as `sync_url`. */
	readonly address: string;
	readonly listen: { readonly host: string; readonly port: number };
	readonly publicCertificate?: PublicCertificate;
	/** Unix milliseconds; the system clock unless a test says otherwise. */
	readonly now?: () => number;
	/** From 0 to 1. */
	readonly random?: () => number;
	readonly log?: SyncLog;
}

/** The host plane, listening. */
export interface HostPlane {
	readonly port: number;
	readonly figures: () => StreamFigures;
	/** Whether notices of other replicas are being heard. */
	readonly listening: () => boolean;
	/** Ends streams and connections. */
	readonly close: () => Promise<void>;
}

/**
 * Starts the host plane: enrolment, where a client certificate is optional, and sync, where it is not.
 * @throws {TapPassError} restore_suspected is not thrown here but answered to hosts; store_unavailable, key_unknown
 */
export async function startHostPlane(options: HostPlaneOptions): Promise<HostPlane> {
	const { guard, keys, store } = options;
	const now = options.now ?? Date.now;
	const random = options.random ?? Math.random;
	const log = options.log ?? (() => {});
	const onError = (error: unknown): void => {
		const { code } = error instanceof TapPassError ? error : new TapPassError('internal');
		log(code === 'internal' ? 'error' : 'warn', 'work in the background failed', { code, cause: causeOf(error) });
	};
	const issuer = new KeyringIssuer({ store, keys, guard, now });
	const hub = new StreamHub({ store, issuer, now, random, onError });
	const contexts = new TlsContexts({ ...options, now });
	const plane: Plane = {
		options: { ...options, issuer, now },
		hub,
		log,
		hosts: new TokenBuckets(
			{ burst: syncLimits.requestBurst, perSecond: syncLimits.requestsPerSecond },
			syncLimits.bucketsMax,
		),
		events: new TokenBuckets(
			{ burst: syncLimits.eventBurst, perSecond: syncLimits.eventsPerSecond },
			syncLimits.bucketsMax,
		),
		addresses: new TokenBuckets(
			{ burst: syncLimits.installBurst, perSecond: syncLimits.installsPerSecond },
			syncLimits.bucketsMax,
		),
	};

	let { options: fallback, until } = await contexts.forNoName();
	const server = createServer(
		{
			...fallback,
			requestCert: true,
			// Whether a certificate is good is asked for each request; /install needs none.
			rejectUnauthorized: false,
			handshakeTimeout: syncLimits.handshakeMs,
			headersTimeout: syncLimits.headersMs,
			requestTimeout: syncLimits.requestMs,
			connectionsCheckingInterval: 1_000,
			maxHeaderSize: 16_384,
			ALPNCallback: speakHttp1,
			SNICallback: (name, done) => {
				contexts.forName(name).then(
					(context) => done(null, context ?? undefined),
					(error: unknown) => {
						// Somebody made the name up: nothing to report one by one.
						if (!(error instanceof TapPassError && error.code === 'not_found')) onError(error);
						done(new Error('no certificate'));
					},
				);
			},
		},
		(request, response) => {
			void answer(plane, request, response);
		},
	);
	// What is no TLS, or breaks off, is nothing to report one by one.
	server.on('tlsClientError', (_error, socket) => socket.destroy());
	server.on('clientError', (_error: Error, socket: Socket) => socket.destroy());

	// A CA may have been replaced; connections that name no org get the new certificate with the next tick.
	const forget = (orgId?: OrgId): void => {
		contexts.forget(orgId);
		until = 0;
	};
	const listener = startListener({
		store,
		onNotice: (notice) => {
			if (notice.kind === 'root') forget(notice.org_id);
			hub.onNotice(notice);
		},
		onGap: () => {
			forget();
			hub.reconcile().catch(onError);
		},
		onError,
	});
	const timer = setInterval(() => {
		hub.tick();
		if (now() < until) return;
		until = Number.POSITIVE_INFINITY;
		contexts.forNoName().then(
			(made) => {
				({ options: fallback, until } = made);
				server.setSecureContext(fallback);
			},
			(error: unknown) => {
				until = now() + syncLimits.reconcileMs;
				onError(error);
			},
		);
	}, tickMs);

	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(options.listen.port, options.listen.host, 1_024, resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		figures: () => hub.figures,
		listening: () => listener.connected(),
		close: async () => {
			clearInterval(timer);
			hub.close();
			await listener.stop();
			await closeServer(server);
		},
	};
}

const tickMs = 500;

interface Plane {
	readonly options: EnrolmentOptions &
		HostPlaneOptions & { readonly issuer: KeyringIssuer; readonly now: () => number };
	readonly hub: StreamHub;
	readonly log: SyncLog;
	readonly hosts: TokenBuckets;
	readonly addresses: TokenBuckets;
	/** Of events that sandboxes bring: each is a row. */
	readonly events: TokenBuckets;
}

async function answer(plane: Plane, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const path = (request.url ?? '/').split('?', 1)[0]!;
	const route = routeOf(request.method ?? '', path);
	response.on('error', () => {});
	try {
		await spanned(`host ${route.name}`, {}, () => dispatch(plane, route, request, response), request.headers);
	} catch (error) {
		refuse(plane, route, request, response, error);
	}
}

async function dispatch(plane: Plane, route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const { options } = plane;
	switch (route.name) {
		case 'not_found':
			throw new TapPassError('not_found', { detail: 'no such address' });
		case 'method_not_allowed':
			response.setHeader('allow', route.allow);
			throw new TapPassError('method_not_allowed');
		case 'install.page':
			takeTokens(plane.addresses, addressOf(request));
			response.writeHead(200, inertHeaders).end(request.method === 'HEAD' ? undefined : inertPage);
			return;
		case 'root':
			takeTokens(plane.addresses, addressOf(request));
			sendBytes(response, 200, (await rootOf(plane, route.part)).document);
			return;
		case 'roots_after':
			takeTokens(plane.addresses, addressOf(request));
			send(response, 200, await rootsAnswer(plane, route.part));
			return;
		case 'install.exchange': {
			takeTokens(plane.addresses, addressOf(request));
			const message = await readMessage(request, exchangeRequestSchema);
			send(response, 201, await exchange(options, route.token, message, addressOf(request)));
			return;
		}
		default:
			return dispatchSync(plane, route, request, response);
	}
}

type SyncRoute = Extract<Route, { readonly name: `sync.${string}` }>;

async function dispatchSync(
	plane: Plane,
	route: SyncRoute,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const { hub, options } = plane;
	const presented = presentedHost(request, options.trustDomain);
	takeTokens(plane.hosts, presented.serial);
	if (route.name === 'sync.renew') {
		// Judged by its own rules: a superseded certificate is not only refused here, it gives a clone away.
		const { csr } = await readMessage(request, renewalRequestSchema);
		send(response, 201, await renew(options, presented, csr));
		return;
	}
	const host: AuthenticatedHost = await authenticate(options, presented, options.now());
	switch (route.name) {
		case 'sync.stream':
			hub.open(host, response);
			return;
		case 'sync.snapshot':
			send(response, 200, await snapshot(options, host, rootVersionOf(request)));
			return;
		case 'sync.status':
			send(response, 200, await report(options, host, await readMessage(request, statusReportSchema)));
			return;
		case 'sync.events': {
			const message = await readMessage(request, eventsRequestSchema);
			takeTokens(plane.events, host.sandbox_id, message.events.length);
			send(response, 200, await keepEvents(options, host, message));
			return;
		}
		case 'sync.open_session':
			send(response, 201, await open(options, host, await readMessage(request, sessionRequestSchema)));
			return;
		case 'sync.close_session':
			send(response, 200, await close(options, host, route.session_id));
	}
}

/** The root document that a bootstrap URL pins. It is public, and says nothing about whether a token is good. */
async function rootOf(
	{ options }: Plane,
	part: string,
): Promise<{ readonly document: Uint8Array; readonly org_id: OrgId; readonly version: number }> {
	const [org, sha256] = part.split('/');
	const orgId = orgIdSchema.parse(org);
	const found = await options.store.withOrg(orgId, (transaction) => findRoot(transaction, sha256!));
	if (found === undefined) throw new TapPassError('not_found', { detail: 'no such root document' });
	return found;
}

/** Those after it: a host walks to the newest before it redeems anything. */
async function rootsAnswer(plane: Plane, part: string): Promise<RootsAnswer> {
	const { org_id, version } = await rootOf(plane, part);
	const roots = await plane.options.store.withOrg(org_id, (transaction) => rootEnvelopes(transaction, version));
	return { schema: 'tappass.roots/1', roots };
}

function rootVersionOf(request: IncomingMessage): number {
	const text = queryOf(request).get('root_version') ?? '0';
	if (!/^(?:0|[1-9]\d{0,8})$/.test(text)) throw new TapPassError('request_malformed', { detail: 'root_version' });
	return Number(text);
}

function queryOf(request: IncomingMessage): URLSearchParams {
	return new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
}

function addressOf(request: IncomingMessage): string {
	return request.socket.remoteAddress ?? 'unknown';
}

function takeTokens(buckets: TokenBuckets, caller: string, cost = 1): void {
	const seconds = buckets.take(caller, performance.now(), cost);
	if (seconds > 0) throw new TapPassError('rate_limited', { fields: { retry_after: seconds } });
}

function send(response: ServerResponse, status: number, body: object): void {
	sendBytes(response, status, Buffer.from(JSON.stringify(body)));
}

function sendBytes(response: ServerResponse, status: number, bytes: Uint8Array): void {
	const headers = {
		'content-type': 'application/json',
		'cache-control': 'no-store',
		'x-content-type-options': 'nosniff',
	};
	response.writeHead(status, { ...headers, 'content-length': bytes.byteLength }).end(bytes);
}

function refuse(
	{ log }: Plane,
	route: Route,
	request: IncomingMessage,
	response: ServerResponse,
	error: unknown,
): void {
	const problem = toProblem(error);
	const fields = { route: route.name, code: problem.code, from: addressOf(request) };
	if (problem.status >= 500) log('error', 'a request of a host failed', { ...fields, cause: causeOf(error) });
	else log('info', 'a request of a host was refused', fields);
	if (response.headersSent) {
		response.destroy();
		return;
	}
	const retry = (error as { readonly fields?: Readonly<Record<string, unknown>> }).fields?.['retry_after'];
	if (retry !== undefined) response.setHeader('retry-after', String(retry));
	else if (problem.status === 503) response.setHeader('retry-after', '2');
	// What is left of a body that nobody will read must not be taken for the next request.
	if (!request.complete) response.setHeader('connection', 'close');
	const bytes = Buffer.from(JSON.stringify(problem));
	response.writeHead(problem.status, {
		'content-type': 'application/problem+json',
		'cache-control': 'no-store',
		'content-length': bytes.byteLength,
	});
	response.end(bytes);
}

/** What went wrong beneath, without anything a caller sent: the class and code of the cause. */
function causeOf(error: unknown): string | undefined {
	const cause = error instanceof TapPassError ? error.cause : error;
	if (!(cause instanceof Error)) return undefined;
	const { code } = cause as { readonly code?: unknown };
	return typeof code === 'string'
		? `${cause.name} ${code}`
		: `${cause.name} ${cause.stack?.split('\n')[1]?.trim() ?? ''}`;
}

async function closeServer(server: Server): Promise<void> {
	const closed = new Promise<void>((resolve) => {
		server.close(() => resolve());
	});
	server.closeIdleConnections();
	const timer = setTimeout(() => server.closeAllConnections(), closeMs);
	await closed;
	clearTimeout(timer);
}

const closeMs = 1_000;
