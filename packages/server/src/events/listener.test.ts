import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startListener } from './listener.ts';

/* A connection to the database that falls silent: packets are lost, and nobody says so. */

class Connection extends EventEmitter {
	readonly queries: string[] = [];
	silent = false;
	readonly query = (text: string): Promise<void> => {
		this.queries.push(text);
		return this.silent ? new Promise(() => {}) : Promise.resolve();
	};
	readonly end = (): Promise<void> => {
		if (this.silent) return new Promise(() => {});
		this.emit('end');
		return Promise.resolve();
	};
}

const made: Connection[] = [];
let gaps = 0;
const store = {
	connect: async () => {
		const connection = new Connection();
		made.push(connection);
		return connection as never;
	},
};

beforeEach(() => {
	vi.useFakeTimers();
	made.length = 0;
	gaps = 0;
});
afterEach(() => vi.useRealTimers());

const start = () =>
	startListener({
		store,
		onNotice: () => {},
		onGap: () => {
			gaps += 1;
		},
	});

describe('a connection for notices', () => {
	it('that falls silent without a word is given up within 5 s, and what was missed is looked for', async () => {
		const listener = start();
		await vi.advanceTimersByTimeAsync(60_000);
		expect([made.length, gaps, listener.connected()]).toEqual([1, 1, true]);

		made[0]!.silent = true;
		await vi.advanceTimersByTimeAsync(5_000);

		expect([made.length, gaps, listener.connected()]).toEqual([2, 2, true]);
		expect(made[1]!.queries[0]).toMatch(/^listen /);
		const stopped = listener.stop();
		await vi.advanceTimersByTimeAsync(5_000);
		await stopped;
	});

	it('that is silent from the beginning is made anew as well', async () => {
		const { connect } = store;
		store.connect = async () => {
			store.connect = connect;
			const silent = await connect();
			made[0]!.silent = true;
			return silent;
		};
		const listener = start();
		await vi.advanceTimersByTimeAsync(5_100);

		expect([made.length, listener.connected()]).toEqual([2, true]);
		await listener.stop();
	});

	it('that is silent when it is told to stop does not keep anybody waiting', async () => {
		const listener = start();
		await vi.advanceTimersByTimeAsync(10);
		made[0]!.silent = true;
		const stopped = listener.stop();
		await vi.advanceTimersByTimeAsync(5_000);

		await expect(stopped).resolves.toBeUndefined();
		expect(made).toHaveLength(1);
	});
});
