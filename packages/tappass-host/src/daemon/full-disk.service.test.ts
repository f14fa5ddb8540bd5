/**
 * Disks that are full, for real: small file systems of memory in a mount namespace of the daemon's own. What is in force
 * stays in force and whole, it is said, and it goes on by itself when there is room; a workspace that is full is the agent's
 * affair alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SandboxId } from '@tappass/core';
import { policyWithBudget } from '@tappass/server/test-control-plane';
import { parseFloor } from '@tappass/trust';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalClient, localClient } from '../local-api/client.ts';
import type { RunRequest } from '../state/documents.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { type HostWorld, hostWorld, until } from '../test-support/host-world.ts';
import type { SandboxView } from './view.ts';

const program = resolve(import.meta.dirname, '../../dist/main.js');
const isRoot = process.getuid?.() === 0;

let world: HostWorld;
let client: LocalClient;
let daemon: ChildProcess | undefined;
beforeAll(async () => {
	world = await hostWorld();
	client = localClient(world.places.socket);
	// An agent's own user passes through.
	await chmod(dirname(world.places.state), 0o755);
});
afterAll(() => world.close());
afterEach(async () => {
	if (daemon === undefined) return;
	const gone = new Promise((done) => daemon!.once('exit', done));
	daemon.kill('SIGTERM');
	await gone;
	daemon = undefined;
});

/** Starts a daemon that sees a file system of `size` at `path`, with what lay there. */
async function startDaemon(path: string, size: string): Promise<void> {
	const { runtime, state } = world.places;
	const own = isRoot ? [] : ['--user', '--map-current-user', '--keep-caps'];
	const script = [
		`held=$(mktemp -d)`,
		`cp -a "$1/." "$held"`,
		`mount -t tmpfs -o size=${size},mode=$(stat -c %a "$1"),uid=$(stat -c %u "$1"),gid=$(stat -c %g "$1") tmpfs "$1"`,
		`cp -a "$held/." "$1"`,
		`rm -r "$held"`,
		`shift; exec "$@"`,
	].join(' && ');
	// A minute is six seconds: what was refused is tried again with the next look at everything.
	const env = {
		PATH: process.env['PATH'] ?? '',
		TAPPASS_HOST_STATE: state,
		TAPPASS_HOST_RUNTIME: runtime,
		TAPPASS_HOST_CLOCK_SPEED: '10',
	};
	const words = [...own, '--mount', 'sh', '-c', script, 'sh', path, process.execPath, program, 'daemon'];
	daemon = spawn('unshare', words, { env, stdio: 'ignore' });
	await until(async () => (await client.status().catch(() => undefined)) !== undefined);
}

/** A path as the daemon sees it. */
async function seen(path: string): Promise<string> {
	return `/proc/${(await client.status()).daemon.pid}/root${path}`;
}

async function view(name: string): Promise<SandboxView> {
	return (await client.status()).sandboxes.find((one) => one.name === name)!;
}

/** Writes until nothing more goes in. @returns what makes room again */
async function fill(directory: string): Promise<() => Promise<void>> {
	const path = join(directory, '.filler');
	const file = await open(path, 'w');
	for (const size of [65_536, 4_096, 1]) {
		for (;;) {
			const written = await file.write(Buffer.alloc(size)).catch((cause: NodeJS.ErrnoException) => {
				expect(cause.code).toBe('ENOSPC');
				return { bytesWritten: 0 };
			});
			if (written.bytesWritten === 0) break;
		}
	}
	await file.close();
	return () => rm(path);
}

async function nextVersion(id: SandboxId, budget: number): Promise<void> {
	await world.plane.apply(world.org, [id], { policy: policyWithBudget(budget) });
}

async function runRequest(places: SandboxPlaces, script: string): Promise<RunRequest> {
	const workspace = join(places.directory, 'workspace');
	await mkdir(workspace, { recursive: true });
	return {
		schema: 'tappass.host-run/1',
		agent: 'sh',
		name: 'sh',
		program: ['/bin/sh'],
		args: ['-c', script],
		mounts: [],
		workspace,
		wanted: true,
	};
}

