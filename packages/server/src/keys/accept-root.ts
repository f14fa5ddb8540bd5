import { instant, type OrgId, parseJson, TapPassError } from '@tappass/core';
import { nextRoot, pinRoot } from '@tappass/trust';
import { announce } from '../events/notices.ts';
import { activateKey, insertRoot, listKeys, newestRoot, type PublicKeyRow } from '../store/keys.ts';
import { setEpoch } from '../store/roots.ts';
import type { OrgTransaction } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import { decideRotations, type Rotation } from './rotation.ts';

/** A root document that is in force from now on. */
export interface AcceptedRoot {
	readonly version: number;
	readonly epoch: number;
	/** Sandboxes whose statements are of an epoch that has ended: they are derived anew. */
	readonly outdated: number;
	/** Keys that are in use from now on. */
	readonly rotated: readonly (Rotation | AuthorityRotation)[];
}

/** A CA of the host plane that a root document puts in the place of another. */
export interface AuthorityRotation {
	readonly role: 'host_ca';
	readonly key_id: string;
	readonly replaces: string;
}

/**
 * Puts the root document in force that follows the newest one: signed by thresholds of the old root keys and the new, one
 * version on, valid now, and listing the very keys that this server signs with. A key that waited and is listed is in use
 * from this transaction on, and the one it follows is retired. Every replica and every connected host is told. Raising the
 * epoch this way is what begins anew after the database was restored from a backup.
 *
 * @param bytes `root.json`, made where the root keys are
 * @param now Unix milliseconds
 * @param cutOff whether a new CA is taken into use though there may be hosts that have not heard of it
 * @throws {TapPassError} root_version_gap, root_rollback, root_expired, threshold_unmet, key_unknown when it does not list
 * a key of this server or lists another, authority_too_new, key_invalid, and what `nextRoot` throws
 */
export async function acceptRoot(
	transaction: OrgTransaction,
	orgId: OrgId,
	bytes: Uint8Array,
	now: number,
	{ cutOff = false }: { readonly cutOff?: boolean } = {},
): Promise<AcceptedRoot> {
	const newest = await newestRoot(transaction);
	if (newest === undefined) throw new TapPassError('key_unknown', { detail: 'there is no root document to follow' });
	const held = pinRoot(newest.document);
	const root = nextRoot(held, parseJson(bytes, { integersOnly: true }));
	if (now >= root.expires_at_ms)
		throw new TapPassError('root_expired', { detail: `since ${root.document.expires_at}` });
	const keys = await listKeys(transaction);
	const rotated = [
		...decideRotations(held.document, root.document, keys),
		...decideAuthority(root.document.host_ca_spki_sha256, keys, cutOff ? Number.POSITIVE_INFINITY : now),
	];
	const { epoch, version } = root.document;
	for (const { role, key_id } of rotated) await activateKey(transaction, role, key_id, new Date(now));
	await insertRoot(transaction, { org_id: orgId, version, epoch, document: Buffer.from(bytes), sha256: root.sha256 });
	const outdated = epoch > newest.epoch ? await setEpoch(transaction, orgId, epoch, new Date(now)) : 0;
	await announce(transaction, { kind: 'root', org_id: orgId, sandbox_ids: [] });
	return { version, epoch, outdated, rotated };
}

// Hosts hear of a CA that waits with their next certificate, and the oldest certificate lives for one life: after that a
// host that is still good knows both.
function decideAuthority(listed: string, keys: readonly PublicKeyRow[], now: number): readonly AuthorityRotation[] {
	const own = keys.filter(({ role, retired_at }) => role === 'host_ca' && retired_at === null);
	const current = own.find(({ pending }) => !pending);
	if (current?.key_id === listed) return [];
	const waiting = own.find(({ pending }) => pending);
	if (current === undefined || waiting?.key_id !== listed)
		throw new TapPassError('key_unknown', { detail: 'the document lists another CA of the host plane' });
	const known = waiting.created_at.getTime() + syncLimits.certificateLifeMs;
	if (now < known)
		throw new TapPassError('authority_too_new', {
			detail: `hosts hear of it until ${instant(known)}`,
			hint: 'try again then; --cut-off takes it into use now, and hosts that have not heard of it must be enrolled again',
		});
	return [{ role: 'host_ca', key_id: listed, replaces: current.key_id }];
}
