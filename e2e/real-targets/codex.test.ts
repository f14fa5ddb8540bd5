import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy, type RenderCapabilities } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedCall } from './model-server.ts';
import { type Outcome, PrivateHost, port, withoutNamespaces } from './private-host.ts';

const program = join(
	import.meta.dirname,
	'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex',
);
const target = findTarget('codex')!;

let host: PrivateHost;
beforeEach(() => {
	host = new PrivateHost();
	for (const folder of ['home/.codex', 'workspace/vendor', 'data/secret', 'DATA', 'elsewhere', 'odd ) é $HOME'])
		mkdirSync(join(host.folder, folder), { recursive: true });
	for (const file of [
		'workspace/a.txt',
		'workspace/.env',
		'data/f',
		'data/secret/f',
		'DATA/f',
		'elsewhere/f',
		'odd ) é $HOME/f',
	])
		writeFileSync(join(host.folder, file), `CONTENT OF ${file}`);
});
afterEach(() => host.remove());

function policy(change: Partial<CompiledPolicy> = {}): CompiledPolicy {
	return {
		...emptyCompiledPolicy,
		network: { allow_domains: ['*.acme.com'], deny_categories: ['paste_sites'] },
		filesystem: {
			workspace: host.workspace,
			read_only: [join(host.folder, 'data'), join(host.folder, 'odd ) é $HOME'), join(host.workspace, 'vendor')],
			deny_paths: [join(host.folder, 'data/secret'), join(host.workspace, '.env')],
		},
		tools: { allow: ['builtin.*', 'collibra.*'], deny: ['*.delete_*', 'builtin.delegate'], schemas_acl: {} },
		...change,
	};
}
function capabilities(): RenderCapabilities {
	return {
		os: 'linux',
		home: host.home,
		uid: 0,
		workspace_host: host.workspace,
		gateway_url: `http://127.0.0.1:${port}/v1`,
		mcp_url: `http://127.0.0.1:${port}/mcp`,
		binaries: { bwrap: '/usr/bin/bwrap', codex: program },
		target_version: '0.169.0',
		tool_aliases: {
			'builtin.delegate': ['multi_agent_v1'],
			'builtin.file_read': ['view_image'],
			'builtin.file_write': ['apply_patch'],
			'builtin.shell': ['exec_command', 'shell', 'write_stdin'],
			'builtin.web_search': ['web_search'],
			'collibra.delete_asset': ['mcp__collibra__delete_asset'],
			'collibra.get_asset': ['mcp__collibra__get_asset'],
		},
		domain_categories: { paste_sites: ['paste.acme.com'] },
	} as RenderCapabilities;
}
const own = [
	`model_providers.own={name="own",base_url="http://127.0.0.1:${port}/v1",wire_api="responses"}`,
	'model_provider="own"',
].flatMap((setting) => ['-c', setting]);
function run(script: readonly ScriptedCall[], args: readonly string[] = []): Promise<Outcome> {
	const command = [program, 'exec', '--skip-git-repo-check', '-m', 'scripted', ...args, 'go'];
	return host.run(command, script, { CODEX_HOME: join(host.home, '.codex') });
}
/** Governed, and free of complaints about the policy: the program warns of a key that it does not know. */
async function governed(
	compiled: CompiledPolicy,
	script: readonly ScriptedCall[],
	args: readonly string[] = [],
): Promise<Outcome> {
	const rendered = target.render(compiled, capabilities());
	expect(target.check(rendered)).toEqual([]);
	for (const { path, content } of rendered.files) host.write(path, content);
	const outcome = await run(script, [...rendered.args, ...args]);
	expect(outcome.stderr).not.toMatch(/unknown|unrecognized|ignor/i);
	expect(outcome.exit).toBe(0);
	return outcome;
}
const shell = (cmd: string): ScriptedCall => ({ name: 'exec_command', input: { cmd } });
const bypass = ['--dangerously-bypass-approvals-and-sandbox'];

