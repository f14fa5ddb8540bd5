import { createHash, webcrypto, type X509Certificate } from 'node:crypto';
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { canonicalBytes, type ErrorCode, type Json, type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import {
	type CertificateAnswer,
	certificateAnswerSchema,
	createState,
	type Decision,
	decide,
	enrolmentAnswerSchema,
	type Now,
	pinRoot,
	type Rejection,
	remaining,
	rootsAnswerSchema,
	type Snapshot,
	type State,
	spendRootRefresh,
	type TrustedRoot,
	walkRoots,
} from '@tappass/trust';
import { hostPlaneName } from '../ca/spiffe.ts';
import { Pkcs10CertificateRequestGenerator } from '../ca/x509.ts';

/*
 * A host as the control plane sees it: it enrols, streams, decides with the same `decide` as the real daemon, and reports.
 * It keeps nothing on disk. Tests also use its parts to be hostile.
 */

/** A key and a request for it. */
export interface KeyAndRequest {
	/** PKCS#8, PEM. */
	readonly key: string;
	/** PKCS#10, PEM. */
	readonly csr: string;
}

/** An answer of the server, whatever its status. */
export interface Answer {
	readonly status: number;
	readonly headers: IncomingMessage['headers'];
	readonly text: string;
	/** The body as JSON; undefined when it is none. */
	readonly body: { readonly [key: string]: Json } | undefined;
}

/** Makes a P-256 key and a certificate request for it. */
export async function makeKeyAndRequest(name = 'CN=host'): Promise<KeyAndRequest> {
	const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
	const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
	const csr = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm });
	const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
	const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
	return { key, csr: csr.toString('pem') };
}

/** A bootstrap URL taken apart as `init` does. */
export interface BootstrapUrl {
	readonly origin: string;
	readonly token: string;
	readonly org_id: OrgId;
	readonly root_sha256: string;
}

/** Takes a bootstrap URL apart. */
export function parseBootstrapUrl(text: string): BootstrapUrl {
	const url = new URL(text);
	const token = url.pathname.slice('/install/'.length);
	const root_sha256 = new URLSearchParams(url.hash.slice(1)).get('root') ?? '';
	return { origin: url.origin, token, org_id: `org_${token.split('.')[0]}` as OrgId, root_sha256 };
}

/** Sends one request over whatever `options` connect with. */
export function send(
	url: string,
	options: RequestOptions & { readonly body?: object | string } & Record<string, unknown> = {},
): Promise<Answer> {
	const { body, ...rest } = options;
	return new Promise((resolve, reject) => {
		const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
		const headers = { ...(content === undefined ? {} : { 'content-type': 'application/json' }), ...rest.headers };
		const make = rest['createConnection'] === undefined ? httpsRequest : plainRequest;
		const target = make === plainRequest ? url.replace(/^https:/, 'http:') : url;
		const request = make(target, { rejectUnauthorized: false, ...rest, headers } as RequestOptions, (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', reject);
			response.on('end', () => {
				const text = Buffer.concat(chunks).toString('utf8');
				resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
			});
		});
		request.on('error', reject);
		request.end(content);
	});
}

function parsed(text: string): Answer['body'] {
	try {
		return JSON.parse(text) as { [key: string]: Json };
	} catch {
		// Not every answer is JSON: the inert page is HTML.
		return undefined;
	}
}

/**
 * Fetches the root document that a bootstrap URL pins, from a server that is not trusted yet: without the token.
 * @throws {TapPassError} root_mismatch when it is another one
 */
export async function fetchPinnedRoot(
	url: BootstrapUrl,
): Promise<{ readonly root: TrustedRoot; readonly bytes: Buffer }> {
	const { status, text } = await send(`${url.origin}/v1/roots/${url.org_id}/${url.root_sha256}`, { agent: false });
	if (status === 429) throw new TapPassError('rate_limited');
	if (status !== 200) throw new TapPassError('root_mismatch', { detail: `the server answered ${status}` });
	const bytes = Buffer.from(text);
	return { root: pinRoot(bytes, url.root_sha256), bytes };
}

