import { type Json, TapPassError } from '@tappass/core';
import type { KeyRole } from '../keys/root-document.ts';
import { nextRoot, type TrustedRoot } from '../keys/trusted-root.ts';
import { trustLimits } from '../limits.ts';
import { assertNotFuture } from '../verify/lifetime.ts';
import { assertRootValid } from './accept-keyring.ts';
import type { Now } from './now.ts';
import { raisedToRoot } from './raise.ts';
import type { Held, State } from './state.ts';

/**
 * The state after walking a chain of root documents, oldest first, each one version after the one before; all or none.
 * Expired documents are walked over, but the last must be valid.
 * @param value a parsed `tappass.root-chain/1` document
 * @throws {TapPassError} root_chain_too_long, root_…, and what `nextRoot` throws
 * @see TUF specification 5.3.3 to 5.3.11
 */
export function acceptRootChain(state: State, value: { readonly [key: string]: Json }, now: Now): State {
	const root = walkRoots(state.root, chainOf(value), now);
	return Object.freeze({
		...state,
		root,
		floor: state.floor === 'none' ? 'none' : raisedToRoot(state.floor, root),
		held: state.held !== null && stillVouched(state.held, root) ? state.held : null,
		root_refresh: 'allowed',
	});
}

/**
 * The root document at the end of a chain, oldest first, each one version after the one before; `held` when it is empty.
 * Expired documents are walked over, but the last must be valid.
 * @throws {TapPassError} root_…, clock_future, and what `nextRoot` throws
 */
export function walkRoots(held: TrustedRoot, roots: readonly Json[], now: Now): TrustedRoot {
	const root = roots.reduce<TrustedRoot>(nextRoot, held);
	assertRootValid({ root }, now.wall_ms);
	assertNotFuture(root.document.issued_at, now.wall_ms);
	return root;
}

function chainOf(value: { readonly [key: string]: Json }): readonly Json[] {
	const { roots } = value;
	if (!Array.isArray(roots) || roots.length === 0 || Object.keys(value).length !== 2) {
		throw new TapPassError('payload_malformed', { detail: 'expected a list of root documents' });
	}
	if (roots.length > trustLimits.rootChainMax) throw new TapPassError('root_chain_too_long');
	return roots;
}

// TUF 5.3.11: what a removed key signed is dropped at once; so is everything of an epoch that has ended.
function stillVouched(held: Held, root: TrustedRoot): boolean {
	const enough = (role: KeyRole & keyof Held['signers']): boolean => {
		const { threshold, keyids } = root.document.roles[role];
		return held.signers[role].filter((id) => keyids.includes(id)).length >= threshold;
	};
	return held.policy.epoch === root.document.epoch && enough('policy') && enough('freshness');
}
