import { randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type OrgId, TapPassError } from '@tappass/core';
import { issueServerCertificate, pem } from '../ca/authority.ts';
import { orgOfHostPlaneName } from '../ca/spiffe.ts';
import type { AuthorityKeys } from '../enrol/enrolment.ts';
import type { Store } from '../store/store.ts';

/** A certificate that browsers believe, for connections that ask for no org; hosts never rely on it. */
export interface PublicCertificate {
	readonly certificate: string;
	readonly key: string;
}

export interface TlsContextsOptions {
	readonly store: Pick<Store, 'withOrg' | 'orgIds'>;
	readonly keys: AuthorityKeys;
	readonly publicCertificate?: PublicCertificate;
	/** Unix milliseconds. */
	readonly now: () => number;
}

/** The host plane's side of TLS: for each org a certificate of that org's CA, and trust in that CA alone. */
export class TlsContexts {
	readonly #options: TlsContextsOptions;
	readonly #contexts = new Map<OrgId, { readonly context: SecureContext; readonly until: number }>();

	constructor(options: TlsContextsOptions) {
		this.#options = options;
	}

	/**
	 * The context of the org that a connection asks for by SNI; null for any other name, which means the default.
	 * @throws {TapPassError} store_unavailable, key_unknown
	 */
	async forName(name: string): Promise<SecureContext | null> {
		const orgId = orgOfHostPlaneName(name);
		if (orgId === undefined) return null;
		const held = this.#contexts.get(orgId);
		if (held !== undefined && this.#options.now() < held.until) return held.context;
		const { options, until } = await this.#make(orgId);
		const context = createSecureContext(options);
		this.#contexts.set(orgId, { context, until });
		return context;
	}

	/**
	 * What connections get that name no org: the first org's certificate, or the public one when there is one.
	 * @returns the options, and until when they hold, Unix milliseconds
	 */
	async forNoName(): Promise<{ readonly options: SecureContextOptions; readonly until: number }> {
		const [orgId] = await this.#options.store.orgIds();
		if (orgId === undefined) throw new TapPassError('internal', { detail: 'there is no org' });
		const { options, until } = await this.#make(orgId);
		const { publicCertificate } = this.#options;
		if (publicCertificate === undefined) return { options, until };
		return { options: { ...options, cert: publicCertificate.certificate, key: publicCertificate.key }, until };
	}

	/** Forgets what it holds of an org, whose CA may have changed. */
	forget(orgId: OrgId): void {
		this.#contexts.delete(orgId);
	}

	async #make(orgId: OrgId): Promise<{ readonly options: SecureContextOptions; readonly until: number }> {
		const { keys, now, store } = this.#options;
		const signer = await store.withOrg(orgId, (transaction) => keys.current(transaction, orgId, 'host_ca'));
		if (signer.certificate === null) throw new TapPassError('key_unknown', { detail: 'the CA has no certificate' });
		const authority = { certificate: signer.certificate, signer };
		const at = now();
		const issued = await issueServerCertificate(authority, orgId, { now: at, serial: randomBytes(16) });
		const ca = pem(authority.certificate);
		const options = { cert: issued.certificate + ca, key: issued.key, ca, minVersion: 'TLSv1.3' } as const;
		return { options, until: at + (issued.not_after_ms - at) / 2 };
	}
}
