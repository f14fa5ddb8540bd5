/**
 * The SDK where it belongs: in a bubblewrap sandbox with a network of its own, before the real gateway and broker, under
 * the shipped policy of the Collibra steward. Programs run inside and print what they saw; the clients are the vendors' own.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../quickstart/dist/world.js';
import { until } from './support/host-machine.ts';
import { readText, root } from './support/repository.ts';

let world: World;
beforeAll(async () => {
	// The demo's own programs, as they were built.
	const built: typeof import('../quickstart/dist/world.js') = await import(
		join(root, 'quickstart', 'dist', 'world.js')
	);
	world = await built.openWorld(() => {});
}, 300_000);
afterAll(() => world.close());

const home = join(root, 'packages', 'tappass-agent');
const head = `
import { Client, govern, Keyring, runCode } from 'tappass-agent';
const keyring = await Keyring.load();
const client = new Client(keyring);
const say = (value) => console.log(JSON.stringify(value));
const codeOf = (error) => error.code ?? error.name;
`;

/** Runs a module inside the sandbox, from where its imports resolve; what it printed, line by line. */
async function inside(source: string): Promise<readonly string[]> {
	const enter = `cd ${home} && exec "$0" --input-type=module --eval "$1"`;
	const ran = await world.inside('tenant_a', '/bin/sh', '-c', enter, process.execPath, source);
	expect(ran.code, ran.stderr).toBe(0);
	return ran.stdout.trim().split('\n');
}
async function seen(source: string): Promise<readonly unknown[]> {
	return (await inside(`${head}${source}\nawait keyring.close();`)).map((line) => JSON.parse(line) as unknown);
}

test('the example of the README prints what it says', async () => {
	const [, source] = /```js\n([\s\S]*?)```/.exec(readText('packages/tappass-agent/README.md'))!;
	const promised = [...source!.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said]) => said);

	expect(await inside(source!)).toEqual(promised);
	expect(promised.length).toBe(4);
});

describe('the keyring', () => {
	test('cannot be written, moved or covered, and a copy of it that the agent made is not believed', async () => {
		const [refusals, copy] = await seen(`
import * as fs from 'node:fs';
const at = keyring.directory + '/keyring.json';
const attempt = (work) => { try { work(); return 'done'; } catch (error) { return error.code; } };
say([
	attempt(() => fs.writeFileSync(at, '{}')),
	attempt(() => fs.renameSync(at, at + '.old')),
	attempt(() => fs.unlinkSync(at)),
	attempt(() => fs.chmodSync(at, 0o666)),
	attempt(() => fs.writeFileSync(keyring.directory + '/new', '')),
	attempt(() => fs.symlinkSync('/workspace', keyring.directory + '/link')),
]);
fs.mkdirSync('/workspace/run', { recursive: true });
for (const name of ['keyring.json', 'root.json']) fs.writeFileSync('/workspace/run/' + name, fs.readFileSync(keyring.directory + '/' + name));
say(await Keyring.load({ directory: '/workspace/run' }).then(() => 'believed', codeOf));
`);

		expect((refusals as string[]).filter((code) => !['EROFS', 'EPERM', 'EACCES'].includes(code))).toEqual([]);
		expect(copy).toBe('file_unreadable');
	});
});

