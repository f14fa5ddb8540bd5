import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxId } from '@tappass/core';
import { type TestControlPlane, type TestOrg, testControlPlane } from '@tappass/server/test-control-plane';
import type { Now } from '@tappass/trust';
import { pino } from 'pino';
import type { Clock } from '../clock.ts';
import { GovernedSandbox, type GovernedSandboxOptions } from '../daemon/governed-sandbox.ts';
import { thisKernelRing } from '../daemon/this-kernel-ring.ts';
import { enrol } from '../enrol/enrol.ts';
import { diskFiles, type Files } from '../state/files.ts';
import { type Places, placesOf, type SandboxPlaces, sandboxPlaces } from '../state/places.ts';

/** The clocks of a test: they run as the machine's do, from where the test has put them. */
export class TestClock implements Clock {
	wallOffsetMs = 0;
	monotonicOffsetMs = 0;

	readonly now = (): Now => ({
		wall_ms: Date.now() + this.wallOffsetMs,
		monotonic_ms: performance.now() + this.monotonicOffsetMs,
	});

	readonly after = (ms: number, fn: () => void): (() => void) => {
		const timer = setTimeout(fn, ms);
		return () => clearTimeout(timer);
	};

	/** Time passes on both clocks at once. */
	pass(ms: number): void {
		this.wallOffsetMs += ms;
		this.monotonicOffsetMs += ms;
	}
}

/** A control plane with one org, and a machine whose state lies in a directory of its own. */
export interface HostWorld {
	readonly plane: TestControlPlane;
	readonly org: TestOrg;
	readonly clock: TestClock;
	readonly places: Places;
	readonly files: Files;
	/** A bootstrap URL of a new sandbox. */
	readonly url: () => Promise<{ readonly url: string; readonly sandbox_id: SandboxId }>;
	/** Enrols a new sandbox. */
	readonly enrol: (name: string) => Promise<{ readonly sandbox_id: SandboxId; readonly places: SandboxPlaces }>;
	/** Opens a sandbox as the daemon does; it is ticked by hand. */
	readonly open: (name: string, change?: Partial<GovernedSandboxOptions>) => Promise<GovernedSandbox>;
	readonly close: () => Promise<void>;
}

let orgs = 0;

export async function hostWorld(): Promise<HostWorld> {
	const plane = await testControlPlane();
	orgs += 1;
	const org = await plane.addOrg(`org_hostworld${process.pid}${orgs}`);
	// The plane shows the certificate of an org, so there must be one.
	const port = await freePort();
	await plane.start({ listen: { host: '127.0.0.1', port }, address: `https://127.0.0.1:${port}` });
	const directory = await mkdtemp(join(tmpdir(), 'tappass-host-'));
	const places = placesOf({
		TAPPASS_HOST_STATE: join(directory, 'state'),
		TAPPASS_HOST_RUNTIME: join(directory, 'run'),
	});
	const clock = new TestClock();
	const opened: GovernedSandbox[] = [];
	const url: HostWorld['url'] = async () => {
		const [sandbox_id] = await plane.addSandboxes(org, 1);
		return { url: (await plane.emit(org, sandbox_id!)).url, sandbox_id: sandbox_id! };
	};
	const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
	return {
		plane,
		org,
		clock,
		places,
		files: diskFiles,
		url,
		enrol: async (name) => {
			const made = await url();
			await enrol({ name, url: made.url, places, files: diskFiles, now: clock.now });
			return { sandbox_id: made.sandbox_id, places: sandboxPlaces(places.state, name) };
		},
		open: async (name, change = {}) => {
			const sandbox = new GovernedSandbox({
				name,
				places: sandboxPlaces(places.state, name),
				runtime: join(places.runtime, 'run'),
				files: diskFiles,
				clock,
				ring: thisKernelRing(process.env['PATH'] ?? ''),
				log: pino({ level: 'silent' }),
				user: own,
				path: process.env['PATH'] ?? '',
				random: () => 0.5,
				changed: () => undefined,
				...change,
			});
			opened.push(sandbox);
			await sandbox.open();
			return sandbox;
		},
		close: async () => {
			await Promise.all(opened.map((one) => one.close()));
			await plane.close();
			await rm(directory, { recursive: true, force: true });
		},
	};
}

/** A port of this machine that nobody listens at. */
export function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

/** Waits until something holds; a test fails, by its own time limit, when it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
