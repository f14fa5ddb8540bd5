import type pg from 'pg';
import type { Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import { type Notice, noticeChannel, parseNotice } from './notices.ts';

export interface ListenerOptions {
	readonly store: Pick<Store, 'connect'>;
	readonly onNotice: (notice: Notice) => void;
	/** Called whenever notices may have been missed: after the first connection and after each that was lost. */
	readonly onGap: () => void;
	readonly onError?: (error: unknown) => void;
}

/** Hears notices of all replicas for as long as it runs. */
export interface Listener {
	readonly connected: () => boolean;
	readonly stop: () => Promise<void>;
}

/** Listens on a connection of its own, and again on a new one whenever that breaks; never gives up. */
export function startListener({ onError = () => {}, onGap, onNotice, store }: ListenerOptions): Listener {
	let client: pg.Client | undefined;
	let listening = false;
	let stopped = false;
	let wake: () => void = () => {};

	const listenOnce = async (): Promise<void> => {
		const connection = await store.connect();
		client = connection;
		const ended = new Promise<void>((resolve) => {
			connection.on('error', (error) => {
				onError(error);
				resolve();
			});
			connection.on('end', () => resolve());
		});
		try {
			// Asked to stop while it was connecting: there was no connection to end yet.
			if (stopped) return;
			connection.on('notification', ({ payload }) => {
				const notice = payload === undefined ? undefined : parseNotice(payload);
				if (notice !== undefined) onNotice(notice);
			});
			await connection.query(`listen ${noticeChannel}`);
			listening = true;
			onGap();
			const probe = setInterval(() => {
				// A connection that was cut without a word is found by speaking on it.
				connection.query('select 1').catch(() => connection.end().catch(() => {}));
			}, syncLimits.reconcileMs);
			await ended.finally(() => clearInterval(probe));
		} finally {
			listening = false;
			client = undefined;
			// The connection is broken or no longer wanted; how it ends changes nothing.
			await connection.end().catch(() => {});
		}
	};

	const loop = async (): Promise<void> => {
		while (!stopped) {
			await listenOnce().catch(onError);
			if (stopped) return;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, syncLimits.listenRetryMs);
				wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	};
	const done = loop();

	const stop = async (): Promise<void> => {
		stopped = true;
		wake();
		await client?.end().catch(() => {});
		await done;
	};
	return { connected: () => listening, stop };
}
