/** Row 35 of the attack table, with a real bind mount in a mount namespace of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SandboxPlaces } from '../state/places.ts';
import { type HostWorld, hostWorld, until } from '../test-support/host-world.ts';

const program = resolve(import.meta.dirname, '../../dist/main.js');

let world: HostWorld;
let places: SandboxPlaces;
beforeAll(async () => {
	world = await hostWorld();
	({ places } = await world.enrol('mounted'));
});
afterAll(() => world.close());

/** Runs `tappass-host` where `file` is mounted over the Keyring's file, and then the command that ends its daemon. */
async function host(
	mount: string,
	...words: readonly string[]
): Promise<{ readonly out: string; readonly code: number }> {
	const own = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
	const script = `${mount}; "$@"; code=$?; pid=$("$1" "$2" status --json | sed -n 's/.*"daemon":{"pid":\\([0-9]*\\).*/\\1/p'); [ -z "$pid" ] || kill "$pid"; exit $code`;
	const { runtime, state } = world.places;
	const child = spawn('unshare', [...own, '--mount', 'sh', '-c', script, 'sh', process.execPath, program, ...words], {
		env: { PATH: process.env['PATH'] ?? '', TAPPASS_HOST_STATE: state, TAPPASS_HOST_RUNTIME: runtime },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let out = '';
	for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (out += text));
	const [code] = (await once(child, 'close')) as [number];
	return { out, code };
}

test('a single file that is mounted as Keyring is refused, by doctor and by start', async () => {
	const single = join(world.places.state, 'single.json');
	await writeFile(single, '{}');
	const mount = `mount --bind ${single} ${places.keyring}`;

	const looked = await host(mount, 'doctor', '--json');
	expect(looked.code).toBe(1);
	expect(looked.out).toContain(`something is mounted at ${places.keyring}`);
	expect((await host('true', 'doctor', '--json')).out).not.toContain('something is mounted');

	const started = await host(mount, 'start', 'mounted', '--agent', '/bin/true');
	expect(started.code).not.toBe(0);
	expect(started.out).toContain('something is mounted');
});

test('a Keyring that is no directory is refused by start', async () => {
	const sandbox = await world.open('mounted');
	await until(() => sandbox.posture().posture === 'fresh');
	await rename(places.keyringDirectory, `${places.keyringDirectory}.away`);
	await writeFile(places.keyringDirectory, '');
	const workspace = join(places.directory, 'workspace');
	await mkdir(workspace, { recursive: true });

	const run = { schema: 'tappass.host-run/1', agent: 'true', name: 'true', program: ['/bin/true'], args: [] } as const;
	await expect(sandbox.start({ ...run, mounts: [], workspace, wanted: true })).rejects.toThrow(/keyring/i);
	expect(sandbox.view().agent.pid).toBe(null);
});
