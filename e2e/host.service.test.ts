/**
 * The host's lines of the happy path (architecture §14.2), as printed there: npm in place of pipx, a local URL, and an agent
 * package of our own. Real control plane, real daemon, real sandbox; as root and as an ordinary user.
 */
import { chmod, chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileOf, type TestServer, testServer } from '@tappass/server/test-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPackage, type HostMachine, hostMachine, textOf, until } from './support/host-machine.ts';

const isRoot = process.getuid?.() === 0;
const users = isRoot ? (['root', 'an ordinary user'] as const) : (['an ordinary user'] as const);
const ordinary = 65_534;

const floor = (domains: readonly string[], readOnly: readonly string[] = ['/usr']): string =>
	[
		'package tappass.policy',
		'tools.allow contains "gmail.*"',
		'budget.tool_calls_per_minute := 30',
		'budget.tokens_per_day := 1000',
		...domains.map((domain) => `network.allow_domains contains "${domain}"`),
		...readOnly.map((path) => `filesystem.read_only contains "${path}"`),
	].join('\n\n');

const agent = `#!/usr/bin/env node
import { readFileSync } from 'node:fs';
const keyring = JSON.parse(readFileSync('/run/tappass/keyring.json', 'utf8'));
console.log('agent', process.argv.slice(2).join(' '), 'in', process.cwd(), 'under', keyring.schema);
setInterval(() => undefined, 60_000);
`;

let server: TestServer;
beforeAll(async () => {
	server = await testServer();
	await apply(['files.acme.com']);
});
afterAll(() => server.close());

async function apply(domains: readonly string[], readOnly?: readonly string[]): Promise<void> {
	const applied = await server.call('POST', '/v1/policies/apply', {
		files: [fileOf('baseline.rego', floor(domains, readOnly))],
	});
	expect(applied.status).toBe(200);
}

async function bootstrap(): Promise<{ readonly url: string; readonly sandbox_id: string }> {
	const made = await server.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'eu-team',
	});
	expect(made.status).toBe(201);
	return made.body.items[0];
}

