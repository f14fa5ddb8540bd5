import { instant, type Json, limits, type OrgId, parseJson, type SandboxId, TapPassError } from '@tappass/core';
import {
	type EventsRequest,
	type HostEvent,
	type SessionAnswer,
	type SessionRequest,
	type Snapshot,
	type StatusReport,
	syncRejectedSchema,
	trustLimits,
} from '@tappass/trust';
import type { Audit, ServerEvent } from '../audit-store/append.ts';
import type { HostIdentity } from '../ca/spiffe.ts';
import { tellSecurity } from '../enrol/security-event.ts';
import { announce } from '../events/notices.ts';
import type { KeyringIssuer } from '../freshness/keyring-issuer.ts';
import { lockSandbox, rootsAfter } from '../store/enrolment.ts';
import { closeSession, insertEvents, openSession, upsertStatus, wasToldAstray } from '../store/hosts.ts';
import { newId } from '../store/ids.ts';
import type { Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';

/** What the requests of a host work with. */
export interface SyncRequestOptions {
	readonly store: Pick<Store, 'withOrg'>;
	readonly audit: Audit;
	readonly issuer: Pick<KeyringIssuer, 'issue'>;
	/** Unix milliseconds. */
	readonly now: () => number;
}

/** All that is in force for a host, with the root documents after the one it has. */
export async function snapshot(
	{ issuer, now, store }: SyncRequestOptions,
	host: HostIdentity,
	rootVersion: number,
): Promise<Snapshot> {
	const roots = await store.withOrg(host.org_id, (transaction) =>
		rootsAfter(transaction, rootVersion, trustLimits.rootChainMax),
	);
	// Without a keyring the root documents matter all the more: they may say that everything held so far is void.
	const keyring = await issuer.issue(host.org_id, host.sandbox_id).catch((error: unknown) => {
		if (error instanceof TapPassError && error.code === 'policy_pending') return null;
		throw error;
	});
	return {
		schema: 'tappass.snapshot/1',
		server_time: instant(now()),
		roots: roots.map(({ document }) => parseJson(document) as unknown as Snapshot['roots'][number]),
		keyring: keyring === null ? null : (parseJson(keyring.bytes) as Snapshot['keyring']),
	};
}

/** Keeps what a host says is loaded. */
export async function report(
	{ audit, now, store }: SyncRequestOptions,
	host: HostIdentity,
	status: StatusReport,
): Promise<{ readonly schema: 'tappass.status-stored/1' }> {
	assertSmall(status.detail, 'detail');
	await store.withOrg(host.org_id, async (transaction) => {
		// Hosts report every minute; what the log tells of is that something else is loaded.
		if (await upsertStatus(transaction, host, status, new Date(now()))) {
			const { epoch, policy_sha256, policy_version, rings } = status;
			const loaded = Object.fromEntries(Object.entries(rings).map(([ring, state]) => [ring, { ...state }]));
			const payload = { epoch, policy_sha256, rings: loaded };
			await audit.appendIn(transaction, [
				audit.event({ ...by(host), type: 'sandbox.loaded', policy_version, payload }),
			]);
		}
	});
	return { schema: 'tappass.status-stored/1' };
}

/** Opens a session; the keyring that comes back has tokens that are bound to it. */
export async function open(
	{ audit, issuer, now, store }: SyncRequestOptions,
	host: HostIdentity,
	{ detail }: SessionRequest,
): Promise<SessionAnswer> {
	assertSmall(detail, 'detail');
	const { org_id, sandbox_id } = host;
	const session_id = newId('ses');
	await store.withOrg(org_id, async (transaction) => {
		const session = { id: session_id, at: new Date(now()), detail };
		await openSession(transaction, { org_id, sandbox_id }, session);
		await audit.appendIn(transaction, [
			audit.event({ ...by(host), type: 'session.opened', session_id, payload: detail }),
		]);
		await announce(transaction, { kind: 'session', org_id, sandbox_ids: [sandbox_id] });
	});
	const { bytes } = await issuer.issue(org_id, sandbox_id);
	const keyring = parseJson(bytes) as SessionAnswer['keyring'];
	return { schema: 'tappass.session-opened/1', session_id, keyring };
}

/**
 * Closes a session.
 * @throws {TapPassError} not_found, in the same words whether the id is another sandbox's, another org's or no one's
 */
export async function close(
	{ audit, now, store }: SyncRequestOptions,
	host: HostIdentity,
	sessionId: string,
): Promise<{ readonly schema: 'tappass.session-closed/1' }> {
	const { org_id, sandbox_id } = host;
	const found = await store.withOrg(org_id, async (transaction) => {
		const closed = await closeSession(transaction, sandbox_id, sessionId, new Date(now()));
		if (closed)
			await audit.appendIn(transaction, [audit.event({ ...by(host), type: 'session.closed', session_id: sessionId })]);
		if (closed) await announce(transaction, { kind: 'session', org_id, sandbox_ids: [sandbox_id] });
		return closed;
	});
	if (!found) throw new TapPassError('not_found', { detail: 'no such session' });
	return { schema: 'tappass.session-closed/1' };
}

/** How many events were new, and how many were there already. */
export interface EventsAnswer {
	readonly schema: 'tappass.events-stored/1';
	readonly stored: number;
	readonly known: number;
}

/** Keeps what a host saw; the same id is stored once, so a host may send again whatever it got no answer to. */
export async function keepEvents(
	{ audit, now, store }: SyncRequestOptions,
	{ org_id, sandbox_id }: HostIdentity,
	{ events }: EventsRequest,
): Promise<EventsAnswer> {
	for (const { body } of events) assertSmall(body, 'body');
	const host = { org_id, sandbox_id };
	// First: told twice it is one alarm all the same, and what is stored already would never be told again.
	await tellOthers({ audit, store, now }, org_id, events);
	const fresh = await store.withOrg(org_id, async (transaction) => {
		const ids = new Set(await insertEvents(transaction, host, unique(events)));
		const stored = unique(events).filter(({ event_id }) => ids.has(event_id));
		await audit.appendIn(
			transaction,
			stored.map((event) => audit.event({ ...by(host), ...seen(event) })),
		);
		for (const event of events) {
			const rejected = ids.has(event.event_id) ? alarmOf(event) : undefined;
			if (rejected === undefined) continue;
			const { code, claimed_org_id = null, claimed_sandbox_id = null } = rejected;
			const detail = { event_id: event.event_id, claimed_org_id, claimed_sandbox_id };
			await tellSecurity(transaction, audit, org_id, { code, sandbox_id, detail });
		}
		return ids;
	});
	return { schema: 'tappass.events-stored/1', stored: fresh.size, known: events.length - fresh.size };
}

function by({
	org_id,
	sandbox_id,
}: HostIdentity): Pick<ServerEvent, 'org_id' | 'actor' | 'sandbox_id'> & { decision: 'none' } {
	return { org_id, actor: { kind: 'host', id: sandbox_id }, sandbox_id, decision: 'none' };
}

// A host's word: it says what it saw, and the log says that the host said so.
function seen({ at, body, event_id, kind }: HostEvent): Pick<ServerEvent, 'type' | 'decision' | 'code' | 'payload'> {
	const code =
		typeof body['code'] === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(body['code']) ? body['code'] : undefined;
	const isDenial = /(?:denied|blocked)$/.test(kind);
	return {
		type:
			code === undefined
				? 'host.event'
				: kind === 'sync_rejected'
					? 'sync.rejected'
					: isDenial
						? 'host.denied'
						: 'host.event',
		decision: isDenial || kind === 'sync_rejected' ? 'block' : 'none',
		...(code === undefined ? {} : { code }),
		payload: { kind, event_id, at, body },
	};
}

// What a host refuses to believe for these reasons does not happen by accident (`decide` calls it an alarm).
const alarming: ReadonlySet<string> = new Set(['version_conflict', 'audience_mismatch', 'version_jump']);

function alarmOf({ body, kind }: HostEvent): ReturnType<typeof syncRejectedSchema.parse> | undefined {
	if (kind !== 'sync_rejected') return undefined;
	const parsed = syncRejectedSchema.safeParse(body);
	return parsed.success && alarming.has(parsed.data.code) ? parsed.data : undefined;
}

/**
 * The org whose payload went astray is told that it did; nothing of the host or org that got it, and no content. It is the
 * word of a host of another org, and so the log says: only of a sandbox that there is, whose id nobody guesses, and once a
 * day for each, however often it is said.
 */
async function tellOthers(
	{ audit, now, store }: Pick<SyncRequestOptions, 'audit' | 'now' | 'store'>,
	orgId: OrgId,
	events: readonly HostEvent[],
): Promise<void> {
	const claims = new Map(
		events.flatMap((event): [string, { readonly org_id: OrgId; readonly sandbox_id: SandboxId }][] => {
			const { claimed_org_id, claimed_sandbox_id } = alarmOf(event) ?? {};
			if (claimed_org_id === undefined || claimed_sandbox_id === undefined || claimed_org_id === orgId) return [];
			return [[`${claimed_org_id} ${claimed_sandbox_id}`, { org_id: claimed_org_id, sandbox_id: claimed_sandbox_id }]];
		}),
	);
	// In one order everywhere, since each locks its sandbox.
	for (const [, { org_id, sandbox_id }] of [...claims].sort(([a], [b]) => (a < b ? -1 : 1))) {
		await store.withOrg(org_id, async (transaction) => {
			if ((await lockSandbox(transaction, sandbox_id)) === undefined) return;
			const since = new Date(now() - syncLimits.astrayEveryMs);
			if (await wasToldAstray(transaction, sandbox_id, since)) return;
			await tellSecurity(transaction, audit, org_id, {
				code: 'audience_mismatch',
				sandbox_id,
				detail: { direction: 'sent_astray', said_by: 'a host of another org' },
				actor: { kind: 'unknown', id: 'a host of another org' },
			});
		});
	}
}

// One INSERT cannot meet the same key twice.
function unique(events: readonly HostEvent[]): readonly HostEvent[] {
	return [...new Map(events.map((event) => [event.event_id, event])).values()];
}

function assertSmall(value: { readonly [key: string]: Json }, what: string): void {
	const bytes = Buffer.byteLength(JSON.stringify(value));
	const max = Math.min(syncLimits.eventBytesMax, limits.payloadBytesMax);
	if (bytes > max) throw new TapPassError('request_too_large', { detail: `${what}: at most ${max} bytes` });
}
