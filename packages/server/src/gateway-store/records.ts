import type { OrgId } from '@tappass/core';
import type { SignalPort, UnenrolledPort } from '@tappass/gateway';
import { sql } from 'kysely';
import { storableText } from '../store/storable.ts';
import type { Store } from '../store/store.ts';
import type { Batches } from './batch.ts';

/** Callers that nobody enrolled, as rows that count. */
export class StoredUnenrolled implements UnenrolledPort {
	readonly #batches: Batches;
	readonly #orgIds: Store['orgIds'];

	constructor(batches: Batches, orgIds: Store['orgIds']) {
		this.#batches = batches;
		this.#orgIds = orgIds;
	}

	readonly report: UnenrolledPort['report'] = async (caller, claimed) => {
		const orgs = await this.#orgIds();
		// Whose caller it is nobody knows; a claim decides only who is told, and with one org there is no question.
		const org_id = orgs.find((one) => one === claimed) ?? (orgs.length === 1 ? orgs[0] : undefined);
		if (org_id === undefined) return;
		const [source, signature] = [caller.source.slice(0, 64), caller.signature.slice(0, 128)];
		await this.#batches.run(org_id, async (transaction) => {
			const known = await transaction
				.updateTable('unenrolled_callers')
				.set({ seen: sql`seen + 1`, last_seen: sql`now()` })
				.where('source', '=', source)
				.where('signature', '=', signature)
				.returning('source')
				.executeTakeFirst();
			if (known !== undefined) return;
			const { count } = await transaction
				.selectFrom('unenrolled_callers')
				.select((of) => of.fn.countAll<number>().as('count'))
				.executeTakeFirstOrThrow();
			if (count >= callersMax) return;
			await transaction
				.insertInto('unenrolled_callers')
				.values({ org_id, source, signature, user_agent: caller.user_agent?.slice(0, 256) ?? null })
				.onConflict((conflict) =>
					conflict
						.columns(['org_id', 'source', 'signature'])
						.doUpdateSet({ seen: sql`unenrolled_callers.seen + 1`, last_seen: sql`now()` }),
				)
				.execute();
		});
	};
}

const callersMax = 10_000;

type Signal = Parameters<SignalPort['record']>[0];

/** Drift signals: counted here, added to the hour's rows now and then. They are metrics; what a crash takes is seconds. */
export class StoredSignals implements SignalPort {
	readonly #store: Pick<Store, 'withOrg'>;
	readonly #onError: (error: unknown) => void;
	readonly #timer: NodeJS.Timeout;
	#counts = new Map<string, { readonly org_id: OrgId; readonly row: Row; count: number }>();
	#writing: Promise<void> = Promise.resolve();

	constructor(store: Pick<Store, 'withOrg'>, onError: (error: unknown) => void) {
		this.#store = store;
		this.#onError = onError;
		this.#timer = setInterval(() => this.#flush(), flushMs).unref();
	}

	readonly record: SignalPort['record'] = (signal) => {
		if (this.#counts.size >= countsMax) return;
		for (const detection of signal.detections.length === 0 ? [''] : signal.detections) {
			const row = rowOf(signal, detection);
			const name = `${signal.org_id} ${JSON.stringify(row)}`;
			const held = this.#counts.get(name);
			if (held === undefined) this.#counts.set(name, { org_id: signal.org_id, row, count: 1 });
			else held.count += 1;
		}
	};

	/** Writes what was counted. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		this.#flush();
		await this.#writing;
	}

	#flush(): void {
		const counts = [...this.#counts.values()];
		this.#counts = new Map();
		if (counts.length === 0) return;
		const byOrg = Map.groupBy(counts, ({ org_id }) => org_id);
		this.#writing = Promise.all([...byOrg].map(([org_id, own]) => this.#write(org_id, own)))
			.then(() => {})
			.catch(this.#onError);
	}

	// Not in the batches: calls wait for those, and an agent can make many rows.
	#write(org_id: OrgId, counts: readonly { readonly row: Row; readonly count: number }[]): Promise<void> {
		return this.#store.withOrg(org_id, async (transaction) => {
			for (let at = 0; at < counts.length; at += 500)
				await transaction
					.insertInto('signals')
					.values(counts.slice(at, at + 500).map(({ count, row }) => ({ org_id, ...row, count })))
					.onConflict((conflict) =>
						conflict
							.columns([
								'org_id',
								'hour',
								'sandbox_id',
								'kind',
								'tool',
								'shape',
								'detection',
								'unknown_tool',
								'blocked',
							])
							.doUpdateSet({ count: sql`signals.count + excluded.count` }),
					)
					.execute();
		});
	}
}

const flushMs = 2_000;
const countsMax = 50_000;
const hourMs = 3_600_000;

interface Row {
	readonly hour: string;
	readonly sandbox_id: Signal['sandbox_id'];
	readonly kind: Signal['kind'];
	readonly tool: string;
	readonly shape: string;
	readonly detection: string;
	readonly unknown_tool: boolean;
	readonly blocked: boolean;
}

function rowOf(signal: Signal, detection: string): Row {
	const { sandbox_id, kind, tool = '', shape = '', unknown_tool, blocked, at } = signal;
	const hour = new Date(Math.floor(at / hourMs) * hourMs).toISOString();
	return {
		hour,
		sandbox_id,
		kind,
		tool: storableText(tool),
		shape: storableText(shape),
		detection,
		unknown_tool,
		blocked,
	};
}
