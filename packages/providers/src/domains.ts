import {
	coversDomain,
	type DomainPattern,
	domainText,
	type Gap,
	matchDomain,
	type NetworkAspect,
	parseDomainPattern,
	type RenderCapabilities,
} from '@tappass/core';

/** The network Aspect with its categories spelled out. */
export interface DomainRules {
	readonly allow: readonly DomainPattern[];
	/** Every pattern of every denied category. */
	readonly deny: readonly DomainPattern[];
	/** A denied category that nobody spelled out: nothing may be allowed then, since what it denies is not known. */
	readonly unknown_categories: readonly string[];
}

/**
 * Reads the network Aspect. When a denied category has no list the allow-list is emptied: what could not be checked is
 * denied, and `unknownCategoryGaps` says so.
 */
export function domainRules(
	network: NetworkAspect,
	capabilities: Pick<RenderCapabilities, 'domain_categories'>,
): DomainRules {
	const categories = [...network.deny_categories].sort();
	const unknown_categories = categories.filter((category) => !Object.hasOwn(capabilities.domain_categories, category));
	const deny = readPatterns(
		categories.flatMap((category) =>
			Object.hasOwn(capabilities.domain_categories, category) ? capabilities.domain_categories[category]! : [],
		),
	);
	const allow =
		unknown_categories.length > 0
			? []
			: readPatterns(network.allow_domains).filter((one) => !deny.some((other) => coversDomain(other, one)));
	return { allow, deny, unknown_categories };
}

function readPatterns(texts: readonly string[]): readonly DomainPattern[] {
	const read = texts.map((text) => parseDomainPattern(text, 'deny').pattern).filter((pattern) => pattern !== undefined);
	return [...new Map(read.map((pattern) => [domainText(pattern), pattern])).entries()]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([, pattern]) => pattern);
}

/** Denied patterns that reach into something allowed: the only ones that a closed-world target needs to be told. */
export function denyInsideAllow(rules: DomainRules): readonly DomainPattern[] {
	return rules.deny.filter((deny) => rules.allow.some((allow) => coversDomain(allow, deny)));
}

/** One gap for each denied category whose list is not known. */
export function unknownCategoryGaps(rules: DomainRules): readonly Gap[] {
	return rules.unknown_categories.map((value) => ({
		aspect: 'network',
		value,
		why: 'the list of this category is not known here, so no domain at all is allowed',
	}));
}

/** Whether a host may be reached: what every rendered configuration is compared with. */
export function mayReach(rules: DomainRules, host: string): boolean {
	return rules.allow.some((allow) => matchDomain(allow, host)) && !rules.deny.some((deny) => matchDomain(deny, host));
}
