import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { type OrgId, TapPassError } from '@tappass/core';
import { generateSigner, type LocalSigner, type Signer, signerFromPem } from '@tappass/signing';
import { currentKey, findKey, insertDataKey, insertOrgKey, readDataKey } from '../store/keys.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
import type { OrgKeyRole } from '../store/tables.ts';
import type { Kms } from './kms.ts';
import { open, seal } from './seal.ts';

const algorithms: Readonly<Record<OrgKeyRole, 'ed25519' | 'es256'>> = {
	policy: 'ed25519',
	freshness: 'ed25519',
	audit: 'ed25519',
	token: 'es256',
	host_ca: 'es256',
	operator_token: 'es256',
};
const roles = Object.keys(algorithms) as OrgKeyRole[];

/** A private key of an org, opened for use in this process. */
export interface OrgKey extends Signer {
	/** For libraries that want Node's own form. */
	readonly privateKey: KeyObject;
	/** X.509 in DER; the CA alone has one, once it was issued. */
	readonly certificate: Uint8Array | null;
}

/** An org's private keys: sealed in the database by a data key that the KMS wraps, opened here when they are first used. */
export class OrgKeys {
	readonly #kms: Kms;
	readonly #opened = new Map<string, OrgKey>();
	readonly #public = new Map<string, { readonly key: KeyObject; readonly at: number }>();

	constructor(kms: Kms) {
		this.#kms = kms;
	}

	/** Makes a data key and one key for each role. @returns the new keys by role */
	async create(transaction: OrgTransaction, orgId: OrgId): Promise<Readonly<Record<OrgKeyRole, LocalSigner>>> {
		const dataKey = randomBytes(32);
		const data_key_id = `dk_${randomBytes(8).toString('hex')}`;
		const wrapped = await this.#kms.wrap(dataKey, `${orgId} ${data_key_id}`);
		await insertDataKey(transaction, { org_id: orgId, id: data_key_id, kms_key_id: this.#kms.id, wrapped });
		const made = Object.fromEntries(roles.map((role) => [role, generateSigner(algorithms[role])])) as Record<
			OrgKeyRole,
			LocalSigner
		>;
		for (const role of roles) {
			const signer = made[role];
			await insertOrgKey(transaction, {
				org_id: orgId,
				key_id: signer.id,
				role,
				algorithm: signer.algorithm,
				spki: signer.spki,
				sealed: seal(dataKey, Buffer.from(signer.toPem()), contextOf(orgId, role, signer.id)),
				data_key_id,
				certificate: null,
			});
		}
		return made;
	}

	/**
	 * The key that now speaks for a role.
	 * @throws {TapPassError} key_unknown; key_invalid when the KMS does not open it
	 */
	async current(transaction: OrgTransaction, orgId: OrgId, role: OrgKeyRole): Promise<OrgKey> {
		const row = await currentKey(transaction, role);
		if (row === undefined) throw new TapPassError('key_unknown', { detail: `${orgId} has no ${role} key` });
		const held = this.#opened.get(row.key_id);
		// A certificate can arrive after the key.
		if (held !== undefined && held.certificate?.length === row.certificate?.length) return held;
		const data = await readDataKey(transaction, row.data_key_id);
		const dataKey = await this.#kms.unwrap(data.wrapped, `${orgId} ${row.data_key_id}`);
		const pem = Buffer.from(open(dataKey, row.sealed, contextOf(orgId, row.role, row.key_id))).toString('utf8');
		const signer = signerFromPem(pem);
		if (signer.id !== row.key_id) throw new TapPassError('key_invalid', { detail: `the ${role} key has another id` });
		const { id, algorithm, spki, sign } = signer;
		const key: OrgKey = { id, algorithm, spki, sign, privateKey: createPrivateKey(pem), certificate: row.certificate };
		this.#opened.set(row.key_id, key);
		return key;
	}

	/** A public key by its id, while it has not been retired; believed for a minute without asking again. */
	async publicKey(
		store: Pick<Store, 'withOrg'>,
		orgId: OrgId,
		role: OrgKeyRole,
		keyId: string,
	): Promise<KeyObject | undefined> {
		const name = `${orgId} ${role} ${keyId}`;
		const held = this.#public.get(name);
		if (held !== undefined && performance.now() - held.at < believedMs) return held.key;
		this.#public.delete(name);
		const row = await store.withOrg(orgId, (transaction) => findKey(transaction, keyId));
		if (row === undefined || row.role !== role || row.retired_at !== null) return undefined;
		const key = createPublicKey({ key: row.spki, format: 'der', type: 'spki' });
		this.#public.set(name, { key, at: performance.now() });
		return key;
	}
}

const believedMs = 60_000;

function contextOf(orgId: OrgId, role: OrgKeyRole, keyId: string): string {
	return `tappass org key ${orgId} ${role} ${keyId}`;
}