describe.each(users)('as %s', (user) => {
	let machine: HostMachine;
	let url: string;
	let sandbox_id: string;
	const name = user === 'root' ? 'my-agent' : 'my-agent-2';
	beforeAll(async () => {
		machine = await hostMachine(isRoot && user !== 'root' ? { uid: ordinary } : {});
		await agentPackage(machine.directory, 'support-agent', agent);
		({ sandbox_id, url } = await bootstrap());
	});
	afterAll(() => machine.close());

	test('init refuses an address that cannot be meant, in one line and without the token', async () => {
		const wrong = await machine.host('init', name, '--enroll-url', url.split('#')[0]!);
		expect(wrong).toMatchObject({ code: 2, stdout: '' });
		expect(wrong.stderr).toContain('what follows # is missing');
		expect(wrong.stderr).not.toContain(new URL(url).pathname.slice('/install/'.length));

		const other = await machine.host('init', name, '--enroll-url', url.replace(/root=../, 'root=00'));
		expect(other).toMatchObject({ code: 3, stdout: '' });
	});

	test('start before init says what to do', async () => {
		const early = await machine.host('start', name, '--agent', 'support-agent');
		expect(early.code).toBe(2);
		expect(early.stderr).toContain(`tappass-host init ${name}`);
	});

	test('tappass-host init my-agent --enroll-url <url>', async () => {
		expect(await machine.host('init', name, '--enroll-url', url)).toMatchObject({ code: 0 });
		const again = await machine.host('init', `${name}-b`, '--enroll-url', url);
		expect(again.stderr).toMatch(/bootstrap_(contested|used)/);
		expect(again.code).toBe(2);
	});

	test('start refuses an agent that is not there', async () => {
		const missing = await machine.host('start', name, '--agent', 'no-such-agent');
		expect(missing.code).toBe(2);
		expect(missing.stderr).toContain('npm install no-such-agent');
	});

	test('tappass-host start my-agent --agent <agent-package>', async () => {
		const started = await machine.host('start', name, '--agent', 'support-agent', '--', 'run-task', 'answer mail');
		expect(started.stderr).not.toContain('error');
		expect(started.code).toBe(0);
		await until(async () => (await machine.host('logs', name)).stdout.includes('run-task answer mail in /workspace'));
		expect(await machine.sandbox(name)).toMatchObject({
			posture: 'fresh',
			loaded_version: 1,
			agent: { state: 'running' },
		});
	});

	test('the agent has no way out but the proxy, and is another user than the daemon', async () => {
		const shown = await machine.host(
			'shell',
			name,
			'--',
			'/bin/sh',
			'-c',
			'id -u; curl -sS -m 5 https://evil.example/ 2>&1',
		);
		expect(shown.stdout).toContain('403');
		expect(shown.code).not.toBe(0);
		if (user === 'root') expect(shown.stdout).not.toMatch(/^0$/m);
		const bare = await machine.host(
			'shell',
			name,
			'--',
			'/bin/sh',
			'-c',
			'env -u HTTPS_PROXY curl --noproxy "*" -sS -m 5 https://1.1.1.1/ 2>&1',
		);
		expect(bare.code).not.toBe(0);
	});

	test('a change of the network is live: the same agent goes on', async () => {
		const before = await machine.sandbox(name);
		// The paths stay as the tests before have left them.
		await apply(['files.acme.com', `${name}.example`], user === 'root' ? ['/usr'] : ['/usr', '/opt']);
		await until(async () => ((await machine.sandbox(name)).loaded_version ?? 0) > before.loaded_version!);
		expect((await machine.sandbox(name)).agent).toMatchObject({ pid: before.agent.pid, starts: before.agent.starts });
	});

	test('a change of the filesystem starts the agent anew, and says so', async () => {
		const before = await machine.sandbox(name);
		await apply(['files.acme.com'], ['/usr', user === 'root' ? '/opt' : '/srv']);
		await until(async () => (await machine.sandbox(name)).agent.starts > before.agent.starts);
		const after = await machine.sandbox(name);
		expect(after.agent.state).toBe('running');
		expect(after.agent.pid).not.toBe(before.agent.pid);
	});

	test('denials reach the control plane', async () => {
		await until(async () => {
			const stored = await server.server.services.store.withOrg(server.server.created!.org_id, (transaction) =>
				transaction
					.selectFrom('host_events')
					.select('kind')
					.where('sandbox_id', '=', sandbox_id as never)
					.execute(),
			);
			return stored.some(({ kind }) => kind === 'egress_denied');
		});
	});

	test('after kill -9 of the daemon the next one brings the agent back', async () => {
		const pid = (await machine.daemonPid())!;
		const { agent: before } = await machine.sandbox(name);
		process.kill(pid, 'SIGKILL');
		await until(() => !isAlive(before.pid!));
		expect((await machine.host('daemon', '--background')).code).toBe(0);
		await until(async () => (await machine.sandbox(name)).agent.state === 'running');
		expect((await machine.sandbox(name)).agent.pid).not.toBe(before.pid);
	});

	test('a second daemon says that one runs, and exits 0', async () => {
		const second = await machine.host('daemon');
		expect(second).toMatchObject({ code: 0, stdout: '' });
		expect(second.stderr).toContain('a daemon runs already');

		// As from a cron job, whose environment puts sockets elsewhere: two on one state would lock the sandbox.
		const elsewhere = { ...machine.env, TAPPASS_HOST_RUNTIME: join(machine.directory, 'elsewhere') };
		const third = await machine.hostIn(elsewhere, 'daemon');
		expect(third).toMatchObject({ code: 0, stdout: '' });
		expect(third.stderr).toContain('a daemon runs already');
		const seen = JSON.parse((await machine.hostIn(elsewhere, 'status', '--json')).stdout);
		expect(seen.daemon.pid).toBe(await machine.daemonPid());
	});

	test('doctor finds everything in place', async () => {
		const looked = await machine.host('doctor', '--json');
		expect(JSON.parse(looked.stdout).findings.filter((one: { state: string }) => one.state === 'bad')).toEqual([]);
	});

	test('stop, and it stays stopped', async () => {
		expect(await machine.host('stop', name)).toMatchObject({ code: 0 });
		expect((await machine.sandbox(name)).agent).toMatchObject({ state: 'stopped', pid: null });
	});

	test('an agent below a directory that is closed to others is started: by root from a copy', async () => {
		const closed = join(machine.directory, 'closed');
		await agentPackage(closed, 'closed-agent', agent);
		await chmod(closed, 0o700);
		if (isRoot && user !== 'root') await chown(closed, ordinary, ordinary);

		const path = join(closed, 'node_modules/closed-agent');
		const started = await machine.host('start', name, '--agent', path, '--', 'from-closed');

		expect(started.code, started.stderr).toBe(0);
		await until(async () => (await machine.host('logs', name)).stdout.includes('agent from-closed in /workspace'));
		const copies = await readdir(join(machine.env['TAPPASS_HOST_STATE']!, name, 'program')).catch(() => []);
		expect(copies.length > 0).toBe(user === 'root');
		expect(await machine.host('stop', name)).toMatchObject({ code: 0 });
	});

	test('revoked: start is refused with the reason', async () => {
		expect((await server.call('POST', `/v1/sandboxes/${sandbox_id}/revoke`, {})).status).toBeLessThan(300);
		await until(async () => (await machine.sandbox(name)).posture === 'revoked');
		const refused = await machine.host('start', name, '--agent', 'support-agent');
		expect(refused.code).toBe(4);
		expect(refused.stderr).toContain('sandbox_revoked');
		expect(refused.stderr).toContain(`tappass-host init ${name} --replace`);
	});

	test('after a revocation another sandbox takes its name and its place, when the host owner says so', async () => {
		const made = await bootstrap();
		const refused = await machine.host('init', name, '--enroll-url', made.url);
		expect(refused).toMatchObject({ code: 2, stdout: '' });
		expect(refused.stderr).toContain('--replace');

		const replaced = await machine.host('init', name, '--replace', '--enroll-url', made.url, '--json');
		expect(replaced.code, replaced.stderr).toBe(0);
		expect(JSON.parse(replaced.stdout)).toMatchObject({ sandbox_id: made.sandbox_id });
		await until(async () => (await machine.sandbox(name)).posture === 'fresh');
		const again = await machine.host('start', name, '--agent', 'support-agent', '--', 'after-revocation');
		expect(again.code, again.stderr).toBe(0);
		sandbox_id = made.sandbox_id;
	});

	test('the same sandbox is enrolled anew while its agent runs: that one ends, and comes back under the new certificate', async () => {
		const workspace = join(machine.env['TAPPASS_HOST_STATE']!, name, 'workspace');
		const before = await machine.sandbox(name);
		const owner = await stat(workspace);
		const { body } = await server.call('POST', `/v1/sandboxes/${name}/bootstrap`, {});
		expect(body).toMatchObject({ sandbox_id, name });

		const anew = await machine.host('init', name, '--replace', '--enroll-url', body.url);

		expect(anew.code, anew.stderr).toBe(0);
		await until(async () => (await machine.sandbox(name)).agent.state === 'running');
		const after = await machine.sandbox(name);
		expect(after).toMatchObject({ posture: 'fresh', loaded_version: before.loaded_version });
		expect(after.agent.pid).not.toBe(before.agent.pid);
		expect(isAlive(before.agent.pid!)).toBe(false);
		expect((await stat(workspace)).uid).toBe(owner.uid);
		const left = (await readdir(machine.env['TAPPASS_HOST_STATE']!)).filter((one) => one.startsWith(`.${name}`));
		expect(left).toEqual([]);
	});

	test('uninstall leaves nothing of it', async () => {
		expect(await machine.host('uninstall', name)).toMatchObject({ code: 0 });
		expect((await machine.host('uninstall', name)).code).toBe(2);
		expect((await machine.host('status')).stdout).toContain('no sandbox');
	});
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

test('sandboxes that are enrolled in one moment are opened once each, and as root share no user', async () => {
	const machine = await hostMachine();
	try {
		const names = ['first', 'second', 'third', 'fourth', 'fifth'];
		const urls = await Promise.all(names.map(async () => (await bootstrap()).url));
		expect(await machine.host('daemon', '--background')).toMatchObject({ code: 0 });

		const enrolled = await Promise.all(names.map((name, at) => machine.host('init', name, '--enroll-url', urls[at]!)));

		expect(enrolled.map(({ code, stderr }) => ({ code, stderr }))).toEqual(names.map(() => ({ code: 0, stderr: '' })));
		for (const name of names) await until(async () => (await machine.sandbox(name)).posture === 'fresh');
		if (!isRoot) return;
		const { uids } = JSON.parse(await textOf(join(machine.directory, 'state', 'users.json')));
		expect(Object.keys(uids).sort()).toEqual([...names].sort());
		expect(new Set(Object.values(uids)).size).toBe(names.length);
	} finally {
		await machine.close();
	}
});
