/** Every bound of the audit log's formats, with its reason. */
export const auditFormatLimits = {
	/** Bytes of a leaf: clear fields only, each of them bounded, so a real one has about 600. */
	leafBytesMax: 8_192,
	/** Bytes of an entry of any log in this layout: its length stands in front of it in 16 bits. */
	entryBytesMax: 65_535,
	/** Entries that one event of erasure names in its leaf; more are erased by more events. */
	erasedIndicesMax: 256,
	/** Bytes of a checkpoint or proof before anything of it is parsed; a real one is below 4 KB with all its witnesses. */
	noteBytesMax: 65_536,
	/** Signature lines of a note (c2sp signed-note asks for at least 16). */
	signaturesMax: 64,
	/** Hashes of a proof: a tree of 2^53 entries is no deeper. */
	proofHashesMax: 64,
	/** Bytes of one payload in an export, in base64. */
	payloadLineBytesMax: 16_777_216,
	/** Bytes of the manifest of an evidence pack, which is sent to be signed; and entries of its period, so that it stays below. */
	manifestBytesMax: 5_242_880,
	evidenceEntriesMax: 50_000,
} as const;
