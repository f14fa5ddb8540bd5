import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { TapPassError } from '@tappass/core';
import type { Audit } from '../audit-store/append.ts';
import { certificateSerial } from '../ca/authority.ts';
import { type HostIdentity, parseSpiffeId } from '../ca/spiffe.ts';
import { lockTwins } from '../enrol/enrolment.ts';
import { hostState } from '../enrol/host-state.ts';
import { judgeCertificate } from '../enrol/presented-certificate.ts';
import { announce } from '../events/notices.ts';
import { markSeen, readHost } from '../store/enrolment.ts';
import type { OrgTransaction, Store } from '../store/store.ts';

/** A host whose certificate was verified, found and judged good. */
export interface AuthenticatedHost extends HostIdentity {
	readonly serial: string;
	readonly generation: number;
	/** When the certificate ends, Unix milliseconds. */
	readonly not_after: number;
}

/** Who a certificate says the host is, not yet looked up. */
export interface PresentedHost extends HostIdentity {
	readonly serial: string;
	readonly certificate: Buffer;
}

/**
 * Reads the certificate of a connection, once TLS has verified it.
 * @throws {TapPassError} certificate_required, certificate_expired
 */
export function presentedHost(request: IncomingMessage, trustDomain: string): PresentedHost {
	const socket = request.socket as TLSSocket;
	const certificate: X509Certificate | undefined = socket.getPeerX509Certificate?.();
	if (certificate === undefined) throw new TapPassError('certificate_required');
	if (!socket.authorized) {
		const reason = String(socket.authorizationError);
		if (reason.includes('CERT_HAS_EXPIRED')) throw expired();
		throw new TapPassError('certificate_required', { detail: 'this server did not issue it' });
	}
	const uri = /^URI:([^,\s]+)$/.exec(certificate.subjectAltName ?? '')?.[1];
	const identity = uri === undefined ? undefined : parseSpiffeId(trustDomain, uri);
	if (identity === undefined) throw new TapPassError('certificate_required', { detail: 'it names no sandbox' });
	return { ...identity, serial: certificateSerial(certificate), certificate: certificate.raw };
}

/**
 * Looks a host up and judges its certificate. The first time that a certificate is shown, those before it become void.
 * @throws {TapPassError} certificate_required, certificate_expired, certificate_superseded, sandbox_revoked, sandbox_locked
 */
export async function authenticate(
	{ store, audit }: { readonly store: Pick<Store, 'withOrg'>; readonly audit: Audit },
	host: PresentedHost,
	now: number,
): Promise<AuthenticatedHost> {
	const outcome = await store.withOrg(host.org_id, (transaction) => judge(transaction, audit, host, now));
	// Thrown out here, since a lock must not be undone with it.
	if (outcome instanceof TapPassError) throw outcome;
	return outcome;
}

async function judge(
	transaction: OrgTransaction,
	audit: Audit,
	host: PresentedHost,
	now: number,
): Promise<AuthenticatedHost | TapPassError> {
	const row = await readHost(transaction, host.sandbox_id, host.serial);
	// What this server issued it knows byte for byte; whatever else chains to the CA is not believed.
	if (row?.presented === undefined || !row.presented.certificate.equals(host.certificate))
		return new TapPassError('certificate_required', { detail: 'this server did not issue it' });
	const verdict = judgeCertificate(hostState(row), now);
	const { org_id, sandbox_id } = host;
	const { first_seen_at, generation, not_after } = row.presented;
	if (verdict.kind === 'refuse') {
		if (verdict.lock) await lockTwins(transaction, audit, host, generation);
		return verdict.code === 'certificate_expired' ? expired() : new TapPassError(verdict.code);
	}
	if (first_seen_at === null) {
		await markSeen(transaction, sandbox_id, generation, new Date(now));
		await announce(transaction, { kind: 'renewed', org_id, sandbox_ids: [sandbox_id] });
	}
	return { org_id, sandbox_id, serial: host.serial, generation, not_after: not_after.getTime() };
}

function expired(): TapPassError {
	return new TapPassError('certificate_expired', {
		hint: 'an expired certificate cannot renew itself: ask the operator for a new bootstrap URL',
	});
}
