import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { type OrgId, TapPassError } from '@tappass/core';
import { generateSigner, type LocalSigner, type Signer, signerFromPem } from '@tappass/signing';
import type { Insertable, Selectable } from 'kysely';
import type { DataKeyTable, OrgKeyRole, OrgKeyTable } from '../store/key-tables.ts';
import {
	currentKey,
	dropPendingKey,
	findKey,
	insertDataKey,
	insertOrgKey,
	listDataKeys,
	newestDataKey,
	oldestDataKey,
	readDataKey,
	setWrapped,
} from '../store/keys.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
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

/** A key that seals what an org stores. */
export interface DataKey {
	readonly id: string;
	readonly key: Uint8Array;
}

/** An org's private keys: sealed in the database by a data key that the KMS wraps, opened here when they are first used. */
export class OrgKeys {
	readonly #kms: Kms;
	readonly #opened = new Map<string, OrgKey>();
	readonly #dataKeys = new Map<OrgId, { readonly key: DataKey; readonly at: number }>();
	readonly #openedData = new Map<string, DataKey>();
	readonly #public = new Map<string, { readonly key: KeyObject; readonly at: number }>();

	constructor(kms: Kms) {
		this.#kms = kms;
	}

	/** Makes a data key and one key for each role. @returns the new keys by role */
	async create(transaction: OrgTransaction, orgId: OrgId): Promise<Readonly<Record<OrgKeyRole, LocalSigner>>> {
		await this.addDataKey(transaction, orgId);
		const dataKey = await this.#openDataKey(orgId, await newestDataKey(transaction));
		const made = Object.fromEntries(roles.map((role) => [role, generateSigner(algorithms[role])])) as Record<
			OrgKeyRole,
			LocalSigner
		>;
		for (const role of roles) await insertOrgKey(transaction, sealedRow(orgId, role, made[role], dataKey));
		return made;
	}

	/** Makes the data key that new things are sealed by; what was sealed before keeps its own. @returns its id */
	async addDataKey(transaction: OrgTransaction, orgId: OrgId): Promise<string> {
		const key = { id: `dk_${randomBytes(8).toString('hex')}`, key: randomBytes(32) };
		await insertDataKey(transaction, {
			org_id: orgId,
			id: key.id,
			...(await this.#kms.wrap(key.key, `${orgId} ${key.id}`)),
		});
		// Not believed before it is committed: the next question asks the database.
		this.#dataKeys.delete(orgId);
		return key.id;
	}

	/**
	 * Has every data key of the org wrapped by the key that the KMS wraps with now. What is sealed by them stays as it is.
	 * @returns the id of that key, and how many data keys another had wrapped
	 */
	async rewrap(
		transaction: OrgTransaction,
		orgId: OrgId,
	): Promise<{ readonly kms_key_id: string; readonly data_keys: number; readonly rewrapped: number }> {
		const rows = await listDataKeys(transaction);
		let [kms_key_id, rewrapped] = ['', 0];
		for (const row of rows) {
			const { id, key } = await this.#openDataKey(orgId, row);
			const again = await this.#kms.wrap(key, `${orgId} ${id}`);
			({ kms_key_id } = again);
			if (again.kms_key_id === row.kms_key_id) continue;
			await setWrapped(transaction, id, again);
			rewrapped += 1;
		}
		return { kms_key_id, data_keys: rows.length, rewrapped };
	}

	/**
	 * Makes the key that is to follow the current one of a role. Nothing is signed with it until a root document lists it;
	 * one that waited before is let go of, so that what an interrupted rotation left behind is never taken into use.
	 * @param certify makes the certificate of a CA
	 */
	async prepare(
		transaction: OrgTransaction,
		orgId: OrgId,
		role: OrgKeyRole,
		certify?: (signer: Signer) => Promise<Uint8Array>,
	): Promise<Omit<Signer, 'sign'>> {
		const signer = generateSigner(algorithms[role]);
		await dropPendingKey(transaction, role);
		const row = sealedRow(orgId, role, signer, await this.dataKey(transaction, orgId));
		const certificate = certify === undefined ? null : await certify(signer);
		await insertOrgKey(transaction, { ...row, certificate, pending: true });
		return { id: signer.id, algorithm: signer.algorithm, spki: signer.spki };
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
		if (held !== undefined && isSame(held.certificate, row.certificate)) return held;
		const dataKey = await this.dataKeyOf(transaction, orgId, row.data_key_id);
		const pem = Buffer.from(open(dataKey.key, row.sealed, contextOf(orgId, row.role, row.key_id))).toString('utf8');
		const signer = signerFromPem(pem);
		if (signer.id !== row.key_id) throw new TapPassError('key_invalid', { detail: `the ${role} key has another id` });
		const { id, algorithm, spki, sign } = signer;
		const key: OrgKey = { id, algorithm, spki, sign, privateKey: createPrivateKey(pem), certificate: row.certificate };
		this.#opened.set(row.key_id, key);
		return key;
	}

	/**
	 * The org's data key that new things are sealed by.
	 * @throws {TapPassError} key_unknown; key_invalid when the KMS does not open it
	 */
	async dataKey(transaction: OrgTransaction, orgId: OrgId): Promise<DataKey> {
		const held = this.#dataKeys.get(orgId);
		if (held !== undefined && performance.now() - held.at < believedMs) return held.key;
		const key = await this.#openDataKey(orgId, await newestDataKey(transaction));
		this.#dataKeys.set(orgId, { key, at: performance.now() });
		return key;
	}

	/** The org's first data key: what is derived from it never changes. @throws {TapPassError} as `dataKey` */
	async firstDataKey(transaction: OrgTransaction, orgId: OrgId): Promise<DataKey> {
		const name = `${orgId} first`;
		const held = this.#openedData.get(name);
		if (held !== undefined) return held;
		const key = await this.#openDataKey(orgId, await oldestDataKey(transaction));
		this.#openedData.set(name, key);
		return key;
	}

	/** A data key by its id, for what was sealed by it. @throws {TapPassError} as `dataKey` */
	async dataKeyOf(transaction: OrgTransaction, orgId: OrgId, id: string): Promise<DataKey> {
		return this.#openedData.get(`${orgId} ${id}`) ?? this.#openDataKey(orgId, await readDataKey(transaction, id));
	}

	async #openDataKey(orgId: OrgId, row: Selectable<DataKeyTable> | undefined): Promise<DataKey> {
		if (row === undefined) throw new TapPassError('key_unknown', { detail: `${orgId} has no data key` });
		const name = `${orgId} ${row.id}`;
		const held = this.#openedData.get(name);
		if (held !== undefined) return held;
		const key = { id: row.id, key: await this.#kms.unwrap(row, name) };
		this.#openedData.set(name, key);
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

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
	return one === null || other === null ? one === other : Buffer.compare(one, other) === 0;
}

function sealedRow(orgId: OrgId, role: OrgKeyRole, signer: LocalSigner, dataKey: DataKey): Insertable<OrgKeyTable> {
	const { algorithm, id: key_id, spki } = signer;
	const sealed = seal(dataKey.key, Buffer.from(signer.toPem()), contextOf(orgId, role, key_id));
	return { org_id: orgId, key_id, role, algorithm, spki, sealed, data_key_id: dataKey.id, certificate: null };
}

function contextOf(orgId: OrgId, role: OrgKeyRole, keyId: string): string {
	return `tappass org key ${orgId} ${role} ${keyId}`;
}
