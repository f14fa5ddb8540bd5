/** Runs the real bwrap on what is rendered. Needs bubblewrap, socat and bash; fails, and never skips, without them. */
import { spawn } from 'node:child_process';
import {
	chmodSync,
	chownSync,
	constants,
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { CompiledPolicy, PathKind } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseCapabilities, casePolicy } from '../test-support/golden.ts';
import { bubblewrapCommand } from './command.ts';
import { bubblewrap } from './index.ts';

// The agent never runs as root: the host starts bwrap as the agent's own user.
const uid = process.getuid?.() === 0 ? 20001 : process.getuid!();
let folder: string;
let workspace: string;
let proxy: Server;
const seen: string[] = [];

beforeAll(async () => {
	folder = mkdtempSync('/var/tmp/tappass-bubblewrap-');
	workspace = join(folder, 'workspace');
	for (const directory of [
		folder,
		workspace,
		'data/secret',
		'keyring',
		'files',
		'workspace/vendor',
		'workspace/deep/secret',
	])
		mkdirSync(join(directory.startsWith('/') ? '' : folder, directory), { recursive: true, mode: 0o755 });
	const write = (path: string, content: string): void => writeFileSync(join(folder, path), content);
	write('workspace/.env', 'TOKEN=1');
	write('workspace/vendor/lib.js', 'vendor');
	write('workspace/deep/secret/key', 'key');
	write('data/open', 'open');
	write('data/secret/key', 'key');
	write('keyring/keyring.json', '{}');
	for (const path of ['', 'workspace', 'workspace/.env', 'workspace/vendor', 'workspace/deep', 'workspace/deep/secret'])
		chownSync(join(folder, path), uid, uid);
	// A copy, as the host stages it: what the tests run on may lie where another user cannot read.
	mkdirSync(join(folder, 'node/bin'), { recursive: true });
	copyFileSync(process.execPath, join(folder, 'node/bin/node'), constants.COPYFILE_FICLONE);
	chmodSync(folder, 0o755);
	proxy = createServer((connection) =>
		// One answer for one request: what a client still sends afterwards is not for us.
		connection.once('data', (data) => {
			seen.push(String(data).split('\r\n')[0]!);
			connection.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
		}),
	);
	await new Promise<void>((resolve) => proxy.listen({ path: join(folder, 'egress.sock'), writableAll: true }, resolve));
});
afterAll(() => {
	proxy.close();
	rmSync(folder, { recursive: true, force: true });
});

function policy(filesystem: Partial<CompiledPolicy['filesystem']> = {}): CompiledPolicy {
	const base = casePolicy('typical');
	return {
		...base,
		filesystem: {
			workspace: '/workspace',
			read_only: [join(folder, 'data'), '/workspace/vendor'],
			deny_paths: [join(folder, 'data/secret'), '/workspace/.env', '/workspace/deep/secret', '~/.ssh'],
			...filesystem,
		},
	};
}

