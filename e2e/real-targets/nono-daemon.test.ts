/** A Runtime that names nono as its kernel ring, through the daemon: real control plane, real program, as root and as an ordinary user. */
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/host-machine.ts';
import { isAlive, type OtherRing, otherRing } from '../support/other-ring.ts';

const installed = process.env['TAPPASS_NONO'] ?? 'nono';
const isRoot = process.getuid!() === 0;
const users = isRoot ? (['root', 'an ordinary user'] as const) : (['an ordinary user'] as const);
const ordinary = 65_534;

/**
 * Tells what it reaches, and leaves a process outside its own group that runs on. Its arguments: the host's own directory, and
 * a port of the machine at which something listens.
 */
const agent = `#!/usr/bin/env node
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';
const [host, port] = process.argv.slice(2);
if (host !== 'escaped') {
	spawn(process.execPath, [process.argv[1], 'escaped'], { detached: true, stdio: 'ignore' }).unref();
	const attempt = (name, act) => { try { console.log(name, act()); } catch (error) { console.log(name, error.code ?? error.status); } };
	const status = (url, ...more) => execFileSync('/usr/bin/curl', ['-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code}', ...more, url], { encoding: 'utf8' });
	const run = host + '/run/run/nono-agent';
	attempt('keyring', () => JSON.parse(readFileSync(process.env.TAPPASS_KEYRING + '/keyring.json', 'utf8')).schema);
	attempt('overwrite', () => writeFileSync(process.env.TAPPASS_KEYRING + '/keyring.json', ''));
	attempt('credentials', () => readFileSync(process.env.TAPPASS_KEYRING + '/../credentials.json', 'utf8').length);
	attempt('outside', () => readFileSync(host + '/outside', 'utf8'));
	attempt('profile', () => appendFileSync(run + '/files/nono-profile.json', ' '));
	attempt('settings', () => writeFileSync(run + '/home/.config/nono/config.toml', ''));
	attempt('workspace', () => (writeFileSync('mine', 'x'), readFileSync(process.env.HOME + '/mine', 'utf8')));
	attempt('tmp', () => readdirSync('/tmp').filter((name) => !/^[.]?nono-/.test(name)).length);
	attempt('processes', () => readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length < 10);
	attempt('capabilities', () => /CapEff:\\t(.*)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
	attempt('denied', () => status('http://evil.example/'));
	attempt('tunnel', () => status('https://evil.example/'));
	attempt('udp', () => execFileSync('/usr/bin/python3', ['-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)'], { stdio: 'ignore' }));
	attempt('direct', () => status('http://127.0.0.1:' + port, '--noproxy', '*'));
	attempt('plane', () => Number(status(process.env.TAPPASS_GATEWAY_URL + '/models', '-k')) >= 400);
	connect(host + '/run/api.sock').on('error', ({ code }) => {
		console.log('daemon', code);
		attempt('second', () => status('http://second.example/'));
		console.log('ready');
	});
}
setInterval(() => undefined, 60_000);
`;

