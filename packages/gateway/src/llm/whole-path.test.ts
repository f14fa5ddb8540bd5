import type { Json } from '@tappass/core';
import { afterEach, describe, expect, test } from 'vitest';
import { createGateway } from '../app.ts';
import { readScript, type Turn } from '../dev/script.ts';
import { type ScriptedModel, scriptedModel } from '../dev/server.ts';
import type { ModelCall } from '../pipeline/call.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { noon, type TestSandbox, type TestTerms, testSandbox } from '../sandbox.test.support.ts';
import { gather } from '../test-support/grammar.ts';
import { listen } from '../test-support/listen.ts';

/* The doors in front of all 32 steps, as an agent meets them. */

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const stop of stops.splice(0).reverse()) await stop();
});

interface Whole extends TestSandbox {
	readonly model: ScriptedModel;
	readonly post: (
		wire: ModelCall['wire'],
		text: string,
		more?: object,
		/** Called once, when the first bytes of the answer are here. */
		begun?: () => void,
	) => Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;
	readonly get: (path: string) => Promise<Response>;
}

async function start(turns: readonly Partial<Turn>[], terms: TestTerms = {}): Promise<Whole> {
	const model = await scriptedModel(readScript({ schema: 'tappass.dev-model/1', chunk: 3, turns }, 'script.yaml'));
	stops.push(model.close);
	const sandbox = await testSandbox(terms);
	for (const [name, speaks] of [
		['scripted', 'openai'],
		['scripted-a', 'anthropic'],
	] as const) {
		const route = {
			upstream: name,
			headers: { authorization: 'Bearer fixture-credential' },
			base_url: model.url,
			speaks,
			timeout_ms: 2_000,
		};
		sandbox.ports.upstreams.serve({
			model: name,
			price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
			route,
		});
	}
	const gateway = createGateway({ pipeline: createPipeline(sandbox.ports), ports: sandbox.ports });
	const door = await listen(gateway);
	const url = `${door.url}/v1`;
	stops.push(door.close);
	const headers = { authorization: `Bearer ${sandbox.caller.token}` };
	return {
		...sandbox,
		model,
		async post(wire, text, more = {}, begun) {
			const body = typeof text === 'string' ? { ...bodies[wire](text), ...more } : text;
			const answer = await fetch(url + paths[wire], { method: 'POST', headers, body: JSON.stringify(body) });
			const parts: Uint8Array[] = [];
			for await (const part of answer.body ?? []) if (parts.push(part) === 1) begun?.();
			return { status: answer.status, text: Buffer.concat(parts).toString(), headers: answer.headers };
		},
		get: (path) => fetch(url + path, { headers }),
	};
}

const paths = {
	'openai-chat': '/chat/completions',
	'openai-responses': '/responses',
	'anthropic-messages': '/messages',
} as const;
const bodies: Readonly<Record<ModelCall['wire'], (text: string) => { readonly [key: string]: Json }>> = {
	'openai-chat': (content) => ({ model: 'scripted', max_tokens: 50, messages: [{ role: 'user', content }] }),
	'openai-responses': (input) => ({ model: 'scripted', max_output_tokens: 50, input }),
	'anthropic-messages': (content) => ({ model: 'scripted-a', max_tokens: 50, messages: [{ role: 'user', content }] }),
};
const wires = Object.keys(paths) as readonly ModelCall['wire'][];
const secret = ['AKIA', 'Z7QK3V5N2M8J4XWD'].join('');

