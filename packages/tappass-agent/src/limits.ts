/** Every bound of the SDK, with its reason. */
export const agentLimits = {
	/** Where the host mounts the keyring. */
	directory: '/run/tappass',
	/** Milliseconds between looks at the files: covers every event that a watch misses. */
	pollMs: 500,
	/** Bytes of an answer of the broker that are read: a tool's result with images stays below. */
	answerBytesMax: 33_554_432,
	/** Milliseconds that a tool may take; the gateway's own bound is shorter. */
	toolMs: 660_000,
	/** Characters of code for the interpreter. */
	codeLengthMax: 1_048_576,
	/** Characters that code may print; what comes after is dropped. */
	printedLengthMax: 1_048_576,
	/** Milliseconds beyond its CPU time after which an interpreter that did not end itself is ended with its thread. */
	cpuGraceMs: 1_000,
	/** Host functions that one piece of code may call: each crosses a thread, and the clock stands still meanwhile. */
	hostCallsMax: 10_000,
	/** Bytes of a denial that `explain` reads. */
	denialBytesMax: 1_048_576,
} as const;
