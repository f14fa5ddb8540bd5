import { setTimeout as wait } from 'node:timers/promises';
import { startProgress, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { isLoaded } from '../views/sandbox.ts';
import { type ApiClient, path } from './api-client.ts';
import { sandbox, spec, status } from './shapes.ts';

/** Does what makes the server derive policies; when that takes long, says on stderr how many are left. */
export async function withProgress<T>(
	terminal: Terminal,
	client: ApiClient,
	text: string,
	work: () => Promise<T>,
): Promise<T> {
	const stop = new AbortController();
	// Only a figure for people, so a failure of it is none: the answer to the work itself says what became of it.
	const watching = terminal.json ? undefined : watch(terminal, client, text, stop.signal).catch(() => undefined);
	try {
		return await work();
	} finally {
		stop.abort();
		await watching;
	}
}

async function watch(terminal: Terminal, client: ApiClient, text: string, signal: AbortSignal): Promise<void> {
	await wait(limits.progressAfterMs, undefined, { signal });
	const progress = startProgress(terminal, text);
	try {
		while (true) {
			await wait(limits.waitPollMs, undefined, { signal });
			const { stale } = await client.get('/v1/status', status);
			progress.update(stale > 0 ? `${text}: ${stale} left to derive` : text);
		}
	} finally {
		progress.stop();
	}
}

/** Hosts that have loaded what was signed, and those that have not. */
export interface Loaded {
	readonly loaded: number;
	/** Not enrolled yet: nothing is waited for. */
	readonly pending: number;
}

/**
 * Waits until every enrolled sandbox of these specs has loaded its newest statement.
 * @throws {TapPassError} timed_out, naming those that have not
 */
export async function waitLoaded(
	terminal: Terminal,
	client: ApiClient,
	specs: readonly string[],
	seconds: number,
): Promise<Loaded> {
	const until = performance.now() + seconds * 1_000;
	const progress = startProgress(terminal, 'waiting for hosts to load it');
	try {
		while (true) {
			const all = await client.all('/v1/sandboxes', sandbox);
			const concerned = all.filter(({ spec: of, state }) => specs.includes(of) && state !== 'revoked');
			const enrolled = concerned.filter(({ state }) => state !== 'pending');
			const behind = enrolled.filter((each) => each.stale || !isLoaded(each));
			if (behind.length === 0) return { loaded: enrolled.length, pending: concerned.length - enrolled.length };
			if (performance.now() > until)
				throw new TapPassError('timed_out', {
					detail: `${behind.length} of ${enrolled.length} hosts have not loaded it: ${behind
						.slice(0, 10)
						.map(({ id, name }) => name ?? id)
						.join(', ')}`,
					hint: 'the change is in force as soon as they connect; tappass sandbox list shows what each has loaded',
				});
			progress.update(`waiting for ${behind.length} of ${enrolled.length} hosts to load it`);
			await wait(limits.waitPollMs);
		}
	} finally {
		progress.stop();
	}
}

/** Whether the org has a spec of its own of this id. */
export async function hasSpec(client: ApiClient, id: string): Promise<boolean> {
	try {
		return (await client.get(path`/v1/sandbox-specs/${id}`, spec)).source === 'org';
	} catch (error) {
		if (error instanceof TapPassError && error.code === 'not_found') return false;
		throw error;
	}
}
