/** `doctor` on machines that lack one thing each: what is missing is named, with the one command that mends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findSystemProgram, kernelRingPrograms } from '../launch/programs.ts';
import type { Finding } from './doctor.ts';

const program = resolve(import.meta.dirname, '../../dist/main.js');
const isRoot = process.getuid?.() === 0;

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'tappass-doctor-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs `doctor` where `prepare` has taken something away, in namespaces of its own. */
async function doctor(
	prepare: string,
	env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly findings: readonly Finding[] }> {
	const own = isRoot ? [] : ['--user', '--map-root-user'];
	const words = [
		...own,
		'--mount',
		'sh',
		'-c',
		`${prepare}\nexec "$@"`,
		'sh',
		process.execPath,
		program,
		'doctor',
		'--json',
	];
	const places = { TAPPASS_HOST_STATE: join(directory, 'state'), TAPPASS_HOST_RUNTIME: join(directory, 'run') };
	const child = spawn('unshare', words, {
		env: { PATH: process.env['PATH'] ?? '', ...places, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let [out, error] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (error += text));
	const [code] = (await once(child, 'close')) as [number];
	expect(out, error).not.toBe('');
	return { code, findings: JSON.parse(out).findings };
}

const found = (findings: readonly Finding[], check: string): Finding | undefined =>
	findings.find((one) => one.check === check);

test.each(kernelRingPrograms)('without %s', async (name) => {
	const path = await realpath(findSystemProgram(name)!);

	const { code, findings } = await doctor(`mount --bind /dev/null ${path}`);

	expect(code).toBe(1);
	expect(found(findings, name)).toMatchObject({ state: 'bad', fix: expect.stringMatching(/^apt-get install \S+$/) });
	for (const other of kernelRingPrograms.filter((one) => one !== name))
		expect(found(findings, other), other).toMatchObject({ state: 'good' });
});

test('without user namespaces', async () => {
	// The count of the namespace that we are in, so in one of our own; as an ordinary user we are in one already.
	const inside = `exec unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$@"`;

	const { code, findings } = await doctor(inside);

	expect(code).toBe(1);
	expect(found(findings, 'user namespaces')).toMatchObject({
		state: 'bad',
		fix: expect.stringMatching(/^sysctl -w (?:user\.max_user_namespaces=\d+|kernel\.\w+=\d)$/),
	});
});

test.each([
	['a file', async (path: string) => writeFile(path, ''), /^rm /],
	['a link', async (path: string) => symlink('/tmp', path), /^rm /],
	[
		'a directory that others may write to',
		async (path: string) => {
			const { mkdir } = await import('node:fs/promises');
			await mkdir(path);
			await chmod(path, 0o777);
		},
		/^chmod go-w /,
	],
] as const)('with %s as state directory', async (_, make, fix) => {
	await make(join(directory, 'state'));

	const { code, findings } = await doctor(':');

	expect(code).toBe(1);
	expect(found(findings, 'state directory')).toMatchObject({ state: 'bad', fix: expect.stringMatching(fix) });
});

test('with a state directory that has no room', async () => {
	const state = join(directory, 'state');
	const { mkdir } = await import('node:fs/promises');
	await mkdir(state, { mode: 0o700 });

	const { code, findings } = await doctor(`mount -t tmpfs -o size=1m,mode=700 tmpfs ${state}`);

	expect(code).toBe(1);
	expect(found(findings, 'state directory')).toMatchObject({
		state: 'bad',
		found: expect.stringContaining('MiB free'),
	});
});

test('without a daemon it says how to start one, and that is no fault', async () => {
	const { findings } = await doctor(':');

	expect(found(findings, 'daemon')).toMatchObject({ state: 'weak', fix: 'tappass-host daemon --background' });
});
