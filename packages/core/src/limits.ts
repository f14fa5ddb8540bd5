/** Every bound on shapes that several packages share. A limit without a reason is a guess: each has one. */
export const limits = {
	/** Nesting of any JSON we parse from outside: deeper has no honest use and costs stack. */
	jsonDepthMax: 64,
	/** Bytes of a Keyring or root payload before anything is parsed; a real one is about 5 KB. */
	payloadBytesMax: 1_048_576,
	/** Entries of one list in a Compiled Policy; past this a list is generated and belongs in a category. */
	listEntriesMax: 10_000,
	/** Characters of one pattern, path, tag or name in a Compiled Policy. */
	textLengthMax: 1_024,
	/** Characters of a whole host name (RFC 1035 §2.3.4). */
	hostLengthMax: 253,
	/** Characters of one label of a host name (RFC 1035 §2.3.4). */
	hostLabelLengthMax: 63,
	/** Characters of a canonical tool name, `server.tool`. */
	toolNameLengthMax: 256,
	/** Characters of a tool name on wires that allow neither a dot nor more (OpenAI, Anthropic). */
	wireToolNameLengthMax: 64,
	/** Patterns that one intersection of two patterns may become before it is refused. */
	intersectionPatternsMax: 64,
	/** Diagnostics reported for one input; past this the rest repeats. */
	diagnosticsMax: 100,
	/** Edits away from a known word that still make it a likely meaning. */
	nearestDistanceMax: 3,
	/** Characters of a word that may be a misspelt one; past this nobody meant a name, and comparing costs time. */
	nearestLengthMax: 256,
} as const;
