/** Rows 19 and 20 of the attack table with the real daemon and a real wrong clock (faketime); the monotonic clock is untouched. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DaemonView } from '../daemon/view.ts';
import { localClient } from '../local-api/client.ts';
import { type HostWorld, hostWorld, until } from '../test-support/host-world.ts';

const program = resolve(import.meta.dirname, '../../dist/main.js');

let world: HostWorld;
beforeAll(async () => {
	world = await hostWorld();
	await world.enrol('clocks');
});
afterAll(() => world.close());

let child: ChildProcess | undefined;
afterEach(async () => {
	if (child?.pid === undefined || child.exitCode !== null) return;
	const gone = new Promise((done) => child!.once('exit', done));
	// faketime stands before the daemon: the group is ended.
	process.kill(-child.pid, 'SIGKILL');
	await gone;
});

test.each([
	['-1h', 'clock_regressed'],
	['+2h', 'clock_ahead'],
])('a clock that is %s off: everything is denied, and %s is the reason', async (offset, code) => {
	const { runtime, socket, state } = world.places;
	const env = {
		PATH: process.env['PATH'] ?? '',
		TAPPASS_HOST_STATE: state,
		TAPPASS_HOST_RUNTIME: runtime,
		FAKETIME_DONT_FAKE_MONOTONIC: '1',
	};
	child = spawn('faketime', ['-f', offset, process.execPath, program, 'daemon'], {
		env,
		stdio: 'ignore',
		detached: true,
	});
	const view = (): Promise<DaemonView | undefined> =>
		localClient(socket)
			.status()
			.catch(() => undefined);

	await until(async () => (await view())?.sandboxes[0]?.code === code);

	expect((await view())?.sandboxes[0]).toMatchObject({
		posture: 'waiting',
		keyring_seconds_left: 0,
		loaded_version: null,
	});
});