describe('the broker', () => {
	test('refuses a schema that the policy hides and a tool that it denies, and runs what is allowed', async () => {
		const [hidden, dropped, unknown, allowed] = (await seen(`
const asked = (tool, args) => client.tools.execute(tool, args);
say(await asked('collibra.get_asset', { schema: 'pii_archive', asset_id: 'pii_archive.contacts_2019' }));
say(await asked('collibra.drop_schema', { schema: 'customers' }));
say(await asked('gmail.send', { to: 'a@b.example' }));
say(await asked('collibra.get_asset', { schema: 'customers', asset_id: 'customers.accounts' }));
`)) as Record<string, unknown>[];

		for (const denied of [hidden, dropped, unknown])
			expect(denied).toMatchObject({ denied: true, request_id: expect.stringMatching(/./) });
		expect((hidden!['because'] as string[]).join('\n')).toContain('pii_archive');
		expect(allowed).toMatchObject({ is_error: false, text: expect.stringContaining('customers.accounts') });
	});

	test('is spoken to by the official MCP client over the transport of the SDK', async () => {
		const [tools, denied, allowed] = (await seen(`
import { Client as Mcp } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
const mcp = new Mcp({ name: 'agent', version: '1.0.0' });
await mcp.connect(client.mcp.transport(StreamableHTTPClientTransport));
say((await mcp.listTools()).tools.map(({ name }) => name));
const get = (schema, asset_id) => mcp.callTool({ name: 'collibra__get_asset', arguments: { schema, asset_id } });
say(await get('pii_archive', 'pii_archive.contacts_2019').catch(({ message }) => ({ isError: true, message })));
say(await get('customers', 'customers.accounts'));
await mcp.close();
`)) as [string[], Record<string, unknown>, Record<string, unknown>];

		expect(tools).toContain('collibra__get_asset');
		expect(tools).not.toContain('collibra__drop_schema');
		expect(denied['isError']).toBe(true);
		expect(JSON.stringify(allowed)).toContain('customers.accounts');
		expect(allowed['isError'] ?? false).toBe(false);
	});
});

describe('the gateway', () => {
	const ask = `'Task: add-email-column'`;
	test.each([
		[
			'openai',
			`import OpenAI from 'openai';
const model = (name) => new OpenAI({ ...client.llm.openai(), maxRetries: 0 }).chat.completions.create({ model: name, messages: [{ role: 'user', content: ${ask} }] });`,
		],
		[
			'@anthropic-ai/sdk',
			`import Anthropic from '@anthropic-ai/sdk';
const model = (name) => new Anthropic({ ...client.llm.anthropic(), maxRetries: 0 }).messages.create({ model: name, max_tokens: 100, messages: [{ role: 'user', content: ${ask} }] });`,
		],
		[
			'the AI SDK, OpenAI',
			`import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
const model = (name) => generateText({ model: createOpenAI(client.llm.openai()).chat(name), prompt: ${ask}, maxRetries: 0 }).then(({ text }) => ({ text }));`,
		],
		[
			'the AI SDK, Anthropic',
			`import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText } from 'ai';
const model = (name) => generateText({ model: createAnthropic(client.llm.openai())(name), prompt: ${ask}, maxRetries: 0 }).then(({ text }) => ({ text }));`,
		],
	])('is spoken to by %s, and refuses it a model that nobody added', async (_, source) => {
		const [refused, answered] = await seen(`${source}
say(await model('gpt-none').then(() => 'answered', ({ status, statusCode }) => status ?? statusCode));
say(await model('scripted'));
`);

		expect(refused).toBeGreaterThanOrEqual(400);
		expect(JSON.stringify(answered)).toContain('look at the table first');
	});

	test('is the only way out: another address is refused on the way', async () => {
		const [status] = await seen(
			`say(await client.mcp.fetch('http://evil.example/').then(({ status }) => status, codeOf));`,
		);

		// The proxy's refusal, or no connection at all.
		expect([403, 'gateway_unreachable']).toContain(status);
	});
});

