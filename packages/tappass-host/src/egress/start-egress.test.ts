/** The proxy over real sockets. What must be refused comes first. */
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import {
	type EgressUnderTest,
	exchangeRaw,
	type Origin,
	policyOf,
	startOrigin,
	startTestEgress,
	until,
} from '../test-support/egress.ts';
import { startEgress } from './start-egress.ts';
import type { EgressOptions } from './types.ts';

let origin: Origin;
let egress: EgressUnderTest;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
	origin = await startOrigin();
	closers.push(() => origin.close());
});
afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<EgressOptions> = {}, first = allowed()): Promise<void> {
	egress = await startTestEgress({ first, ...options });
	closers.push(egress.close);
}
function allowed(): ReturnType<typeof policyOf> {
	return policyOf(
		['files.acme.com', '*.open.example'],
		[`127.0.0.1/32:${origin.port}`],
		['paste.open.example', '*.evil.example'],
	);
}
function get(host: string, path = '/'): string {
	return `GET http://${host}${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
}
function codeOf(answer: string): string | undefined {
	return /x-tappass-code: (\w+)/.exec(answer)?.[1];
}

describe('refuses', () => {
	test.each([
		['a host that is not allowed', 'other.example', 'domain_not_allowed'],
		['the bare name of a wildcard', 'open.example', 'domain_not_allowed'],
		['a host on the list of a denied category', 'paste.open.example', 'domain_denied'],
		['an address', '1.1.1.1', 'domain_not_allowed'],
		['the metadata address', '169.254.169.254', 'metadata_address'],
		['the metadata address as IPv6', '[::ffff:a9fe:a9fe]', 'metadata_address'],
		['the metadata address as a number', '2852039166', 'metadata_address'],
		['loopback', '127.0.0.1', 'private_address'],
		['loopback by another spelling', '0x7f.1', 'private_address'],
		['loopback as IPv6', '[::1]', 'private_address'],
		['a private address', '10.0.0.1', 'private_address'],
		['a private address within IPv6', '[64:ff9b::a00:1]', 'private_address'],
		['loopback in octal', '0177.0.0.1', 'private_address'],
		['loopback with a dot behind', '127.0.0.1.', 'private_address'],
		['the platform address of a cloud', '168.63.129.16', 'metadata_address'],
	])('%s', async (_, host, code) => {
		await start();
		const plain = await exchangeRaw(egress.socketPath, get(host));
		const tunnelled = await exchangeRaw(egress.socketPath, `CONNECT ${host}:443 HTTP/1.1\r\nhost: ${host}\r\n\r\n`);

		for (const answer of [plain, tunnelled]) {
			expect(answer).toMatch(/^HTTP\/1\.1 403 /);
			expect(codeOf(answer)).toBe(code);
			expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code } });
		}
		expect(egress.denials[0]).toMatchObject({ code, count: 1, at: expect.any(Number), reason: expect.any(String) });
		expect(origin.seen).toEqual([]);
	});

	test('a listed address on a port that is not listed', async () => {
		await start();

		expect(codeOf(await exchangeRaw(egress.socketPath, get('127.0.0.1:81')))).toBe('private_address');
	});

	test.each([
		[['127.0.0.1'], 'private_address'],
		[['1.1.1.1', '10.0.0.1'], 'private_address'],
		[['::ffff:127.0.0.1'], 'private_address'],
		[['169.254.169.254'], 'metadata_address'],
		[['fd00:ec2::254'], 'metadata_address'],
		[['168.63.129.16'], 'metadata_address'],
		[['fd20:ce::254'], 'metadata_address'],
		[['1.1.1.1', '::ffff:0:10.0.0.1'], 'private_address'],
		[[], 'name_unresolved'],
	])('an allowed name that leads to %j', async (addresses, code) => {
		await start({ resolve: async () => addresses });
		const answer = await exchangeRaw(egress.socketPath, get('files.acme.com:9'));

		expect(codeOf(answer)).toBe(code);
	});

	test('metadata addresses also where the Runtime lists them', async () => {
		await start({}, policyOf([], ['169.254.0.0/16:80', '[fd00:ec2::]/32:80']));

		expect(codeOf(await exchangeRaw(egress.socketPath, get('169.254.169.254')))).toBe('metadata_address');
		expect(codeOf(await exchangeRaw(egress.socketPath, get('[fd00:ec2::254]')))).toBe('metadata_address');
	});

	test('a name that leads elsewhere when it is looked up again: it is looked up once', async () => {
		const answers = [['127.0.0.1'], ['169.254.169.254']];
		let asked = 0;
		await start({ resolve: async () => answers[asked++] ?? [] });
		const answer = await exchangeRaw(egress.socketPath, get(`files.acme.com:${origin.port}`));

		expect(answer).toMatch(/^HTTP\/1\.1 200 /);
		expect([asked, origin.seen.length]).toEqual([1, 1]);
	});

	test('without looking it up a name that is not allowed: a look-up would tell', async () => {
		let asked = 0;
		await start({ resolve: async () => [String(asked++)] });
		await exchangeRaw(egress.socketPath, get('secret-in-a-name.other.example'));

		expect(asked).toBe(0);
	});

	test('everything while there is no policy, the agent plane too', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}` }, allowed());
		egress.policy = null;
		const answers = await Promise.all(
			['files.acme.com', 'inference.local:3128', `127.0.0.1:${origin.port}`].map((host) =>
				exchangeRaw(egress.socketPath, get(host)),
			),
		);

		expect(answers.map(codeOf)).toEqual(['keyring_expired', 'keyring_expired', 'keyring_expired']);
		expect(origin.seen).toEqual([]);
	});

	test('everything when the policy cannot be had or read', async () => {
		await start({}, policyOf(['files.acme.com'], ['no cidr']));

		expect(codeOf(await exchangeRaw(egress.socketPath, get('files.acme.com')))).toBe('keyring_expired');
	});

	test('everything when a denied pattern cannot be read', async () => {
		await start({}, policyOf(['files.acme.com'], [], ['a*b']));

		expect(codeOf(await exchangeRaw(egress.socketPath, get('files.acme.com')))).toBe('domain_not_allowed');
	});

	test('the agent plane without a token in force', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}` });
		egress.tokens = { broker: 'token-b' };

		expect(codeOf(await exchangeRaw(egress.socketPath, get('inference.local:3128', '/v1/models')))).toBe(
			'keyring_expired',
		);
	});

	test.each([
		[
			'another Host header than the URL',
			'GET http://files.acme.com/ HTTP/1.1\r\nhost: evil.example\r\n\r\n',
			'host_mismatch',
		],
		['two Host headers', 'GET / HTTP/1.1\r\nhost: files.acme.com\r\nhost: files.acme.com\r\n\r\n', 'request_malformed'],
		['no Host header', 'GET / HTTP/1.1\r\n\r\n', undefined],
		['a user in the URL', 'GET http://a@files.acme.com/ HTTP/1.1\r\nhost: files.acme.com\r\n\r\n', 'request_malformed'],
		['another scheme', 'GET ftp://files.acme.com/ HTTP/1.1\r\nhost: files.acme.com\r\n\r\n', 'request_malformed'],
		['a CONNECT without port', 'CONNECT files.acme.com HTTP/1.1\r\nhost: x\r\n\r\n', 'request_malformed'],
		['a CONNECT to port 0', 'CONNECT files.acme.com:0 HTTP/1.1\r\nhost: x\r\n\r\n', 'request_malformed'],
		['a CONNECT with a path', 'CONNECT files.acme.com:443/x HTTP/1.1\r\nhost: x\r\n\r\n', 'request_malformed'],
		[
			'two lengths',
			'POST / HTTP/1.1\r\nhost: files.acme.com\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
			'request_malformed',
		],
		[
			'a length and chunks',
			'POST / HTTP/1.1\r\nhost: files.acme.com\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
			'request_malformed',
		],
		[
			'another transfer coding',
			'POST / HTTP/1.1\r\nhost: files.acme.com\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n',
			'request_malformed',
		],
		['TLS', '\u0016\u0003\u0001\u0000\u0005hello', 'request_malformed'],
		['noise', '\u0000\u0001\u0002\r\n\r\n', 'request_malformed'],
		[
			'a header that is too large',
			`GET / HTTP/1.1\r\nx: ${'a'.repeat(limits.egressHeaderBytesMax)}\r\n\r\n`,
			'request_malformed',
		],
		[
			'too many header lines',
			`GET / HTTP/1.1\r\nhost: a.example\r\n${'x: y\r\n'.repeat(limits.egressHeadersMax)}connection: close\r\n\r\n`,
			'request_malformed',
		],
		[
			'dot segments on the way to the agent plane',
			'GET http://inference.local:3128/v1/%2E%2e/admin HTTP/1.1\r\nhost: inference.local:3128\r\nconnection: close\r\n\r\n',
			'request_malformed',
		],
	])('%s', async (_, text, code) => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}/t` });
		const answer = await exchangeRaw(egress.socketPath, Buffer.from(text, 'latin1'));

		expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
		if (code !== undefined) expect(codeOf(answer)).toBe(code);
		expect(origin.seen).toEqual([]);
	});
});

