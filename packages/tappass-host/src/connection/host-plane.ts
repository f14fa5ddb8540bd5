import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type Json, TapPassError } from '@tappass/core';
import type { TrustedRoot } from '@tappass/trust';
import { limits } from '../limits.ts';
import type { Credentials, Enrolment } from '../state/documents.ts';
import { EventReader, type StreamEvent } from './event-reader.ts';
import { hostPlaneName, spkiSha256 } from './pinned.ts';
import { ask, expectStatus, type Reply, refusalOf, unreachable } from './request.ts';

/** An open stream. */
export interface OpenStream {
	/** Ends when the stream does; with the reason when the server refused or broke it. */
	readonly ended: Promise<TapPassError | undefined>;
	readonly close: () => void;
}

/** The control plane as one sandbox reaches it: with its certificate, over connections that chain to its org's CA. */
export class HostPlane {
	readonly #origin: string;
	readonly #servername: string;
	readonly #told: (serverMs: number) => void;
	#agent: Agent;

	/** @param told is handed the server's clock with every answer */
	constructor(enrolment: Enrolment, credentials: Credentials, told: (serverMs: number) => void) {
		this.#origin = new URL(enrolment.sync_url).origin;
		this.#servername = hostPlaneName(enrolment.org_id);
		this.#told = told;
		this.#agent = this.#agentFor(credentials);
	}

	/** Shows another certificate from now on; a stream that is open stays. */
	use(credentials: Credentials): void {
		this.#agent.destroy();
		this.#agent = this.#agentFor(credentials);
	}

	/** @throws {TapPassError} server_unreachable, payload_too_large, payload_malformed, or the server's own code */
	async get(path: string): Promise<Json> {
		return expectStatus(await this.#ask('GET', path), 200);
	}

	/** @throws {TapPassError} as `get` */
	async post(path: string, status: 200 | 201, body: object): Promise<Json> {
		return expectStatus(await this.#ask('POST', path, body), status);
	}

	async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
		const url = `${this.#origin}${path}`;
		const reply = await ask({ agent: this.#agent }, { method, url, ...(body === undefined ? {} : { body }) });
		if (reply.server_ms !== undefined) this.#told(reply.server_ms);
		return reply;
	}

	/** Opens the stream. @throws {TapPassError} server_unreachable, or the server's own code */
	stream(onEvent: (event: StreamEvent) => void): Promise<OpenStream> {
		const url = `${this.#origin}/v1/sync/stream`;
		return new Promise((resolve, reject) => {
			// A connection of its own: it stays while others are made with the next certificate.
			const request = httpsRequest(url, { agent: this.#agent }, (response) => {
				request.setTimeout(0);
				if (response.statusCode === 200) return resolve(readStream(url, response, onEvent));
				refused(response).then(reject, (cause) => reject(unreachable(url, cause)));
			});
			request.setTimeout(limits.requestMs, () => request.destroy(new TapPassError('server_unreachable')));
			request.on('error', (cause) => reject(unreachable(url, cause)));
			request.end();
		});
	}

	close(): void {
		this.#agent.destroy();
	}

	#agentFor({ certificate, key }: Credentials): Agent {
		const { ca, certificate: cert } = certificate;
		return new Agent({ keepAlive: true, ca, cert, key, servername: this.#servername, maxSockets: 8 });
	}
}

/** Whether the CA that came with a certificate is the one that the root document lists. */
export function isListedCa(ca: string, root: TrustedRoot): boolean {
	try {
		return spkiSha256(new X509Certificate(ca)) === root.document.host_ca_spki_sha256;
	} catch {
		// Not a certificate at all: not the listed one.
		return false;
	}
}

async function refused(response: IncomingMessage): Promise<TapPassError> {
	let bytes = Buffer.alloc(0);
	for await (const chunk of response as AsyncIterable<Buffer>) {
		bytes = Buffer.concat([bytes, chunk]);
		if (bytes.byteLength > 65_536) break;
	}
	response.destroy();
	return refusalOf({ status: response.statusCode ?? 0, bytes, server_ms: undefined });
}

function readStream(url: string, response: IncomingMessage, onEvent: (event: StreamEvent) => void): OpenStream {
	const reader = new EventReader(onEvent);
	const { promise, resolve } = Promise.withResolvers<TapPassError | undefined>();
	let timer: NodeJS.Timeout | undefined;
	const end = (reason: TapPassError | undefined): void => {
		clearTimeout(timer);
		response.destroy();
		resolve(reason);
	};
	// An event that has begun must come whole soon; between events the server says something every 20 s.
	const watch = (ms: number): void => {
		clearTimeout(timer);
		timer = setTimeout(() => end(new TapPassError('server_unreachable', { detail: 'the stream fell silent' })), ms);
	};
	let pending = false;
	watch(limits.streamSilenceMs);
	response.on('data', (chunk: Buffer) => {
		try {
			const before = reader.read;
			reader.push(chunk);
			if (reader.isWithin && pending && reader.read === before) return;
			pending = reader.isWithin;
			watch(pending ? limits.eventMs : limits.streamSilenceMs);
		} catch (error) {
			end(unreachable(url, error));
		}
	});
	response.on('error', (cause) => end(unreachable(url, cause)));
	response.on('close', () => end(undefined));
	return { ended: promise, close: () => end(undefined) };
}