describe('Codex under what we render', () => {
	test('the control: without the files every call runs', async () => {
		const files = ['workspace/.env', 'elsewhere/f'].map((path) => shell(`cat ${join(host.folder, path)}`));
		const page = shell(`curl -s http://127.0.0.1:${port}/page`);
		const { exit, results, tools } = await run([...files, page], [...own, ...bypass]);
		expect(exit).toBe(0);
		expect(results[0]).toContain('CONTENT OF workspace/.env');
		expect(results[1]).toContain('CONTENT OF elsewhere/f');
		expect(results[2]).toContain('REACHED');
		expect(tools).toContain('multi_agent_v1');
	});

	test('a denied tool is refused whatever the command line says, and an allowed one runs', async () => {
		const noShell = policy({ tools: { allow: ['builtin.*'], deny: ['builtin.shell'], schemas_acl: {} } });
		const args = [...bypass, '--enable', 'shell_tool', '--enable', 'unified_exec', '-c', 'features.shell_tool=true'];
		const refused = await governed(noShell, [shell('echo ran')], args);
		expect(refused.results[0]).toContain('unsupported call: exec_command');
		expect(refused.tools).not.toContain('exec_command');

		const allowed = await governed(policy(), [shell('echo ran')], [...bypass, '--enable', 'multi_agent']);
		expect(allowed.results[0]).toMatch(/\nran\n/);
		expect(allowed.tools).not.toContain('multi_agent_v1');
	});

	test('an empty policy leaves the model nothing but questions', async () => {
		const { tools } = await governed(emptyCompiledPolicy, [], bypass);
		expect(tools).toEqual(['request_user_input']);
	});

	test('a command sees and changes only what the policy grants, even past every bypass flag', async () => {
		const cat = (path: string): ScriptedCall => shell(`cat '${join(host.folder, path)}'`);
		const touch = (path: string): ScriptedCall => shell(`touch '${join(host.folder, path)}' && echo WROTE`);
		const unwritable = ['workspace/vendor/new', 'data/new', 'elsewhere/new', 'new'];
		const granted = [cat('workspace/a.txt'), cat('data/f'), cat('odd ) é $HOME/f'), touch('workspace/new')];
		const refused = [
			...['workspace/.env', 'data/secret/f', 'DATA/f', 'elsewhere/f'].map(cat),
			...unwritable.map(touch),
		];
		const { results } = await governed(
			policy(),
			[...granted, ...refused],
			[...bypass, '-c', 'sandbox_mode="danger-full-access"'],
		);
		expect(results.slice(0, 4).filter((result) => !/CONTENT OF|WROTE/.test(result))).toEqual([]);
		expect(results.slice(4, 8).filter((result) => /CONTENT OF/.test(result))).toEqual([]);
		// Around a granted path the sandbox has empty directories of its own: what is written there goes with the command.
		for (const path of unwritable) expect(existsSync(join(host.folder, path)), path).toBe(false);
		expect(existsSync(join(host.workspace, 'new'))).toBe(true);
		expect(results).toHaveLength(12);
	});

	test('commands reach allowed hosts alone', async () => {
		const hosts = [
			'sub.acme.com',
			'a.b.acme.com',
			'acme.com',
			'xacme.com',
			'evil.example',
			'paste.acme.com',
			`127.0.0.1:${port}`,
		];
		const { results, fetched } = await governed(
			policy(),
			hosts.map((name) => shell(`curl -sS http://${name}/`)),
			bypass,
		);
		const unlisted = /not on the allowlist|explicitly denied/;
		// An allowed name gets past the list and then finds no network; the rest never gets that far.
		expect(results.slice(0, 6).map((result) => unlisted.test(result))).toEqual([false, false, true, true, true, true]);
		expect(results[6]).toContain('was blocked');
		expect(fetched.filter((path) => path !== '/')).toEqual([]);
	});

	test('the broker is the one MCP server, and its denied tools are not there', async () => {
		const server = `url = "http://127.0.0.1:${port}/mcp"\nenabled_tools = ["collibra__delete_asset"]\n`;
		host.write(join(host.home, '.codex/config.toml'), `[mcp_servers.tappass]\n${server}[mcp_servers.own]\n${server}`);
		const call = (server: string, name: string): ScriptedCall => ({ namespace: `mcp__${server}`, name, input: {} });
		const calls = [
			call('tappass', 'collibra__get_asset'),
			call('tappass', 'collibra__delete_asset'),
			call('own', 'collibra__delete_asset'),
		];
		const { called, results } = await governed(policy(), calls, [
			'-c',
			'mcp_servers.tappass.enabled_tools=["collibra__delete_asset"]',
		]);
		expect(called).toEqual(['collibra__get_asset']);
		expect(results.filter((result) => result.includes('unsupported call'))).toHaveLength(2);
	});

	test('the gateway is the one model provider', async () => {
		const { stderr } = await governed(policy(), [], own);
		expect(stderr).toContain('`model_provider` is overridden by the required value "tappass"');
	});

	test('in a kernel ring without user namespaces it runs with no sandbox of its own, and says what that leaves open', async () => {
		const rendered = target.render(policy(), { ...capabilities(), binaries: { codex: program } });
		expect(target.check(rendered)).toEqual([]);
		for (const { path, content } of rendered.files) host.write(path, content);
		const command = [...withoutNamespaces, program, 'exec', '--skip-git-repo-check', '-m', 'scripted', 'go'];
		const script = [shell('echo ran')];
		const { exit, results, tools } = await host.run(command, script, { CODEX_HOME: join(host.home, '.codex') });
		expect(exit).toBe(0);
		expect(results[0]).toMatch(/\nran\n/);
		expect(tools).not.toContain('multi_agent_v1');
		expect(rendered.gaps.filter(({ value }) => value === 'sandbox')).toHaveLength(2);
	});

	test('a file that it cannot read ends it', async () => {
		host.write('/etc/codex/requirements.toml', 'default_permissions = "tapp');
		const { exit, results } = await run([shell('echo ran')], own);
		expect(exit).not.toBe(0);
		expect(results).toEqual([]);
	});
});
