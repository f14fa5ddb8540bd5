import { constants, randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type OrgId, TapPassError } from '@tappass/core';
import { issueServerCertificate, pem } from '../ca/authority.ts';
import { orgOfHostPlaneName } from '../ca/spiffe.ts';
import type { AuthorityKeys } from '../enrol/enrolment.ts';
import { listAuthorities } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';

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

interface Held {
	/** Shared by all who ask while it is being made: after a restart a whole fleet does. */
	readonly context: Promise<SecureContext>;
	/** Until when it holds, Unix milliseconds; without end while it is being made. */
	until: number;
}

// Every context has them, or a certificate that is made anew would bring resumption back: a resumed session carries the
// verdict on a certificate past the moment it was given.
const neverResumed = {
	secureOptions: constants.SSL_OP_NO_TICKET,
	sessionIdContext: randomBytes(16).toString('hex'),
} as const;

/**
 * Speaks HTTP/1.1 alone, as an `ALPNCallback`. As a list, `ALPNProtocols`, Node copies the names for each connection into its pool of
 * small buffers, and every stream that stays open keeps a whole 64 KiB block of that pool.
 */
export function speakHttp1({ protocols }: { readonly protocols: readonly string[] }): string | undefined {
	return protocols.find((name) => name === 'http/1.1');
}

/** The host plane's side of TLS: for each org a certificate of that org's CA, and trust in that CA alone. */
export class TlsContexts {
	readonly #options: TlsContextsOptions;
	readonly #contexts = new Map<OrgId, Held>();
	#known: ReadonlySet<OrgId> = new Set();
	#asking: Promise<void> = Promise.resolve();
	#next: Promise<void> | undefined;

	constructor(options: TlsContextsOptions) {
		this.#options = options;
	}

	/**
	 * The context of the org that a connection asks for by SNI; null for any other name, which means the default.
	 * @throws {TapPassError} not_found for an org that there is not; store_unavailable, key_unknown
	 */
	async forName(name: string): Promise<SecureContext | null> {
		const orgId = orgOfHostPlaneName(name);
		if (orgId === undefined) return null;
		const held = this.#contexts.get(orgId);
		if (held !== undefined && this.#options.now() < held.until) return held.context;
		// Before the CA's key is asked for: a name costs whoever makes one up nothing.
		if (!(await this.#exists(orgId))) throw new TapPassError('not_found', { detail: 'no such org' });
		return this.#contextOf(orgId);
	}

	async #contextOf(orgId: OrgId): Promise<SecureContext> {
		const other = this.#contexts.get(orgId);
		if (other !== undefined && this.#options.now() < other.until) return other.context;
		const made = this.#make(orgId);
		const held: Held = {
			context: made.then(({ options }) => createSecureContext(options)),
			until: Number.POSITIVE_INFINITY,
		};
		this.#contexts.set(orgId, held);
		try {
			const context = await held.context;
			held.until = (await made).until;
			return context;
		} catch (error) {
			if (this.#contexts.get(orgId) === held) this.#contexts.delete(orgId);
			throw error;
		}
	}

	// Orgs do not go away: one that was there is there. For the others one question is asked at a time, and whoever comes
	// while it is being answered shares the next, so that an org made a moment ago is found.
	async #exists(orgId: OrgId): Promise<boolean> {
		if (this.#known.has(orgId)) return true;
		this.#next ??= this.#asking.then(() => {
			this.#next = undefined;
			const answer = this.#options.store.orgIds().then((ids) => {
				this.#known = new Set(ids);
			});
			this.#asking = answer.catch(() => {});
			return answer;
		});
		await this.#next;
		return this.#known.has(orgId);
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

	/** Forgets what it holds of an org, whose CA may have changed; of every org when none is named. */
	forget(orgId?: OrgId): void {
		if (orgId === undefined) this.#contexts.clear();
		else this.#contexts.delete(orgId);
	}

	async #make(orgId: OrgId): Promise<{ readonly options: SecureContextOptions; readonly until: number }> {
		const { keys, now, store } = this.#options;
		const at = now();
		const since = new Date(at - syncLimits.certificateLifeMs);
		const { authorities, signer } = await store.withOrg(orgId, async (transaction) => ({
			signer: await keys.current(transaction, orgId, 'host_ca'),
			authorities: await listAuthorities(transaction, since),
		}));
		if (signer.certificate === null) throw new TapPassError('key_unknown', { detail: 'the CA has no certificate' });
		const authority = { certificate: signer.certificate, signer };
		const issued = await issueServerCertificate(authority, orgId, { now: at, serial: randomBytes(16) });
		const options = {
			cert: issued.certificate + pem(authority.certificate),
			key: issued.key,
			// Those that a replaced CA certified are good for as long as they live.
			ca: authorities.map(({ certificate }) => pem(certificate)),
			minVersion: 'TLSv1.3',
			...neverResumed,
		} satisfies SecureContextOptions;
		const ends = authorities.flatMap(({ retired_at }) =>
			retired_at === null ? [] : [retired_at.getTime() + syncLimits.certificateLifeMs],
		);
		return { options, until: Math.min(at + (issued.not_after_ms - at) / 2, ...ends) };
	}
}
