import { type OrgId, parseJson, TapPassError } from '@tappass/core';
import { nextRoot, pinRoot, type RootDocument, type TrustedRoot } from '@tappass/trust';
import { announce } from '../events/notices.ts';
import { insertRoot, newestRoot } from '../store/keys.ts';
import { currentKeyIds, setEpoch } from '../store/roots.ts';
import type { OrgTransaction } from '../store/store.ts';

/** A root document that is in force from now on. */
export interface AcceptedRoot {
	readonly version: number;
	readonly epoch: number;
	/** Sandboxes whose statements are of an epoch that has ended: they are derived anew. */
	readonly outdated: number;
}

/**
 * Puts the root document in force that follows the newest one: signed by thresholds of the old root keys and the new, one
 * version on, valid now, and listing the very keys that this server signs with. Every replica and every connected host
 * is told. Raising the epoch this way is what begins anew after the database was restored from a backup.
 *
 * @param bytes `root.json`, made where the root keys are
 * @param now Unix milliseconds
 * @throws {TapPassError} root_version_gap, root_rollback, root_expired, threshold_unmet, key_unknown when it does not list
 * a key of this server, and what `nextRoot` throws
 */
export async function acceptRoot(
	transaction: OrgTransaction,
	orgId: OrgId,
	bytes: Uint8Array,
	now: number,
): Promise<AcceptedRoot> {
	const newest = await newestRoot(transaction);
	if (newest === undefined) throw new TapPassError('key_unknown', { detail: 'there is no root document to follow' });
	const root = nextRoot(pinRoot(newest.document), parseJson(bytes, { integersOnly: true }));
	if (now >= root.expires_at_ms)
		throw new TapPassError('root_expired', { detail: `since ${root.document.expires_at}` });
	assertListsOwnKeys(root, await currentKeyIds(transaction));
	const { epoch, version } = root.document;
	await insertRoot(transaction, { org_id: orgId, version, epoch, document: Buffer.from(bytes), sha256: root.sha256 });
	const outdated = epoch > newest.epoch ? await setEpoch(transaction, orgId, epoch, new Date(now)) : 0;
	await announce(transaction, { kind: 'root', org_id: orgId, sandbox_ids: [] });
	return { version, epoch, outdated };
}

const signing = ['policy', 'freshness', 'token', 'audit'] as const satisfies readonly (keyof RootDocument['roles'])[];

// A root that does not know this server's keys would cut off every host, and only another rotation could mend it.
function assertListsOwnKeys({ document }: TrustedRoot, own: ReadonlyMap<string, string>): void {
	for (const role of signing) {
		const id = own.get(role);
		if (id === undefined || !document.roles[role].keyids.includes(id))
			throw new TapPassError('key_unknown', { detail: `the document does not list this server's ${role} key` });
	}
	if (own.get('host_ca') !== document.host_ca_spki_sha256)
		throw new TapPassError('key_unknown', { detail: 'the document lists another CA of the host plane' });
}
