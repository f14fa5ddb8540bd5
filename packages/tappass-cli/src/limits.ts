export const limits = {
	/** Bytes read of one policy file; the policy package refuses past a smaller limit and says where. */
	sourceFileBytesMax: 16_777_216,
	/** Files taken from one directory; past this somebody named the wrong one. */
	sourceFilesMax: 5_000,
	/** Milliseconds that a server has to finish before stop gives up waiting. */
	serverStopMs: 60_000,
	/** Milliseconds between two looks whether it has. */
	serverPollMs: 100,
} as const;
