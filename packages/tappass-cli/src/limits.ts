export const limits = {
	/** Bytes read of one policy file; the policy package refuses past a smaller limit and says where. */
	sourceFileBytesMax: 16_777_216,
	/** Files taken from one directory; past this somebody named the wrong one. */
	sourceFilesMax: 5_000,
} as const;
