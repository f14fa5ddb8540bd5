/**
 * The gateway with all 32 steps in front of a model that plays a script, for programs that are run without a network. As the egress
 * proxy of a sandbox does, it puts the capability token on each request itself. Usage and log are those of `model-server.ts`.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createGateway, createPipeline } from '@tappass/gateway';
import { type ModelCallSeen, readScript, scriptedModel } from '@tappass/gateway/dev-model';
import { testSandbox } from '../../packages/gateway/src/sandbox.test.support.ts';
import type { LoggedRequest, ScriptedCall } from './model-server.ts';

const [port = '', scriptFile = '', logFile = ''] = process.argv.slice(2);
const calls: readonly ScriptedCall[] = JSON.parse(readFileSync(scriptFile, 'utf8'));
const turns = calls.map(({ name, input }, results) => ({
	when: { results },
	call: [{ tool: name, arguments: input }],
}));
const script = readScript({ schema: 'tappass.dev-model/1', turns: [...turns, { say: 'DONE' }] }, scriptFile);
const model = await scriptedModel(script, { onCall: log });

const sandbox = await testSandbox({
	bound: {
		tool_aliases: { 'claude-code': { 'builtin.shell': ['Bash'] }, codex: { 'builtin.shell': ['exec_command'] } },
	},
	compiled: {
		tools: { allow: ['builtin.shell'], deny: ['*.delete_*'], schemas_acl: {} },
		budget: { tokens_per_day: 100_000_000, dollars_per_month: 10_000, tool_calls_per_minute: 1_000 },
	},
});
for (const [name, speaks] of [
	['scripted', 'openai'],
	['scripted-claude', 'anthropic'],
] as const) {
	const route = {
		upstream: name,
		headers: { authorization: 'Bearer vaulted' },
		base_url: model.url,
		speaks,
		timeout_ms: 20_000,
	};
	sandbox.ports.upstreams.serve({
		model: name,
		price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
		route,
	});
}
const gateway = createGateway({ pipeline: createPipeline(sandbox.ports), ports: sandbox.ports });
createServer((request, response) => {
	delete request.headers['x-api-key'];
	request.headers.authorization = `Bearer ${sandbox.caller.token}`;
	gateway.handle(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));

function log({ path, body, conversation, headers }: ModelCallSeen): void {
	const { tools = [] } = body as { readonly tools?: readonly { readonly name?: string; readonly type?: string }[] };
	const names = tools.map(({ name, type }) => name ?? type ?? '');
	const line: LoggedRequest = { path: `${path} ${headers.authorization}`, tools: names, results: conversation.results };
	appendFileSync(logFile, `${JSON.stringify(line)}\n`);
}
