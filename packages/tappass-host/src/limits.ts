/** Every bound of the host, with its unit and reason. */
export const limits = {
	/** Connections that one sandbox may hold to its egress proxy: an agent with a browser needs some dozens. */
	egressConnectionsMax: 512,
	/** Connections that the relay of a sandbox carries at once, each a process of about a megabyte; others wait. */
	relayConnectionsMax: 256,
	/** Bytes of one request's header, and of what is read of a tunnel before it is let through. */
	egressHeaderBytesMax: 16_384,
	/** Header lines of one request. */
	egressHeadersMax: 128,
	/** Milliseconds for a whole request header: a slow one holds a connection that another could use. */
	egressHeadersMs: 10_000,
	/** Milliseconds for a whole request with its body: as long as a stream may live. */
	egressRequestMs: 600_000,
	/** Milliseconds that a connection may wait for its next request. */
	egressKeepAliveMs: 60_000,
	/** Milliseconds without a byte in either direction before a tunnel or a request is ended. */
	egressIdleMs: 300_000,
	/** Milliseconds for resolving and for dialling, each. */
	egressDialMs: 10_000,
	/** Milliseconds in which equal denials are told as one. */
	denialWindowMs: 1_000,
	/** Different denials told in one window; past this they are told by code alone, with their count. */
	denialsPerWindowMax: 64,
	/** Connections kept open to the agent plane while idle. */
	planeIdleSocketsMax: 32,

	/** First user id for sandboxes, above what systems give to people and below what containers use. */
	uidFirst: 20_001,
	/** How many sandboxes one host has user ids for. */
	uidCount: 10_000,
	/** Bytes of memory of one sandbox. */
	sandboxMemoryBytes: 4_294_967_296,
	/** Processes and threads of one sandbox. */
	sandboxProcesses: 512,
	/** Open files of one process. */
	sandboxOpenFiles: 4_096,
	/** Bytes of memory that one process may keep from being swapped out. */
	sandboxLockedBytes: 8_388_608,
	/** Bytes of one file. */
	sandboxFileBytes: 4_294_967_296,
	/** Bytes in each of the sandbox's directories of memory. */
	sandboxScratchBytes: 268_435_456,
	/** Bytes in the workspace before the agent is stopped. */
	sandboxWorkspaceBytes: 21_474_836_480,
	/** Milliseconds between two looks at how much the workspace holds. */
	workspaceLookMs: 5_000,
	/** Milliseconds for bwrap to have everything in place. */
	sandboxStartMs: 10_000,
	/** Milliseconds for the processes of a sandbox to be gone after they were killed. */
	sandboxKillMs: 5_000,
} as const;