describe.each(users)('as %s', (user) => {
	let ring: OtherRing;
	let beside: Server;
	let visits = 0;
	beforeAll(async () => {
		beside = createServer((_request, response) => {
			visits += 1;
			response.end();
		}).listen(0, '127.0.0.1');
		await once(beside, 'listening');
		ring = await otherRing({
			kernel: 'nono',
			agent,
			acceptedGaps: [{ provider: 'nono', aspect: 'network', value: 'allow_domains', reason: 'names of our own zone' }],
			...(isRoot && user !== 'root' && { uid: ordinary }),
		});
		await writeFile(join(ring.machine.directory, 'outside'), 'for others', { mode: 0o644 });
	});
	afterAll(async () => {
		beside.close();
		await ring.close();
	});
	const start = () => ring.start(ring.machine.directory, String((beside.address() as AddressInfo).port));
	const sandbox = () => ring.machine.sandbox(ring.name);

	test('refused with the reason when the program is absent', async () => {
		const refused = await start();

		expect(refused.stderr).toContain('program_missing');
		expect(refused.stderr).toContain('cargo install nono-cli@0.81.0');
		expect((await sandbox()).agent.pid).toBe(null);
	});

	test('a grant around its own state is refused, in its words', async () => {
		await copyFile(installed, join(ring.programs, 'nono'));
		await ring.apply(['first.example'], `filesystem.read_only contains "${ring.machine.directory}/run"`);
		const refused = await start();

		expect(refused.stderr).toContain('sandbox_failed');
		expect(refused.stderr).toContain('nono refuses what was rendered');
		expect(refused.stderr).toContain('overlaps protected nono state root');
		expect(await ring.agentsLeft()).toBe(0);
	});

	test('start launches the agent through it, held to the policy, with the Keyring to read', async () => {
		await ring.apply(['first.example']);
		const started = await start();
		expect(started.stderr).not.toContain('error');
		expect(started.code).toBe(0);
		await until(async () => (await ring.log()).includes('ready'));

		expect((await ring.log()).split('\n').slice(0, -1)).toEqual([
			'keyring tappass.keyring/1',
			'overwrite EACCES',
			'credentials EACCES',
			'outside EACCES',
			'profile EACCES',
			'settings EACCES',
			'workspace x',
			'tmp 0',
			'processes true',
			'capabilities 0000000000000000',
			'denied 403',
			'tunnel 56',
			'udp 1',
			'direct 7',
			'plane true',
			'daemon EACCES',
			'second 403',
			'ready',
		]);
		expect(visits).toBe(0);
		const status = JSON.parse((await ring.machine.host('status', '--json')).stdout).sandboxes[0];
		expect(status).toMatchObject({
			missing: null,
			network_change: 'restart',
			rings: { kernel: { provider: 'nono', state: 'active' } },
		});
		expect((await ring.told()).doctor).toContain('nono can be started');
		const owner = await readFile(`/proc/${status.agent.pid}/status`, 'utf8');
		expect(owner).not.toMatch(/^Uid:\t0/m);
		// The agent, and what left its process group.
		expect(await ring.agentsLeft()).toBe(2);
	});

	test('a shell is refused with the reason', async () => {
		const refused = await ring.machine.host('shell', ring.name, '--', '/bin/true');

		expect(refused.code).toBe(5);
		expect(refused.stderr).toContain('lets no second program into a sandbox');
	});

	test('a change of the network starts the agent anew, under the new policy', async () => {
		const before = await sandbox();

		await ring.apply(['first.example', 'second.example']);
		await until(async () => (await sandbox()).agent.starts > before.agent.starts);

		await until(async () => /second 50\d/.test(await ring.log()));
		expect((await sandbox()).agent.pid).not.toBe(before.agent.pid);
		expect(await ring.agentsLeft()).toBe(2);
	});

	test('a policy that it cannot hold ends the agent, and one that it can brings it back', async () => {
		await ring.apply(['first.example'], 'filesystem.deny_paths contains "/usr/share/secret"');
		await until(async () => (await sandbox()).agent.state === 'held');
		expect(await ring.agentsLeft()).toBe(0);
		expect((await sandbox()).agent.why).toContain('/usr/share/secret in it is denied');

		await ring.apply(['first.example']);
		await until(async () => (await sandbox()).agent.state === 'running');
	});

	test('kill -9 of the daemon ends the program and all that it started; the next daemon brings the agent back', async () => {
		const before = await sandbox();
		process.kill((await ring.machine.daemonPid())!, 'SIGKILL');

		await until(() => !isAlive(before.agent.pid!));
		await until(async () => (await ring.agentsLeft()) === 0);
		expect(await ring.machine.host('daemon', '--background')).toMatchObject({ code: 0 });
		await until(async () => (await sandbox()).agent.state === 'running');
		await until(async () => (await ring.agentsLeft()) === 2);
	});

	test('a revocation ends the agent and all that it started: its network is not ours to cut', async () => {
		await ring.revoke();

		await until(async () => (await sandbox()).agent.state === 'held');
		expect((await sandbox()).agent.pid).toBe(null);
		expect(await ring.agentsLeft()).toBe(0);
	});
});
