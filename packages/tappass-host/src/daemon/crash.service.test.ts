/**
 * The daemon is killed while it applies, again and again (CRASH_RUNS times), at moments that differ: what is on disk is
 * always whole, never older than what was on disk before, and the next daemon always goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { SandboxId } from '@tappass/core';
import { policyWithBudget } from '@tappass/server/test-control-plane';
import { parseFloor, verifyKeyring } from '@tappass/trust';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../launch/process-identity.ts';
import type { RunRecord } from '../launch/run-record.ts';
import { localClient } from '../local-api/client.ts';
import type { RunRequest } from '../state/documents.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { type HostWorld, hostWorld, until } from '../test-support/host-world.ts';
import type { SandboxView } from './view.ts';

const runs = Number(process.env['CRASH_RUNS'] ?? 20);
const program = resolve(import.meta.dirname, '../../dist/main.js');

let world: HostWorld;
let daemon: ChildProcess | undefined;
beforeAll(async () => {
	world = await hostWorld();
});
afterAll(async () => {
	daemon?.kill('SIGKILL');
	await world.close();
});

function startDaemon(): ChildProcess {
	const { runtime, state } = world.places;
	const env = { PATH: process.env['PATH'] ?? '', TAPPASS_HOST_STATE: state, TAPPASS_HOST_RUNTIME: runtime };
	return spawn(process.execPath, [program, 'daemon'], { env, stdio: 'ignore' });
}

async function ended(child: ChildProcess): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once('exit', done));
}

/** Everything on disk, each part checked. */
async function onDisk(
	places: SandboxPlaces,
): Promise<{ floor: number; keyring: number; rendered: number; seq: number }> {
	const [root, floor, keyring] = await Promise.all([
		readFile(places.root),
		readFile(places.floor),
		readFile(places.keyring),
	]);
	const held = parseFloor(floor);
	// Whole, signed and within its life; that the floor may be ahead of it is what the floor is for.
	const verified = verifyKeyring({ keyring, root, now: Date.now() });
	const current = await readlink(join(places.rendered, 'current')).catch(() => undefined);
	const rendered = current === undefined ? 0 : Number(current.split('-')[1]);
	if (current !== undefined) {
		const files = await readdir(join(places.rendered, current, 'bubblewrap'));
		expect(files).toContain('plan.json');
		JSON.parse(await readFile(join(places.rendered, current, 'bubblewrap', 'egress-rules.json'), 'utf8'));
	}
	return { floor: held.policy_version, keyring: verified.policy_version, rendered, seq: held.seq };
}

test(
	`after ${runs} kills nothing is torn or rolled back, and no host is stuck`,
	async () => {
		const { places, sandbox_id } = await world.enrol('crash');
		const client = localClient(world.places.socket);
		const loaded = async (): Promise<number | null | undefined> =>
			client.status().then(
				({ sandboxes }) => sandboxes[0]?.loaded_version,
				// It does not listen yet.
				() => undefined,
			);
		let before = await onDisk(places);
		let version = 1;
		for (let run = 0; run < runs; run += 1) {
			daemon = startDaemon();
			// Half of them are killed while they take up what the one before left.
			if (run % 2 === 0) await until(async () => (await loaded()) === version);
			await world.plane.apply(world.org, [sandbox_id as SandboxId], { policy: policyWithBudget(1 + (run % 50)) });
			version += 1;
			await new Promise((wake) => setTimeout(wake, run % 2 === 0 ? (run * 7) % 90 : 150 + ((run * 13) % 300)));
			daemon.kill('SIGKILL');
			await ended(daemon);

			const now = await onDisk(places);
			expect(now.floor).toBeGreaterThanOrEqual(before.floor);
			expect(now.seq).toBeGreaterThanOrEqual(before.seq);
			expect(now.keyring).toBeGreaterThanOrEqual(before.keyring);
			expect(now.floor).toBeGreaterThanOrEqual(now.keyring);
			expect(now.keyring).toBeGreaterThanOrEqual(now.rendered);
			before = now;
		}

		daemon = startDaemon();
		await until(async () => (await loaded()) === version);
		await until(async () => (await onDisk(places)).rendered === version);
		// What the killed ones left half written was swept; what this one writes right now is gone in a moment.
		await until(async () => {
			const names = [...(await readdir(places.directory)), ...(await readdir(places.keyringDirectory))];
			return !names.some((name) => name.endsWith('.tmp'));
		});
		daemon.kill('SIGTERM');
		await ended(daemon);
	},
	20_000 + runs * 5_000,
);

test('killed while it applies, with an agent that runs: the agent ends with it, its way out is closed, and both come back whole', async () => {
	await chmod(dirname(world.places.state), 0o755);
	const { places, sandbox_id } = await world.enrol('with-agent');
	const client = localClient(world.places.socket);
	const view = async (): Promise<SandboxView | undefined> =>
		client.status().then(
			({ sandboxes }) => sandboxes.find(({ name }) => name === 'with-agent'),
			() => undefined,
		);
	const workspace = join(places.directory, 'workspace');
	await mkdir(workspace);
	await chmod(workspace, 0o777);
	const args = ['-c', 'trap "" HUP TERM INT; while :; do date +%s%N >beat; sleep 0.05; done'];
	const program = ['/bin/sh'];
	const mounts: RunRequest['mounts'] = [];
	const run = {
		schema: 'tappass.host-run/1',
		agent: 'sh',
		name: 'sh',
		program,
		args,
		mounts,
		workspace,
		wanted: true,
	} as const;
	const record = join(world.places.runtime, 'run', 'with-agent');
	let version = 1;
	daemon = startDaemon();
	await until(async () => (await view())?.loaded_version === version);
	await client.start('with-agent', run);

	for (let round = 0; round < 8; round += 1) {
		await until(async () => (await view())?.agent.state === 'running');
		const before = await onDisk(places);
		const { processes } = JSON.parse(await readFile(join(record, 'run.json'), 'utf8')) as RunRecord;
		expect(processes.length).toBeGreaterThanOrEqual(3);
		await world.plane.apply(world.org, [sandbox_id], { policy: policyWithBudget(100 + round) });
		version += 1;
		await new Promise((wake) => setTimeout(wake, (round * 17) % 120));
		daemon.kill('SIGKILL');
		await ended(daemon);

		// By the kernel alone: no daemon is there to end them.
		await until(() => !processes.some(isAlive));
		const beat = await readFile(join(workspace, 'beat'), 'utf8');
		await expect(connected(join(record, 'egress.sock'))).resolves.toBe(false);
		const now = await onDisk(places);
		expect(now.floor).toBeGreaterThanOrEqual(before.floor);
		expect(now.floor).toBeGreaterThanOrEqual(now.keyring);
		expect(now.keyring).toBeGreaterThanOrEqual(now.rendered);

		daemon = startDaemon();
		await until(async () => (await view())?.loaded_version === version);
		await until(async () => (await readFile(join(workspace, 'beat'), 'utf8')) !== beat);
		expect((await view())?.agent).toMatchObject({ state: 'running', starts: 1 });
	}
	// One agent, not one for each daemon.
	const { processes } = JSON.parse(await readFile(join(record, 'run.json'), 'utf8')) as RunRecord;
	expect(processes.every(isAlive)).toBe(true);
	daemon.kill('SIGTERM');
	await ended(daemon);
	expect(processes.some(isAlive)).toBe(false);
});

function connected(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
		socket.once('connect', () => socket.destroy());
	});
}
