/** A Runtime that names sandbox-runtime as its kernel ring, through the daemon: real control plane, real program. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOf, type TestServer, testServer } from '@tappass/server/test-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentPackage, type HostMachine, hostMachine, until } from '../support/host-machine.ts';

const installed = join(import.meta.dirname, 'node_modules/.bin');
const floor = (...domains: readonly string[]): string =>
	[
		'package tappass.policy',
		'tools.allow contains "gmail.*"',
		'budget.tool_calls_per_minute := 30',
		'budget.tokens_per_day := 1000',
		'filesystem.read_only contains "/usr"',
		...domains.map((domain) => `network.allow_domains contains "${domain}"`),
	].join('\n\n');

/** Tells what it reaches, again and again. */
const agent = `#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
const attempt = (name, act) => { try { console.log(name, act()); } catch (error) { console.log(name, error.code ?? error.status); } };
const status = (url) => execFileSync('/usr/bin/curl', ['-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code} %header{x-proxy-error}', url], { encoding: 'utf8' });
attempt('keyring', () => JSON.parse(readFileSync(process.env.TAPPASS_KEYRING + '/keyring.json', 'utf8')).schema);
attempt('overwrite', () => writeFileSync(process.env.TAPPASS_KEYRING + '/keyring.json', ''));
attempt('credentials', () => readFileSync(process.env.TAPPASS_KEYRING + '/../credentials.json', 'utf8').length);
attempt('denied', () => status('http://evil.example/'));
attempt('second', () => status('http://second.example/'));
console.log('plane', process.env.TAPPASS_GATEWAY_URL);
console.log('ready');
setInterval(() => undefined, 60_000);
`;

let server: TestServer;
let machine: HostMachine;
let sandbox_id: string;
let workspace: string;
let programs: string;
beforeAll(async () => {
	server = await testServer();
	await apply('first.example');
	const runtime = {
		schema: 'tappass.runtime/1',
		id: 'node-srt',
		description: 'Any program on Node, in a sandbox that sandbox-runtime makes.',
		rings: { harness: null, kernel: 'sandbox-runtime', interpreter: null },
		llm_gateway: { upstreams: ['scripted'] },
		mcp_broker: { servers: ['gmail'] },
		cidrs: [],
		accepted_gaps: [],
	};
	expect(await server.call('POST', '/v1/runtimes', fileOf('srt.yaml', JSON.stringify(runtime)))).toMatchObject({
		status: 200,
	});
	const spec = {
		schema: 'tappass.sandbox-spec/1',
		id: 'my-agent',
		runtime: 'node-srt',
		function: 'customer_support_emailer',
		packs: [],
		categories: [],
		workspace: '/workspace',
	};
	const document = fileOf('my-agent.yaml', JSON.stringify(spec));
	expect(await server.call('POST', '/v1/sandbox-specs', { document, project: 'eu-team' })).toMatchObject({
		status: 201,
	});
	const made = await server.call('POST', '/v1/sandbox-specs/my-agent/bootstraps', { count: 1, project: 'eu-team' });
	const [{ url, sandbox_id: id }] = made.body.items;
	sandbox_id = id;
	programs = await mkdtemp(join(tmpdir(), 'tappass-programs-'));
	await chmod(programs, 0o755);
	machine = await hostMachine({ env: { PATH: `${programs}:/usr/bin:/bin` } });
	await agentPackage(machine.directory, 'srt-agent', agent);
	workspace = join(machine.directory, 'work');
	await mkdir(workspace);
	await chmod(workspace, 0o777);
	expect(await machine.host('init', 'srt', '--enroll-url', url)).toMatchObject({ code: 0 });
});
afterAll(async () => {
	await machine.close();
	await server.close();
	await rm(programs, { recursive: true });
});

async function apply(...domains: readonly string[]): Promise<void> {
	const files = [fileOf('baseline.rego', floor(...domains))];
	expect((await server.call('POST', '/v1/policies/apply', { files })).status).toBe(200);
}

