/** Every bound of the control plane, with its reason. Durations carry their unit in the name. */
export const serverLimits = {
	/** Connections of one replica: PostgreSQL allows 100, and several replicas share them. */
	connectionsMax: 16,
	/** How long a request waits for a database that does not answer. */
	connectTimeoutMs: 5_000,
	/** How long a commit may wait for standbys, and then for the answer to its cancelling. */
	commitMs: 5_000,
	commitCancelMs: 2_000,
	/** When the database ends a transaction that nobody goes on with: a process that was stopped would keep its rows locked. */
	idleTransactionMs: 30_000,
	/** Life of a claim: longer than any transaction, shorter than anyone could make use of one left behind. */
	claimSeconds: 120,
	/** How long the embedded engine may take to start; recovery after a crash is part of it. */
	engineStartMs: 60_000,
	/** How long the embedded engine may take to stop before it is killed. */
	engineStopMs: 15_000,
	/** Bytes of one request of an operator: the files of one apply, base64 in JSON. */
	bodyBytesMax: 8_388_608,
	/** Items of one page, when the caller does not say, and at most. */
	pageDefault: 50,
	pageMax: 500,
	/** Upstreams and MCP servers of one org: all of them are read for a call. */
	upstreamsMax: 200,
	mcpServersMax: 200,
	/** Proposals that an agent is told of at once, the oldest first. */
	proposalsMax: 100,
	/** Active API keys of one user (DESIGN.md §13). */
	apiKeysMax: 10,
	/** Longest life of an API key. */
	apiKeyDaysMax: 365,
	/** Life of an operator's JWT (DESIGN.md §13). */
	operatorTokenSeconds: 900,
	/** How long the answer to an idempotency key is kept. */
	idempotencyHours: 24,
	/** Requests of one user: a burst, and how many come back each second. */
	requestBurst: 2_000,
	requestsPerSecond: 1_000,
	/** Sign-in attempts of one address: a burst, and how many come back each second. */
	signInBurst: 20,
	signInsPerSecond: 1,
	/** Sandboxes that are derived in one transaction: large enough to amortise it, small enough to resume after a crash. */
	recompileBatch: 200,
	/** How often a replica looks for what a crash or another replica left stale. */
	recompileSweepMs: 2_000,
	/** How long a stop waits for requests that are under way. */
	drainMs: 10_000,
	/** Bytes of the files in one answer with evidence, before base64; one larger file comes alone. */
	evidencePageBytes: 8_388_608,
} as const;
