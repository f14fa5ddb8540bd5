import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy, type RenderCapabilities } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedCall } from './model-server.ts';
import { type Outcome, PrivateHost, port, withoutNamespaces } from './private-host.ts';

const program = join(import.meta.dirname, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude');
const target = findTarget('claude-code')!;
const env = {
	ANTHROPIC_API_KEY: 'none',
	ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
	CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
	DISABLE_AUTOUPDATER: '1',
	// The tests may run as root, under which the program refuses --dangerously-skip-permissions elsewhere.
	IS_SANDBOX: '1',
};

let host: PrivateHost;
beforeEach(() => {
	host = new PrivateHost();
	for (const folder of ['vendor', '.claude']) mkdirSync(join(host.workspace, folder));
	for (const folder of ['data', 'data/secret', 'DATA', 'elsewhere']) mkdirSync(join(host.folder, folder));
	for (const file of ['workspace/a.txt', 'workspace/.env', 'data/f', 'data/secret/f', 'DATA/f', 'elsewhere/f'])
		writeFileSync(join(host.folder, file), `CONTENT OF ${file}`);
});
afterEach(() => host.remove());

function policy(change: Partial<CompiledPolicy> = {}): CompiledPolicy {
	return {
		...emptyCompiledPolicy,
		network: { allow_domains: ['*.acme.com'], deny_categories: ['paste_sites'] },
		filesystem: {
			workspace: host.workspace,
			read_only: ['/usr', join(host.folder, 'data'), join(host.workspace, 'vendor')],
			deny_paths: [join(host.folder, 'data/secret'), join(host.workspace, '.env')],
		},
		tools: { allow: ['builtin.*', 'collibra.*'], deny: ['*.delete_*', 'builtin.shell'], schemas_acl: {} },
		...change,
	};
}
const withShell = { tools: { allow: ['builtin.*'], deny: [], schemas_acl: {} } };

function capabilities(): RenderCapabilities {
	return {
		os: 'linux',
		home: host.home,
		uid: 0,
		workspace_host: host.workspace,
		gateway_url: `http://127.0.0.1:${port}/v1`,
		mcp_url: `http://127.0.0.1:${port}/mcp`,
		binaries: { bwrap: '/usr/bin/bwrap', socat: '/usr/bin/socat' },
		target_version: null,
		tool_aliases: {
			'builtin.file_read': ['Glob', 'Grep', 'LSP', 'Read'],
			'builtin.file_write': ['Edit', 'MultiEdit', 'NotebookEdit', 'Write'],
			'builtin.plan': ['TaskCreate', 'TaskList', 'TodoWrite'],
			'builtin.shell': ['Bash', 'KillShell', 'Monitor', 'PowerShell'],
			'builtin.web_fetch': ['WebFetch'],
			'collibra.delete_asset': ['mcp__collibra__delete_asset'],
			'collibra.get_asset': ['mcp__collibra__get_asset'],
		},
		domain_categories: { paste_sites: ['paste.acme.com'] },
	} as RenderCapabilities;
}
function install(rendered: ReturnType<typeof target.render>): void {
	expect(target.check(rendered)).toEqual([]);
	for (const { path, content } of rendered.files) host.write(path, content);
}
/** Governed, and free of every complaint about the policy: the program says on stderr what it could not read. */
async function governed(
	compiled: CompiledPolicy,
	script: readonly ScriptedCall[],
	args: readonly string[] = [],
): Promise<Outcome> {
	const rendered = target.render(compiled, capabilities());
	install(rendered);
	const outcome = await run(script, [...rendered.args, ...args]);
	expect(outcome.stderr).toBe('');
	expect(outcome.exit).toBe(0);
	return outcome;
}
function run(script: readonly ScriptedCall[], args: readonly string[] = []): Promise<Outcome> {
	return host.run([program, '-p', 'go', '--output-format', 'json', ...args], script, env);
}
const bash = (command: string): ScriptedCall => ({ name: 'Bash', input: { command, description: 'scripted' } });
const read = (path: string): ScriptedCall => ({ name: 'Read', input: { file_path: join(host.folder, path) } });
const write = (path: string): ScriptedCall => ({
	name: 'Write',
	input: { file_path: join(host.folder, path), content: 'written' },
});
const fetchPage = (name: string): ScriptedCall => ({
	name: 'WebFetch',
	input: { url: `http://${name}/`, prompt: 'summarise' },
});
const denied = /denied|No such tool available/;

describe('Claude Code under what we render', () => {
	test('the control: without the files every call runs', async () => {
		const skip = ['--dangerously-skip-permissions'];
		const calls = [bash(`curl -s http://127.0.0.1:${port}/page`), read('workspace/.env'), read('elsewhere/f')];
		const { exit, results } = await run([...calls, write('elsewhere/new')], skip);
		expect(exit).toBe(0);
		expect(results[0]).toContain('REACHED');
		expect(results[1]).toContain('CONTENT OF workspace/.env');
		expect(results[2]).toContain('CONTENT OF elsewhere/f');
		expect(results[3]).toContain('created');
	});

	test('a denied tool is refused even with every bypass flag, and an allowed one runs', async () => {
		const calls = [bash('echo ran'), read('workspace/a.txt')];
		const { results, tools } = await governed(policy(), calls, [
			'--dangerously-skip-permissions',
			'--allowedTools',
			'Bash',
		]);
		expect(results[0]).toMatch(denied);
		expect(results[1]).toContain('CONTENT OF workspace/a.txt');
		expect(tools.filter((name) => !name.startsWith('mcp__')).sort()).toEqual(
			// Offered in place of a shell, though the version does not name them otherwise.
			['Edit', 'Glob', 'Grep', 'NotebookEdit', 'Read', 'TaskCreate', 'TaskList', 'WebFetch', 'Write'].sort(),
		);
	});

	test('an empty policy offers the model nothing', async () => {
		const { tools, results } = await governed(emptyCompiledPolicy, [bash('echo ran')]);
		expect([tools, results]).toEqual([[], []]);
	});

	test('files are read and written where the policy says, and nowhere else', async () => {
		const readable = [read('workspace/a.txt'), read('data/f')];
		const unreadable = [read('workspace/.env'), read('data/secret/f'), read('DATA/f'), read('elsewhere/f')];
		const unwritable = [
			write('workspace/vendor/new'),
			write('workspace/.env'),
			write('data/new'),
			write('elsewhere/new'),
		];
		const { results } = await governed(policy(), [...readable, write('workspace/new'), ...unreadable, ...unwritable]);
		expect(results.slice(0, 2).every((result) => result.includes('CONTENT OF'))).toBe(true);
		expect(results[2]).toContain('created');
		expect(results.slice(3).filter((result) => !denied.test(result))).toEqual([]);
		expect(results).toHaveLength(11);
	});

	test('pages of allowed hosts alone are fetched', async () => {
		const hosts = ['sub.acme.com', 'a.b.acme.com', 'acme.com', 'xacme.com', 'evil.example', 'paste.acme.com'];
		const outcomes = [];
		// One at a time: the program runs fetches together and stops the rest when one fails.
		for (const name of hosts) outcomes.push((await governed(policy(), [fetchPage(name)])).results[0]!);
		expect(outcomes.map((result) => denied.test(result))).toEqual([false, false, true, true, true, true]);
	});

	test('the broker is the one MCP server, and its denied tools are not there', async () => {
		const calls = ['get_asset', 'delete_asset'].map((name) => ({ name: `mcp__tappass__collibra__${name}`, input: {} }));
		const { results, called, tools } = await governed(policy(), calls);
		expect(results[0]).toContain('BROKER RAN collibra__get_asset');
		expect(results[1]).toMatch(denied);
		expect(called).toEqual(['collibra__get_asset']);
		expect(tools).not.toContain('mcp__tappass__collibra__delete_asset');
	});

	test('a server of the launcher is refused', async () => {
		install(target.render(policy(), capabilities()));
		const own = JSON.stringify({ mcpServers: { own: { type: 'http', url: `http://127.0.0.1:${port}/mcp` } } });
		const { exit, results } = await run(
			[{ name: 'mcp__own__collibra__delete_asset', input: {} }],
			['--mcp-config', own],
		);
		expect(exit).not.toBe(0);
		expect(results).toEqual([]);
	});

	test('a command sees and changes only what the policy grants, whatever program it starts', async () => {
		const open = (path: string, mode: string) =>
			`python3 -c "print(open('${join(host.folder, path)}', '${mode}').read())"`;
		// The way to the proxy takes a moment to open on a busy machine.
		const page = (name: string) => `for i in 1 2 3 4 5; do curl -sS http://${name}/ && break; sleep 0.5; done`;
		const commands = [
			open('data/f', 'r'),
			open('workspace/a.txt', 'r'),
			open('elsewhere/f', 'r'),
			open('data/secret/f', 'r'),
			open('workspace/.env', 'r'),
			open('workspace/vendor/new', 'a+'),
			open('data/new', 'a+'),
			`curl -sS http://127.0.0.1:${port}/page`,
			page('evil.example'),
			page('paste.acme.com'),
			page('files.acme.com'),
		];
		const { results, fetched } = await governed(policy(withShell), commands.map(bash));
		expect(results[0]).toContain('CONTENT OF data/f');
		expect(results[1]).toContain('CONTENT OF workspace/a.txt');
		for (const result of results.slice(2, 5)) expect(result).not.toContain('CONTENT OF');
		for (const result of results.slice(5, 7)) expect(result).toMatch(/Read-only file system|denied|No such file/);
		expect(fetched).not.toContain('/page');
		for (const result of results.slice(8, 10)) expect(result).toMatch(/blocked/i);
		// The proxy lets it through, and finds no network.
		expect(results[10]).toMatch(/Bad Gateway/);
		expect(results).toHaveLength(commands.length);
	});

	test('in a kernel ring without user namespaces commands run with no sandbox of its own, and gaps say so', async () => {
		const rendered = target.render(policy(withShell), { ...capabilities(), binaries: {} });
		install(rendered);
		const command = [...withoutNamespaces, program, '-p', 'go', '--output-format', 'json', ...rendered.args];
		const { exit, results } = await host.run(command, [bash('echo ran'), read('elsewhere/f')], env);
		expect(exit).toBe(0);
		expect(results[0]).toBe('ran');
		expect(results[1]).toMatch(denied);
		expect(rendered.gaps.filter(({ value }) => value === 'Bash')).toHaveLength(2);
	});

	test('a repository cannot loosen it by settings of its own, except where a gap says so', async () => {
		const settings = {
			permissions: {
				allow: ['Bash', 'Read', 'Edit', 'WebFetch'],
				additionalDirectories: [join(host.folder, 'elsewhere')],
				defaultMode: 'bypassPermissions',
			},
			sandbox: {
				enabled: false,
				excludedCommands: ['cat', 'cat *', 'touch *'],
				filesystem: { allowRead: [host.folder] },
			},
		};
		writeFileSync(join(host.workspace, '.claude/settings.json'), JSON.stringify(settings));
		const shell = [
			bash(`touch ${join(host.folder, 'elsewhere/new')}`),
			bash(`cat ${join(host.folder, 'elsewhere/f')}`),
		];
		host.write(
			join(host.home, '.claude.json'),
			JSON.stringify({ projects: { [host.workspace]: { hasTrustDialogAccepted: true } } }),
		);
		const { results } = await governed(policy(withShell), [read('elsewhere/f'), write('elsewhere/new'), ...shell]);
		expect(results.filter((result) => /CONTENT OF|created|no output/.test(result))).toEqual([]);
		expect(results).toHaveLength(4);
		expect(target.render(policy(withShell), capabilities()).gaps).toContainEqual(
			expect.objectContaining({ aspect: 'filesystem', why: expect.stringContaining('settings of the repository') }),
		);
	});
});