/** Opens a tunnel and gives its connection, after the answer to CONNECT. */
async function openTunnel(to: string): Promise<Socket> {
	const socket = connect(egress.socketPath);
	socket.on('error', () => undefined);
	socket.write(`CONNECT ${to} HTTP/1.1\r\nhost: ${to}\r\n\r\n`);
	const [head] = (await once(socket, 'data')) as [Buffer];
	expect(String(head)).toMatch(/^HTTP\/1\.1 200 /);
	return socket;
}
async function ask(socket: Socket, host: string): Promise<string> {
	socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
	const [answer] = (await once(socket, 'data')) as [Buffer];
	return String(answer);
}

describe('a tunnel', () => {
	test('is closed when another name is asked for inside: HTTP', async () => {
		await start();
		const socket = await openTunnel(`files.acme.com:${origin.port}`);
		socket.write('GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n');
		await once(socket, 'close');

		expect(egress.denials.map(({ code }) => code)).toEqual(['host_mismatch']);
		expect(origin.seen).toEqual([]);
	});

	test('is closed when another name is asked for inside: TLS', async () => {
		await start();
		const socket = await openTunnel(`files.acme.com:${origin.port}`);
		const secure = tlsConnect({ socket, servername: 'evil.example' });
		await once(secure, 'error');

		expect(egress.denials[0]).toMatchObject({ code: 'host_mismatch', host: 'files.acme.com' });
		expect(egress.denials[0]!.reason).toContain('evil.example');
	});

	test('carries what fits the policy, and is closed by a change of it', async () => {
		await start();
		const socket = await openTunnel(`files.acme.com:${origin.port}`);
		expect(await ask(socket, 'files.acme.com')).toMatch(/^HTTP\/1\.1 200 [\s\S]*origin/);

		egress.policy = policyOf(['files.acme.com'], allowed().cidrs);
		egress.refresh();
		expect(await ask(socket, 'files.acme.com')).toContain('origin');
		egress.policy = policyOf(['other.example'], allowed().cidrs);
		egress.refresh();
		await once(socket, 'close');

		expect(egress.denials.map(({ code, host }) => [code, host])).toEqual([['revoked', 'files.acme.com']]);
		expect(egress.connections()).toBe(0);
	});

	test('is closed when its address is no longer listed', async () => {
		await start();
		const socket = await openTunnel(`files.acme.com:${origin.port}`);
		egress.policy = policyOf(['files.acme.com']);
		egress.refresh();

		await once(socket, 'close');
	});

	test('lets the other side speak first', async () => {
		const banner = createServer((socket) => socket.write('SSH-2.0-x\r\n')).listen(0, '127.0.0.1');
		closers.push(() => banner.close());
		await once(banner, 'listening');
		const { port } = banner.address() as { port: number };
		await start({}, policyOf(['files.acme.com'], [`127.0.0.1/32:${port}`]));
		const socket = connect(egress.socketPath);
		let text = '';
		socket.on('data', (bytes) => (text += bytes));
		socket.write(`CONNECT files.acme.com:${port} HTTP/1.1\r\nhost: x\r\n\r\n`);
		await until(() => text.includes('SSH-2.0-x'));
		socket.destroy();
	});

	test('to the agent plane is this proxy again', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}` });
		const socket = await openTunnel('inference.local:3128');

		expect(await ask(socket, 'inference.local:3128')).toContain('origin');
		expect(origin.seen[0]!.headers.authorization).toBe('Bearer token-g');
		expect(await ask(socket, 'evil.example')).toContain('HTTP/1.1 403');
		socket.destroy();
	});
});

async function send(
	headers: Readonly<Record<string, string>>,
	path = '/v1/messages',
	method = 'POST',
	body = '{}',
): Promise<{ answer: IncomingMessage; text: string }> {
	const outgoing = httpRequest({ socketPath: egress.socketPath, path, method, headers });
	outgoing.end(body);
	const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
	let text = '';
	for await (const part of answer) text += part;
	return { answer, text };
}

describe('a change of the policy while a name is looked up', () => {
	test('holds for what was asked before it', async () => {
		let answer: (addresses: readonly string[]) => void = () => undefined;
		const asked = new Promise<void>((ask) => {
			resolveLater = () =>
				new Promise((resolve) => {
					answer = resolve;
					ask();
				});
		});
		await start({ resolve: () => resolveLater() });
		const reply = exchangeRaw(egress.socketPath, get(`files.acme.com:${origin.port}`));
		await asked;
		egress.policy = policyOf([]);
		egress.refresh();
		answer(['127.0.0.1']);

		expect(await reply).not.toContain('origin');
		expect(origin.seen).toEqual([]);
		expect(egress.denials.map(({ code }) => code)).toEqual(['revoked']);
	});
});
let resolveLater: () => Promise<readonly string[]>;

describe('the agent plane', () => {
	test('gets the token of its door in place of what the agent sent', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}/base/` });
		const mine = {
			authorization: 'Bearer agent',
			'x-api-key': 'agent',
			'api-key': 'agent',
			'proxy-authorization': 'Basic agent',
			cookie: 'agent=1',
			'x-forwarded-for': '1.2.3.4',
			'x-kept': 'yes',
		};
		await send({ host: 'inference.local:3128', ...mine });
		await send({ host: 'mcp.local:3128', ...mine }, '/mcp');
		const [gateway, broker] = origin.seen;

		expect([gateway!.url, broker!.url]).toEqual(['/base/v1/messages', '/base/mcp']);
		expect([gateway!.headers.authorization, broker!.headers.authorization]).toEqual([
			'Bearer token-g',
			'Bearer token-b',
		]);
		expect(JSON.stringify(origin.seen.map(({ headers }) => headers))).not.toContain('agent');
		expect(gateway!.headers).toMatchObject({
			host: `127.0.0.1:${origin.port}`,
			'x-kept': 'yes',
			'content-length': '2',
		});
		expect(gateway!.headers['x-forwarded-for']).toBe(undefined);
	});

	test('gets the new token after a rotation, with nothing started again', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}` });
		await send({ host: 'inference.local' });
		egress.tokens = { gateway: 'token-g2' };
		await send({ host: 'inference.local' });

		expect(origin.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-g', 'Bearer token-g2']);
	});

	test('gets a trace: begun here, or gone on with', async () => {
		await start({ agentPlaneUrl: `http://127.0.0.1:${origin.port}` });
		await send({ host: 'inference.local' });
		const trace = '0af7651916cd43dd8448eb211c80319c';
		await send({ host: 'inference.local', traceparent: `00-${trace}-b7ad6b7169203331-01` });
		await until(() => egress.spans.length === 2);
		const sent = origin.seen.map(({ headers }) => String(headers['traceparent']));

		expect(sent[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
		expect(sent[1]).toMatch(new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
		expect(egress.spans[1]).toMatchObject({
			trace_id: trace,
			parent_id: 'b7ad6b7169203331',
			span_id: sent[1]!.split('-')[2],
			kind: 'gateway',
			status: 200,
		});
	});

	test('streams: each event is there when it is sent', async () => {
		const streams: { write: (text: string) => void; end: () => void }[] = [];
		const source = await startOrigin((_, response) => {
			response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
			streams.push(response as never);
		});
		closers.push(() => source.close());
		await start({ agentPlaneUrl: `http://127.0.0.1:${source.port}` });
		const outgoing = httpRequest({ socketPath: egress.socketPath, headers: { host: 'inference.local' } }).end();
		const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
		for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
			streams[0]!.write(text);
			expect(String((await once(answer, 'data'))[0])).toBe(text);
		}

		egress.policy = null;
		egress.refresh();
		await once(answer, 'error');
		expect(egress.denials.map(({ code }) => code)).toEqual(['revoked']);
	});

	test('out of reach is said, and is no denial', async () => {
		await start();
		const { answer } = await send({ host: 'inference.local' });

		expect([answer.statusCode, answer.headers['x-tappass-code']]).toEqual([502, 'upstream_unreachable']);
		expect(egress.denials).toEqual([]);
	});
});

