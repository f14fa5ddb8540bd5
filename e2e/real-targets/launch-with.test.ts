/** The host's launch through another sandbox program, on what its Provider rendered: sandbox-runtime, run for real. */
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyCompiledPolicy } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { launchWith, type SandboxExit } from 'tappass-host/launch';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = join(import.meta.dirname, 'node_modules/@anthropic-ai/sandbox-runtime');
const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
let folder: string;
let workspace: string;
beforeEach(() => {
	folder = mkdtempSync('/var/tmp/tappass-with-');
	chmodSync(folder, 0o755);
	workspace = join(folder, 'workspace');
	for (const name of ['workspace', 'workspace-sockets', 'other']) mkdirSync(join(folder, name));
	for (const name of ['workspace', 'workspace-sockets'])
		chownSync(join(folder, name), process.getuid!(), process.getgid!());
	writeFileSync(join(folder, 'other/secret'), 'secret');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function launch(
	command: string,
	...args: readonly string[]
): Promise<{
	readonly kill: () => Promise<void>;
	readonly said: () => string;
	readonly end: Promise<{ readonly exit: SandboxExit; readonly stdout: string; readonly stderr: string }>;
}> {
	const rendered = findTarget('sandbox-runtime')!.render(
		{
			...emptyCompiledPolicy,
			network: { allow_domains: ['files.acme.com'], deny_categories: [] },
			filesystem: { workspace: '/workspace', read_only: [], deny_paths: [] },
		},
		{
			os: 'linux',
			home: '/home/agent',
			uid: process.getuid!(),
			workspace_host: workspace,
			gateway_url: 'http://127.0.0.1:1/v1',
			mcp_url: 'http://127.0.0.1:1/mcp',
			binaries: { 'apply-seccomp': join(program, 'vendor/seccomp', architecture, 'apply-seccomp') },
			target_version: '0.0.83',
			tool_aliases: {},
			domain_categories: {},
		},
	);
	let ended: (exit: SandboxExit) => void = () => undefined;
	const exit = new Promise<SandboxExit>((resolve) => {
		ended = resolve;
	});
	const sandbox = await launchWith('sandbox-runtime', {
		name: 'with',
		command,
		args,
		rendered,
		runDirectory: join(folder, 'run'),
		workspaceHost: workspace,
		uid: process.getuid!(),
		gid: process.getgid!(),
		env: { HOME: '/home/agent' },
		program: [process.execPath, join(program, 'dist/cli.js')],
		onExit: (one) => ended(one),
	});
	const texts = { stdout: '', stderr: '' };
	sandbox.process.stdout!.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	sandbox.process.stderr!.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const closed = once(sandbox.process, 'close');
	return {
		kill: sandbox.kill,
		said: () => texts.stdout,
		end: Promise.all([exit, closed]).then(([one]) => ({ exit: one, ...texts })),
	};
}

test('shows and reaches nothing that the policy does not grant', async () => {
	const { end } = await launch(
		'/usr/bin/bash',
		'-c',
		`cat ${folder}/other/secret; curl -s -o /dev/null -w '%{http_code}' http://evil.example/; touch ok`,
	);
	const { stdout, stderr } = await end;

	expect(stdout).toBe('403');
	expect(stderr).toContain('No such file or directory');
	expect(existsSync(join(workspace, 'ok'))).toBe(true);
});

test('arguments stay what they are, and the exit status is passed on', async () => {
	const words = ['$(touch x)', '; touch x', "'", '"', '--', '-c', 'a b'];
	const { end } = await launch('/usr/bin/bash', '-c', 'printf "[%s]" "$@"; exit 7', 'sh', ...words);
	const { exit, stdout } = await end;

	expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
	expect(exit).toEqual({ code: 7, signal: null });
	expect(existsSync(join(workspace, 'x'))).toBe(false);
});

test('an end that is asked for takes everything along, placeholders of the program too', async () => {
	const { kill, said, end } = await launch('/usr/bin/bash', '-c', 'echo ready; sleep 60 & sleep 60');
	while (!said().includes('ready')) await new Promise((resolve) => setTimeout(resolve, 20));
	await kill();

	expect((await end).exit.why).toBe('killed');
	expect(readdirSync(workspace)).toEqual([]);
	expect(existsSync(join(folder, 'run/run.json'))).toBe(false);
});
