import {
	type DomainPattern,
	domainText,
	isIpAddress,
	matchDomain,
	normalizeHost,
	parseDomainPattern,
} from '@tappass/core';
import { addressKind, type CidrList, canonicalAddress, cidrList } from './addresses.ts';
import type { DenialCode, EgressPolicy } from './types.ts';

/** Where somebody wants to go. */
export interface Destination {
	/** Normalised: ASCII, lower case, no brackets. */
	readonly host: string;
	readonly port: number;
}
/** Why not, in a code and a sentence. */
export interface Refusal {
	readonly code: DenialCode;
	readonly reason: string;
	readonly address?: string;
}

/** A policy with its patterns taken apart, once for each policy. */
interface Compiled {
	readonly allow: readonly DomainPattern[];
	readonly deny: readonly DomainPattern[];
	readonly cidrs: CidrList;
}
const compiledOf = new WeakMap<EgressPolicy, Compiled>();

function compile(policy: EgressPolicy): Compiled {
	const known = compiledOf.get(policy);
	if (known !== undefined) return known;
	const read = (texts: readonly string[]): readonly DomainPattern[] =>
		texts.map((text) => parseDomainPattern(text, 'deny').pattern).filter((pattern) => pattern !== undefined);
	const deny = read(policy.rules.deny);
	// A denial that cannot be read might have named anything.
	const allow = deny.length === policy.rules.deny.length ? read(policy.rules.allow) : [];
	const compiled = { allow, deny, cidrs: cidrList(policy.cidrs) };
	compiledOf.set(policy, compiled);
	return compiled;
}

/** Takes the policy's patterns and addresses apart. @throws {TapPassError} schema_invalid when a CIDR cannot be read */
export function assertReadable(policy: EgressPolicy): void {
	compile(policy);
}

/** Reads `host:port` as a request names it; undefined when it is not well formed. Port 0 is none. */
export function destination(text: string, defaultPort?: number): Destination | undefined {
	const [, name, digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
	const host = name === undefined ? undefined : normalizeHost(name);
	const port = digits === undefined ? defaultPort : Number(digits);
	if (host === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
	return { host, port };
}

/** Whether this name or address may be asked for at all; names are judged before they are looked up, since a look-up tells. */
export function refuseHost(policy: EgressPolicy, { host, port }: Destination): Refusal | undefined {
	const { allow, deny, cidrs } = compile(policy);
	if (isIpAddress(host)) {
		const address = canonicalAddress(host);
		if (address === undefined) return { code: 'request_malformed', reason: `${host} is not an address` };
		const refusal = refuseAddress(policy, address, port);
		if (refusal !== undefined) return refusal;
		if (cidrs.allows(address, port)) return undefined;
		return { code: 'domain_not_allowed', reason: `${host} is not in the Runtime's cidrs with port ${port}`, address };
	}
	const denied = deny.find((pattern) => matchDomain(pattern, host));
	if (denied !== undefined)
		return { code: 'domain_denied', reason: `${host} is on the list of a denied category (${domainText(denied)})` };
	if (allow.some((pattern) => matchDomain(pattern, host))) return undefined;
	return { code: 'domain_not_allowed', reason: `${host} is not in network.allow_domains` };
}

/**
 * Whether the address that a name led to may be dialled.
 *
 * @param address canonical
 * @param own addresses of this machine: its services answer there as they do on loopback
 */
export function refuseAddress(
	policy: EgressPolicy,
	address: string,
	port: number,
	own: readonly string[] = [],
): Refusal | undefined {
	const kind = own.includes(address) && addressKind(address) === 'public' ? 'private' : addressKind(address);
	if (kind === 'metadata')
		return { code: 'metadata_address', reason: `${address} is link-local or hands out credentials`, address };
	if (kind === 'public' || compile(policy).cidrs.allows(address, port)) return undefined;
	const reason = `${address} is loopback, private, reserved or this machine, and the Runtime does not list it with port ${port}`;
	return { code: 'private_address', reason, address };
}