const log = async (): Promise<string> => (await machine.host('logs', 'srt')).stdout;
const start = () => machine.host('start', 'srt', '--agent', 'srt-agent', '--workspace', workspace);

test('refused with the reason when the program is absent', async () => {
	const refused = await start();

	expect(refused.stderr).toContain('program_missing');
	expect(refused.stderr).toContain('srt is not in PATH');
	expect(refused.stderr).toContain('npm install --global @anthropic-ai/sandbox-runtime');
	expect((await machine.sandbox('srt')).agent.pid).toBe(null);
});

test('start launches the agent through it, held to the policy, with the Keyring to read', async () => {
	await symlink(join(installed, 'srt'), join(programs, 'srt'));
	const started = await start();
	expect(started.stderr).not.toContain('error');
	expect(started.code).toBe(0);
	await until(async () => (await log()).includes('ready'));

	expect((await log()).split('\n').slice(0, 5)).toEqual([
		'keyring tappass.keyring/1',
		'overwrite EROFS',
		'credentials ENOENT',
		'denied 403 blocked-by-allowlist',
		'second 403 blocked-by-allowlist',
	]);
	const status = JSON.parse((await machine.host('status', '--json')).stdout).sandboxes[0];
	expect(status).toMatchObject({
		network_change: 'restart',
		rings: { kernel: { provider: 'sandbox-runtime', state: 'active' } },
	});
	expect((await machine.host('status')).stdout).toContain('a change of the policy starts the agent anew');
	if (process.getuid!() === 0) {
		const owner = await readFile(`/proc/${status.agent.pid}/status`, 'utf8');
		expect(owner).not.toMatch(/^Uid:\t0/m);
	}
});

test('a shell is refused with the reason', async () => {
	const refused = await machine.host('shell', 'srt', '--', '/bin/true');

	expect(refused.code).toBe(5);
	expect(refused.stderr).toContain('lets no second program into a sandbox');
});

test('a change of the network starts the agent anew, under the new policy, and status said so', async () => {
	const before = await machine.sandbox('srt');

	await apply('first.example', 'second.example');
	await until(async () => (await machine.sandbox('srt')).agent.starts > before.agent.starts);

	await until(async () => /second 50\d/.test(await log()));
	expect((await machine.sandbox('srt')).agent.pid).not.toBe(before.agent.pid);
});

test('kill -9 of the daemon ends the program; the next daemon sweeps what is left, and brings the agent back', async () => {
	const before = await machine.sandbox('srt');
	process.kill((await machine.daemonPid())!, 'SIGKILL');

	await until(() => !isAlive(before.agent.pid!));
	expect(await machine.host('daemon', '--background')).toMatchObject({ code: 0 });
	await until(async () => (await machine.sandbox('srt')).agent.state === 'running');
	// It says that the program was started; what the program starts inside follows.
	await until(async () => (await agentsLeft()) > 0);
	expect(await agentsLeft()).toBe(1);
});

test('a revocation ends the agent: its network is not ours to cut', async () => {
	expect((await server.call('POST', `/v1/sandboxes/${sandbox_id}/revoke`, {})).status).toBeLessThan(300);

	await until(async () => (await machine.sandbox('srt')).agent.state === 'held');
	expect((await machine.sandbox('srt')).agent.pid).toBe(null);
	expect(await agentsLeft()).toBe(0);
});

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		// Gone: that is what is asked.
		return false;
	}
}

/** Agents of this test that run, by their command line. */
async function agentsLeft(): Promise<number> {
	const all = await Promise.all(
		(await readdir('/proc'))
			.filter((name) => /^\d+$/.test(name))
			.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
	);
	return all.filter((line) => /^[^\0]*node\0[^\0]*srt-agent/.test(line) && line.includes(machine.directory)).length;
}