/** The newest root document that the server has, walked to from a pinned one. */
export async function fetchNewestRoot(url: BootstrapUrl, pinned: TrustedRoot): Promise<TrustedRoot> {
	const { status, text } = await send(`${url.origin}/v1/roots/${url.org_id}/${pinned.sha256}/after`, { agent: false });
	if (status === 429) throw new TapPassError('rate_limited');
	if (status !== 200) throw new TapPassError('root_mismatch', { detail: `the server answered ${status}` });
	const { roots } = rootsAnswerSchema.parse(JSON.parse(text));
	return walkRoots(pinned, roots as unknown as Json[], systemClocks());
}

/**
 * Opens a connection whose certificate chains to the CA that the root document lists; nothing has been sent on it yet.
 * @throws {TapPassError} root_mismatch
 */
export function connectPinned(origin: string, root: TrustedRoot): Promise<TLSSocket> {
	const { hostname, port } = new URL(origin);
	const servername = hostPlaneName(root.document.org_id);
	return new Promise((resolve, reject) => {
		const socket = connect({ host: hostname, port: Number(port), servername, rejectUnauthorized: false }, () => {
			const leaf = socket.getPeerX509Certificate();
			const ca = leaf?.issuerCertificate;
			const good =
				leaf !== undefined &&
				ca !== undefined &&
				spkiSha256(ca) === root.document.host_ca_spki_sha256 &&
				ca.verify(ca.publicKey) &&
				leaf.verify(ca.publicKey) &&
				leaf.checkHost(servername) === servername &&
				leaf.validFromDate.getTime() <= Date.now() &&
				Date.now() < leaf.validToDate.getTime();
			if (good) return resolve(socket);
			socket.destroy();
			reject(new TapPassError('root_mismatch', { detail: 'the connection does not chain to the listed CA' }));
		});
		socket.on('error', reject);
	});
}

function spkiSha256(certificate: X509Certificate): string {
	return createHash('sha256')
		.update(certificate.publicKey.export({ format: 'der', type: 'spki' }))
		.digest('hex');
}

/** Redeems a bootstrap URL; the answer may be a refusal. */
export async function redeem(
	url: BootstrapUrl,
	root: TrustedRoot,
	body: { readonly csr: string; readonly name: string; readonly root_version?: number },
): Promise<Answer> {
	const socket = await connectPinned(url.origin, root);
	try {
		return await send(`${url.origin}/install/${url.token}/exchange`, {
			method: 'POST',
			createConnection: () => socket,
			body: { schema: 'tappass.exchange/1', root_version: root.document.version, ...body },
		});
	} finally {
		socket.destroy();
	}
}

/** Who a host is, and all that a copy of its state directory would hold. */
export interface HostIdentityFiles {
	readonly origin: string;
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly key: string;
	readonly certificate: CertificateAnswer;
}

export interface SimulatorOptions {
	/** The host's clocks; a test may run them ahead or back. */
	readonly now?: () => Now;
	readonly name?: string;
}

const systemClocks = (): Now => ({ wall_ms: Date.now(), monotonic_ms: performance.now() });

/** One simulated host. */
export class HostSimulator {
	identity: HostIdentityFiles;
	state: State;
	/** Everything it refused to believe. */
	readonly rejections: Rejection[] = [];
	/** Names of the events its stream has brought, newest last; at most 100. */
	readonly events: string[] = [];
	/** The last event that was no keyring and no ping. */
	ended: { readonly event: string; readonly code: string } | undefined;
	readonly #now: () => Now;
	readonly #waiting = new Set<() => void>();
	#agent: Agent;
	#stream: IncomingMessage | undefined;
	#pinned: TrustedRoot;
	/** Wall clock of the server minus the host's, as the last snapshot told. */
	#serverAheadMs = 0;
	#acceptedAt: number;

