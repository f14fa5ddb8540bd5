/** Anthropic's sandbox-runtime, run for real on what the Provider renders. */
import { spawn } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SandboxRuntimeConfigSchema } from '@anthropic-ai/sandbox-runtime';
import { type CompiledPolicy, emptyCompiledPolicy, type RenderCapabilities } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const target = findTarget('sandbox-runtime')!;
const program = join(import.meta.dirname, 'node_modules/@anthropic-ai/sandbox-runtime');
const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
let folder: string;
let workspace: string;
let gateway: Server;
let gatewayPort: number;

beforeAll(async () => {
	folder = mkdtempSync('/var/tmp/tappass-srt-');
	chmodSync(folder, 0o755);
	workspace = join(folder, 'workspace');
	for (const path of ['workspace/vendor', 'workspace/deep/secret', 'data/secret', 'other', 'workspace-sockets'])
		mkdirSync(join(folder, path), { recursive: true });
	for (const path of [
		'workspace/.env',
		'workspace/vendor/lib',
		'workspace/deep/secret/key',
		'data/open',
		'data/secret/key',
		'other/x',
	])
		writeFileSync(join(folder, path), `content of ${path}\n`);
	gateway = createServer((_request, response) => response.end('gateway'));
	await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
	gatewayPort = (gateway.address() as AddressInfo).port;
});
afterAll(() => {
	gateway.close();
	rmSync(folder, { recursive: true, force: true });
});

function policy(): CompiledPolicy {
	return {
		...emptyCompiledPolicy,
		network: { allow_domains: ['files.acme.com'], deny_categories: [] },
		filesystem: {
			workspace: '/workspace',
			read_only: [join(folder, 'data'), '/workspace/vendor'],
			deny_paths: [
				join(folder, 'data/secret'),
				'/workspace/.env',
				'/workspace/deep/secret',
				'/workspace/not-yet',
				'~/.ssh',
			],
		},
		budget: { ...emptyCompiledPolicy.budget, tokens_per_day: 1 },
	};
}
function capabilities(): RenderCapabilities {
	return {
		os: 'linux',
		home: '/home/agent',
		uid: process.getuid!(),
		workspace_host: workspace,
		gateway_url: `http://127.0.0.1:${gatewayPort}/v1`,
		mcp_url: 'http://127.0.0.1:1/mcp',
		binaries: { 'apply-seccomp': join(program, 'vendor/seccomp', architecture, 'apply-seccomp') },
		target_version: '0.0.83',
		tool_aliases: {},
		domain_categories: {},
	};
}

interface Outcome {
	readonly exit: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

async function run(script: string, settings?: string): Promise<Outcome> {
	const rendered = target.render(policy(), capabilities());
	const file = join(folder, 'settings.json');
	writeFileSync(file, settings ?? rendered.files[0]!.content);
	const child = spawn(process.execPath, [join(program, 'dist/cli.js'), '--settings', file, '-c', script], {
		cwd: workspace,
		env: { PATH: '/usr/bin:/bin', HOME: '/home/agent', LANG: 'C.UTF-8', ...rendered.env },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const texts = { stdout: '', stderr: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
	return { exit, ...texts };
}

describe('sandbox-runtime, run for real', () => {
	test('control: without our rules the same command reads the denied file', async () => {
		const open = {
			network: { allowedDomains: [], deniedDomains: [] },
			filesystem: { denyRead: [], allowWrite: [], denyWrite: [] },
		};
		const outcome = await run('cat .env', JSON.stringify(open));

		expect(outcome.stdout).toBe('content of workspace/.env\n');
	});

	test('shows what is granted and nothing else', async () => {
		const outcome = await run(`cat vendor/lib ${folder}/data/open; cat ${folder}/other/x /etc/shadow /root/.bashrc`);

		expect(outcome.stdout).toBe('content of workspace/vendor/lib\ncontent of data/open\n');
		expect(outcome.stderr.match(/No such file or directory/g)).toHaveLength(3);
	});

	test('hides what is denied inside something granted', async () => {
		const outcome = await run(
			`cat .env; ls -A deep/secret ${folder}/data/secret; cat deep/secret/key ${folder}/data/secret/key`,
		);

		expect(outcome.stdout).not.toContain('content of');
		expect(outcome.stderr).toContain('.env: Permission denied');
	});

	test('lets the workspace be written, but not its read-only part, and not what is denied and does not exist', async () => {
		const outcome = await run(
			'echo new > ok; echo new > vendor/x; echo new > not-yet; echo new > deep/secret/x; echo new > /etc/x',
		);

		expect(readFileSync(join(workspace, 'ok'), 'utf8')).toBe('new\n');
		expect(outcome.stderr).toContain('vendor/x: Read-only file system');
		expect(existsSync(join(workspace, 'not-yet'))).toBe(false);
		expect(readdirSync(join(workspace, 'vendor'))).toEqual(['lib']);
		// Where a denied directory was, the target leaves memory that can be written: nothing of it stays.
		expect(readdirSync(join(workspace, 'deep/secret'))).toEqual(['key']);
	});

	test('reaches the gateway, and no name that is not listed', async () => {
		const outcome = await run(
			[
				`env -u NO_PROXY -u no_proxy curl -s http://127.0.0.1:${gatewayPort}/v1`,
				`curl -s --noproxy '*' -m 3 http://127.0.0.1:${gatewayPort}/v1; echo " direct $?"`,
				"curl -s -o /dev/null -w '%{http_code}\\n' http://evil.example/",
				'curl -s https://evil.example/; echo "tunnel $?"',
			].join('\n'),
		);

		expect(outcome.stdout.split('\n')).toEqual(['gateway direct 7', '403', 'tunnel 56', '']);
	});

	test('gives no unix socket to the agent', async () => {
		const outcome = await run('python3 -c "import socket; socket.socket(socket.AF_UNIX)"');

		expect(outcome.stderr).toContain('Operation not permitted');
	});

	test('its own parser takes what is rendered for any of the shared cases', () => {
		const cases = join(import.meta.dirname, '../../packages/providers/src/sandbox-runtime/testdata');
		for (const name of readdirSync(cases)) {
			const settings = readFileSync(join(cases, name, 'want/files/sandbox-runtime.json'), 'utf8');
			expect(SandboxRuntimeConfigSchema.safeParse(JSON.parse(settings)).error, name).toBe(undefined);
		}
	});
});
