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
	let leave: () => void = () => {};

	const listenOnce = async (): Promise<void> => {
		const connection = await store.connect();
		client = connection;
		let giveUp: () => void = () => {};
		const ended = new Promise<void>((resolve) => {
			giveUp = resolve;
			connection.on('error', (error) => {
				onError(error);
				resolve();
			});
			connection.on('end', () => resolve());
		});
		leave = giveUp;
		const silence = probe(connection, giveUp);
		try {
			// Asked to stop while it was connecting: there was no connection to end yet.
			if (stopped) return;
			connection.on('notification', ({ payload }) => {
				const notice = payload === undefined ? undefined : parseNotice(payload);
				if (notice !== undefined) onNotice(notice);
			});
			await Promise.race([connection.query(`listen ${noticeChannel}`), ended]);
			listening = true;
			onGap();
			await ended;
		} finally {
			clearInterval(silence);
			listening = false;
			client = undefined;
			await end(connection);
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
		leave();
		if (client !== undefined) await end(client);
		await done;
	};
	return { connected: () => listening, stop };
}

/** A connection that was cut without a word is found by speaking on it: whoever has not answered by the next time is gone. */
function probe(connection: pg.Client, giveUp: () => void): NodeJS.Timeout {
	let unanswered = false;
	return setInterval(() => {
		if (unanswered) return giveUp();
		unanswered = true;
		connection.query('select 1').then(() => {
			unanswered = false;
		}, giveUp);
	}, syncLimits.listenProbeMs);
}

/** Ends a connection that is broken or no longer wanted: how it ends changes nothing, and one that is silent never does. */
async function end(connection: pg.Client): Promise<void> {
	let late: NodeJS.Timeout | undefined;
	const waited = new Promise<void>((resolve) => {
		late = setTimeout(resolve, syncLimits.listenRetryMs);
	});
	await Promise.race([connection.end().catch(() => {}), waited]);
	clearTimeout(late);
}