describe.each(wires)('%s', (wire) => {
	test('a model that the policy does not name is refused before anything is sent', async () => {
		const { post, model, ports } = await start([{ say: 'hi' }]);
		const { status, text } = await post(wire, 'hi', { model: 'other' });
		expect([status, text.includes('model_denied')]).toEqual([403, true]);
		expect(model.calls).toEqual([]);
		expect(ports.audit.events.map(({ type }) => type)).toEqual(['call.denied']);
		expect(ports.budgets.open).toBe(0);
	});

	test.each([false, true])('a tool call that the policy denies is refused, stream: %s', async (stream) => {
		const { post, ports, policy } = await start([
			{
				say: 'Watch this.',
				call: [{ tool: 'github__delete_repo', arguments: { name: 'x' } }],
				usage: { input: 9, output: 4, cached: 0 },
			},
		]);
		const { status, text } = await post(wire, 'go', { stream });
		expect(text).not.toContain('github__delete_repo');
		expect(text).toContain('tool_unknown');
		if (stream) expect(gather(wire, text)).toMatchObject({ end: 'error', calls: [] });
		else expect(status).toBe(403);
		// The last record follows the answer.
		await expect.poll(() => ports.audit.events.map(({ type }) => type)).toEqual(['call.admitted', 'call.settled']);
		expect(ports.budgets.open).toBe(0);
		expect(ports.budgets.used(policy, noon).tokens).toBeGreaterThan(0);
	});

	test.each([false, true])('a secret in an answer is withheld, however it is cut, stream: %s', async (stream) => {
		const { post } = await start([{ say: `the key is ${secret}, keep it` }], {
			steps: { scan_output: { enabled: true, action: 'block' } },
		});
		const { text } = await post(wire, 'hi', { stream });
		expect(text).not.toContain(secret.slice(4, 12));
		expect(text).toContain('content_blocked');
	});

	test.each([false, true])('personal data goes out as a token and comes back as itself, stream: %s', async (stream) => {
		const steps = { detect_pii: { enabled: true, action: 'notify', parameters: { mode: 'reversible' } } } as const;
		const { post, model } = await start([{ say: 'You said: {{user}}' }], { steps });

		const { text } = await post(wire, 'write to jan.peeters@example.be please', { stream });

		const sent = JSON.stringify(model.calls.at(-1)!.body);
		expect([sent.includes('jan.peeters'), /\[EMAIL_\w+\]/.test(sent)]).toEqual([false, true]);
		const said = stream ? gather(wire, text).text : text;
		expect(said).toContain('You said: write to jan.peeters@example.be please');
	});

	test.each([false, true])(
		'what was used is settled once, cached tokens at their own price, stream: %s',
		async (stream) => {
			const { post, ports, policy } = await start([
				{ say: 'hi there', usage: { input: 1_000, output: 100, cached: 10_000 } },
			]);
			const { status } = await post(wire, 'hi', { stream });
			expect(status).toBe(200);
			const { tokens, dollars } = ports.budgets.used(policy, noon);
			expect(tokens).toBe(11_100);
			expect(dollars).toBeCloseTo((1_000 * 3 + 10_000 * 0.3 + 100 * 15) / 1_000_000, 10);
		},
	);

	test('a faster tier is reserved and settled at its price', async () => {
		const more = wire === 'anthropic-messages' ? { speed: 'fast' } : { service_tier: 'priority' };
		const times = wire === 'anthropic-messages' ? 6 : 2.5;
		const turn = { say: 'hi there', usage: { input: 1_000, output: 100, cached: 0 } };
		const { post, ports, policy } = await start([turn]);
		const reserved: number[] = [];
		const { reserve } = ports.budgets;
		Object.assign(ports.budgets, {
			reserve: (...asked: Parameters<typeof reserve>) => {
				reserved.push(asked[1].dollars);
				return reserve(...asked);
			},
		});
		for (const extra of [{}, more]) expect((await post(wire, 'hi', { ...extra, metadata: {} })).status).toBe(200);
		// The words that ask for it are a few tokens themselves.
		expect(reserved[1]! / reserved[0]!).toBeGreaterThan(times);
		const { dollars } = ports.budgets.used(policy, noon);
		expect(dollars).toBeCloseTo(((1_000 * 3 + 100 * 15) / 1_000_000) * (1 + times), 10);
	});

	test("a revocation cuts a stream that runs, with the wire's own error", async () => {
		const whole = await start([{ say: 'on and on and on and on', delay_ms: 20 }]);
		const { text } = await whole.post(wire, 'hi', { stream: true }, () =>
			whole.change({ bound: { state: 'revoked' } }),
		);
		expect(gather(wire, text).end).toBe('error');
		expect(text).toContain('sandbox_revoked');
		await expect
			.poll(() => whole.ports.audit.events.at(-1))
			.toMatchObject({ type: 'call.settled', decision: 'block', code: 'sandbox_revoked', payload: { how: 'aborted' } });
		expect(whole.ports.budgets.open).toBe(0);
	});

	test('an audit log that takes nothing lets nothing out', async () => {
		const whole = await start([{ say: 'hi there' }]);
		(whole.ports.audit as { append: unknown }).append = async () => {
			throw new Error('disk full');
		};
		const { status, text } = await whole.post(wire, 'hi', { stream: true });
		expect([status, text.includes('audit_unavailable'), text.includes('there')]).toEqual([503, true, false]);
	});

	test('a request that is no call is refused and recorded under its sandbox', async () => {
		const { post, ports, policy } = await start([{ say: 'hi' }]);
		const { status, text } = await post(wire, 'hi', { models: ['other'] });
		expect([status, text.includes('request_unsupported')]).toEqual([400, true]);
		expect(ports.audit.events).toMatchObject([
			{ type: 'call.refused', sandbox_id: policy.sandbox_id, code: 'request_unsupported' },
		]);
	});
});

test('tools that nobody may use are taken out of the request, tools of a harness are known by its names', async () => {
	const { post, model } = await start([{ say: 'hi' }]);
	const tools = ['Bash', 'mcp__collibra__get_asset', 'github__delete_repo'].map((name) => ({
		name,
		input_schema: { type: 'object' },
	}));
	await post('anthropic-messages', 'hi', { tools });
	const sent = (model.calls.at(-1)!.body as { readonly tools: readonly { readonly name: string }[] }).tools;
	expect(sent.map(({ name }) => name)).toEqual(['Bash', 'mcp__collibra__get_asset']);
});

test('a tool call that the policy allows reaches the agent as the model made it', async () => {
	const { post } = await start([{ call: [{ tool: 'mcp__collibra__get_asset', arguments: { id: 'a1' } }] }]);
	const tools = [{ name: 'mcp__collibra__get_asset', input_schema: { type: 'object' } }];
	const { text } = await post('anthropic-messages', 'hi', { tools, stream: true });
	expect(gather('anthropic-messages', text).calls).toEqual([{ name: 'mcp__collibra__get_asset', args: '{"id":"a1"}' }]);
});

test('the list of models holds what the policy allows', async () => {
	const { get } = await start([{ say: 'hi' }]);
	const { data } = (await (await get('/models')).json()) as { readonly data: readonly { readonly id: string }[] };
	expect(data.map(({ id }) => id)).toEqual(expect.arrayContaining(['scripted', 'scripted-a']));
});
