import { type OrgId, TapPassError } from '@tappass/core';
import type { Store } from '../store/store.ts';
import type { Appender, ServerEvent } from './append.ts';
import { auditLimits } from './limits.ts';

export interface CommitterOptions {
	readonly store: Pick<Store, 'withOrg'>;
	readonly appender: Pick<Appender, 'append'>;
	/** Told that something was appended. */
	readonly onAppended: () => void;
}

interface Waiting {
	readonly events: readonly ServerEvent[];
	readonly resolve: () => void;
	readonly reject: (error: TapPassError) => void;
	readonly deadline: NodeJS.Timeout;
}

interface Line {
	waiting: Waiting[];
	flushes: number;
	/** Set while all that waits can wait. */
	later: NodeJS.Timeout | undefined;
}

/**
 * Appends the events of many callers in few transactions: while one commits, what comes meanwhile waits for the next.
 * An event is acknowledged when its commit was, never before; one that was not may be there all the same, and may be sent
 * again under its id.
 */
export class Committer {
	readonly #options: CommitterOptions;
	readonly #lines = new Map<OrgId, Line>();
	#outstanding = 0;

	constructor(options: CommitterOptions) {
		this.#options = options;
	}

	/** Events that wait for their commit. */
	get outstanding(): number {
		return this.#outstanding;
	}

	/**
	 * Resolves when every event is durable.
	 * @param canWait nobody waits for these: they may share the commit of what comes within `sharingMs`
	 * @throws {TapPassError} audit_unavailable when too many wait already, in time or at all; request_too_large, audit_event_invalid
	 */
	append(orgId: OrgId, events: readonly ServerEvent[], canWait = false): Promise<void> {
		if (events.length === 0) return Promise.resolve();
		if (this.#outstanding + events.length > auditLimits.outstandingMax)
			return Promise.reject(
				new TapPassError('audit_unavailable', { detail: `${this.#outstanding} events wait to be written` }),
			);
		this.#outstanding += events.length;
		return new Promise<void>((resolve, reject) => {
			const late = new TapPassError('audit_unavailable', { detail: 'the database has not confirmed in time' });
			const deadline = setTimeout(() => reject(late), auditLimits.appendMs);
			const line = this.#lines.get(orgId) ?? { waiting: [], flushes: 0, later: undefined };
			this.#lines.set(orgId, line);
			line.waiting.push({ events, resolve, reject, deadline });
			if (canWait) line.later ??= setTimeout(() => this.#pump(orgId, line), auditLimits.sharingMs);
			else this.#pump(orgId, line);
		});
	}

	#pump(orgId: OrgId, line: Line): void {
		clearTimeout(line.later);
		line.later = undefined;
		while (line.waiting.length > 0 && line.flushes < auditLimits.flushesMax) {
			line.flushes += 1;
			const batch = take(line);
			void this.#flush(orgId, batch).finally(() => {
				line.flushes -= 1;
				for (const { deadline, events } of batch) {
					clearTimeout(deadline);
					this.#outstanding -= events.length;
				}
				if (line.waiting.length === 0 && line.flushes === 0) this.#lines.delete(orgId);
				else this.#pump(orgId, line);
			});
		}
	}

	async #flush(orgId: OrgId, batch: readonly Waiting[]): Promise<void> {
		const { store, appender, onAppended } = this.#options;
		const events = batch.flatMap((each) => each.events);
		try {
			await store.withOrg(orgId, (transaction) => appender.append(transaction, orgId, events));
			for (const { resolve } of batch) resolve();
			onAppended();
		} catch (error) {
			// One that cannot be written must not take the others with it.
			if (batch.length > 1 && isOwnFault(error)) {
				for (const each of batch) await this.#flush(orgId, [each]);
				return;
			}
			const told = isOwnFault(error) ? error : unavailable(error);
			for (const { reject } of batch) reject(told);
		}
	}
}

// Callers in the order they came, until the batch is full; the first is taken whatever its size.
function take(line: Line): readonly Waiting[] {
	let [count, events] = [0, 0];
	for (const each of line.waiting) {
		if (count > 0 && events + each.events.length > auditLimits.flushMax) break;
		count += 1;
		events += each.events.length;
	}
	return line.waiting.splice(0, count);
}

/** Whether it is the event that cannot be written, wherever it goes. */
export function isOwnFault(error: unknown): error is TapPassError {
	return error instanceof TapPassError && (error.code === 'request_too_large' || error.code === 'audit_event_invalid');
}

/** Whatever keeps an event from being written, its caller is told the same. */
export function unavailable(cause: unknown): TapPassError {
	return cause instanceof TapPassError && cause.code === 'audit_unavailable'
		? cause
		: new TapPassError('audit_unavailable', {
				...(cause instanceof TapPassError && cause.detail !== undefined ? { detail: cause.detail } : {}),
				cause,
			});
}
