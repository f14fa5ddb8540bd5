import { TapPassError } from '@tappass/core';
import pg from 'pg';
import { serverLimits } from '../limits.ts';

/**
 * A connection whose `commit` succeeds only when the database has kept its promise.
 *
 * With quorum commit PostgreSQL waits for its standbys after it has committed locally, without end: no timeout of its own
 * bounds that wait, and when someone cancels it, the commit "succeeds" with no more than a warning. Here a commit has a
 * deadline, and a warning during it is a failure: what was asked for may be there, but was not promised.
 */
export class DurableClient extends pg.Client {
	readonly #config: pg.ClientConfig;
	#warning: string | undefined;

	constructor(config?: string | pg.ClientConfig) {
		super(config);
		this.#config = typeof config === 'object' ? config : {};
		// The pool listens only while a connection is idle. One that breaks while it is used fails what it is used for; without
		// a listener it would also end the process.
		this.on('error', () => {});
		this.on('notice', ({ severity, message }) => {
			if (severity === 'WARNING') this.#warning = message;
		});
	}

	// Its overloads are those of pg; what comes back is what pg gives, but for a commit.
	override query: pg.Client['query'] = ((...parameters: unknown[]): unknown => {
		const result = (super.query as (...parameters: unknown[]) => unknown).apply(this, parameters);
		const isCommit = typeof parameters[0] === 'string' && parameters[0].toLowerCase() === 'commit';
		return isCommit && result instanceof Promise ? this.#commit(result) : result;
	}) as pg.Client['query'];

	async #commit(result: Promise<unknown>): Promise<unknown> {
		this.#warning = undefined;
		const { processID: processId, connection } = this as unknown as Internals;
		const cancel = setTimeout(() => {
			// Whether or not it can be reached: the next timer ends the wait on our side.
			void cancelBackend(this.#config, processId).catch(() => {});
		}, serverLimits.commitMs);
		const cut = setTimeout(() => connection.stream.destroy(), serverLimits.commitMs + serverLimits.commitCancelMs);
		try {
			const answer = await result;
			if (this.#warning === undefined) return answer;
			throw new TapPassError('store_unavailable', {
				detail: 'the change may be there, but not enough standbys have confirmed it',
				hint: 'see synchronous_standby_names, and whether the standbys run',
			});
		} finally {
			clearTimeout(cancel);
			clearTimeout(cut);
		}
	}
}

// `processID` is not in the types, nor is the socket.
interface Internals {
	readonly processID: number;
	readonly connection: { readonly stream: { readonly destroy: () => void } };
}

async function cancelBackend(config: pg.ClientConfig, processId: number): Promise<void> {
	const client = new pg.Client(config);
	await client.connect();
	try {
		await client.query('select pg_cancel_backend($1)', [processId]);
	} finally {
		await client.end();
	}
}
