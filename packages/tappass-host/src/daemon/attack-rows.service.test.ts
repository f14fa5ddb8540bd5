/**
 * The host's rows of the table of attacks on sync and enrolment, against a real control plane: what is on disk, what may go
 * through and what is told, when clocks move, disks fail and servers lie.
 */
import { lstat, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { policyWithBudget } from '@tappass/server/test-control-plane';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { enrol } from '../enrol/enrol.ts';
import type { Enrolment } from '../state/documents.ts';
import { diskFiles, type Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { type HostWorld, hostWorld, until } from '../test-support/host-world.ts';
import type { GovernedSandbox, GovernedSandboxOptions } from './governed-sandbox.ts';
import { KeyringStore } from './keyring-store.ts';
import { signConflict, signFreshness } from './signed.test.support.ts';

let world: HostWorld;
beforeAll(async () => {
	world = await hostWorld();
});
afterAll(() => world.close());

const opened: GovernedSandbox[] = [];
afterEach(async () => {
	await Promise.all(opened.splice(0).map((one) => one.close()));
	world.clock.wallOffsetMs = 0;
	world.clock.monotonicOffsetMs = 0;
});

let names = 0;
/** A sandbox that is enrolled, opened and fresh. */
async function fresh(change: Partial<GovernedSandboxOptions> = {}): Promise<Fresh> {
	names += 1;
	const name = `row-${names}`;
	const { places, sandbox_id } = await world.enrol(name);
	const sandbox = await open(name, change);
	await until(() => sandbox.posture().posture === 'fresh');
	await settled(places);
	return { name, places, sandbox, sandbox_id };
}

/** Stream and first snapshot each bring a keyring, and in force comes before on disk: both are through when nothing moves. */
async function settled(places: SandboxPlaces): Promise<void> {
	let before = '';
	await until(async () => {
		const now = await readFile(places.keyring, 'utf8');
		const isStill = now === before && (await diskFiles.list(places.rendered)).includes('current');
		before = now;
		await new Promise((wake) => setTimeout(wake, 150));
		return isStill;
	});
}
type Fresh = Awaited<ReturnType<HostWorld['enrol']>> & { readonly name: string; readonly sandbox: GovernedSandbox };

async function open(name: string, change: Partial<GovernedSandboxOptions> = {}): Promise<GovernedSandbox> {
	const sandbox = await world.open(name, change);
	opened.push(sandbox);
	return sandbox;
}

/** The store as a daemon that starts anew opens it. */
async function storeOf({ places }: Fresh): Promise<KeyringStore> {
	const enrolment = JSON.parse(await readFile(places.enrolment, 'utf8')) as Enrolment;
	return KeyringStore.open({ files: diskFiles, places, enrolment, clock: world.clock });
}

/** Signs and announces the next version. */
async function nextVersion(one: Fresh, budget: number): Promise<void> {
	await world.plane.apply(world.org, [one.sandbox_id], { policy: policyWithBudget(budget) });
}

async function loads(one: Fresh, version: number): Promise<void> {
	await until(() => one.sandbox.view().loaded_version === version && one.sandbox.posture().posture === 'fresh');
}

function code(sandbox: GovernedSandbox): string | undefined {
	return sandbox.posture().error?.code;
}

const versionOnDisk = async (path: string): Promise<number> =>
	(JSON.parse(await readFile(path, 'utf8')) as { policy_version: number }).policy_version;

describe('9: a payload is replayed after a restart', () => {
	test('it is refused, and the keyring on disk stays', async () => {
		const one = await fresh();
		const old = await readFile(one.places.keyring);
		await nextVersion(one, 11);
		await loads(one, 2);
		await one.sandbox.close();
		const plane = await world.files.read(one.places.keyring);

		const store = await storeOf(one);

		expect(await store.receive(old)).toMatchObject({ kind: 'rejected', rejection: { code: 'version_rollback' } });
		expect(await store.receive(plane!)).toMatchObject({ kind: 'rejected', rejection: { code: 'seq_replay' } });
		expect(await readFile(one.places.keyring)).toEqual(plane);
		expect(store.remaining()).toBe(0);
	});
});

describe('10: the server falls silent', () => {
	test('the sandbox is stale at 120 s, and everything is denied when the keyring ends', async () => {
		const one = await fresh();
		expect(one.sandbox.egressPolicy()).not.toBeNull();
		expect(one.sandbox.token('gateway')).toBeDefined();

		world.clock.pass(120_000);
		one.sandbox.tick();
		expect(one.sandbox.posture().posture).toBe('stale');
		expect(one.sandbox.egressPolicy()).not.toBeNull();

		world.clock.pass(181_000);
		expect(one.sandbox.posture().posture).toBe('denied');
		expect(code(one.sandbox)).toBe('keyring_expired');
		expect(one.sandbox.egressPolicy()).toBeNull();
		expect(one.sandbox.token('gateway')).toBeUndefined();
		expect(one.sandbox.token('broker')).toBeUndefined();
	});
});

describe('18: a statement from the future', () => {
	test('a host whose clock lags more than 30 s refuses what the server signs', async () => {
		const { url } = await world.url();
		const { files, places } = world;
		const lagging = { wall_ms: Date.now() - 32_000, monotonic_ms: 0 };

		await expect(enrol({ name: 'row-lagging', url, places, files, now: () => lagging })).rejects.toMatchObject({
			code: 'clock_future',
		});
		expect(await files.list(join(places.state, 'row-lagging'))).toEqual([]);
	});
});

describe('19: the host clock is set back', () => {
	test('everything is denied at once, and works again when it is right', async () => {
		const one = await fresh();

		world.clock.wallOffsetMs = -3_600_000;
		expect(code(one.sandbox)).toBe('clock_regressed');
		expect(one.sandbox.egressPolicy()).toBeNull();
		expect(one.sandbox.token('gateway')).toBeUndefined();

		world.clock.wallOffsetMs = 0;
		expect(one.sandbox.posture().posture).toBe('fresh');
	});

	test('a clock set back a little gains nothing: the keyring ends by the clock that nobody can set', async () => {
		const one = await fresh();

		world.clock.monotonicOffsetMs += 301_000;
		world.clock.wallOffsetMs = 0;

		expect(one.sandbox.posture().posture).toBe('denied');
	});
});

describe('19, across a restart: a keyring on disk that has minutes left', () => {
	test.each([
		['a right clock', 0],
		['a clock that was set back to when it was signed', -25_000],
	])('brings nothing to life while the server is away, with %s', async (_clock, offset) => {
		const one = await fresh();
		await one.sandbox.close();
		const enrolment = JSON.parse(await readFile(one.places.enrolment, 'utf8')) as Enrolment;
		await writeFile(one.places.enrolment, JSON.stringify({ ...enrolment, sync_url: 'https://127.0.0.1:1' }));
		world.clock.wallOffsetMs = offset;

		const sandbox = await open(one.name);
		sandbox.tick();

		await until(() => code(sandbox) === 'server_unreachable');
		expect(sandbox.posture().posture).toBe('waiting');
		expect(sandbox.egressPolicy()).toBeNull();
		expect(sandbox.token('gateway')).toBeUndefined();
		expect(sandbox.view().keyring_seconds_left).toBe(0);
	});
});

describe('20: the host clock is far ahead', () => {
	test('everything looks expired, and the clock is named as the reason', async () => {
		names += 1;
		await world.enrol(`row-${names}`);
		world.clock.wallOffsetMs = 7_200_000;
		const sandbox = await open(`row-${names}`);

		await until(() => code(sandbox) === 'clock_ahead');
		expect(sandbox.egressPolicy()).toBeNull();
	});
});

describe('21: a freshness statement that claims to last', () => {
	test('is refused: the bound is the host’s own', async () => {
		const one = await fresh();
		const bytes = await signFreshness(world, one.places.keyring, { lifeMs: 301_000 });
		await one.sandbox.close();
		const store = await storeOf(one);

		expect(await store.receive(bytes)).toMatchObject({ kind: 'rejected', rejection: { code: 'ttl_too_long' } });
		const honest = await signFreshness(world, one.places.keyring, { lifeMs: 300_000 });
		expect(await store.receive(honest)).toMatchObject({ kind: 'keyring' });
	});
});

describe('27: keyring.json is cut off, empty or garbage', () => {
	test.each(['', '{"schema":"tappass.keyr', '\u0000\u0001garbage'])(
		'%j: the daemon writes it anew',
		async (content) => {
			const one = await fresh();
			await one.sandbox.close();
			await writeFile(one.places.keyring, content);

			const again = await open(one.name);
			await until(() => again.posture().posture === 'fresh');

			expect(JSON.parse(await readFile(one.places.keyring, 'utf8'))).toMatchObject({ schema: 'tappass.keyring/1' });
		},
	);
});

describe('28: the floor file is cut off, missing or another’s', () => {
	test.each([
		['cut off', (path: string) => truncate(path, 40)],
		['empty', (path: string) => writeFile(path, '')],
		['missing', (path: string) => rm(path)],
	])('%s: nothing is believed, and it is never a first run', async (_what, damage) => {
		const one = await fresh();
		await one.sandbox.close();
		await damage(one.places.floor);

		const again = await open(one.name);

		expect(again.posture().posture).toBe('failed');
		expect(code(again)).toBe('floor_unreadable');
		expect(again.egressPolicy()).toBeNull();
		await expect(
			again.start({
				schema: 'tappass.host-run/1',
				agent: 'true',
				name: 'true',
				program: ['/bin/true'],
				args: [],
				mounts: [],
				workspace: '/tmp',
				wanted: true,
			}),
		).rejects.toMatchObject({ code: 'floor_unreadable' });
		expect(await readFile(one.places.floor, 'utf8').catch(() => '')).not.toContain('"policy_version":1');
	});

	test('an older one is raised by the server alone, and what is signed now is taken', async () => {
		const one = await fresh();
		const old = await readFile(one.places.floor);
		await nextVersion(one, 12);
		await loads(one, 2);
		await one.sandbox.close();
		await writeFile(one.places.floor, old);

		const again = await open(one.name);
		await until(() => again.view().loaded_version === 2);

		expect(await versionOnDisk(one.places.floor)).toBe(2);
	});
});

describe('29: the disk is full, failing or read-only', () => {
	const failing = (matches: (path: string) => boolean): Files & { broken: boolean } => {
		const files = { ...diskFiles, broken: false } as Files & { broken: boolean };
		return Object.assign(files, {
			write: async (path: string, content: Uint8Array | string, mode?: number) => {
				if (files.broken && matches(path)) throw new TapPassError('file_unwritable', { detail: `${path}: ENOSPC` });
				await diskFiles.write(path, content, mode);
			},
		} satisfies Partial<Files>);
	};

	test.each([
		['floor.json', 1],
		['keyring.json', 1],
		['egress-rules.json', 2],
	])('at %s: what is in force stays whole, it is said, and the next attempt succeeds', async (name, version) => {
		const files = failing((path) => path.endsWith(name));
		const one = await fresh({ files });
		const before = await readFile(one.places.keyring, 'utf8');

		files.broken = true;
		await nextVersion(one, 13);
		await until(() => code(one.sandbox) === 'file_unwritable');

		expect(one.sandbox.view().loaded_version).toBe(version);
		expect(one.sandbox.egressPolicy()).not.toBeNull();
		if (version === 1) expect(await readFile(one.places.keyring, 'utf8')).toBe(before);

		files.broken = false;
		await nextVersion(one, 14);
		await loads(one, 3);
		await until(() => code(one.sandbox) === undefined);
		expect(await versionOnDisk(one.places.floor)).toBe(3);
	});
});

describe('30: power is lost between floor and keyring', () => {
	test('the floor is ahead of the keyring: nothing older is taken, and the host is not stuck', async () => {
		const files: Files = {
			...diskFiles,
			write: async (path, content, mode) => {
				if (path.endsWith('keyring.json') && dead)
					throw new TapPassError('file_unwritable', { detail: 'power is lost' });
				await diskFiles.write(path, content, mode);
			},
		};
		let dead = false;
		const one = await fresh({ files });
		const old = await readFile(one.places.keyring);
		dead = true;
		await nextVersion(one, 15);
		await until(async () => (await versionOnDisk(one.places.floor)) === 2);
		await one.sandbox.close();
		expect(await readFile(one.places.keyring)).toEqual(old);

		const store = await storeOf(one);
		expect(await store.receive(old)).toMatchObject({ kind: 'rejected', rejection: { code: 'version_rollback' } });
		const again = await open(one.name);
		await until(() => again.view().loaded_version === 2 && again.posture().posture === 'fresh');
	});
});

describe('31: a symbolic link stands at keyring.json', () => {
	test('it is replaced, and what it led to is untouched', async () => {
		const one = await fresh();
		const victim = join(one.places.directory, 'victim');
		await writeFile(victim, 'untouched');
		await rm(one.places.keyring);
		await symlink(victim, one.places.keyring);

		await nextVersion(one, 16);
		await loads(one, 2);

		expect((await lstat(one.places.keyring)).isFile()).toBe(true);
		expect(await readFile(victim, 'utf8')).toBe('untouched');
	});
});

describe('32: a symbolic link at a temporary name', () => {
	test('names are random, and the directory is the owner’s alone', async () => {
		const one = await fresh();

		for (const directory of [one.places.directory, one.places.keyringDirectory]) {
			expect((await stat(directory)).mode & 0o022).toBe(0);
			expect((await stat(directory)).uid).toBe(process.getuid?.());
		}
		expect((await stat(one.places.directory)).mode & 0o005).toBe(0);
	});
});

describe('39: the daemon dies while it applies', () => {
	test('what is half written is swept, and the keyring is never behind what is rendered', async () => {
		const one = await fresh();
		await one.sandbox.close();
		const half = join(one.places.rendered, '1-9-0123456789ab');
		await diskFiles.makeDirectory(half, 0o755);
		await writeFile(join(one.places.directory, `.floor.json.${'0'.repeat(24)}.tmp`), '{"half');

		const again = await open(one.name);
		await until(() => again.posture().posture === 'fresh');

		await until(async () => (await diskFiles.list(one.places.rendered)).length === 2);
		expect(await diskFiles.list(one.places.directory)).not.toContain(`.floor.json.${'0'.repeat(24)}.tmp`);
	});
});

describe('50: a renewal is cut off', () => {
	test.each(['before the answer is stored', 'after it is stored'])(
		'%s: the host keeps a certificate that is good',
		async (when) => {
			const lost = when === 'before the answer is stored';
			const files: Files = {
				...diskFiles,
				write: async (path, content, mode) => {
					if (lost && path.endsWith('credentials.json') && armed)
						throw new TapPassError('file_unwritable', { detail: 'crash' });
					await diskFiles.write(path, content, mode);
				},
			};
			let armed = true;
			const one = await fresh({ files });
			const before = await readFile(one.places.credentials, 'utf8');

			world.clock.pass(37 * 60_000);
			one.sandbox.tick();
			if (lost) {
				await until(
					async () =>
						(
							await world.plane.database.store.withOrg(world.org.org_id, (transaction) =>
								transaction.selectFrom('certificates').selectAll().where('sandbox_id', '=', one.sandbox_id).execute(),
							)
						).length === 2,
				);
				await one.sandbox.close();
				expect(await readFile(one.places.credentials, 'utf8')).toBe(before);
			} else {
				await until(async () => (await readFile(one.places.credentials, 'utf8')) !== before);
				await one.sandbox.close();
			}
			armed = false;
			world.clock.wallOffsetMs = 0;

			const again = await open(one.name);
			await until(() => again.posture().posture === 'fresh');
			world.clock.pass(37 * 60_000);
			again.tick();
			const held = await readFile(one.places.credentials, 'utf8');
			await until(async () => (await readFile(one.places.credentials, 'utf8')) !== held || !lost);
			world.clock.wallOffsetMs = 0;
			await nextVersion(one, 17);
			await until(() => again.view().loaded_version === 2);
		},
	);
});

describe('51: the certificate ended while the host was asleep', () => {
	test('the host cannot renew, denies everything, and says what to do', async () => {
		const one = await fresh();
		await one.sandbox.close();
		await world.plane.database.store.withOrg(world.org.org_id, (transaction) =>
			transaction
				.updateTable('certificates')
				.set({ not_after: new Date(Date.now() - 1_000) } as never)
				.where('sandbox_id', '=', one.sandbox_id)
				.execute(),
		);

		const again = await open(one.name);
		await until(() => code(again) !== undefined);

		expect(code(again)).toBe('certificate_expired');
		expect(again.egressPolicy()).toBeNull();
	});
});

describe('52: the sandbox is revoked', () => {
	test('tunnels close at once; the plane alone stays reachable, so that the gateway can say why', async () => {
		const one = await fresh();
		await world.plane.revoke(world.org, one.sandbox_id);
		await until(() => one.sandbox.posture().posture === 'revoked');

		expect(code(one.sandbox)).toBe('sandbox_revoked');
		expect(one.sandbox.egressPolicy()).toMatchObject({ rules: { allow: [] }, cidrs: [] });
		expect(one.sandbox.token('gateway')).toBeDefined();

		world.clock.pass(301_000);
		expect(one.sandbox.egressPolicy()).toBeNull();
		expect(one.sandbox.token('gateway')).toBeUndefined();
	});

	test('a keyring that was under way comes too late', async () => {
		const one = await fresh();
		await world.plane.revoke(world.org, one.sandbox_id);
		await until(() => one.sandbox.posture().posture === 'revoked');
		const again = await open(one.name);
		await until(() => code(again) !== undefined);

		expect(code(again)).toBe('sandbox_revoked');
		expect(again.egressPolicy()).toBeNull();
	});

	test('a host that is cut off denies after 300 s at the latest', async () => {
		const one = await fresh();
		world.clock.pass(300_001);

		expect(one.sandbox.egressPolicy()).toBeNull();
	});
});

describe('7: two policies under one version', () => {
	test('an alarm is told, and the sandbox is in quarantine until the epoch is raised', async () => {
		const one = await fresh();
		await one.sandbox.close();
		const bytes = await signConflict(world, one.places.keyring);
		const store = await storeOf(one);
		expect(await store.receive(bytes)).toMatchObject({ rejection: { code: 'version_conflict', alarm: true } });

		const again = await open(one.name);
		await until(() => again.posture().posture === 'quarantined');
		await nextVersion(one, 18);
		await until(async () => again.view().connected && again.view().wanted_version === 1);
		expect(again.view().loaded_version).toBe(1);

		await world.plane.rotate(world.org, { epoch: 2 });
		await world.plane.apply(world.org, [one.sandbox_id], { policy: policyWithBudget(19) });
		// What is loaded follows what is held.
		await until(
			() => again.posture().posture === 'fresh' && again.view().loaded_version === 1 && again.view().epoch === 2,
		);
		expect(again.view()).toMatchObject({ epoch: 2, loaded_version: 1 });
	});
});

describe('what is loaded is told after it is loaded', () => {
	test('the report names the version that is rendered', async () => {
		const one = await fresh();
		const report = (): Promise<{ policy_version: number } | undefined> =>
			world.plane.database.store.withOrg(world.org.org_id, (transaction) =>
				transaction
					.selectFrom('sandbox_status')
					.select('policy_version')
					.where('sandbox_id', '=', one.sandbox_id)
					.executeTakeFirst(),
			);
		await until(async () => (await report())?.policy_version === one.sandbox.view().loaded_version);
		await nextVersion(one, 20);
		await until(async () => (await report())?.policy_version === 2);

		expect(await versionOnDisk(one.places.floor)).toBe(2);
	});
});
