/** Every bound of the SDK, with its reason. */
export const agentLimits = {
	/** Where the host mounts the keyring. */
	directory: '/run/tappass',
	/** Milliseconds between looks at the files: covers every event that a watch misses. */
	pollMs: 500,
	/** Bytes of an answer of the broker that are read: a tool's result with images stays below. */
	answerBytesMax: 33_554_432,
	/** Milliseconds in which the broker lists tools. */
	listMs: 30_000,
	/** Milliseconds that a tool may take; the gateway's own bound is shorter. */
	toolMs: 660_000,
	/** Characters of code for the interpreter. */
	codeLengthMax: 1_048_576,
	/** Characters that code may print; what comes after is dropped. */
	printedLengthMax: 1_048_576,
	/** Milliseconds beyond its CPU time after which an interpreter that did not end itself is ended with its process. */
	cpuGraceMs: 1_000,
	/** Milliseconds in which an interpreter is loaded; a busy machine takes one. */
	interpreterStartMs: 30_000,
	/** Megabytes of JavaScript heap that an interpreter's process has beside twice the memory that the policy gives code. */
	interpreterHeapMb: 64,
	/** Bytes of a value that code ends with, or of the arguments of one call: what is shared inside is copied on its way out. */
	valueBytesMax: 33_554_432,
	/** Host functions that one piece of code may call: each crosses a process, and the clock stands still meanwhile. */
	hostCallsMax: 10_000,
	/** Bytes of a denial that `explain` reads. */
	denialBytesMax: 1_048_576,
} as const;
