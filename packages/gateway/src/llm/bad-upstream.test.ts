import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { gather } from '../test-support/grammar.ts';
import { type RawUpstream, rawHead, rawUpstream } from '../test-support/raw-upstream.ts';
import { type Served, serve } from '../test-support/serve.ts';

let served: Served | undefined;
let raw: Server | RawUpstream | undefined;
afterEach(async () => {
	await served?.close();
	served = undefined;
	raw?.close();
	raw = undefined;
});

const doors = [
	['openai-chat', '/chat/completions', 'openai', { model: 'm', messages: [{ role: 'user', content: 'hi' }] }],
	['openai-responses', '/responses', 'openai', { model: 'm', input: 'hi' }],
	[
		'anthropic-messages',
		'/messages',
		'anthropic',
		{ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
	],
] as const;

async function answering(bytes: string): Promise<string> {
	const upstream = await rawUpstream(bytes);
	raw = upstream;
	return upstream.url;
}

describe.each(doors)('%s', (wire, path, speaks, body) => {
	async function call(stream: boolean): Promise<{ readonly status: number; readonly text: string }> {
		const answer = await fetch(served!.url + path, {
			method: 'POST',
			headers: { authorization: 'Bearer token' },
			body: JSON.stringify({ ...body, stream }),
		});
		return { status: answer.status, text: await answer.text() };
	}
	async function outcome(): Promise<unknown> {
		await served!.pipeline.settled(1);
		// Time for a second settlement to show itself.
		await new Promise((resolve) => setTimeout(resolve, 5));
		expect(served!.pipeline.outcomes).toHaveLength(served!.pipeline.admitted());
		return served!.pipeline.outcomes[0];
	}

	test.each([
		['truncate', 'upstream_truncated'],
		['reset', 'upstream_truncated'],
		['error', 'upstream_failed'],
		['garbage', 'upstream_malformed'],
	] as const)("a stream that ends by %s ends by the wire's own error", async (fault, code) => {
		served = await serve([{ say: 'a tale that is cut off somewhere', fault }], { route: { speaks } });
		const { status, text } = await call(true);
		expect([status, gather(wire, text).end]).toEqual([200, 'error']);
		expect(text).toContain(code);
		expect(await outcome()).toMatchObject({ how: 'upstream_error', code, usage: undefined });
	});

	test('a stream that stops is given up, and what was released is told', async () => {
		served = await serve([{ say: 'a tale', fault: 'hang' }], { route: { speaks } });
		const gone = new AbortController();
		const answer = await fetch(served.url + path, {
			method: 'POST',
			headers: { authorization: 'Bearer token' },
			body: JSON.stringify({ ...body, stream: true }),
			signal: gone.signal,
		});
		// The caller leaves once it has seen that something came, however long that took.
		const read = answer.body!.getReader();
		expect((await read.read()).done).toBe(false);
		gone.abort();
		await expect(read.read()).rejects.toThrow();
		const ended = await outcome();
		expect(ended).toMatchObject({ how: 'client_gone', usage: undefined });
		expect((ended as { released_bytes: number }).released_bytes).toBeGreaterThan(0);
	});

	test.each([
		['hang', 504, 'upstream_timeout'],
		['reset', 502, 'upstream_truncated'],
		['garbage', 502, 'upstream_malformed'],
	] as const)('an answer that ends by %s is a coded error', async (fault, status, code) => {
		served = await serve([{ say: 'hi', fault }], { route: { speaks, timeout_ms: 300 } });
		const answer = await call(false);
		expect(answer.status).toBe(status);
		expect(answer.text).toContain(code);
		expect(await outcome()).toMatchObject({ how: 'upstream_error', code, usage: undefined, released_bytes: 0 });
	});

	test('nothing listens there: nothing was used', async () => {
		served = await serve([{ say: 'hi' }], { route: { speaks, base_url: 'http://127.0.0.1:1/v1' } });
		const { status, text } = await call(false);
		expect([status, text.includes('upstream_unreachable')]).toEqual([502, true]);
		expect(text).not.toContain('127.0.0.1');
		expect(await outcome()).toMatchObject({ code: 'upstream_unreachable', usage: { input_tokens: 0 } });
	});

	test.each([401, 403])("an upstream's %i is about our credential, and not told on", async (status) => {
		served = await serve([{ say: 'Incorrect key provided: sk-vaulted', fault: 'status', status }], {
			route: { speaks },
		});
		const answer = await call(true);
		expect(answer.status).toBe(502);
		expect(answer.text).toContain('upstream_refused');
		expect(answer.text).not.toContain('vaulted');
		expect(await outcome()).toMatchObject({ code: 'upstream_refused' });
	});

	test("an upstream's own error is told on, judged", async () => {
		served = await serve([{ say: 'slow down, secret', fault: 'status', status: 429 }], {
			route: { speaks },
			redacted: ['secret'],
		});
		const { status, text } = await call(false);
		expect([status, JSON.parse(text).error.message]).toEqual([429, 'slow down, [taken out]']);
		expect(await outcome()).toMatchObject({ how: 'upstream_error', status: 429 });
	});

	test.each([
		['502 Bad Gateway', 'text/html', '<h1>no</h1>', { input_tokens: 0 }],
		['429 Too Many Requests', 'text/plain', 'slow down', { input_tokens: 0 }],
		['500 Oops', 'application/json', '{"error":{"message":"no"}}', { input_tokens: 0 }],
		['504 Gateway Timeout', 'text/html', '<h1>late</h1>', undefined],
		['524 Timeout', 'application/json', '{"error":{"message":"late"}}', undefined],
		['201 Created', 'application/json', '{}', undefined],
	])(
		'an answer of %s as %s costs nothing, unless somebody only stopped waiting for it',
		async (status, type, text, usage) => {
			const bytes = `${rawHead(type, '', status)}${text}`;
			served = await serve([{ say: 'hi' }], { route: { speaks, base_url: await answering(bytes) } });
			await call(false);
			const ended = (await outcome()) as { readonly usage: unknown };
			if (usage === undefined) expect(ended.usage).toBeUndefined();
			else expect(ended).toMatchObject({ usage });
		},
	);

	test('when to come again is told on, and nothing else in its place', async () => {
		const limited = (value: string): string =>
			`${rawHead('application/json', `retry-after: ${value}\r\nx-should-retry: ${value}\r\n`, '429 Too Many')}{"error":{"message":"slow"}}`;
		const headerOf = async (value: string): Promise<readonly (string | null)[]> => {
			served = await serve([{ say: 'hi' }], { route: { speaks, base_url: await answering(limited(value)) } });
			const answer = await fetch(served.url + path, {
				method: 'POST',
				headers: { authorization: 'Bearer token' },
				body: JSON.stringify(body),
			});
			await answer.text();
			const told = [answer.headers.get('retry-after'), answer.headers.get('x-should-retry')];
			await served.close();
			raw?.close();
			return told;
		};
		expect(await headerOf('7')).toEqual(['7', null]);
		expect(await headerOf('true')).toEqual([null, 'true']);
		expect(await headerOf('Wed, 21 Oct 2026 07:28:00 GMT')).toEqual(['Wed, 21 Oct 2026 07:28:00 GMT', null]);
		expect(await headerOf('write to ana.silva@example.com')).toEqual([null, null]);
	});

	test.each([
		[
			'a redirect',
			'HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\ncontent-length: 0\r\n\r\n',
			'upstream_failed',
		],
		['another type', `${rawHead('text/html')}<h1>hi</h1>`, 'upstream_malformed'],
		['compressed bytes', `${rawHead('application/json', 'content-encoding: gzip\r\n')}xx`, 'upstream_malformed'],
		[
			'a key twice',
			`${rawHead('application/json')}{"choices":[],"choices":[],"content":[],"output":[]}`,
			'upstream_malformed',
		],
		['bytes that are not HTTP', 'SSH-2.0-OpenSSH\r\n', 'upstream_truncated'],
	])('%s is refused', async (_what, bytes, code) => {
		served = await serve([{ say: 'hi' }], { route: { speaks, base_url: await answering(bytes) } });
		const { status, text } = await call(false);
		expect([status, text.includes(code)]).toEqual([502, true]);
		expect(await outcome()).toMatchObject({ how: 'upstream_error', code, released_bytes: 0 });
	});

	test('an answer that is not wanted does not keep its connection', async () => {
		let server: Server | undefined;
		const closed = new Promise<void>((resolve) => {
			server = createServer((socket) => {
				socket.on('error', () => {});
				socket.on('close', () => resolve());
				socket.once('data', () =>
					socket.write(
						`HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(200_000)}`,
					),
				);
			});
		});
		raw = server;
		await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
		const base_url = `http://127.0.0.1:${(server!.address() as AddressInfo).port}/v1`;
		served = await serve([{ say: 'hi' }], { route: { speaks, base_url } });
		expect((await call(true)).status).toBe(502);
		await closed;
	});

	test('an event under the name of another is refused: clients differ on which one counts', async () => {
		const event = 'event: ping\ndata: {"type":"response.created","response":{}}\n\n';
		const chat =
			'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}\n\n';
		const bytes = rawHead('text/event-stream') + (wire === 'openai-chat' ? chat : event);
		served = await serve([{ say: 'hi' }], { route: { speaks, base_url: await answering(bytes) } });
		expect((await call(true)).text).toContain('upstream_malformed');
	});
});