describe('a plain request', () => {
	test('goes on in proxy form and in origin form, body and answer whole', async () => {
		const bodies: string[] = [];
		const echo = await startOrigin(async (request, response) => {
			let body = '';
			for await (const part of request) body += part;
			bodies.push(body);
			response.writeHead(201, ['set-cookie', 'a=1', 'set-cookie', 'b=2']).end(body);
		});
		closers.push(() => echo.close());
		await start({}, policyOf(['files.acme.com'], [`127.0.0.1/32:${echo.port}`]));
		const host = `files.acme.com:${echo.port}`;
		const first = await send({ host }, `http://${host}/up?x=1`, 'PUT', 'x'.repeat(100_000));
		const second = await send({ host, 'transfer-encoding': 'chunked' }, '/down', 'GET', 'body of a GET');

		expect([first.answer.statusCode, first.answer.headers['set-cookie'], first.text.length]).toEqual([
			201,
			['a=1', 'b=2'],
			100_000,
		]);
		expect(bodies[1]).toBe('body of a GET');
		expect(second.text).toBe('body of a GET');
		expect(echo.seen.map(({ url }) => url)).toEqual(['/up?x=1', '/down']);
		expect(echo.seen[0]!.headers.host).toBe(host);
	});

	test('keeps its own Authorization: that is between the agent and the host', async () => {
		await start();
		await send({ host: `files.acme.com:${origin.port}`, authorization: 'Basic x', 'proxy-authorization': 'Basic y' });

		expect(origin.seen[0]!.headers.authorization).toBe('Basic x');
		expect(origin.seen[0]!.headers['proxy-authorization']).toBe(undefined);
	});
});

