/** Row 37 of the attack table: the socket of the local API is the lock of the daemon. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../launch/process-identity.ts';
import { makePrivateDirectory } from '../state/files.ts';
import { localClient } from './client.ts';
import { type LocalActions, startLocalApi } from './server.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const log = pino({ level: 'silent' });
const actions = {
	view: () => ({
		schema: 'tappass.host.status/1',
		daemon: { pid: 1, uid: 0, started_at: '', version: '' },
		weaknesses: [],
		sandboxes: [],
	}),
} as unknown as LocalActions;
const socketOf = (): string => join(directory, 'api.sock');

async function deadSocket(): Promise<void> {
	const dead = createServer();
	await new Promise<void>((done) => dead.listen(join(directory, 'other.sock'), done));
	await rename(join(directory, 'other.sock'), socketOf());
	await new Promise((done) => dead.close(done));
}

test('a second daemon is told that one runs', async () => {
	const first = await startLocalApi({ socket: socketOf(), actions, log });

	await expect(startLocalApi({ socket: socketOf(), actions, log })).rejects.toMatchObject({ code: 'already_running' });

	expect(await localClient(socketOf()).status()).toMatchObject({ schema: 'tappass.host.status/1' });
	await first.close();
});

test('a dead daemon’s socket is replaced, and of many that try at once exactly one wins', async () => {
	await deadSocket();
	expect((await stat(socketOf())).isSocket()).toBe(true);

	const all = await Promise.allSettled(
		Array.from({ length: 8 }, () => startLocalApi({ socket: socketOf(), actions, log })),
	);

	const won = all.filter((one) => one.status === 'fulfilled');
	expect(won).toHaveLength(1);
	expect(await localClient(socketOf()).status()).toMatchObject({ schema: 'tappass.host.status/1' });
	expect(await readdir(directory)).toEqual(['api.sock']);
	await won[0]!.value.close();
});

test('a daemon that was killed while it replaced a dead socket holds nobody up', async () => {
	const child = spawn('sleep', ['60']);
	const process = identify(child.pid!);
	const gone = new Promise((done) => child.once('exit', done));
	child.kill('SIGKILL');
	await gone;
	const claim = { schema: 'tappass.host-claim/1', socket: socketOf(), process };
	await writeFile(`${socketOf()}.replacing`, JSON.stringify(claim));
	await deadSocket();

	const api = await startLocalApi({ socket: socketOf(), actions, log });

	expect(await readdir(directory)).toEqual(['api.sock']);
	await api.close();
});

test('only its owner speaks to it', async () => {
	const api = await startLocalApi({ socket: socketOf(), actions, log });

	expect((await stat(socketOf())).mode & 0o777).toBe(0o600);
	expect((await stat(directory)).mode & 0o022).toBe(0);
	await api.close();
});

test('a directory that others may write to, or a link, is not used', async () => {
	const open = join(directory, 'open');
	await makePrivateDirectory(open);
	await chmod(open, 0o777);
	await expect(makePrivateDirectory(open)).rejects.toMatchObject({ code: 'file_unwritable' });

	await symlink(directory, join(directory, 'link'));
	await expect(makePrivateDirectory(join(directory, 'link'))).rejects.toMatchObject({ code: 'file_unwritable' });
});

test('what is no daemon’s is refused: unknown addresses, browsers, large bodies', async () => {
	const api = await startLocalApi({ socket: socketOf(), actions, log });
	const { request } = await import('node:http');
	const status = (path: string, headers: Record<string, string>, body = ''): Promise<number> =>
		new Promise((done, fail) => {
			const sent = request({ socketPath: socketOf(), method: 'POST', path, headers }, (response) => {
				response.resume();
				done(response.statusCode ?? 0);
			});
			sent.on('error', fail);
			sent.end(body);
		});

	expect(await status('/v1/nothing', {}, '{}')).toBe(404);
	expect(await status('/v1/sandboxes/../start', {}, '{}')).toBe(404);
	expect(await status('/v1/reload', { origin: 'https://evil.example' }, '{}')).toBe(403);
	expect(await status('/v1/reload', {}, 'x'.repeat(300_000))).toBe(413);
	await api.close();
});
