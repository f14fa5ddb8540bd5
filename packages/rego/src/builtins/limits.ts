/** Compiled regular expressions kept at once: a policy rarely has more, and each may hold a few kB. */
export const regexCacheEntriesMax: number = 256;

/** Sets of delimiters whose compiled globs are kept; policies use one or two. */
export const globDelimiterSetsMax: number = 16;

/** Compiled globs kept at once for each set of delimiters; allowlists of domains run to a few hundred patterns. */
export const globCacheEntriesMax: number = 1024;

/** Time zones whose formatter is kept at once; there are about 600 names in all. */
export const zoneCacheEntriesMax: number = 64;

/** Addresses that `net.cidr_expand` writes out at most (a /12 of IPv4); more is refused before any memory is spent. */
export const cidrExpandAddressesMax: number = 1 << 20;

/** Characters that a regular expression may have: compiling this many takes some 100 ms. */
export const regexLengthMax: number = 100_000;

/** Characters of a text worth one step where each is turned into something else. */
const charsPerStep = 32;

/** Steps that converting a text of so many characters costs. */
export function convertingSteps(chars: number): number {
	return 1 + Math.floor(chars / charsPerStep);
}

/** Characters of a text worth one step where each is decoded or encoded byte by byte. */
const charsCodedPerStep = 4;

/** Steps that decoding or encoding a text of so many characters costs. */
export function codingSteps(chars: number): number {
	return 1 + Math.floor(chars / charsCodedPerStep);
}

/** Characters of a text worth one step where it is only gone through. */
const charsSearchedPerStep = 1024;

/** Steps that looking for something in a text of so many characters costs. */
export function searchingSteps(chars: number): number {
	return 1 + Math.floor(chars / charsSearchedPerStep);
}

/** Pattern states × text characters worth one step of the evaluation's budget. */
export const matchingWorkPerStep: number = 1024;

/** Steps that matching a pattern of some size against some characters costs, whichever way it is done. */
export function matchingSteps(patternSize: number, chars: number): number {
	return 1 + Math.floor((patternSize * (chars + 1)) / matchingWorkPerStep);
}
