import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generateSigner } from '@tappass/signing';
import { importPublicKey } from '@tappass/trust';
import { z } from 'zod';
import { operatorRoutes } from '../api/app.ts';
import { createAuthority, issueHostCertificate } from '../ca/authority.ts';
import { hostPlaneName } from '../ca/spiffe.ts';
import { HostSimulator } from './host-simulator.ts';
import {
	bytesOf,
	type Came,
	exchangeBytes,
	hostile,
	mutatedValue,
	pick,
	type Random,
	randomBytesOf,
	randomOf,
	type Schema,
	type Sketch,
	sampleOf,
} from './hostile-requests.ts';
import { fileOf, send, type TestServer, testServer } from './test-server.ts';

/** A server with every plane, an operator, a host and its token: what is attacked, and who must be served meanwhile. */
export interface Attacked {
	readonly test: TestServer;
	/** One attack on a plane. @throws {Error} that names the seed when what came back is not what may come */
	readonly attack: (plane: Plane, seed: number) => Promise<void>;
	/** @throws {Error} when an honest request is not answered */
	readonly serveOthers: () => Promise<void>;
	readonly close: () => Promise<void>;
}

export type Plane = 'operator' | 'host' | 'agent';
export const planes: readonly Plane[] = ['operator', 'host', 'agent'];

const words = [
	'support',
	'tenant_a',
	'eu-support-emailer',
	'floor.rego',
	'package tappass.policy\n\nbudget.tool_calls_per_minute := 5\n',
	'org',
	'project',
	'eve@acme.example',
	'admins',
	'*',
	'policy.*',
	'node-bubblewrap',
	'1',
];
const answerMs = 1_500;
/** A host may send so much in a second: with one, most of what is sent would be refused unread. */
const hostCount = 25;
const floor = `package tappass.policy

models.allow contains "m"

tools.allow contains "gmail.*"

budget.tokens_per_day := 1000000000

budget.dollars_per_month := 1000000

budget.tool_calls_per_minute := 1000000
`;

/** Starts what is attacked. */
export async function startAttacked(): Promise<Attacked> {
	const test = await testServer();
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', floor)] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: hostCount,
		project: 'support',
	});
	const hosts = await Promise.all(
		body.items.map(({ url }: { url: string }, at: number) => HostSimulator.enrol(url, { name: `tenant_${at}` })),
	);
	const host: HostSimulator = hosts[0];
	const stranger = await forgedCertificate(host);
	const opened = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
	if (opened.status !== 201) throw new Error(`no session: ${opened.text}`);
	await host.reconcile();
	const token = host.state.held!.freshness.tokens.gateway_token;
	const operator = await bearerOf(test);

	const { identity } = host;
	const [operatorPort, hostPort, agentPort] = [
		test.server.urls.operator!,
		identity.origin,
		test.server.urls.agent!,
	].map((url) => Number(new URL(url).port));
	const dial = (plane: Plane, random: Random): Socket => {
		if (plane !== 'host') return connectTcp((plane === 'operator' ? operatorPort : agentPort)!, '127.0.0.1');
		const { identity: one } = pick(random, hosts) as HostSimulator;
		const own = { key: one.key, cert: one.certificate.certificate };
		const shown = pick(random, [own, own, own, {}, stranger]);
		const options = { host: '127.0.0.1', port: hostPort!, rejectUnauthorized: false };
		return random(40) === 0
			? connectTcp(hostPort!, '127.0.0.1')
			: connectTls({
					...options,
					...shown,
					servername: pick(random, [hostPlaneName(identity.org_id), 'evil.example']),
				});
	};

	return {
		test,
		attack: async (plane, seed) => {
			const random = randomOf(seed);
			const sketch = sketchOf(plane, random, { operator, token });
			const bytes = random(15) === 0 ? randomBytesOf(random, random(2_000)) : hostile(sketch, random);
			const came = await exchangeBytes(dial(plane, random), bytes, answerMs);
			const fault = faultOf(came);
			if (fault !== undefined)
				throw new Error(
					`FUZZ_SEED=${seed} ${plane} ${sketch.method} ${sketch.path}: ${fault}\n${bytes.toString('latin1').slice(0, 600)}\n${came?.body.slice(0, 600)}`,
				);
		},
		serveOthers: async () => {
			const answers = [
				(await test.call('GET', '/v1/status')).status,
				(await host.reconcile()).status,
				(
					await send(test.server.urls.agent!, 'GET', '/v1/models', undefined, {
						authorization: `Bearer ${host.state.held!.freshness.tokens.gateway_token}`,
					})
				).status,
			];
			if (answers.join() !== '200,200,200') throw new Error(`others were answered ${answers.join()}`);
		},
		close: async () => {
			for (const each of hosts) each.stop();
			await test.close();
		},
	};
}

