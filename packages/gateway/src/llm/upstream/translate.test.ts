import { afterEach, describe, expect, test } from 'vitest';
import type { Route } from '../../pipeline/admission.ts';
import { type RawUpstream, rawHead, rawUpstream } from '../../test-support/raw-upstream.ts';
import { type Served, serve } from '../../test-support/serve.ts';

/* What an upstream of another wire can do wrong, and what it costs then. */

let served: Served | undefined;
let raw: RawUpstream | undefined;
afterEach(async () => {
	await served?.close();
	await raw?.close();
	served = undefined;
	raw = undefined;
});

interface Told {
	readonly status: number;
	readonly text: string;
	readonly outcome: unknown;
}

async function ask(bytes: string, how: 'end' | 'reset', speaks: Route['speaks'], body: object = {}): Promise<Told> {
	raw = await rawUpstream(bytes, how);
	return askAt(raw.url, speaks, body);
}

async function askAt(base_url: string, speaks: Route['speaks'], body: object): Promise<Told> {
	served = await serve([{ say: 'hi' }], { route: { speaks, base_url } });
	const answer = await fetch(`${served.url}/messages`, {
		method: 'POST',
		headers: { authorization: 'Bearer token' },
		body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...body }),
	});
	const text = await answer.text();
	await served.pipeline.settled(1);
	return { status: answer.status, text, outcome: served.pipeline.outcomes[0] };
}

/** An address at which nothing listens. */
async function nowhere(): Promise<string> {
	const { url, close } = await rawUpstream('');
	await close();
	return url;
}

const speakers: readonly Route['speaks'][] = ['openai', 'openai-compatible', 'google', 'mistral'];

describe.each(speakers)('an upstream that speaks %s', (speaks) => {
	test('and is lost in the middle may have served, so its reservation stands', async () => {
		const { text, outcome } = await ask('', 'reset', speaks);
		expect(text).toContain('upstream_truncated');
		expect(outcome).toMatchObject({ code: 'upstream_truncated', usage: undefined });
	});

	test('and is not there served nothing', async () => {
		const { text, outcome } = await askAt(await nowhere(), speaks, {});
		expect(text).toContain('upstream_unreachable');
		expect(outcome).toMatchObject({ code: 'upstream_unreachable', usage: { input_tokens: 0 } });
	});

	test.each([false, true])('is asked for plain bytes, and others are refused, stream: %s', async (stream) => {
		const { text, outcome } = await ask(rawHead('application/json', 'content-encoding: gzip\r\n'), 'end', speaks, {
			stream,
		});
		expect(raw?.heard()).toMatch(/accept-encoding: identity\r\n/i);
		expect(text).toContain('upstream_malformed');
		expect(outcome).toMatchObject({ code: 'upstream_malformed', usage: undefined });
	});

	test('and sends more than anyone honest does is given up', async () => {
		const { text } = await ask(`${rawHead('application/json')}${' '.repeat(34_000_000)}{}`, 'end', speaks);
		expect(text).toContain('upstream_malformed');
	});

	test('and never ends an event is given up', async () => {
		const { text } = await ask(`${rawHead('text/event-stream')}data: ${'x'.repeat(34_000_000)}`, 'end', speaks, {
			stream: true,
		});
		expect(text).toMatch(/upstream_malformed/);
	});

	test.each([false, true])(
		'is let go of when the caller leaves, and its reservation stands, stream: %s',
		async (stream) => {
			raw = await rawUpstream('', 'keep');
			served = await serve([{ say: 'hi' }], { route: { speaks, base_url: raw.url } });
			const gone = new AbortController();
			const asked = fetch(`${served.url}/messages`, {
				method: 'POST',
				headers: { authorization: 'Bearer token' },
				body: JSON.stringify({ model: 'm', stream, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
				signal: gone.signal,
			});
			await expect.poll(() => raw?.heard()).toContain('HTTP/1.1');
			gone.abort();
			await expect(asked).rejects.toThrow();
			await raw.left;
			await served.pipeline.settled(1);
			expect(served.pipeline.outcomes).toMatchObject([{ how: 'client_gone', status: 499, usage: undefined }]);
		},
	);

	test('and redirects is not followed', async () => {
		const { text, outcome } = await ask(
			'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
			'end',
			speaks,
		);
		expect(text).toContain('upstream_failed');
		expect(outcome).toMatchObject({ how: 'upstream_error' });
	});
});

const emitted = (args: string): object => ({
	id: 'c',
	object: 'chat.completion',
	created: 1,
	model: 'm',
	choices: [
		{
			index: 0,
			message: {
				role: 'assistant',
				content: null,
				tool_calls: [{ id: 'x', type: 'function', function: { name: 'one', arguments: args } }],
			},
			finish_reason: 'tool_calls',
		},
	],
	usage: { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
});

test('arguments that are no JSON are refused, and what they cost is not forgotten', async () => {
	const body = JSON.stringify(emitted('{"a": '));
	const { text, outcome } = await ask(rawHead('application/json') + body, 'end', 'openai');
	expect(text).toContain('upstream_malformed');
	expect(outcome).toMatchObject({ code: 'upstream_malformed', usage: undefined });
});

test('a request that the vendor has no form for is refused, and costs nothing', async () => {
	const source = { type: 'base64', media_type: 'application/zip', data: 'UEsDBA==' };
	const content = [{ type: 'document', source }];
	const { status, text, outcome } = await ask('', 'end', 'openai', { messages: [{ role: 'user', content }] });
	expect([status, text.includes('request_unsupported')]).toEqual([400, true]);
	expect(outcome).toMatchObject({ usage: { input_tokens: 0 } });
	expect(raw?.heard()).toBe('');
});
