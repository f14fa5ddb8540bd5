import type { ErrorCode } from '@tappass/core';
import { syncLimits } from '../sync-limits.ts';

/** A certificate as it was issued. Times are Unix milliseconds. */
export interface CertificateState {
	readonly generation: number;
	readonly spki_sha256: string;
	readonly not_before: number;
	readonly not_after: number;
	readonly created_at: number;
	readonly first_seen_at: number | null;
	readonly revoked_at: number | null;
	/** The sandbox was enrolled anew since. */
	readonly left_behind: boolean;
}

/** A sandbox and its certificates, as far as they bear on whether one of them is good. */
export interface HostState {
	readonly state: 'pending' | 'active' | 'revoked' | 'locked';
	/** The certificate that is shown; undefined when this server never issued it to this sandbox. */
	readonly presented: CertificateState | undefined;
	/** The newest one that was issued. */
	readonly newest: CertificateState | undefined;
	/** Whether any certificate after the presented one has been shown. */
	readonly newer_seen: boolean;
}

/**
 * What a certificate is worth: `current` is the newest one, `previous` the one before while the newest has not been shown.
 * `lock` says that two hosts hold one identity: both must be locked, and an operator told.
 */
export type CertificateVerdict =
	| { readonly kind: 'current' | 'previous' }
	| { readonly kind: 'refuse'; readonly code: ErrorCode; readonly lock: boolean };

/** Decides whether a certificate that TLS has verified may be used. */
export function judgeCertificate(host: HostState, now: number): CertificateVerdict {
	const { newer_seen, newest, presented, state } = host;
	if (presented === undefined || newest === undefined || state === 'pending') return refuse('certificate_required');
	if (state === 'revoked') return refuse('sandbox_revoked');
	if (state === 'locked') return refuse('sandbox_locked');
	if (!(now < presented.not_after)) return refuse('certificate_expired');
	// The operator meant it: the host before is not a clone, and what it shows locks nobody.
	if (presented.left_behind) return refuse('certificate_superseded');
	if (presented.revoked_at !== null && presented.first_seen_at === null) {
		// It was voided because its receiver said it never arrived; now someone shows it.
		return refuse('sandbox_locked', true);
	}
	if (presented.revoked_at !== null || newer_seen) return refuse('certificate_superseded');
	return { kind: presented.generation === newest.generation ? 'current' : 'previous' };
}

/**
 * What to do with a request to renew. `repeat`: the newest certificate again, its reply was lost; `issue`: a new one, and
 * with `void_newest` the newest was lost before its host could store it and must never be shown.
 */
export type RenewalDecision =
	| { readonly kind: 'issue'; readonly void_newest: boolean }
	| { readonly kind: 'repeat' }
	| { readonly kind: 'refuse'; readonly code: ErrorCode; readonly lock: boolean };

/**
 * Decides about a renewal. A certificate whose successor has been shown cannot renew: whoever holds it is a copy, or the
 * one that was copied, and both are locked.
 */
export function decideRenewal(host: HostState, keySha256: string, now: number): RenewalDecision {
	const verdict = judgeCertificate(host, now);
	if (verdict.kind === 'refuse') {
		const isTwin = verdict.code === 'certificate_superseded' && host.presented?.left_behind !== true;
		return isTwin ? refuse('sandbox_locked', true) : verdict;
	}
	if (verdict.kind === 'current') return { kind: 'issue', void_newest: false };
	const { newest } = host;
	const again = newest!.spki_sha256 === keySha256 && now - newest!.created_at <= syncLimits.exchangeReplayMs;
	return again && newest!.revoked_at === null ? { kind: 'repeat' } : { kind: 'issue', void_newest: true };
}

function refuse(code: ErrorCode, lock = false): { kind: 'refuse'; code: ErrorCode; lock: boolean } {
	return { kind: 'refuse', code, lock };
}
