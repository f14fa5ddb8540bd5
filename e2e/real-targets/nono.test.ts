/** nono, built from its published sources, run for real on what the Provider renders. Needs Landlock; `run` leaves it out without cargo. */
import { spawnSync } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const target = findTarget('nono')!;
const program = process.env['TAPPASS_NONO'] ?? 'nono';
let folder: string;

beforeAll(() => {
	folder = realpathSync(mkdtempSync('/var/tmp/tappass-nono-'));
	for (const path of ['workspace', 'data', 'home']) mkdirSync(join(folder, path));
	for (const path of ['workspace/in', 'data/open', 'other']) writeFileSync(join(folder, path), `content of ${path}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function policy(change: Partial<CompiledPolicy['filesystem']> = {}): CompiledPolicy {
	return {
		...emptyCompiledPolicy,
		network: { allow_domains: ['files.acme.com'], deny_categories: [] },
		filesystem: { workspace: '/workspace', read_only: [join(folder, 'data')], deny_paths: [], ...change },
	};
}

function run(
	script: string,
	change?: Partial<CompiledPolicy['filesystem']>,
	words: readonly string[] = [],
): { stdout: string; output: string; status: number | null } {
	const rendered = target.render(policy(change), {
		os: 'linux',
		home: join(folder, 'home'),
		uid: process.getuid!(),
		workspace_host: join(folder, 'workspace'),
		gateway_url: 'http://127.0.0.1:8400/v1',
		mcp_url: 'http://127.0.0.1:8401/mcp',
		binaries: {},
		target_version: '0.81.0',
		tool_aliases: {},
		domain_categories: {},
	});
	writeFileSync(join(folder, 'nono-profile.json'), rendered.files[0]!.content);
	const args = rendered.args.map((text) => (text === 'nono-profile.json' ? join(folder, text) : text));
	const { status, stdout, stderr } = spawnSync(program, [...args, '--', '/usr/bin/bash', '-c', script, ...words], {
		cwd: join(folder, 'workspace'),
		env: { PATH: '/usr/bin:/bin', HOME: join(folder, 'home'), HOST_SECRET: 'x', ...rendered.env },
		encoding: 'utf8',
		timeout: 60_000,
	});
	return { stdout, output: stdout + stderr, status };
}

describe('nono, run for real', () => {
	test('its own validator takes what is rendered for any of the shared cases', () => {
		const cases = join(import.meta.dirname, '../../packages/providers/src/nono/testdata');
		for (const name of readdirSync(cases)) {
			const file = join(cases, name, 'want/files/nono-profile.json');
			const { status, stdout } = spawnSync(program, ['profile', 'validate', file, '--json', '--strict'], {
				encoding: 'utf8',
			});
			expect([name, status, JSON.parse(stdout).valid]).toEqual([name, 0, true]);
		}
	});

	test('reads what is granted and nothing else', () => {
		const { stdout, output } = run(`cat in ${folder}/data/open; cat ${folder}/other`);

		expect(stdout).toBe('content of workspace/in\ncontent of data/open\n');
		expect(output).toContain(`${folder}/other: Permission denied`);
	});

	test('writes the workspace alone', () => {
		const { output } = run(`echo new > ok; echo new > ${folder}/data/x; echo new > /usr/x`);

		expect(readFileSync(join(folder, 'workspace/ok'), 'utf8')).toBe('new\n');
		expect(output.match(/(?:data|usr)\/x: Permission denied/g)).toHaveLength(2);
		expect(existsSync(join(folder, 'data/x'))).toBe(false);
	});

	test('does not grant a directory with something denied in it', () => {
		const { output } = run(`cat ${folder}/data/open`, { deny_paths: [join(folder, 'data/secret')] });

		expect(output).toContain('Permission denied');
	});

	test('reaches no name that is not listed, and nothing directly', () => {
		const { output } = run('curl -s https://evil.example/; echo "tunnel $?"; (exec 3<>/dev/tcp/1.1.1.1/443) 2>&1');

		expect(output).toContain('tunnel 56');
		expect(output).toMatch(/1\.1\.1\.1.*(?:denied|refused|unreachable|not permitted)/i);
	});

	test('makes no socket but TCP, and takes the port of its proxy to no other machine', () => {
		const kinds = ['AF_INET, socket.SOCK_DGRAM', 'AF_NETLINK, socket.SOCK_RAW', 'AF_VSOCK, socket.SOCK_STREAM'];
		const made = kinds.map((kind) => `python3 -c "import socket; socket.socket(socket.${kind})"`);
		// An address of this machine that is not loopback stands for another machine: nothing is sent anywhere.
		const other = Object.values(networkInterfaces())
			.flat()
			.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
		const { output } = run([...made, `(exec 3<>/dev/tcp/${other ?? '192.0.2.1'}/\${HTTP_PROXY##*:}) 2>&1`].join('\n'));

		expect(output.match(/Operation not permitted/g)).toHaveLength(3);
		expect(output).toMatch(/\/dev\/tcp\/[\d.]+\/\d+: Permission denied/);
	});

	test('gives the agent its workspace as home, and nothing of its own', () => {
		const { stdout, output } = run(`echo "$HOME"; ls ${folder}/home`);

		expect(stdout).toBe(`${folder}/workspace\n`);
		expect(output).toContain('Permission denied');
	});

	test('arguments stay what they are, and the exit status is passed on', () => {
		const words = ['$(touch x)', '; touch x', "'", '"', '--', '-c', 'a b'];
		const { status, stdout } = run('printf "[%s]" "$@"; exit 7', {}, ['sh', ...words]);

		expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
		expect(status).toBe(7);
	});

	test('passes no variable of the host that is not listed', () => {
		expect(run('env').stdout).not.toContain('HOST_SECRET');
	});
});