	constructor(identity: HostIdentityFiles, root: TrustedRoot, { now = systemClocks }: SimulatorOptions = {}) {
		this.identity = identity;
		this.#pinned = root;
		this.#now = now;
		this.#acceptedAt = now().monotonic_ms;
		const { org_id, sandbox_id } = identity;
		this.state = createState({ root, audience: { org_id, sandbox_id }, floor: 'none' });
		this.#agent = this.#makeAgent();
	}

	/** Does what `tappass-host init` does. @throws {TapPassError} root_mismatch, or the code of the server's refusal */
	static async enrol(url: string, options: SimulatorOptions = {}): Promise<HostSimulator> {
		const parts = parseBootstrapUrl(url);
		const root = await fetchNewestRoot(parts, (await fetchPinnedRoot(parts)).root);
		const { csr, key } = await makeKeyAndRequest();
		const answer = await redeem(parts, root, {
			csr,
			name:
				options.name ??
				`host-${parts.token
					.slice(-8)
					.toLowerCase()
					.replaceAll(/[^a-z0-9]/g, '0')}`,
		});
		if (answer.status !== 201) throw new TapPassError(answer.body!['code'] as ErrorCode);
		const { certificate, keyring, org_id, sandbox_id } = enrolmentAnswerSchema.parse(answer.body);
		const host = new HostSimulator({ origin: parts.origin, org_id, sandbox_id, key, certificate }, root, options);
		host.receive(canonicalBytes(keyring));
		return host;
	}

