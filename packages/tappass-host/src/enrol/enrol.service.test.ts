/** Enrolment against a real control plane: what is refused, and what a crash or a lost reply leaves behind. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SandboxId, TapPassError } from '@tappass/core';
import { policyWithBudget } from '@tappass/server/test-control-plane';
import { pinRoot } from '@tappass/trust';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostPlane } from '../connection/host-plane.ts';
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

function replace(name: string, url: string, files: Files = diskFiles): ReturnType<typeof enrol> {
	const letGo = async (): Promise<void> => undefined;
	return enrol({ name, url, places: world.places, files, now: world.clock.now, replace: { letGo } });
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

describe('root documents that came into force since the URL was made', () => {
	test('are walked to before the token leaves, and the newest is kept', async () => {
		const { url } = await world.url();
		for (let times = 0; times < 3; times += 1) await world.plane.rotate(world.org, { epoch: 1 });

		await redeem('walked', url);

		const bytes = await diskFiles.read(join(world.places.state, 'walked', 'keyring', 'root.json'));
		expect(pinRoot(bytes!).document.version).toBe(4);
	});

	test('that do not follow one another burn nothing', async () => {
		const { url } = await world.url();
		const { store } = world.plane.database;
		const [gone] = await store.withOrg(world.org.org_id, (transaction) =>
			transaction.selectFrom('roots').selectAll().where('version', '=', 3).execute(),
		);
		const pinned = await store.withOrg(world.org.org_id, (transaction) =>
			transaction.selectFrom('roots').select('sha256').where('version', '=', 2).executeTakeFirstOrThrow(),
		);
		await store.withOrg(world.org.org_id, (transaction) =>
			transaction.deleteFrom('roots').where('version', '=', 3).execute(),
		);
		const old = url.replace(/root=.*/, `root=${pinned.sha256}`);

		await expect(redeem('gap', old)).rejects.toMatchObject({ code: 'root_version_gap' });

		await store.withOrg(world.org.org_id, (transaction) => transaction.insertInto('roots').values(gone!).execute());
		expect(await redeem('gap', old)).toMatchObject({ name: 'gap' });
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

