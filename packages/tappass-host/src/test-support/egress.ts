import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEgress } from '../egress/start-egress.ts';
import type { Denial, Egress, EgressOptions, EgressPolicy, EgressSpan } from '../egress/types.ts';

/** A policy that allows these names and addresses. */
export function policyOf(
	allow: readonly string[],
	cidrs: readonly string[] = [],
	deny: readonly string[] = [],
): EgressPolicy {
	return { rules: { schema: 'tappass.egress-rules/1', allow, deny }, cidrs };
}

/** An HTTP server on a free port of loopback, with the requests that it saw. */
export interface Origin {
	readonly port: number;
	readonly seen: readonly IncomingMessage[];
	readonly close: () => void;
}

export async function startOrigin(answer: RequestListener = (_, response) => response.end('origin')): Promise<Origin> {
	const seen: IncomingMessage[] = [];
	const server: Server = createHttpServer((request, response) => {
		seen.push(request);
		answer(request, response);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		port: (server.address() as AddressInfo).port,
		seen,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
}

/** A proxy under test, with what it told. */
export interface EgressUnderTest extends Egress {
	readonly socketPath: string;
	readonly denials: readonly Denial[];
	readonly spans: readonly EgressSpan[];
	/** What the policy is from now on; the proxy is not told. */
	policy: EgressPolicy | null;
	tokens: Readonly<Record<string, string | undefined>>;
}

export async function startTestEgress(
	options: Partial<EgressOptions> & { readonly first: EgressPolicy | null },
): Promise<EgressUnderTest> {
	const folder = mkdtempSync(join(tmpdir(), 'tappass-egress-'));
	// A sandbox's user passes through it to the socket.
	chmodSync(folder, 0o711);
	const denials: Denial[] = [];
	const spans: EgressSpan[] = [];
	const state = {
		policy: options.first,
		tokens: { gateway: 'token-g', broker: 'token-b' } as Record<string, string | undefined>,
	};
	const egress = await startEgress({
		socketPath: join(folder, 'egress.sock'),
		policy: () => state.policy,
		token: (door) => state.tokens[door],
		agentPlaneUrl: 'http://127.0.0.1:1',
		resolve: async () => ['127.0.0.1'],
		onDenied: (denial) => denials.push(denial),
		onSpan: (span) => spans.push(span),
		...options,
	});
	return Object.assign(state, {
		...egress,
		socketPath: join(folder, 'egress.sock'),
		denials,
		spans,
		close: async () => {
			await egress.close();
			rmSync(folder, { recursive: true, force: true });
		},
	});
}

/** Sends bytes to the socket and gives everything that comes until the other side ends. */
export async function exchangeRaw(socketPath: string, ...texts: readonly (string | Buffer)[]): Promise<string> {
	const socket = connect(socketPath);
	let answer = '';
	socket.setEncoding('latin1').on('data', (text) => (answer += text));
	socket.on('error', () => undefined);
	for (const text of texts) socket.write(text);
	await once(socket, 'close');
	return answer;
}

/** Waits until something holds; the test's own time limit ends the wait. */
export async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
