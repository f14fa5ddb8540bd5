import type { OrgId, SandboxId } from '@tappass/core';
import type { AuditLog } from '../audit-store/audit-log.ts';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { DeriveContext } from '../recompile/derive.ts';
import type { Recompiler } from '../recompile/recompiler.ts';
import type { OrgTransaction, Store } from '../store/store.ts';

/** What the operator API stands on; the program's entry wires it. */
export interface Services {
	readonly store: Store;
	readonly audit: AuditLog;
	/** Whether anyone may read the checkpoints and tiles of the logs, which hold no content. */
	readonly auditIsPublic: boolean;
	readonly keys: OrgKeys;
	readonly recompiler: Recompiler;
	readonly derive: DeriveContext;
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly version: string;
	/** What runs in this process, for `status`. */
	readonly planes: Readonly<Record<string, string | null>>;
	/** Mints the single-use URL of one sandbox. */
	readonly mintBootstrap: (
		transaction: OrgTransaction,
		request: { readonly orgId: OrgId; readonly sandboxId: SandboxId; readonly createdBy: string; readonly now: number },
	) => Promise<{ readonly url: string; readonly expires_at: string }>;
}