describe('a name that is enrolled already', () => {
	const at = (name: string, ...parts: readonly string[]): string => join(world.places.state, name, ...parts);
	const emit = async (id: SandboxId): Promise<string> => (await world.plane.emit(world.org, id)).url;
	const floorOf = async (name: string): Promise<{ readonly seq: number; readonly policy_version: number }> =>
		JSON.parse(await readFile(at(name, 'floor.json'), 'utf8'));
	/** Enrolled, and with what an agent leaves. */
	async function used(name: string): Promise<SandboxId> {
		const { sandbox_id, url } = await world.url();
		await redeem(name, url);
		await mkdir(at(name, 'workspace'));
		await writeFile(at(name, 'workspace', 'notes'), 'of the agent');
		await writeFile(at(name, 'run.json'), '{}');
		return sandbox_id;
	}

	test('is refused with both ways on, and the URL stays good', async () => {
		const sandbox_id = await used('kept');
		const url = await emit(sandbox_id);

		const error = await redeem('kept', url).catch((one: unknown) => one as TapPassError);

		expect(error).toMatchObject({ code: 'already_exists', hint: expect.stringContaining('--replace') });
		expect(await replace('kept', url)).toMatchObject({ sandbox_id });
	});

	test('also when only part of its state is left: the URL is not burned for nothing', async () => {
		await used('damaged');
		await rm(at('damaged', 'enrolment.json'));
		const { sandbox_id, url } = await world.url();

		await expect(redeem('damaged', url)).rejects.toMatchObject({ code: 'already_exists' });

		await world.plane.revoke(world.org, (await namedOnServer('damaged'))!);
		expect(await replace('damaged', url)).toMatchObject({ sandbox_id });
	});

	test('a URL of another org is refused before anything is sent', async () => {
		await used('of-acme');
		const other = await world.plane.addOrg('org_otherhost1');
		const [id] = await world.plane.addSandboxes(other, 1);
		const { url } = await world.plane.emit(other, id!);
		const before = await state('of-acme');

		await expect(replace('of-acme', url)).rejects.toMatchObject({
			code: 'usage',
			hint: expect.stringContaining('uninstall'),
		});

		expect(await state('of-acme')).toEqual(before);
		expect(await redeem('of-other', url)).toMatchObject({ org_id: 'org_otherhost1' });
	});

	test('a URL that is refused leaves the old one as it was', async () => {
		const sandbox_id = await used('as-it-was');
		const { url } = await world.plane.emit(world.org, sandbox_id, Date.now() - 901_000);
		const credentials = await readFile(at('as-it-was', 'credentials.json'), 'utf8');

		await expect(replace('as-it-was', url)).rejects.toMatchObject({ code: 'bootstrap_expired' });

		expect(await readFile(at('as-it-was', 'credentials.json'), 'utf8')).toBe(credentials);
		expect(await readFile(at('as-it-was', 'workspace', 'notes'), 'utf8')).toBe('of the agent');
	});

	test('as the same sandbox it keeps its floor and what the agent has, and the old certificate is dead', async () => {
		const sandbox_id = await used('same');
		await writeFile(at('same', 'spool.jsonl'), '');
		await world.plane.apply(world.org, [sandbox_id], { policy: policyWithBudget(3) });
		const before = JSON.parse(await readFile(at('same', 'credentials.json'), 'utf8'));
		const floor = await floorOf('same');

		expect(await replace('same', await emit(sandbox_id))).toMatchObject({ name: 'same', sandbox_id });

		expect(await readFile(at('same', 'workspace', 'notes'), 'utf8')).toBe('of the agent');
		expect(await state('same')).toEqual(
			['credentials.json', 'enrolment.json', 'floor.json', 'keyring', 'run.json', 'spool.jsonl', 'workspace'].sort(),
		);
		expect((await floorOf('same')).seq).toBeGreaterThan(floor.seq);
		expect((await floorOf('same')).policy_version).toBe(2);
		expect((await readdir(world.places.state)).filter((one) => one.startsWith('.same'))).toEqual([]);
		const enrolment = JSON.parse(await readFile(at('same', 'enrolment.json'), 'utf8'));
		const old = new HostPlane(enrolment, before, () => undefined);
		await expect(old.get('/v1/sync/snapshot?root_version=1')).rejects.toMatchObject({ code: 'certificate_superseded' });
		old.close();
	});

	test('as the same sandbox it takes nothing older than it held', async () => {
		const sandbox_id = await used('floored');
		const floor = JSON.parse(await readFile(at('floored', 'floor.json'), 'utf8'));
		await writeFile(at('floored', 'floor.json'), JSON.stringify({ ...floor, policy_version: 9 }), { mode: 0o600 });

		await expect(replace('floored', await emit(sandbox_id))).rejects.toMatchObject({ code: 'version_rollback' });

		expect((await floorOf('floored')).policy_version).toBe(9);
	});

	test('after a revocation another sandbox takes its place, without what belonged to the old one alone', async () => {
		const revoked = await used('next');
		await writeFile(at('next', 'spool.jsonl'), '{}');
		await writeFile(at('next', 'quarantine.json'), '{"schema":"tappass.host-quarantine/1"}');
		await world.plane.revoke(world.org, revoked);
		const { sandbox_id, url } = await world.url();

		expect(await replace('next', url)).toMatchObject({ name: 'next', sandbox_id });

		expect(await readFile(at('next', 'workspace', 'notes'), 'utf8')).toBe('of the agent');
		expect(await state('next')).not.toContain('spool.jsonl');
		expect(await state('next')).not.toContain('quarantine.json');
	});

	test('two policies under one version: the quarantine outlives an enrolment as the same sandbox', async () => {
		const sandbox_id = await used('quarantined');
		await writeFile(at('quarantined', 'quarantine.json'), '{"schema":"tappass.host-quarantine/1"}');

		await replace('quarantined', await emit(sandbox_id));

		expect(await state('quarantined')).toContain('quarantine.json');
	});

	test.each([1, 2, 3, 4])('a crash at move %i loses nothing, and the same command goes on', async (nth) => {
		const name = `torn-${nth}`;
		const sandbox_id = await used(name);
		const url = await emit(sandbox_id);
		let moves = 0;
		const unless =
			(move: Files['move']): Files['move'] =>
			async (from, to) => {
				moves += 1;
				if (moves === nth) throw new TapPassError('file_unwritable', { detail: 'crash' });
				await move(from, to);
			};
		const crashing: Files = {
			...diskFiles,
			move: unless(diskFiles.move),
			moveDirectory: unless(diskFiles.moveDirectory),
		};

		await expect(replace(name, url, crashing)).rejects.toMatchObject({ code: 'file_unwritable' });

		expect(await replace(name, url)).toMatchObject({ name, sandbox_id });
		expect(await readFile(at(name, 'workspace', 'notes'), 'utf8')).toBe('of the agent');
		expect(await state(name)).toContain('run.json');
		expect((await readdir(world.places.state)).filter((one) => one.startsWith(`.${name}`))).toEqual([]);
	});
});

async function namedOnServer(name: string): Promise<SandboxId | undefined> {
	return world.plane.database.store.withOrg(world.org.org_id, async (transaction) => {
		const row = await transaction.selectFrom('sandboxes').select('id').where('name', '=', name).executeTakeFirst();
		return row?.id;
	});
}
