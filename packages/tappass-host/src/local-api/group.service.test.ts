/** Who may speak to the daemon: its own user, and with `--group` the members of that group; real users, by their numbers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalActions, startLocalApi } from './server.ts';

const group = 54_321;
const isRoot = process.getuid?.() === 0;
const log = pino({ level: 'silent' });
const actions = { view: () => ({ schema: 'tappass.host.status/1' }) } as unknown as LocalActions;

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-group-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What a process of this user gets of the socket. */
async function asked(socket: string, user: { readonly uid?: number; readonly gid?: number }): Promise<string> {
	const script = `require('node:net').connect(${JSON.stringify(socket)}).on('connect', () => { console.log('connected'); process.exit(); }).on('error', (error) => console.log(error.code))`;
	const child = spawn(process.execPath, ['-e', script], {
		...user,
		cwd: '/',
		env: {},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let out = '';
	child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
	await once(child, 'close');
	return out.trim();
}

test('without a group no other user comes in, and a group that cannot be given is refused', async () => {
	const socket = join(directory, 'api.sock');
	const api = await startLocalApi({ socket, actions, log });
	expect((await stat(socket)).mode & 0o077).toBe(0);
	expect(await asked(socket, {})).toBe('connected');
	if (isRoot) expect(await asked(socket, { uid: 20_009, gid: group })).toBe('EACCES');
	await api.close();

	// Only root gives files to a group that it is not in.
	const other = startLocalApi({ socket: join(directory, 'group.sock'), actions, log, gid: group });
	if (isRoot) await (await other).close();
	else await expect(other).rejects.toThrow();
});

test('with a group its members come in, and others do not', async () => {
	const gid = isRoot ? group : process.getgid!();
	const socket = join(directory, 'api.sock');
	const api = await startLocalApi({ socket, actions, log, gid });
	await chmod(directory, 0o711);

	const { gid: owner, mode } = await stat(socket);
	expect([owner, mode & 0o007]).toEqual([gid, 0]);
	expect(await asked(socket, isRoot ? { uid: 20_009, gid } : {})).toBe('connected');
	if (isRoot) expect(await asked(socket, { uid: 20_009, gid: gid + 1 })).toBe('EACCES');
	await api.close();
});
