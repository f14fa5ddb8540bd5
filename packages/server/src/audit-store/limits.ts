/** Every bound of the audit log's store, with its reason. Durations carry their unit in the name. */
export const auditLimits = {
	/** Events that may wait for their commit in one process: beyond it callers are told to come back. */
	outstandingMax: 4_096,
	/** Events of one insert: large enough to share a commit, small enough that none waits long for the others. */
	flushMax: 256,
	/** Inserts of one org under way at once: one commits while the next is prepared. */
	flushesMax: 2,
	/** How long what nobody waits for is kept, to share a commit with what comes meanwhile. */
	sharingMs: 5,
	/** How long an append may take before its caller is told that it failed; beyond the deadline of a commit. */
	appendMs: 10_000,
	/** Bytes of what an event tells beyond its leaf: a whole prompt with its documents, in JSON. */
	payloadBytesMax: 4_194_304,
	/** How often the sequencer looks, and how soon after an append in its own process. */
	tickMs: 500,
	wakeMs: 150,
	/** Entries that are sequenced in one transaction. */
	batchMax: 2_048,
	/** How often a checkpoint is signed while the log grows: each costs a synced file and a commit. */
	signMs: 1_000,
	/** How often a checkpoint is signed though the log has not grown. */
	checkpointMs: 300_000,
	/** How often the list of orgs is read, and another process's checkpoint looked at. */
	observeMs: 2_000,
	/** When the database cuts a sequencer off that says nothing, so that another can take over. */
	silentMs: 5_000,
	/** How long after a log was read through from its first entry it is read again. */
	readAgainMs: 3_600_000,
	/** Entries that are read back at once. */
	readMax: 4_096,
	/** How long a pseudonym is used without asking again, and how many are remembered. */
	pseudonymMs: 30_000,
	pseudonymsMax: 50_000,
	/** How long one request may wait for the next entry. */
	tailMs: 25_000,
	/** How long after a period its evidence stands on a checkpoint: past the deadline of an append, and its sequencing. */
	evidenceSettleMs: 15_000,
	/** How often it looks. */
	tailEveryMs: 250,
} as const;