describe('a request within a request', () => {
	/** A server that takes what it is sent as it comes. */
	async function rawPlane(): Promise<{ readonly url: string; readonly got: () => string }> {
		let got = '';
		const server = createServer((socket) => {
			socket.setEncoding('latin1').on('data', (text) => {
				got += text;
				socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
			});
			socket.on('error', () => undefined);
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		closers.push(() => server.close());
		return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got: () => got };
	}

	test.each(['content-length', 'Content-Length, close', 'transfer-encoding', 'host'])(
		'is not made by a Connection header that takes away %s',
		async (named) => {
			const plane = await rawPlane();
			await start({ agentPlaneUrl: plane.url });
			const inner = 'POST /smuggled HTTP/1.1\r\nhost: x\r\nauthorization: Bearer mine\r\ncontent-length: 0\r\n\r\n';
			const framed = named === 'transfer-encoding';
			const body = framed ? `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n` : inner;
			const frame = framed ? 'transfer-encoding: chunked' : `content-length: ${inner.length}`;
			const answer = await exchangeRaw(
				egress.socketPath,
				`GET /v1/models HTTP/1.1\r\nhost: inference.local\r\nconnection: ${named}\r\n${frame}\r\n\r\n${body}`,
			);

			expect(codeOf(answer)).toBe('request_malformed');
			expect(plane.got()).toBe('');
		},
	);

	test.each([
		['two lengths', 'content-length: 3\r\ncontent-length: 4'],
		['a length and a coding', 'content-length: 3\r\ntransfer-encoding: chunked'],
		['a coding that is not the last', 'transfer-encoding: chunked, identity'],
		['a folded line', 'x: a\r\n b'],
		['a space before the colon', 'content-length : 3'],
		['two hosts', 'host: mcp.local'],
	])('is not made by %s', async (_, lines) => {
		const plane = await rawPlane();
		await start({ agentPlaneUrl: plane.url });
		const answer = await exchangeRaw(
			egress.socketPath,
			`POST /v1/x HTTP/1.1\r\nhost: inference.local\r\nconnection: close\r\n${lines}\r\n\r\nabc`,
		);

		expect(answer).toMatch(/^HTTP\/1\.1 400 /);
		expect(plane.got()).toBe('');
	});

	test('a body of a method that has none goes on with its length', async () => {
		const plane = await rawPlane();
		await start({ agentPlaneUrl: plane.url });
		await exchangeRaw(
			egress.socketPath,
			'GET /v1/x HTTP/1.1\r\nhost: inference.local\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc',
		);

		expect(plane.got()).toMatch(/content-length: 3\r\n/);
		expect(plane.got()).toMatch(/\r\n\r\nabc$/);
	});

	test('a tunnel to the agent plane within another is refused, so that none can be piled up', async () => {
		await start();
		const connect = 'CONNECT inference.local:80 HTTP/1.1\r\nhost: inference.local\r\n\r\n';
		for (const second of [connect, connect.replaceAll('inference.local', 'files.acme.com')]) {
			const answer = await exchangeRaw(egress.socketPath, connect, second);

			expect(answer).toMatch(/^HTTP\/1\.1 200 /);
			expect(codeOf(answer)).toBe('request_malformed');
		}
	});
});

describe('bounds', () => {
	test('10,000 connections: no more than the limit are held, others still served afterwards', async () => {
		await start();
		const sockets: Socket[] = [];
		for (let round = 0; round < 10; round += 1) {
			for (let index = 0; index < 1_000; index += 1) {
				const socket = connect(egress.socketPath);
				socket.on('error', () => undefined);
				sockets.push(socket);
			}
			await new Promise((resolve) => setImmediate(resolve));
		}
		await until(() => sockets.filter(({ closed }) => closed).length >= 10_000 - limits.egressConnectionsMax);
		for (const socket of sockets) socket.destroy();
		await until(() => sockets.every(({ closed }) => closed));
		await until(() => egress.denials.length > 0);

		expect(egress.denials[0]!.code).toBe('connection_limit');
		expect(await exchangeRaw(egress.socketPath, get(`files.acme.com:${origin.port}`))).toContain('200 OK');
	}, 60_000);

	test('a flood of denials is told by count, none left out', async () => {
		await start();
		for (let index = 0; index < 300; index += 1) await exchangeRaw(egress.socketPath, get(`n${index}.other.example`));
		for (let index = 0; index < 50; index += 1) await exchangeRaw(egress.socketPath, get('same.other.example'));
		await egress.close();
		closers.pop();

		expect(egress.denials.reduce((sum, { count }) => sum + count, 0)).toBe(350);
		expect(egress.denials.length).toBeLessThan(300);
	});
});

describe('the socket', () => {
	test('is not taken from a proxy that lives, and is taken over from one that has died', async () => {
		await start();
		const options: EgressOptions = {
			socketPath: egress.socketPath,
			policy: () => null,
			token: () => undefined,
			agentPlaneUrl: 'http://127.0.0.1:1',
			onDenied: () => undefined,
		};
		await expect(startEgress(options)).rejects.toMatchObject({ code: 'already_running' });

		const left = `${egress.socketPath}.left`;
		writeFileSync(left, '');
		const other = await startEgress({ ...options, socketPath: left });
		expect(codeOf(await exchangeRaw(left, get('files.acme.com')))).toBe('keyring_expired');
		await other.close();
		expect(existsSync(left)).toBe(false);
	});
});
