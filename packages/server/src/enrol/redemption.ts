import type { ErrorCode } from '@tappass/core';
import { syncLimits } from '../sync-limits.ts';

/** A bootstrap as it stands when someone tries to redeem it. Times are Unix milliseconds. */
export interface BootstrapState {
	readonly created_at: number;
	readonly expires_at: number;
	readonly used_at: number | null;
	/** SHA-256 of the SPKI that redeemed it, hex. */
	readonly used_key_sha256: string | null;
}

/** An attempt to redeem. */
export interface RedemptionAttempt {
	readonly key_sha256: string;
	/** The server's clock, Unix milliseconds; what the host's clock says does not matter. */
	readonly now: number;
	/** When the epoch in force began, if a restore began it: what was issued before is void. */
	readonly void_before: number | null;
}

/** What to do with an attempt. `alarm` says that an operator must be told. */
export type RedemptionDecision =
	| { readonly kind: 'redeem' }
	| { readonly kind: 'repeat' }
	| { readonly kind: 'refuse'; readonly code: ErrorCode; readonly alarm: boolean };

/**
 * Decides what happens to one attempt to redeem a bootstrap.
 * The first attempt in time wins; the same key gets the same answer for a minute, so that a reply lost on the way does not
 * brick a host; any other key in that minute contests it, and everything later finds it used.
 */
export function decideRedemption(
	bootstrap: BootstrapState | undefined,
	{ key_sha256, now, void_before }: RedemptionAttempt,
): RedemptionDecision {
	if (bootstrap === undefined) return refuse('bootstrap_unknown', false);
	// A restore resurrects tokens that had been burned; none from before it is believed.
	if (void_before !== null && bootstrap.created_at < void_before) return refuse('bootstrap_void', false);
	if (bootstrap.used_at !== null) return decideUsed(bootstrap.used_at, bootstrap.used_key_sha256, key_sha256, now);
	// Written so that a time that cannot be read (NaN) refuses as well.
	return now < bootstrap.expires_at ? { kind: 'redeem' } : refuse('bootstrap_expired', false);
}

function decideUsed(usedAt: number, usedKey: string | null, key: string, now: number): RedemptionDecision {
	if (!(now - usedAt <= syncLimits.exchangeReplayMs)) return refuse('bootstrap_used', true);
	return usedKey === key ? { kind: 'repeat' } : refuse('bootstrap_contested', true);
}

function refuse(code: ErrorCode, alarm: boolean): RedemptionDecision {
	return { kind: 'refuse', code, alarm };
}
