/** Every bound of trust, with its reason. Durations carry their unit in the name. */
export const trustLimits = {
	/** Signatures of one envelope: a root rotation carries at most the keys of two root roles. */
	signaturesMax: 16,
	/** Keys of one root document: five roles, each with a few keys. */
	rootKeysMax: 64,
	/** Root documents walked in one update; a host that missed more is enrolled anew. */
	rootChainMax: 256,
	/** Longest life a host believes, whatever the freshness statement says: the bound on a revoked sandbox. */
	freshnessTtlMaxMs: 300_000,
	/** How far ahead of the host an issuer's clock may be. */
	clockSkewMaxMs: 30_000,
	/** Versions that may lie between two accepted statements; a larger step is a stolen key, not an operator. */
	versionStepMax: 10_000,
	/** Longest life of a capability token. */
	tokenTtlMaxMs: 300_000,
	/** Characters of a capability token; a real one has about 600. */
	tokenLengthMax: 4_096,
	/** Native names of one canonical tool in one harness. */
	aliasesMax: 64,
} as const;

/** The sync protocol this program speaks; a statement whose `min_protocol` is higher is refused. */
export const protocolVersion = 1;
