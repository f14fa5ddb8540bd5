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
} as const;