describe('the disk of the daemon’s state is full while a new keyring comes', () => {
	test('it is refused, the old one stays in force and whole, and the same daemon takes it when there is room', async () => {
		const { places, sandbox_id } = await world.enrol('full');
		await startDaemon(world.places.state, '2m');
		await until(async () => (await view('full')).posture === 'fresh');
		const run = await runRequest(places, 'while :; do echo beat; sleep 0.2; done');
		const workspace = await seen(run.workspace);
		await mkdir(workspace, { recursive: true });
		const user = await userOf('full');
		await chown(workspace, user, user);
		await client.start('full', run);
		const { pid } = (await client.status()).daemon;
		const agent = (await view('full')).agent.pid;
		const makeRoom = await fill(await seen(world.places.state));
		const [keyring, floor] = await Promise.all([
			readFile(await seen(places.keyring)),
			readFile(await seen(places.floor)),
		]);

		await nextVersion(sandbox_id, 9);
		await until(async () => (await view('full')).code === 'file_unwritable');

		expect(await view('full')).toMatchObject({
			posture: 'fresh',
			loaded_version: 1,
			agent: { state: 'running', pid: agent },
		});
		expect(await readFile(await seen(places.keyring))).toEqual(keyring);
		expect(await readFile(await seen(places.floor))).toEqual(floor);
		expect((await client.status()).daemon.pid).toBe(pid);

		await makeRoom();
		await until(async () => (await view('full')).loaded_version === 2 && (await view('full')).code === null);
		expect(await view('full')).toMatchObject({ posture: 'fresh', code: null, agent: { state: 'running', pid: agent } });
		await until(async () => parseFloor(await readFile(await seen(places.floor))).policy_version === 2);
		expect((await client.status()).daemon.pid).toBe(pid);
		// What the agent prints is kept again, too.
		const kept = async (): Promise<number> => (await readFile(await seen(places.log))).byteLength;
		const before = await kept();
		await until(async () => (await kept()) > before);
	});

	test('one that stays full ends in a denial when the keyring ends, and not before', async () => {
		const { sandbox_id } = await world.enrol('stays-full');
		await startDaemon(world.places.state, '2m');
		await until(async () => (await view('stays-full')).posture === 'fresh');
		await fill(await seen(world.places.state));

		await nextVersion(sandbox_id, 9);

		await until(async () => (await view('stays-full')).posture === 'denied');
		expect(await view('stays-full')).toMatchObject({ code: 'keyring_expired', loaded_version: 1 });
	});
});

describe('the agent’s workspace is full', () => {
	test('only the agent meets it: its daemon takes the next policy, and it goes on when it makes room', async () => {
		const { places, sandbox_id } = await world.enrol('busy');
		const run = await runRequest(
			places,
			'cat /dev/zero >big 2>/dev/null; echo more >x 2>/dev/null || echo full; while [ -e big ]; do sleep 0.1; done; echo more >x && echo room; sleep 600',
		);
		await chmod(run.workspace, 0o777);
		await startDaemon(run.workspace, '1m');
		await until(async () => (await view('busy')).posture === 'fresh');
		await client.start('busy', run);
		const said = async (): Promise<string> => readFile(places.log, 'utf8').catch(() => '');
		await until(async () => (await said()).includes('full'));
		const { pid } = (await view('busy')).agent;

		await nextVersion(sandbox_id, 7);
		await until(async () => (await view('busy')).loaded_version === 2);

		expect(await view('busy')).toMatchObject({ posture: 'fresh', code: null, agent: { state: 'running', pid } });
		await rm(join(await seen(run.workspace), 'big'));
		await until(async () => (await said()).includes('room'));
	});
});

/** The agent's own user, as the daemon has given it. */
async function userOf(name: string): Promise<number> {
	if (!isRoot) return process.getuid!();
	const { uids } = JSON.parse(await readFile(await seen(join(world.places.state, 'users.json')), 'utf8'));
	return uids[name];
}
