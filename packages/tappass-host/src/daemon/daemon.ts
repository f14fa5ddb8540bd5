import { join } from 'node:path';
import { instant, TapPassError } from '@tappass/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { finishReplacement } from '../enrol/replacement.ts';
import type { Weakness } from '../launch/types.ts';
import { limits } from '../limits.ts';
import { startLocalApi } from '../local-api/server.ts';
import { claimState } from '../state/claim.ts';
import { enrolledNames, setAsideNames } from '../state/enrolled.ts';
import { type Files, makePrivateDirectory } from '../state/files.ts';
import { assertName, type Places, sandboxPlaces } from '../state/places.ts';
import { GovernedSandbox } from './governed-sandbox.ts';
import type { KernelRing } from './kernel-ring.ts';
import type { Notifier } from './notify.ts';
import { userFor } from './users.ts';
import type { DaemonView } from './view.ts';

export interface DaemonOptions {
	readonly places: Places;
	readonly files: Files;
	readonly clock: Clock;
	readonly ring: KernelRing;
	readonly log: Logger;
	readonly notifier: Notifier;
	/** `PATH` in which programs are looked for. */
	readonly path: string;
	/** Group whose members may speak to it, beside its own user. */
	readonly gid?: number;
	readonly version: string;
	/** 0 to 1. */
	readonly random?: () => number;
}

/** A daemon that runs. */
export interface RunningDaemon {
	readonly sandbox: (name: string) => GovernedSandbox;
	readonly view: () => DaemonView;
	readonly close: () => Promise<void>;
}

/**
 * Runs the host's daemon in this process: every sandbox in the state directory, and the local API, whose socket is the
 * lock that keeps a second daemon away.
 * @throws {TapPassError} already_running
 */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
	const { clock, files, log, notifier, places, random = Math.random } = options;
	const sandboxes = new Map<string, GovernedSandbox>();
	const watchers = new Set<() => void>();
	const weaknesses: readonly Weakness[] = await options.ring.weaknesses();
	const startedAt = instant(clock.now().wall_ms);

	const find = (name: string): GovernedSandbox => {
		const found = sandboxes.get(assertName(name));
		if (found !== undefined) return found;
		const known = [...sandboxes.keys()].sort();
		throw new TapPassError('not_found', {
			detail: `no sandbox ${name} on this host`,
			hint: known.length === 0 ? 'tappass-host init enrols one' : `there is ${known.slice(0, 10).join(', ')}`,
		});
	};
	const view = (): DaemonView => ({
		schema: 'tappass.host.status/1',
		daemon: { pid: process.pid, uid: process.getuid?.() ?? 0, started_at: startedAt, version: options.version },
		weaknesses,
		sandboxes: [...sandboxes.values()].map((one) => one.view()).sort((a, b) => (a.name < b.name ? -1 : 1)),
	});
	const release = async (name: string): Promise<void> => {
		const sandbox = find(name);
		sandboxes.delete(name);
		await sandbox.close();
	};
	const open = async (name: string): Promise<void> => {
		if (sandboxes.has(name)) return;
		const own = sandboxPlaces(places.state, name);
		const sandbox = new GovernedSandbox({
			name,
			places: own,
			runtime: join(places.runtime, 'run'),
			files,
			clock,
			ring: options.ring,
			log,
			user: await userFor(files, places.state, name),
			path: options.path,
			random,
			changed: () => {
				for (const wake of watchers) wake();
			},
		});
		sandboxes.set(name, sandbox);
		await sandbox.open();
	};
	/** Takes up what was enrolled and lets go of what was removed, or enrolled anew, since. */
	const takeUp = async (): Promise<void> => {
		for (const name of await setAsideNames(places.state)) {
			if (!sandboxes.has(name)) await finishReplacement(files, places.state, name);
		}
		const names = await enrolledNames(files, places.state);
		for (const [name, sandbox] of [...sandboxes]) {
			if (!names.includes(name) || !(await sandbox.isCurrent())) await release(name);
		}
		for (const name of names) await open(name);
	};
	// One at a time: two that look at once would both open what is new, and give two sandboxes one user.
	let reloading = Promise.resolve();
	const reload = (): Promise<void> => {
		reloading = reloading.then(takeUp, takeUp);
		return reloading;
	};

	const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();
	await makePrivateDirectory(places.runtime);
	const api = await startLocalApi({
		socket: places.socket,
		...(options.gid === undefined ? {} : { gid: options.gid }),
		log,
		actions: {
			ready,
			view,
			reload,
			release,
			sandbox: find,
			watch: (wake) => {
				watchers.add(wake);
				return () => watchers.delete(wake);
			},
		},
	});
	let giveBack = async (): Promise<void> => undefined;
	try {
		await makePrivateDirectory(places.state);
		giveBack = await claimState(places.state, places.socket);
		const swept = await options.ring.sweep(join(places.runtime, 'run'));
		if (swept.length > 0) log.warn({ sandboxes: swept }, 'agents of a daemon that died were ended');
		await reload();
	} catch (error) {
		// A daemon that holds the lock and serves nothing would keep the next one away.
		await Promise.all([...sandboxes.values()].map((one) => one.close()));
		await giveBack();
		await api.close();
		throw error;
	}
	isReady();
	const stopTicking = ticking(clock, () => {
		for (const sandbox of sandboxes.values()) sandbox.tick();
	});
	const alive = notifier.everyMs === undefined ? undefined : setInterval(notifier.alive, notifier.everyMs);
	notifier.ready();
	log.info({ sandboxes: sandboxes.size }, 'the daemon runs');

	return {
		sandbox: find,
		view,
		close: async () => {
			notifier.stopping();
			stopTicking();
			clearInterval(alive);
			await Promise.all([...sandboxes.values()].map((one) => one.close()));
			await giveBack();
			await api.close();
			await notifier.close();
			log.info('the daemon has ended');
		},
	};
}

function ticking(clock: Clock, tick: () => void): () => void {
	let cancel = (): void => undefined;
	const again = (): void => {
		cancel = clock.after(limits.tickMs, () => {
			tick();
			again();
		});
	};
	again();
	return () => cancel();
}
