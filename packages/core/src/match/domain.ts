import { getPublicSuffix } from 'tldts';
import { limits } from '../limits.ts';

/** `files.acme.com` (exact) or `*.acme.com` (any depth below `acme.com`, not `acme.com` itself). */
export interface DomainPattern {
	readonly kind: 'exact' | 'below';
	/** ASCII, lower case, no trailing dot. */
	readonly name: string;
}
/** A pattern, or what is wrong with its text. */
export type ParsedDomainPattern =
	| { readonly pattern: DomainPattern; readonly problem?: never }
	| { readonly problem: string; readonly pattern?: never };

/**
 * Reads a domain pattern. In an allow-list, a pattern that reaches into more than one owner's names (`*`, `*.com`,
 * `*.co.uk`: the public-suffix list) is a problem; deny-lists and constraints may name a whole top-level domain.
 */
export function parseDomainPattern(text: string, list: 'allow' | 'deny'): ParsedDomainPattern {
	const below = text.startsWith('*.');
	const name = below ? text.slice(2) : text;
	if (text === '*') return { problem: '* would allow every host; name the hosts' };
	if (name.includes('*')) return { problem: `${JSON.stringify(text)}: * may only stand first, as in *.acme.com` };
	const host = normalizeHost(name);
	if (host === undefined) return { problem: `${JSON.stringify(text)} is not a host name` };
	if (isIpAddress(host))
		return { problem: `${JSON.stringify(text)}: addresses belong in the Runtime's cidrs, not in a domain list` };
	if (list === 'allow' && below && isPublicSuffix(host)) {
		return { problem: `${JSON.stringify(text)} is a public suffix: anyone can register a name there` };
	}
	return { pattern: { kind: below ? 'below' : 'exact', name: host } };
}

/** Whether `host` (already normalised) is one that the pattern names. */
export function matchDomain(pattern: DomainPattern, host: string): boolean {
	return pattern.kind === 'exact' ? host === pattern.name : host.endsWith(`.${pattern.name}`);
}

/** Whether every host that `inner` names is named by `outer`. */
export function coversDomain(outer: DomainPattern, inner: DomainPattern): boolean {
	if (outer.kind === 'exact') return inner.kind === 'exact' && inner.name === outer.name;
	return matchDomain(outer, inner.name) || (inner.kind === 'below' && inner.name === outer.name);
}

/** The pattern that names exactly the hosts that both name, or undefined when there is none. */
export function intersectDomains(a: DomainPattern, b: DomainPattern): DomainPattern | undefined {
	if (coversDomain(a, b)) return b;
	if (coversDomain(b, a)) return a;
	return undefined;
}

/** The text that `parseDomainPattern` reads back as the same pattern. */
export function domainText(pattern: DomainPattern): string {
	return pattern.kind === 'below' ? `*.${pattern.name}` : pattern.name;
}

/**
 * The one form of a host name that is compared: ASCII (IDNA), lower case, no trailing dot; addresses in the URL standard's
 * form, IPv6 without brackets. Undefined for anything that is not a host name; a request for such a host is refused.
 */
export function normalizeHost(text: string): string | undefined {
	if (text.length === 0 || text.length > limits.textLengthMax || hostDelimiters.test(text)) return undefined;
	if (plainHost.test(text) && text.length <= limits.hostLengthMax && !text.includes('xn--')) return text;
	// Brackets end the text: behind them the URL parser would read a port, and drop it when it is the usual one.
	if (text.startsWith('[') && !text.endsWith(']')) return undefined;
	const bare6 = text.includes(':') && !text.startsWith('[');
	const host = urlHost(bare6 ? `[${text}]` : text);
	if (host === undefined) return undefined;
	if (host.startsWith('[')) return host.slice(1, -1);
	const name = host.endsWith('.') ? host.slice(0, -1) : host;
	return isHostName(name) ? name : undefined;
}

// Characters that would let a "host" be read as more than a host.
const hostDelimiters = /[\s/\\?#@%*\u0000-\u0020\u007f]/;
// Names that the URL parser returns as they are: lower-case ASCII labels, the last of letters so that it is no number.
const plainHost = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const label = /^(?!-)[a-z0-9_-]+(?<!-)$/;

function urlHost(text: string): string | undefined {
	// The URL standard's parser is the one every HTTP client uses, so `0x7f.1` and full-width letters mean the same here.
	return URL.parse(`http://${text}/`)?.hostname;
}

function isHostName(name: string): boolean {
	if (name.length === 0 || name.length > limits.hostLengthMax) return false;
	return name.split('.').every((part) => part.length <= limits.hostLabelLengthMax && label.test(part));
}

/** Whether a normalised host is an IPv4 or IPv6 address. */
export function isIpAddress(host: string): boolean {
	return host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

function isPublicSuffix(host: string): boolean {
	// Private suffixes count too: anyone can register below github.io.
	return getPublicSuffix(host, { allowPrivateDomains: true }) === host;
}