	/** A second host with the same files: a cloned machine. */
	clone(): HostSimulator {
		return new HostSimulator(this.identity, this.#pinned, { now: this.#now });
	}

	/** Decides about bytes as the daemon does, and keeps the outcome. */
	receive(bytes: Uint8Array): Decision {
		const decision = decide(this.state, bytes, this.#now());
		if (decision.accept) {
			this.state = decision.state;
			this.#acceptedAt = this.#now().monotonic_ms;
		} else this.rejections.push(decision);
		for (const wake of [...this.#waiting]) wake();
		return decision;
	}

	get policy_version(): number {
		return this.state.held?.policy.policy_version ?? 0;
	}

	/** What the host does with its agent now: `denied` is what everything fails to. */
	get posture(): 'fresh' | 'stale' | 'denied' {
		const now = this.#now();
		if (remaining(this.state, now) <= 0) return 'denied';
		return now.monotonic_ms - this.#acceptedAt >= 120_000 ? 'stale' : 'fresh';
	}

	/** Why everything looks expired, when the reason is the host's own clock. */
	get clockHint(): ErrorCode | undefined {
		return this.#serverAheadMs < -30_000 ? 'clock_ahead' : undefined;
	}

	/** Sends a request with the host's certificate. */
	async call(
		method: string,
		path: string,
		body?: object | string,
		headers: Record<string, string> = {},
	): Promise<Answer> {
		const answer = await send(`${this.identity.origin}${path}`, {
			method,
			headers,
			agent: this.#agent,
			rejectUnauthorized: true,
			...(body === undefined ? {} : { body }),
		});
		const date = Date.parse(answer.headers.date ?? '');
		if (!Number.isNaN(date)) this.#serverAheadMs = date - this.#now().wall_ms;
		return answer;
	}

	/** Fetches what is in force, root documents first; answers the server's refusal if there was one. */
	async reconcile(): Promise<Answer> {
		const version = this.state.root.document.version;
		const answer = await this.call('GET', `/v1/sync/snapshot?root_version=${version}`);
		if (answer.status !== 200) return answer;
		const { keyring, roots } = answer.body as unknown as Snapshot;
		if (roots.length > 0)
			this.receive(canonicalBytes({ schema: 'tappass.root-chain/1', roots: roots as unknown as Json[] }));
		if (keyring !== null) this.receive(canonicalBytes(keyring));
		return answer;
	}

	/** Opens the stream; every keyring that comes is decided about. @returns the status of the answer */
	async stream(): Promise<number> {
		const { origin } = this.identity;
		return new Promise((resolve, reject) => {
			const agent = this.#agent;
			const request = httpsRequest(`${origin}/v1/sync/stream`, { agent }, (response) => {
				this.#stream = response;
				if (response.statusCode === 200) this.#read(response);
				else response.resume();
				resolve(response.statusCode ?? 0);
			});
			request.on('error', reject);
			request.end();
		});
	}

	/** Whether the stream is open. */
	get streaming(): boolean {
		return this.#stream !== undefined && !this.#stream.destroyed && !this.#stream.readableEnded;
	}

	#read(response: IncomingMessage): void {
		let text = '';
		response.setEncoding('utf8');
		response.on('error', () => {});
		response.on('close', () => {
			for (const wake of [...this.#waiting]) wake();
		});
		response.on('data', (chunk: string) => {
			text += chunk;
			for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
				this.#event(text.slice(0, end));
				text = text.slice(end + 2);
			}
		});
	}

	#event(block: string): void {
		const fields = new Map(
			block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
		);
		const event = fields.get('event') ?? '';
		const data = fields.get('data') ?? '';
		this.events.push(event);
		if (this.events.length > 100) this.events.shift();
		if (event === 'keyring') {
			const decision = this.receive(Buffer.from(data));
			if (!decision.accept && decision.refresh_root) {
				this.state = spendRootRefresh(this.state);
				this.reconcile().catch(() => {});
			}
		} else if (event === 'root') {
			this.reconcile().catch(() => {});
		} else if (event !== 'ping') {
			this.ended = { event, code: (JSON.parse(data) as { readonly code: string }).code };
			// §7: a revocation ends everything at once; the keyring is dropped, not run out.
			if (event === 'revoked') this.state = { ...this.state, held: null };
		}
		for (const wake of [...this.#waiting]) wake();
	}

	/** Waits until something holds, looking again whenever anything arrives; the time is a bound against hanging. */
	async until(holds: () => boolean, timeoutMs = 60_000): Promise<void> {
		if (holds()) return;
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(look);
				reject(
					new Error(
						`nothing came in ${timeoutMs} ms; at version ${this.policy_version}, ${JSON.stringify(this.rejections.at(-1))}`,
					),
				);
			}, timeoutMs);
			const look = (): void => {
				if (!holds()) return;
				clearTimeout(timer);
				this.#waiting.delete(look);
				resolve();
			};
			this.#waiting.add(look);
		});
	}

	/**
	 * Asks for the next certificate. With `keep: 'none'` the reply is lost, as if the host had crashed before storing it.
	 */
	async renew(options: { readonly keep?: 'all' | 'none'; readonly using?: KeyAndRequest } = {}): Promise<Answer> {
		const { csr, key } = options.using ?? (await makeKeyAndRequest());
		const answer = await this.call('POST', '/v1/sync/renew', { schema: 'tappass.renewal/1', csr });
		if (answer.status === 201 && options.keep !== 'none') {
			this.identity = { ...this.identity, key, certificate: certificateAnswerSchema.parse(answer.body) };
			this.#agent.destroy();
			this.#agent = this.#makeAgent();
		}
		return answer;
	}

	/** Closes every connection. */
	stop(): void {
		this.#stream?.destroy();
		this.#agent.destroy();
	}

	/** Closes the stream alone. */
	hangUp(): void {
		this.#stream?.destroy();
		this.#stream = undefined;
	}

	#makeAgent(): Agent {
		const { certificate, key, org_id } = this.identity;
		return new Agent({
			keepAlive: true,
			ca: certificate.ca,
			cert: certificate.certificate,
			key,
			servername: hostPlaneName(org_id),
		});
	}
}