describe('runCode', () => {
	test('ends at each limit of the policy, escapes nowhere, and takes nobody along', async () => {
		const results = (await seen(`
const run = async (code) => { const { ok, reason, value } = await runCode(code, { keyring, host_functions: { erase: () => 'gone' } }); say(ok ? value : reason); };
await run('while True: pass');
await run('x = []\\nwhile True: x.append("a" * 100000)');
await run('x=[0]*1000\\ny=[x]*1000\\nz=[y]*1000\\nz');
await run('erase()');
await run('def f(n): return f(n + 1)\\nf(0)');
await run('1' + '+1'.repeat(200000));
for (const code of ['open("/run/tappass/keyring.json").read()', 'import os\\nos.environ["HOME"]', 'import socket', '__import__("os")']) await run(code);
await run('sum(range(10))');
`)) as unknown[];

		expect(results.slice(0, 2)).toEqual(['cpu_time', 'memory']);
		expect(['memory', 'cpu_time', 'output']).toContain(results[2]);
		expect(results.slice(3, 5)).toEqual(['error', 'stack_depth']);
		expect(['stack_depth', 'error']).toContain(results[5]);
		expect(results.slice(6, 10)).toEqual(['error', 'error', 'error', 'error']);
		expect(results[10]).toBe(45);
	});
});

test('a change of policy reaches an agent that runs: govern stops and allows, the tools shrink', async () => {
	const apply = async (name: string, text: string): Promise<void> => {
		const file = join(world.directory, name);
		await writeFile(file, text);
		const own = join(root, 'policies', 'collibra-steward.rego');
		const ran = await world.tappass('policy', 'apply', '--level', 'project=collibra-eval', own, file, '--wait');
		expect(ran.code, ran.stderr).toBe(0);
	};
	const looked = async (times: number): Promise<void> => {
		await until(async () => (await world.inside('tenant_a', 'test', '-e', `/workspace/looked-${times}`)).code === 0);
	};
	const started = inside(`${head}
import { writeFileSync } from 'node:fs';
let looks = 0;
const take = govern((name) => 'note ' + name, { keyring, tool: 'collibra-chip.take_note' });
const look = async () => { const listed = await client.tools.list(); say({ version: keyring.policy_version, note: await take('a'), tools: 'denied' in listed ? listed.code : listed.map(({ name }) => name) }); writeFileSync('/workspace/looked-' + (looks += 1), ''); };
await look();
for (let change = 0; change < 2; change += 1) {
	await new Promise((resolve) => { const alive = setInterval(() => {}, 1_000); keyring.once('policy', () => { clearInterval(alive); resolve(); }); });
	await look();
}
await keyring.close();
`);
	await looked(1);
	await apply('more.rego', 'package tappass.policy\n\ntools.allow contains "collibra-chip.take_note"\n');
	await looked(2);
	await apply(
		'less.rego',
		'package tappass.policy\n\ntools.deny contains name if some name in ["collibra.delete_*", "collibra-chip.take_note"]\n',
	);
	const looks = (await started).map((line) => JSON.parse(line) as { note: unknown; tools: string[] });

	expect(looks[0]).toMatchObject({ note: { denied: true }, tools: expect.arrayContaining(['collibra.delete_asset']) });
	expect(looks[1]).toMatchObject({ note: 'note a' });
	expect(looks[2]).toMatchObject({ note: { denied: true } });
	expect(looks[2]!.tools).not.toContain('collibra.delete_asset');
}, 240_000);

test('each command answers inside', async () => {
	const program = join(home, 'dist', 'main.js');
	for (const command of ['show', 'tools', 'doctor']) {
		const ran = await world.inside('tenant_a', process.execPath, program, command, '--json');
		expect(ran.code, ran.stderr).toBe(0);
		expect(JSON.parse(ran.stdout)).toMatchObject({ schema: `tappass.agent.${command}/1` });
	}
	const verified = await world.inside(
		...(['tenant_a', process.execPath, program, 'verify', '/run/tappass/keyring.json'] as const),
		...['--root', '/run/tappass/root.json'],
	);
	expect(verified.code).toBe(0);
});

test('nothing that this test started is left', async () => {
	const left = await new Promise<string>((resolve) => execFile('ps', ['-eo', 'args'], (_, stdout) => resolve(stdout)));
	expect(left.split('\n').filter((line) => line.includes(join(home, 'dist', 'codemode')))).toEqual([]);
});
