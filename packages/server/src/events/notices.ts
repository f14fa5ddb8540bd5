import { type OrgId, orgIdSchema, type SandboxId, sandboxIdSchema } from '@tappass/core';
import { sql } from 'kysely';
import { z } from 'zod';
import type { OrgTransaction } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';

/**
 * What replicas tell each other through the database: ids only. Who hears it reads the rows.
 * `policy`: a new statement was signed; `state`: a sandbox was revoked or locked; `renewed`: older certificates are void;
 * `session`: a session was opened or ended; `root`: the org has a new root document; `registry`: upstreams, servers,
 * approved tools or clearances of the org changed.
 */
export interface Notice {
	readonly kind: 'policy' | 'state' | 'renewed' | 'session' | 'root' | 'registry';
	readonly org_id: OrgId;
	/** Empty: every sandbox of the org. */
	readonly sandbox_ids: readonly SandboxId[];
}

/** The channel of LISTEN and NOTIFY. */
export const noticeChannel = 'tappass';

/**
 * Tells every replica, this one too, once the transaction has been committed; nothing is said when it is undone.
 * Long lists are split, since PostgreSQL carries at most 8,000 bytes.
 */
export async function announce(transaction: OrgTransaction, notice: Notice): Promise<void> {
	for (const text of noticeTexts(notice)) {
		await sql`select pg_notify(${noticeChannel}, ${text})`.execute(transaction);
	}
}

/** The texts that carry a notice. */
export function noticeTexts({ kind, org_id, sandbox_ids }: Notice): readonly string[] {
	const texts: string[] = [];
	for (let at = 0; at === 0 || at < sandbox_ids.length; at += syncLimits.noticeIdsMax) {
		texts.push(JSON.stringify({ kind, org_id, sandbox_ids: sandbox_ids.slice(at, at + syncLimits.noticeIdsMax) }));
	}
	return texts;
}

const schema = z.strictObject({
	kind: z.enum(['policy', 'state', 'renewed', 'session', 'root', 'registry']),
	org_id: orgIdSchema,
	sandbox_ids: z.array(sandboxIdSchema),
});

/** A notice from its text; undefined for what a later version, or someone else on the database, may have sent. */
export function parseNotice(text: string): Notice | undefined {
	try {
		return schema.parse(JSON.parse(text));
	} catch {
		// Nothing is lost: reconciling finds every change that no notice told of.
		return undefined;
	}
}
