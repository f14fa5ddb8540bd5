import type { TrustedRoot } from '../keys/trusted-root.ts';
import type { Audience } from '../verify/audience.ts';
import type { Keyring } from '../verify/keyring.ts';
import type { Floor, FloorOrNone } from './floor.ts';

/** The floor after a keyring was accepted; every part of it stays or grows. */
export function raisedByKeyring(floor: FloorOrNone, audience: Audience, root: TrustedRoot, keyring: Keyring): Floor {
	const policy = keyring.policy.statement;
	const freshness = keyring.freshness.statement;
	const issued = later(policy.issued_at, freshness.issued_at);
	return Object.freeze({
		schema: 'tappass.floor/1',
		org_id: audience.org_id,
		sandbox_id: audience.sandbox_id,
		root_version: root.document.version,
		epoch: policy.epoch,
		policy_version: policy.policy_version,
		policy_sha256: keyring.policy.sha256,
		seq: freshness.seq,
		issued_at_max: floor === 'none' ? issued : later(floor.issued_at_max, issued),
		// Never below the floor's: a lower one was refused before.
		protocol_max: policy.min_protocol,
	});
}

/**
 * The floor under a newer root. A higher epoch forgets versions and sequence numbers, and nothing else does:
 * it is how an org recovers from a stolen key that ran ahead.
 */
export function raisedToRoot(floor: Floor, root: TrustedRoot): Floor {
	const { version, epoch, issued_at } = root.document;
	const witnessed = { ...floor, root_version: version, issued_at_max: later(floor.issued_at_max, issued_at) };
	if (epoch === floor.epoch) return Object.freeze(witnessed);
	return Object.freeze({ ...witnessed, epoch, policy_version: 0, policy_sha256: null, seq: 0 });
}

function later(a: string, b: string): string {
	// Instants have one form, so their texts are ordered as they are.
	return a > b ? a : b;
}
