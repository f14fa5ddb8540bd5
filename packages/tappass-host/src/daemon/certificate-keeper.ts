import type { Json } from '@tappass/core';
import type { TrustedRoot } from '@tappass/trust';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { Credentials } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import { renewalTime, renewCertificate } from './renewal.ts';

export interface CertificateKeeperOptions {
	readonly files: Files;
	readonly path: string;
	readonly clock: Clock;
	/** 0 to 1. */
	readonly random: () => number;
	readonly root: () => TrustedRoot;
	readonly post: (path: string, status: 201, body: object) => Promise<Json>;
	/** The next certificate is stored: from now on it is shown. */
	readonly renewed: (credentials: Credentials) => void;
	readonly failed: (error: unknown) => void;
}

/** Renews a certificate in its time. A failure is tried again after a while, with the old one for as long as it lasts. */
export class CertificateKeeper {
	readonly #options: CertificateKeeperOptions;
	#credentials: Credentials;
	#renewAt: number;
	/** On the monotonic clock. */
	#notBefore = 0;
	#renewing = false;

	constructor(credentials: Credentials, options: CertificateKeeperOptions) {
		this.#options = options;
		this.#credentials = credentials;
		this.#renewAt = renewalTime(credentials, options.random());
	}

	get credentials(): Credentials {
		return this.#credentials;
	}

	/** Looks at the clock; never throws. */
	tick(): void {
		const { clock, failed, files, path, post, random, renewed, root } = this.#options;
		const { monotonic_ms, wall_ms } = clock.now();
		if (this.#renewing || wall_ms < this.#renewAt || monotonic_ms < this.#notBefore) return;
		this.#renewing = true;
		renewCertificate({ files, path, root: root(), post })
			.then((credentials) => {
				this.#credentials = credentials;
				this.#renewAt = renewalTime(credentials, random());
				renewed(credentials);
			})
			.catch((error: unknown) => {
				this.#notBefore = clock.now().monotonic_ms + limits.reconnectMaxMs;
				failed(error);
			})
			.finally(() => {
				this.#renewing = false;
			});
	}
}
