/** Row 37 of the attack table, where two daemons would have different sockets: the state directory has one daemon. */
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../launch/process-identity.ts';
import { claim, claimState, servedAt } from './claim.ts';

let state: string;
beforeEach(async () => {
	state = await mkdtemp(join(tmpdir(), 'tappass-claim-'));
});
afterEach(() => rm(state, { recursive: true }));

/** The claim of a daemon that has died. */
async function dead(): Promise<void> {
	const child = spawn('sleep', ['60']);
	const process = identify(child.pid!);
	const gone = new Promise((done) => child.once('exit', done));
	child.kill('SIGKILL');
	await gone;
	const claim = { schema: 'tappass.host-claim/1', socket: '/run/dead.sock', process };
	await writeFile(join(state, '.daemon.json'), JSON.stringify(claim));
}

test('a second daemon of the same state is refused, wherever its socket lies', async () => {
	const giveBack = await claimState(state, '/run/one.sock');

	await expect(claimState(state, '/run/two.sock')).rejects.toMatchObject({
		code: 'already_running',
		detail: expect.stringContaining('/run/one.sock'),
	});
	expect(servedAt(state)).toBe('/run/one.sock');

	await giveBack();
	expect(servedAt(state)).toBe(undefined);
	await (await claimState(state, '/run/two.sock'))();
});

test('of many that find a dead one’s claim exactly one wins, and nothing is left of the rest', async () => {
	await dead();
	expect(servedAt(state)).toBe(undefined);

	const all = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => claimState(state, `/run/${at}.sock`)));

	expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	expect(await readdir(state)).toEqual(['.daemon.json']);
	expect(servedAt(state)).toMatch(/^\/run\/\d\.sock$/);
});

test('whoever died while it replaced a dead one holds nobody up', async () => {
	await dead();
	await copyFile(join(state, '.daemon.json'), join(state, '.daemon.json.next'));

	await (await claimState(state, '/run/one.sock'))();

	expect(await readdir(state)).toEqual([]);
});

test('one that is being replaced by a process that lives is refused', async () => {
	const giveBack = await claim(join(state, '.daemon.json.next'), '/run/one.sock');
	await dead();

	await expect(claimState(state, '/run/two.sock')).rejects.toMatchObject({ code: 'already_running' });

	await giveBack();
	await (await claimState(state, '/run/two.sock'))();
});

test.each(['', '{"schema":"tappass.host-claim/1"', '[]'])(
	'a claim that says nothing (%j) holds nobody up',
	async (text) => {
		await writeFile(join(state, '.daemon.json'), text);

		await (await claimState(state, '/run/one.sock'))();
	},
);

test('a state directory that cannot be written to is said', async () => {
	await expect(claimState(join(state, 'none'), '/run/one.sock')).rejects.toMatchObject({ code: 'file_unwritable' });
});
