/** Enrolment against a real control plane: what is refused, and what a crash or a lost reply leaves behind. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskFiles, type Files } from '../state/files.ts';
import { type HostWorld, hostWorld } from '../test-support/host-world.ts';
import { enrol } from './enrol.ts';

let world: HostWorld;
beforeAll(async () => {
	world = await hostWorld();
});
afterAll(() => world.close());

function redeem(name: string, url: string, files: Files = diskFiles): ReturnType<typeof enrol> {
	return enrol({ name, url, places: world.places, files, now: world.clock.now });
}

const state = (name: string): Promise<readonly string[]> => diskFiles.list(join(world.places.state, name));

test('what comes of it is the owner’s alone, and marker and floor come together', async () => {
	const { sandbox_id, url } = await world.url();

	expect(await redeem('one', url)).toMatchObject({ name: 'one', sandbox_id });

	expect(await state('one')).toEqual(['credentials.json', 'enrolment.json', 'floor.json', 'keyring']);
	expect((await stat(join(world.places.state, 'one'))).mode & 0o777).toBe(0o700);
	expect((await stat(join(world.places.state, 'one', 'credentials.json'))).mode & 0o777).toBe(0o600);
	expect(await state('.one.enrolling')).toEqual([]);
});

describe('refusals leave nothing, and say what to do', () => {
	test('a URL that was used', async () => {
		const { url } = await world.url();
		await redeem('two', url);

		await expect(redeem('two-again', url)).rejects.toMatchObject({ code: 'bootstrap_contested' });
		expect(await state('two-again')).toEqual([]);
		expect(await state('.two-again.enrolling')).toEqual([]);
	});

	test('a URL that has expired', async () => {
		const [sandbox_id] = await world.plane.addSandboxes(world.org, 1);
		const { url } = await world.plane.emit(world.org, sandbox_id!, Date.now() - 901_000);

		const error = await redeem('late', url).catch((one: unknown) => one as TapPassError);
		expect(error).toMatchObject({ code: 'bootstrap_expired' });
		expect((error as TapPassError).hint).toContain('15 minutes');
	});

	test('a relay with another root document gets no token', async () => {
		const { url } = await world.url();

		await expect(redeem('mitm', url.replace(/root=../, 'root=00'))).rejects.toMatchObject({ code: 'root_mismatch' });
		// Nothing was sent, so the URL is still good.
		expect(await redeem('mitm', url)).toMatchObject({ name: 'mitm' });
	});

	test('a name that is taken on this host', async () => {
		const { url } = await world.url();
		await redeem('twice', url);

		await expect(redeem('twice', (await world.url()).url)).rejects.toMatchObject({ code: 'already_exists' });
	});

	test.each(['..', '../x', 'A', '.hidden', 'a/b', ''])('the name %j', async (name) => {
		await expect(redeem(name, 'https://127.0.0.1/install/x#root=y')).rejects.toMatchObject({ code: 'usage' });
	});
});

describe('45: the reply is lost, or the host crashes', () => {
	test.each(['credentials.json', 'root.json', 'floor.json', 'keyring.json', 'enrolment.json', 'moveDirectory'])(
		'at %s: there is no sandbox, and the same command resumes it',
		async (step) => {
			const name = `crash-${step.toLowerCase().replace('.', '-')}`;
			const { sandbox_id, url } = await world.url();
			const crash = async (): Promise<never> => {
				throw new TapPassError('file_unwritable', { detail: 'crash' });
			};
			const crashing: Files = {
				...diskFiles,
				write: async (path, content, mode) => (path.endsWith(step) ? crash() : diskFiles.write(path, content, mode)),
				...(step === 'moveDirectory' && { moveDirectory: crash }),
			};

			await expect(redeem(name, url, crashing)).rejects.toMatchObject({ code: 'file_unwritable' });
			expect(await state(name)).toEqual([]);

			expect(await redeem(name, url)).toMatchObject({ sandbox_id });
			expect(await state(name)).toContain('floor.json');
		},
	);

	test('another URL begins anew, under another name: the first one holds this one', async () => {
		const first = await world.url();
		const stop: Files = {
			...diskFiles,
			write: async (path, content, mode) => {
				if (path.endsWith('credentials.json')) throw new TapPassError('file_unwritable', { detail: 'crash' });
				await diskFiles.write(path, content, mode);
			},
		};
		await redeem('anew', first.url, stop).catch(() => undefined);
		const second = await world.url();

		await expect(redeem('anew', second.url)).rejects.toMatchObject({ code: 'already_exists' });
		expect(await redeem('anew-2', second.url)).toMatchObject({ sandbox_id: second.sandbox_id });
		expect((await readdir(world.places.state)).filter((one) => one.startsWith('.anew'))).toEqual([]);
	});
});
