/** Every bound on what the policy package reads and makes, with the reason for it. */
export const policyLimits = {
	/** Bytes of one authored file (YAML or Rego): the largest shipped one is under 64 KB; past this it is generated or hostile. */
	fileBytesMax: 1_048_576,
	/** Nesting of a YAML document: the deepest honest one (a test inside an approval inside a concern) has 6 levels. */
	yamlDepthMax: 32,
	/** Files of one request; a tenant has hundreds. */
	filesMax: 10_000,
	/** Steps of one evaluation of `tappass.policy`, about two seconds: a catalog-driven rule over 500 tools takes 50,000. */
	regoStepsMax: 5_000_000,
	/** Bytes of a Compiled Policy: half of what a host reads, since it travels in base64 with domain lists and aliases. */
	compiledBytesMax: 524_288,
	/** Pairs of entries of two lists that are compared, about two seconds: two lists of 1,000. */
	listPairsMax: 1_000_000,
	/** Pairs of tool patterns with wildcards that are intersected, and patterns that may come of it; each pair may make 64. */
	wildcardPairsMax: 10_000,
	wildcardEntriesMax: 1_000,
	/** Rounds in which required Packs may bring in further Packs. */
	packRoundsMax: 16,
} as const;
