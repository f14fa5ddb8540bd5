/**
 * The product as it is run: `startServer` with its embedded PostgreSQL, one enrolled host, and the agent plane in front of the
 * mock. Sessions, budgets, sealed pseudonyms and the audit log are rows, durable before an answer is released.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { steps, TapPassError } from '@tappass/core';
import { HostSimulator } from '@tappass/server/host-simulator';
import { call, quietServer } from '../support/operator.js';

const upstreamUrl = process.argv[2] ?? '';
/** Every step that may be off is on, and does its work on every call. */
const policy = `package tappass.policy

models.allow contains "bench"

tools.allow contains "collibra.*"

budget.tokens_per_day := 1000000000000

budget.dollars_per_month := 1000000000

budget.tool_calls_per_minute := 1000000

${steps
	.filter(({ runs }) => runs === 'policy')
	.map(({ name, default_action }) => `pipeline.steps.${name} := ${JSON.stringify(ruleOf(name, default_action))}`)
	.join('\n\n')}
`;
const decision = `package tappass.decision

deny contains "no drafts at night" if {
	input.call.model == "draft"
	input.session.calls > 1000000000
}

notify contains "large model" if startswith(input.call.model, "large-")
`;

function ruleOf(name: string, action: string): object {
	if (name === 'detect_pii') return { enabled: true, action: 'notify', parameters: { mode: 'reversible' } };
	return { enabled: true, action };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function serve(): Promise<void> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-bench-'));
	const { server, origin, key } = await quietServer(directory);
	const token = String((await call(origin, key, 'POST', '/v1/auth/token')).token);
	await call(origin, token, 'POST', '/v1/policies/apply', {
		files: [
			{ file: 'floor.rego', content: base64(policy) },
			{ file: 'decision.rego', content: base64(decision) },
		],
	});
	await call(origin, token, 'PUT', '/v1/upstreams/bench', {
		speaks: 'openai',
		url: upstreamUrl,
		models: ['bench'],
		price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
	});
	const spec = 'schema: tappass.sandbox-spec/1\nid: bench\nruntime: node-bubblewrap\nfunction: null\n';
	await call(origin, token, 'POST', '/v1/sandbox-specs', {
		project: 'bench',
		document: { file: 'bench.yaml', content: base64(spec) },
	});
	const { items } = await call(origin, token, 'POST', '/v1/sandbox-specs/bench/bootstraps', {
		count: 1,
		project: 'bench',
	});
	const host = await HostSimulator.enrol((items as readonly { readonly url: string }[])[0]!.url, { name: 'bench' });
	const status = await host.stream();
	if (status !== 200) throw new TapPassError('internal', { detail: `the stream answered ${status}` });
	const session = async (): Promise<string> => {
		const { body } = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
		const { keyring } = body as unknown as { readonly keyring: { readonly freshness: { readonly payload: string } } };
		const freshness = JSON.parse(Buffer.from(keyring.freshness.payload, 'base64').toString('utf8')) as {
			readonly tokens: { readonly gateway_token: string };
		};
		return freshness.tokens.gateway_token;
	};
	const stop = async (): Promise<void> => {
		host.stop();
		await server.close();
		await rm(directory, { recursive: true, force: true });
		process.exit();
	};
	process.once('disconnect', stop);
	process.once('SIGTERM', stop);
	process.on('message', async () => {
		process.send?.({ rss_mb: Math.round(process.memoryUsage().rss / 1_048_576), token: await session() });
	});
	process.send?.({ url: server.urls.agent, token: await session() });
}

await serve();