/** Names the same sandbox, and is signed by a CA of the same name with another key. */
async function forgedCertificate({
	identity,
}: HostSimulator): Promise<{ readonly key: string; readonly cert: string }> {
	const issued = { now: Date.now(), serial: new Uint8Array(16).fill(7) };
	const authority = await createAuthority(identity.org_id, generateSigner('es256'), issued);
	const own = generateSigner('es256');
	const subject = { ...issued, trustDomain: 'tappass.local', identity };
	const { certificate } = await issueHostCertificate(authority, importPublicKey('es256', own.spki), subject);
	const text = Buffer.from(certificate)
		.toString('base64')
		.replaceAll(/(.{64})/g, '$1\n');
	return { key: own.toPem(), cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n` };
}

async function bearerOf({ url, key }: TestServer): Promise<string> {
	const reply = await send(url, 'POST', '/v1/auth/token', undefined, { authorization: `Bearer ${key}` });
	return `Bearer ${reply.body.token as string}`;
}

/** What may come back: an answer below 500, or that something is not there at the moment; each with a code. */
function faultOf(came: Came | null): string | undefined {
	if (came === null) return undefined;
	const { status } = came;
	const body = came.body.replace(/^0\r\n\r\n$/, '');
	if (/"code":\s*"internal"/.test(body)) return 'a fault of ours';
	if (status >= 500 && status !== 503) return `status ${status}`;
	// What is no HTTP gets the parser's own answer, which has no body.
	if (status >= 400 && body !== '' && !/"code":\s*"?[a-z_0-9-]+|"jsonrpc"/.test(body))
		return `no code, status ${status}`;
	return undefined;
}

function sketchOf(plane: Plane, random: Random, by: { readonly operator: string; readonly token: string }): Sketch {
	switch (plane) {
		case 'operator':
			return operatorSketch(random, by.operator);
		case 'host':
			return { ...pick(random, hostRequests(random)) };
		case 'agent':
			return agentSketch(random, by.token);
	}
}

// What takes the server away from everyone else is no attack: an admin may do it. What is tried out leaves the machine.
const spared: ReadonlySet<string> = new Set([
	'revokeSandbox',
	'revokeKey',
	'deleteMember',
	'deleteTeam',
	'eraseAudit',
	'testMcpServer',
	'testUpstream',
]);
const operations = operatorRoutes
	.filter(({ operation }) => !spared.has(operation))
	.map((route) => ({ route, schemas: [route.body, route.query, route.parameters].map(schemaOf) }));

function schemaOf(type: z.ZodType | null): Schema {
	return type === null ? {} : (z.toJSONSchema(type, { unrepresentable: 'any', io: 'input' }) as Schema);
}

function operatorSketch(random: Random, authorization: string): Sketch {
	const { route, schemas } = pick(random, operations);
	const [body, query] = schemas as [Schema, Schema];
	const path = route.path.replaceAll(/\{\w+\}/g, () =>
		encodeURIComponent(pick(random, [...words, '\u0000', '..', '9'.repeat(40)])),
	);
	const asked = Object.entries((sampleOf(query, random, words) ?? {}) as object).filter(
		([, value]) => typeof value !== 'object',
	);
	// Waiting is what it is for, and would only take the fuzzer's time.
	const search = asked
		.filter(([name]) => name !== 'wait_seconds')
		.map(
			([name, value]) =>
				`${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(String(value).toWellFormed())}`,
		);
	return {
		method: route.method.toUpperCase(),
		path: search.length === 0 ? path : `${path}?${search.join('&')}`,
		headers: { authorization, ...(random(6) === 0 ? { 'idempotency-key': `fuzz-${random(20)}` } : {}) },
		...(route.body === null ? {} : { body: JSON.stringify(sampleOf(body, random, words)) }),
	};
}

function hostRequests(random: Random): readonly Sketch[] {
	const post = (path: string, body: object): Sketch => ({
		method: 'POST',
		path,
		body: JSON.stringify(random(4) === 0 ? body : mutatedValue(body, random)),
	});
	const event = {
		event_id: 'e1',
		kind: 'egress_denied',
		at: '2026-01-01T00:00:00Z',
		body: { code: 'egress_denied', host: 'evil.example' },
	};
	const rejected = {
		...event,
		event_id: 'e2',
		kind: 'sync_rejected',
		body: { code: 'audience_mismatch', claimed_org_id: 'org_other01', claimed_sandbox_id: 'sbx_x' },
	};
	return [
		{ method: 'GET', path: '/v1/sync/snapshot?root_version=0' },
		post('/v1/sync/status', {
			schema: 'tappass.status/1',
			epoch: 1,
			policy_version: 1,
			policy_sha256: 'a'.repeat(64),
			rings: { kernel: { provider: 'bubblewrap', state: 'loaded' } },
			detail: {},
		}),
		post('/v1/sync/events', { schema: 'tappass.events/1', events: [event, rejected] }),
		post('/v1/sync/sessions', { schema: 'tappass.session/1', detail: { agent: 'a' } }),
		post('/v1/sync/sessions/ses_x/close', {}),
		// Never one that is granted: the host under attack would be locked as a clone.
		post('/v1/sync/renew', {
			schema: 'tappass.renewal/1',
			csr: '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n',
		}),
		post(`/install/acme01.${'a'.repeat(43)}/exchange`, { schema: 'tappass.exchange/1', csr: 'x', name: 'host' }),
		{ method: 'GET', path: `/v1/roots/org_acme01/${'a'.repeat(64)}` },
	];
}

const messages = [{ role: 'user', content: 'Hi.' }];
const tool = { name: 'gmail__send', description: 'x', parameters: { type: 'object', properties: {} } };
const agentBodies: readonly (readonly [path: string, body: object])[] = [
	['/v1/chat/completions', { model: 'm', messages, stream: true, tools: [{ type: 'function', function: tool }] }],
	['/v1/responses', { model: 'm', input: 'Hi.', tools: [{ type: 'function', ...tool }] }],
	['/v1/messages', { model: 'm', max_tokens: 5, messages, tools: [{ name: 'a', input_schema: { type: 'object' } }] }],
	['/v1/messages/count_tokens', { model: 'm', messages }],
	['/v1/tools/execute', { tool: 'gmail.send', arguments: { to: 'a@b.example' }, approval: 'apr_x' }],
	['/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'gmail.send', arguments: {} } }],
	[
		'/mcp',
		{
			jsonrpc: '2.0',
			id: 1,
			method: 'initialize',
			params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
		},
	],
	['/mcp/gmail', { jsonrpc: '2.0', id: 'x', method: 'tools/list', params: {} }],
];

function agentSketch(random: Random, token: string): Sketch {
	const authorization = `Bearer ${random(6) === 0 ? `${token.slice(0, -4)}AAAA` : token}`;
	if (random(8) === 0)
		return { method: 'GET', path: pick(random, ['/v1/models', '/v1/tools', '/mcp']), headers: { authorization } };
	const [path, body] = pick(random, agentBodies);
	return {
		method: 'POST',
		path,
		headers: { authorization, accept: 'application/json, text/event-stream' },
		body: JSON.stringify(random(5) === 0 ? body : mutatedValue(body, random)),
	};
}

/** Requests that never end: a header, or a body, a byte at a time. @returns what ends them */
function dawdle(attacked: Attacked, count: number): () => void {
	const ports = [attacked.test.server.urls.operator!, attacked.test.server.urls.agent!].map((url) =>
		Number(new URL(url).port),
	);
	const begun = bytesOf({ method: 'POST', path: '/v1/chat/completions', body: '{'.repeat(400) });
	const sockets = Array.from({ length: count }, (_, at) => {
		const socket = connectTcp(ports[at % 2]!, '127.0.0.1');
		socket.on('error', () => {});
		socket.write(begun.subarray(0, at % 3 === 0 ? 40 : -300));
		return socket;
	});
	const timer = setInterval(() => {
		for (const socket of sockets) if (!socket.destroyed) socket.write('{');
	}, 200);
	return () => {
		clearInterval(timer);
		for (const socket of sockets) socket.destroy();
	};
}

/**
 * Attacks a plane with seeds in a row, some at a time, beside requests that never end, and looks after others in between.
 * @param goesOn asked before each attack, with how many were made
 * @throws {Error} what `attack` and `serveOthers` throw; when a fault of ours was logged; when memory grew without end
 */
export async function attackForAWhile(
	attacked: Attacked,
	plane: Plane,
	firstSeed: number,
	goesOn: (done: number) => boolean,
): Promise<number> {
	const loggedBefore = attacked.test.logged().length;
	const end = dawdle(attacked, 20);
	let [begun, served, memory] = [0, 0, 0];
	// Whoever gets no answer waits for it; the others go on meanwhile.
	const attackOn = async (): Promise<void> => {
		while (goesOn(begun)) {
			begun += 1;
			// The first ones fill caches.
			if (begun === warm) memory = process.memoryUsage().rss;
			await attacked.attack(plane, firstSeed + begun - 1);
			if (begun - served < servedEvery) continue;
			served = begun;
			await attacked.serveOthers();
		}
	};
	try {
		await Promise.all(Array.from({ length: attackers }, attackOn));
		await attacked.serveOthers();
	} finally {
		end();
	}
	const faults = attacked.test
		.logged()
		.slice(loggedBefore)
		.match(/.*"code":"internal".*/g);
	if (faults !== null) throw new Error(`faults of ours were logged: ${faults.slice(0, 3).join('\n')}`);
	const grown = process.memoryUsage().rss - memory;
	if (memory > 0 && grown > growthMax) throw new Error(`memory grew by ${grown} bytes over ${begun} requests`);
	return begun;
}

const attackers = 24;
const warm = 500;
const servedEvery = 50;
/** Bytes that a run may add once it is warm: garbage that waits, and the log that the test keeps. */
const growthMax = 150 * 1_048_576;
