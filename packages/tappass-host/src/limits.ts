/** Every bound of the host, with its unit and reason. */
export const limits = {
	/** Connections that one sandbox may hold to its egress proxy: an agent with a browser needs some dozens. Fewer than the relay carries, so that the proxy sees those that are too many, and tells. */
	egressConnectionsMax: 224,
	/** Connections that the relay of a sandbox carries at once, each a process of about a megabyte; others wait. */
	relayConnectionsMax: 256,
	/** Bytes of one request's header, and of what is read of a tunnel before it is let through. */
	egressHeaderBytesMax: 16_384,
	/** TLS records over which the first message of a tunnel may be spread; clients need one to three. */
	egressRecordsMax: 512,
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
	/** Looks after which it is measured whatever the file system says. */
	workspaceLooksUnmeasured: 12,
	/** Milliseconds for bwrap to have everything in place. */
	sandboxStartMs: 10_000,
	/** Milliseconds for the processes of a sandbox to be gone after they were killed. */
	sandboxKillMs: 5_000,

	// Daemon: sync, apply, commands.
	/** Longest time one request to the control plane may take, connecting included. */
	requestMs: 10_000,
	/** Bytes of one answer or one event before anything is parsed. */
	answerBytesMax: 1_048_576,
	/** Silence on a stream after which it counts as dead; the server says something every 20 s. */
	streamSilenceMs: 60_000,
	/** Time that one event may take to arrive whole. */
	eventMs: 10_000,
	/** How often the program of another kernel ring than ours is looked for: it may be installed, or taken away. */
	kernelLookMs: 5_000,
	/** How often everything in force is fetched, whatever the stream brought. */
	reconcileMs: 60_000,
	/** Without a new keyring for this long, a sandbox is called stale. */
	staleMs: 120_000,
	/** How often the fail-closed timers look: a keyring that has ended is acted on within this. */
	tickMs: 1_000,
	/** First and longest wait before a lost connection is tried again. */
	reconnectFirstMs: 500,
	reconnectMaxMs: 15_000,
	/** Part of a certificate's life after which it is renewed, and by how much that differs from host to host. */
	renewAfter: 0.5,
	renewJitter: 0.1,
	/** How far ahead of the server this machine's clock may stand. */
	clockAheadMaxMs: 30_000,
	/** Events kept while the control plane is away; beyond it the oldest go, and their number is told. */
	spoolEventsMax: 5_000,
	spoolBytesMax: 4_194_304,
	/** Events of one request. */
	eventsPerRequest: 200,
	/** Wait before events that were kept are sent, so that a burst goes together. */
	eventsEveryMs: 500,
	/** Bytes of one log file of an agent; two are kept. */
	logBytesMax: 8_388_608,
	/** Bytes of it that may wait for the disk. */
	logHeldBytesMax: 4_194_304,
	/** Milliseconds after which a disk that took nothing is tried again. */
	logRetryMs: 1_000,
	/** How long an agent has to end after SIGTERM. */
	stopMs: 5_000,
	/** First and longest wait before an agent that failed is started again. */
	restartFirstMs: 1_000,
	restartMaxMs: 60_000,
	/** An agent that ran this long is not failing in a loop. */
	restartForgiveMs: 60_000,
	/** How long `start` waits for the first keyring of a daemon that has just begun. */
	firstKeyringMs: 15_000,
	/** How long a command waits for a daemon that it has started. */
	daemonStartMs: 15_000,
	/** Bytes of a request to the local API, and how long it may take to arrive. */
	localBodyBytesMax: 262_144,
	localRequestMs: 5_000,
	/** Longest path of a unix socket that every system takes (sun_path, less one). */
	socketPathMax: 103,
	/** Characters of an agent's output that are told as one line in JSON; a longer line is told in pieces. */
	logLineMax: 65_536,
	/** Bytes of any file of ours in the state directory. */
	stateFileBytesMax: 1_048_576,
} as const;
