/** A Runtime that names sandbox-runtime as its kernel ring, through the daemon: real control plane, real program. */
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/host-machine.ts';
import { isAlive, type OtherRing, otherRing } from '../support/other-ring.ts';

const installed = join(import.meta.dirname, 'node_modules/.bin');

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

let ring: OtherRing;
beforeAll(async () => {
	ring = await otherRing({ kernel: 'sandbox-runtime', agent });
});
afterAll(() => ring.close());

test('refused with the reason when the program is absent', async () => {
	const refused = await ring.start();

	expect(refused.stderr).toContain('program_missing');
	expect(refused.stderr).toContain('srt is not in PATH');
	expect(refused.stderr).toContain('npm install --global @anthropic-ai/sandbox-runtime');
	expect((await ring.machine.sandbox(ring.name)).agent.pid).toBe(null);
});

test('start launches the agent through it, held to the policy, with the Keyring to read', async () => {
	await symlink(join(installed, 'srt'), join(ring.programs, 'srt'));
	const started = await ring.start();
	expect(started.stderr).not.toContain('error');
	expect(started.code).toBe(0);
	await until(async () => (await ring.log()).includes('ready'));

	expect((await ring.log()).split('\n').slice(0, 5)).toEqual([
		'keyring tappass.keyring/1',
		'overwrite EROFS',
		'credentials ENOENT',
		'denied 403 blocked-by-allowlist',
		'second 403 blocked-by-allowlist',
	]);
	const status = JSON.parse((await ring.machine.host('status', '--json')).stdout).sandboxes[0];
	expect(status).toMatchObject({
		network_change: 'restart',
		rings: { kernel: { provider: 'sandbox-runtime', state: 'active' } },
	});
	expect((await ring.machine.host('status')).stdout).toContain('a change of the policy starts the agent anew');
	if (process.getuid!() === 0) {
		const owner = await readFile(`/proc/${status.agent.pid}/status`, 'utf8');
		expect(owner).not.toMatch(/^Uid:\t0/m);
	}
});

test('a shell is refused with the reason', async () => {
	const refused = await ring.machine.host('shell', ring.name, '--', '/bin/true');

	expect(refused.code).toBe(5);
	expect(refused.stderr).toContain('lets no second program into a sandbox');
});

test('a change of the network starts the agent anew, under the new policy, and status said so', async () => {
	const before = await ring.machine.sandbox(ring.name);

	await ring.apply(['first.example', 'second.example']);
	await until(async () => (await ring.machine.sandbox(ring.name)).agent.starts > before.agent.starts);

	await until(async () => /second 50\d/.test(await ring.log()));
	expect((await ring.machine.sandbox(ring.name)).agent.pid).not.toBe(before.agent.pid);
});

test('kill -9 of the daemon ends the program; the next daemon sweeps what is left, and brings the agent back', async () => {
	const before = await ring.machine.sandbox(ring.name);
	process.kill((await ring.machine.daemonPid())!, 'SIGKILL');

	await until(() => !isAlive(before.agent.pid!));
	expect(await ring.machine.host('daemon', '--background')).toMatchObject({ code: 0 });
	await until(async () => (await ring.machine.sandbox(ring.name)).agent.state === 'running');
	// It says that the program was started; what the program starts inside follows.
	await until(async () => (await ring.agentsLeft()) > 0);
	expect(await ring.agentsLeft()).toBe(1);
});

test('a revocation ends the agent: its network is not ours to cut', async () => {
	await ring.revoke();

	await until(async () => (await ring.machine.sandbox(ring.name)).agent.state === 'held');
	expect((await ring.machine.sandbox(ring.name)).agent.pid).toBe(null);
	expect(await ring.agentsLeft()).toBe(0);
});
