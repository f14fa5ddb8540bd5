import { setTimeout as sleep } from 'node:timers/promises';
import type { OrgId } from '@tappass/core';
import type pg from 'pg';
import { AuditLog } from '../audit-store/audit-log.ts';
import { fileKms } from '../keys/kms.ts';
import { OrgKeys } from '../keys/org-keys.ts';
import { openStore, type Store } from '../store/store.ts';

/*
 * A process that appends events and sequences the log, for tests that kill it: forked, told where everything is, it says
 * which events were acknowledged, until it is ended.
 */

/** What the process is told. */
export interface WriterOptions {
	readonly connection: pg.ClientConfig;
	readonly org_id: OrgId;
	readonly kmsKeyFile: string;
	/** Of this process alone: what it saw signed. */
	readonly watermarks: string;
	/** Callers that append at once, each waiting for its answer. */
	readonly callers: number;
}

/** What it says. */
export type WriterMessage =
	| { readonly kind: 'ready' }
	| { readonly kind: 'acked'; readonly id: string }
	| { readonly kind: 'refused'; readonly id: string; readonly code: string }
	| { readonly kind: 'alarm'; readonly reason: string };

/** Runs until it is ended. */
export async function write(options: WriterOptions): Promise<never> {
	const say = (message: WriterMessage): void => {
		process.send?.(message);
	};
	const store = await untilOpen(options.connection);
	const audit = new AuditLog({
		store,
		keys: new OrgKeys(await fileKms(options.kmsKeyFile)),
		directory: options.watermarks,
		host: 'test',
		now: Date.now,
		log: (level, msg, fields) => {
			if (level === 'error') say({ kind: 'alarm', reason: `${msg}: ${fields['reason']}` });
		},
	});
	audit.start();
	say({ kind: 'ready' });
	const caller = async (): Promise<never> => {
		for (;;) {
			const actor = { kind: 'server', id: 'writer' } as const;
			const event = audit.event({
				org_id: options.org_id,
				type: 'catalog.changed',
				actor,
				decision: 'none',
				payload: {},
			});
			// What got no answer is sent again under its id, as every caller is to do.
			for (let isAcked = false; !isAcked; ) {
				isAcked = await audit.append([event]).then(
					() => true,
					(error: { readonly code?: string }) => {
						say({ kind: 'refused', id: event.id, code: error.code ?? 'none' });
						return false;
					},
				);
				if (!isAcked) await sleep(50);
			}
			say({ kind: 'acked', id: event.id });
		}
	};
	return Promise.race(Array.from({ length: options.callers }, caller));
}

// It may be started while the database is not.
async function untilOpen(connection: pg.ClientConfig): Promise<Store> {
	for (;;) {
		try {
			return await openStore({ connection });
		} catch {
			await sleep(100);
		}
	}
}

if (process.send !== undefined && process.argv[1]?.endsWith('audit-writer.js')) {
	process.once('message', (options) => {
		void write(options as WriterOptions);
	});
	process.once('disconnect', () => process.exit(0));
}
