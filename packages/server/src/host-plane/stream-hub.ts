import type { ServerResponse } from 'node:http';
import { type OrgId, type SandboxId, TapPassError, toProblem } from '@tappass/core';
import type { Notice } from '../events/notices.ts';
import type { IssuedKeyring, KeyringIssuer } from '../freshness/keyring-issuer.ts';
import { readHeads, type SandboxHead } from '../store/keyrings.ts';
import type { Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import type { AuthenticatedHost } from './authenticate.ts';
import { nextAttempt, nextFreshness } from './schedule.ts';

export interface StreamHubOptions {
	readonly store: Pick<Store, 'withOrg'>;
	readonly issuer: Pick<KeyringIssuer, 'issue'>;
	/** Unix milliseconds. */
	readonly now: () => number;
	/** From 0 to 1. */
	readonly random: () => number;
	readonly onError: (error: unknown) => void;
}

/** What the streams of this process have done so far. */
export interface StreamFigures {
	readonly streams: number;
	readonly keyrings_sent: number;
	readonly streams_ended: number;
}

interface Stream {
	readonly host: AuthenticatedHost;
	readonly response: ServerResponse;
	next_freshness: number;
	next_ping: number;
}

/** The open streams of one process: who gets a keyring when, and whose stream ends. */
export class StreamHub {
	readonly #options: StreamHubOptions;
	readonly #streams = new Map<SandboxId, Set<Stream>>();
	/** What each sandbox was last sent, while it has a stream. */
	readonly #sent = new Map<SandboxId, { readonly epoch: number; readonly policy_version: number }>();
	/** Sandboxes whose keyring is being signed; `true` when another change has come in the meantime. */
	readonly #pushing = new Map<SandboxId, boolean>();
	#count = 0;
	#keyrings = 0;
	#ended = 0;
	#lastReconcile = 0;

	constructor(options: StreamHubOptions) {
		this.#options = options;
	}

	get figures(): StreamFigures {
		return { streams: this.#count, keyrings_sent: this.#keyrings, streams_ended: this.#ended };
	}

	/**
	 * Takes over a response as a host's stream and sends the keyring of the moment.
	 * @throws {TapPassError} rate_limited when this process has no room
	 */
	open(host: AuthenticatedHost, response: ServerResponse): void {
		if (this.#count >= syncLimits.streamsMax)
			throw new TapPassError('rate_limited', { detail: 'no room for another stream', fields: { retry_after: 5 } });
		const now = this.#options.now();
		const stream: Stream = {
			host,
			response,
			next_freshness: Number.POSITIVE_INFINITY,
			next_ping: now + syncLimits.pingMs,
		};
		const streams = this.#streams.get(host.sandbox_id) ?? new Set<Stream>();
		this.#streams.set(host.sandbox_id, streams);
		streams.add(stream);
		this.#count += 1;
		response.on('close', () => this.#remove(stream));
		response.writeHead(200, {
			'content-type': 'text/event-stream',
			'cache-control': 'no-store',
			'x-content-type-options': 'nosniff',
		});
		response.flushHeaders();
		for (const oldest of streams) {
			if (streams.size <= syncLimits.streamsOfOneMax) break;
			this.#end(oldest);
		}
		this.#push(host.org_id, host.sandbox_id);
	}

	/** Acts on what a replica said: the rows are read, the notice alone decides nothing. */
	onNotice({ kind, org_id, sandbox_ids }: Notice): void {
		// What the gateway looks things up in changes no keyring.
		if (kind === 'registry') return;
		const ids = sandbox_ids.length === 0 ? this.#idsOf(org_id) : sandbox_ids.filter((id) => this.#streams.has(id));
		if (ids.length === 0) return;
		if (kind === 'state' || kind === 'renewed') this.#report(this.#reconcileOrg(org_id, ids));
		else for (const id of ids) this.#push(org_id, id);
		if (kind === 'root') this.#tellOfRoot(org_id);
	}

	/** Compares every open stream with the database: finds whatever no notice told of. */
	async reconcile(): Promise<void> {
		this.#lastReconcile = this.#options.now();
		const orgs = new Set([...this.#all()].map(({ host }) => host.org_id));
		for (const org_id of orgs) await this.#reconcileOrg(org_id, this.#idsOf(org_id));
	}

	/** Does what is due; called every second or so. */
	tick(): void {
		const now = this.#options.now();
		for (const stream of [...this.#all()]) {
			// Node does not look at a certificate again while a connection lasts.
			if (now >= stream.host.not_after) this.#end(stream, new TapPassError('certificate_expired'));
			else if (now >= stream.next_freshness) this.#push(stream.host.org_id, stream.host.sandbox_id);
			else if (now >= stream.next_ping) this.#write(stream, `event: ping\ndata: {"server_time":${now}}\n\n`);
		}
		if (now - this.#lastReconcile >= syncLimits.reconcileMs) this.#report(this.reconcile());
	}

	/** Ends every stream. */
	close(): void {
		for (const stream of [...this.#all()]) this.#end(stream, new TapPassError('shutting_down'));
	}

	*#all(): Iterable<Stream> {
		for (const streams of this.#streams.values()) yield* streams;
	}

	#idsOf(orgId: OrgId): readonly SandboxId[] {
		const ids = new Set<SandboxId>();
		for (const { host } of this.#all()) if (host.org_id === orgId) ids.add(host.sandbox_id);
		return [...ids];
	}

	async #reconcileOrg(orgId: OrgId, ids: readonly SandboxId[]): Promise<void> {
		const heads = await this.#options.store.withOrg(orgId, (transaction) => readHeads(transaction, ids));
		const byId = new Map(heads.map((head) => [head.id, head]));
		for (const id of ids) this.#reconcileOne(orgId, id, byId.get(id));
	}

	async #endUnlessActive(orgId: OrgId, id: SandboxId): Promise<void> {
		const [head] = await this.#options.store.withOrg(orgId, (transaction) => readHeads(transaction, [id]));
		this.#endVoid(orgId, id, head);
	}

	#endVoid(orgId: OrgId, id: SandboxId, head: SandboxHead | undefined): void {
		for (const stream of [...(this.#streams.get(id) ?? [])]) {
			if (stream.host.org_id !== orgId) continue;
			if (head === undefined || head.state !== 'active') this.#revoke(stream, head);
			else if (head.seen_generation > stream.host.generation)
				this.#end(stream, new TapPassError('certificate_superseded'));
		}
	}

	#reconcileOne(orgId: OrgId, id: SandboxId, head: SandboxHead | undefined): void {
		this.#endVoid(orgId, id, head);
		const sent = this.#sent.get(id);
		if (head === undefined || !this.#streams.has(id) || sent === undefined) return;
		if (sent.epoch !== head.epoch || sent.policy_version !== head.policy_version) this.#push(orgId, id);
	}

	#revoke(stream: Stream, head: SandboxHead | undefined): void {
		const error = new TapPassError(head?.state === 'locked' ? 'sandbox_locked' : 'sandbox_revoked');
		this.#write(stream, `event: revoked\ndata: ${JSON.stringify(toProblem(error))}\n\n`);
		this.#end(stream);
	}

	/** A new root document may void what hosts hold; they fetch it at once instead of at their next snapshot. */
	#tellOfRoot(orgId: OrgId): void {
		for (const stream of this.#all())
			if (stream.host.org_id === orgId) this.#write(stream, 'event: root\ndata: {}\n\n');
	}

	// However fast changes come, one sandbox has one keyring being signed, and at most one more that follows it.
	#push(orgId: OrgId, id: SandboxId): void {
		for (const stream of this.#streams.get(id) ?? []) stream.next_freshness = Number.POSITIVE_INFINITY;
		if (this.#pushing.has(id)) {
			this.#pushing.set(id, true);
			return;
		}
		this.#pushing.set(id, false);
		this.#options.issuer
			.issue(orgId, id)
			.then(
				(keyring) => this.#deliver(id, keyring),
				(error: unknown) => this.#postpone(orgId, id, error),
			)
			.finally(() => {
				const again = this.#pushing.get(id) === true && this.#streams.has(id);
				this.#pushing.delete(id);
				if (again) this.#push(orgId, id);
			});
	}

	#deliver(id: SandboxId, { bytes, epoch, policy_version, seq }: IssuedKeyring): void {
		const now = this.#options.now();
		const streams = this.#streams.get(id);
		if (streams === undefined) return;
		this.#sent.set(id, { epoch, policy_version });
		const event = Buffer.concat([Buffer.from(`event: keyring\nid: ${seq}\ndata: `), bytes, Buffer.from('\n\n')]);
		for (const stream of [...streams]) {
			stream.next_freshness = nextFreshness(now, this.#options.random());
			this.#keyrings += 1;
			this.#write(stream, event);
		}
	}

	// The host keeps what it has until that ends; here it is tried again until it works or the stream is gone.
	#postpone(orgId: OrgId, id: SandboxId, error: unknown): void {
		const now = this.#options.now();
		for (const stream of this.#streams.get(id) ?? []) stream.next_freshness = nextAttempt(now, this.#options.random());
		// Revoked between its authentication and its stream: the notice found no stream to end.
		if (error instanceof TapPassError && error.code === 'policy_pending')
			this.#report(this.#endUnlessActive(orgId, id));
		else this.#options.onError(error);
	}

	#write(stream: Stream, event: string | Buffer): void {
		if (stream.response.writableEnded || stream.response.destroyed) return;
		stream.next_ping = this.#options.now() + syncLimits.pingMs;
		stream.response.write(event);
		// A host that takes nothing holds no memory of ours; it connects again when it can.
		if (stream.response.writableLength > syncLimits.streamBacklogMax) stream.response.destroy();
	}

	#end(stream: Stream, reason?: TapPassError): void {
		if (reason !== undefined) this.#write(stream, `event: end\ndata: ${JSON.stringify(toProblem(reason))}\n\n`);
		this.#remove(stream);
		stream.response.end();
		// `end` waits for a peer that may never read.
		setTimeout(() => stream.response.destroy(), endMs).unref();
	}

	#remove(stream: Stream): void {
		const streams = this.#streams.get(stream.host.sandbox_id);
		if (streams?.delete(stream) !== true) return;
		this.#count -= 1;
		this.#ended += 1;
		if (streams.size > 0) return;
		this.#streams.delete(stream.host.sandbox_id);
		this.#sent.delete(stream.host.sandbox_id);
	}

	#report(work: Promise<void>): void {
		work.catch(this.#options.onError);
	}
}

const endMs = 2_000;