interface Outcome {
	readonly exit: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

async function run(
	script: string,
	options: { policy?: CompiledPolicy; socket?: boolean; kinds?: Readonly<Record<string, PathKind>> } = {},
): Promise<Outcome> {
	const path_kinds: Readonly<Record<string, PathKind>> = options.kinds ?? {
		[join(workspace, '.env')]: 'file',
		[join(workspace, 'vendor')]: 'directory',
		[join(workspace, 'deep/secret')]: 'directory',
		[join(folder, 'data/secret')]: 'directory',
	};
	const binaries = { bash: '/usr/bin/bash', node: join(folder, 'node/bin/node'), socat: '/usr/bin/socat' };
	const rendered = bubblewrap.render(
		options.policy ?? policy(),
		caseCapabilities({ uid, workspace_host: workspace, binaries, path_kinds }),
	);
	for (const file of rendered.files) writeFileSync(join(folder, 'files', file.path), file.content, { mode: file.mode });
	const args = bubblewrapCommand(rendered, {
		files_dir: join(folder, 'files'),
		egress_socket: options.socket === false ? null : join(folder, 'egress.sock'),
		keyring_dir: join(folder, 'keyring'),
		env: { OPENAI_BASE_URL: 'http://inference.local:3128/v1' },
		command: ['/usr/bin/bash', '-c', script],
	});
	const child = spawn('bwrap', args, {
		uid,
		gid: uid,
		cwd: '/',
		env: { PATH: '/usr/bin:/bin', HOST_SECRET: 'x' },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const texts = { stdout: '', stderr: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
	return { exit, ...texts };
}

describe('bwrap, run for real', () => {
	test('does not show what the policy does not grant', async () => {
		const outcome = await run(
			`ls /root /home/agent/.ssh /etc/shadow ${dirname(folder)}/../lib/dpkg ${join(folder, 'keyring')}; ls /var; ls /etc`,
		);

		expect(outcome.stderr.match(/No such file or directory/g)).toHaveLength(5);
		expect(outcome.stdout).not.toContain('shadow');
	});

	test('hides denied paths in granted ones: a file cannot be read, a directory is empty', async () => {
		const outcome = await run(
			`cat .env; ls -A deep/secret; ls -A ${join(folder, 'data')}/secret; cat ${join(folder, 'data')}/open`,
		);

		expect(outcome).toEqual({ exit: 0, stdout: 'open', stderr: expect.stringContaining('.env: Permission denied') });
	});

	test('lets the agent write its workspace and nothing else', async () => {
		const paths = [
			'ok',
			'vendor/x',
			'deep/secret/x',
			`${folder}/data/x`,
			'/etc/x',
			'/usr/x',
			'/x',
			'/run/x',
			'/run/tappass/x',
		];
		const outcome = await run(paths.map((path) => `touch ${path}`).join('; '));

		expect(existsSync(join(workspace, 'ok'))).toBe(true);
		expect(outcome.stderr.match(/Read-only file system/g)).toHaveLength(paths.length - 1);
	});

	test('does not let the agent move a hidden or read-only place out of the way', async () => {
		const outcome = await run('mv deep shallow; mv vendor v; mv .env e; rm -rf deep/secret; ln -sfn /etc vendor/x');

		expect(outcome.stderr.match(/busy|Read-only file system/gi)!.length).toBeGreaterThanOrEqual(5);
		expect(existsSync(join(workspace, 'deep/secret/key'))).toBe(true);
		expect(readFileSync(join(workspace, '.env'), 'utf8')).toBe('TOKEN=1');
	});

	test('has no way out but the relay, which ends at the egress proxy', async () => {
		const outcome = await run(
			[
				'(exec 3<>/dev/tcp/1.1.1.1/443) 2>&1',
				'(exec 3<>/dev/tcp/127.0.0.1/22) 2>&1',
				'exec 3<>/dev/tcp/inference.local/3128; printf "GET /v1/models HTTP/1.1\\r\\nhost: inference.local\\r\\n\\r\\n" >&3; head -1 <&3',
			].join('\n'),
		);

		expect(outcome.stdout).toContain('Network is unreachable');
		expect(outcome.stdout).toContain('Connection refused');
		expect(outcome.stdout).toContain('HTTP/1.1 403 Forbidden');
		expect(seen).toContain('GET /v1/models HTTP/1.1');
	});

	test('without a socket nothing listens', async () => {
		const outcome = await run('(exec 3<>/dev/tcp/127.0.0.1/3128)', { socket: false });

		expect(outcome.stderr).toContain('Connection refused');
	});

	test('gives no privilege, no host environment, no host process and no further user namespace', async () => {
		const outcome = await run(
			'grep CapEff /proc/self/status; env | sort; ls /proc | grep -c "^[0-9]"; unshare -r true; id -un; hostname',
		);

		expect(outcome.stdout).toContain('CapEff:\t0000000000000000');
		expect(outcome.stdout).not.toContain('HOST_SECRET');
		expect(outcome.stdout).toContain('OPENAI_BASE_URL=http://inference.local:3128/v1');
		expect(outcome.stdout).toContain('HTTPS_PROXY=http://127.0.0.1:3128');
		expect(outcome.stdout.trim().split('\n').slice(-2)).toEqual(['agent', 'tappass']);
		expect(outcome.stderr).toContain('unshare failed');
	});

	test('runs node, which lies outside the system directories', async () => {
		const outcome = await run('node -p "1 + 1"; cat /run/tappass/keyring.json');

		expect(outcome).toEqual({ exit: 0, stdout: '2\n{}', stderr: '' });
	});

	test('does not start when a denied path of unknown kind turns out to be a file', async () => {
		const outcome = await run('cat .env', { kinds: {}, policy: policy({ read_only: [] }) });

		expect(outcome.exit).not.toBe(0);
		expect(outcome.stdout).toBe('');
		expect(outcome.stderr).toContain('.env');
	});

	test('takes any name of a workspace for what it is', async () => {
		const hostile = casePolicy('hostile').filesystem.workspace;
		const outcome = await run('pwd; touch here', {
			policy: policy({ workspace: hostile, read_only: [], deny_paths: [] }),
		});

		expect(outcome).toEqual({ exit: 0, stdout: `${hostile}\n`, stderr: '' });
		expect(existsSync(join(workspace, 'here'))).toBe(true);
	});

	test('passes the exit status on', async () => {
		expect((await run('exit 7')).exit).toBe(7);
	});
});
