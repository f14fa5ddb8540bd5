import { any, anyOf, array, boolean, fn, named, object, set, string, type Type, tuple } from '../types/type.ts';
import { isArray, isObject, isSet, objectEntries, type RegoSet, SetBuilder, type Value } from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { cidrExpandAddressesMax } from './limits.ts';
import { type Address, addressOf, addressText, contains, defaultPrefix, parseAddress } from './net/address.ts';
import { mergeNetworks } from './net/merge.ts';
import { last, type Network, networkText, parseNetwork } from './net/network.ts';
import { operand, stringOperand } from './operands.ts';

const item: Type = anyOf(string, array(any));
const items: Type = anyOf(string, array(item), set(item), object(string, item));

/** The `net.cidr_*` builtins for IPv4 and IPv6. */
export const cidrBuiltins: readonly Builtin[] = [
	define(
		'net.cidr_contains',
		'Whether a network holds an address or a whole other network.',
		[named('cidr', string, 'network'), named('cidr_or_ip', string, 'address or network to look for')],
		named('result', boolean, 'whether `cidr` holds `cidr_or_ip`'),
		(args) => networkContains(stringOperand(args, 1), operand(args, 2)),
	),
	{
		name: 'net.cidr_overlap',
		description: 'The old name of `net.cidr_contains`.',
		deprecated: true,
		decl: fn([string, string], boolean),
		run: (args) => networkContains(stringOperand(args, 1), operand(args, 2)),
	},
	define(
		'net.cidr_intersects',
		'Whether two networks have an address in common.',
		[named('cidr1', string, 'one network'), named('cidr2', string, 'the other')],
		named('result', boolean, 'whether they have an address in common'),
		(args) => {
			// OPA names the first operand in either case.
			const first = parseNetwork(stringOperand(args, 1));
			const second = parseNetwork(stringOperand([args[1]!], 1));
			return contains(first, second.address) || contains(second, first.address);
		},
	),
	define(
		'net.cidr_contains_matches',
		'Which networks of one collection hold which addresses or networks of another.',
		[named('cidrs', items, 'networks'), named('cidrs_or_ips', items, 'addresses and networks to look for')],
		named('output', set(tuple(any, any)), 'pairs of indices, keys or members, one of each collection'),
		containsMatches,
	),
	define(
		'net.cidr_expand',
		'All addresses of a network.',
		[named('cidr', string, 'network')],
		named('hosts', set(string), 'its addresses, the first and the last included'),
		expand,
	),
	define(
		'net.cidr_merge',
		'The fewest networks that hold the same addresses as the given ones.',
		[named('addrs', anyOf(array(anyOf(string)), set(string)), 'networks and IPv4 addresses')],
		named('output', set(string), 'the merged networks'),
		merge,
	),
	define(
		'net.cidr_is_valid',
		'Whether a string is a network in CIDR notation.',
		[named('cidr', string, 'string to check')],
		named('result', boolean, 'whether it is one'),
		([text]) => typeof text === 'string' && isNetwork(text),
	),
];

function isNetwork(text: string): boolean {
	try {
		parseNetwork(text);
		return true;
	} catch (error) {
		if (error instanceof BuiltinError) return false;
		throw error;
	}
}

function networkContains(cidr: string, other: Value): boolean {
	const network = parseNetwork(cidr);
	return spans(network, spanOf(stringOperand([other], 1)));
}

/** The first and the last address of a network; both the same for an address. */
interface Span {
	readonly first: Address;
	readonly last: Address;
}

function spanOf(text: string): Span {
	const address = parseAddress(text);
	if (address !== undefined) return { first: address, last: address };
	if (!isNetwork(text)) {
		throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${text}`);
	}
	const inner = parseNetwork(text);
	// As Go has it, the last address may be one of IPv4 in IPv6 form, which no network of IPv6 holds.
	const end = last(inner);
	return { first: inner.address, last: end.size === 128 ? addressOf(end.bits) : end };
}

function spans(network: Network, span: Span): boolean {
	return contains(network, span.first) && contains(network, span.last);
}

/** Steps that looking at two networks costs. */
const pairSteps = 8;

function containsMatches(args: readonly Value[], context: BuiltinContext): RegoSet {
	const found = new SetBuilder();
	const read = new Map<string, Span>();
	for (const [cidr, index] of members(operand(args, 1), 1)) {
		let network: Network | undefined;
		for (const [other, otherIndex] of members(operand(args, 2), 2)) {
			context.spend(pairSteps);
			network ??= parseNetwork(stringOperand([cidr], 1));
			const text = stringOperand([other], 1);
			let span = read.get(text);
			if (span === undefined) {
				span = spanOf(text);
				read.set(text, span);
			}
			if (spans(network, span)) found.add([index, otherIndex]);
		}
	}
	return found.build();
}

/** Each address or network of a collection, with what stands for it in the result. */
function* members(collection: Value, position: number): Generator<readonly [text: Value, index: Value]> {
	if (typeof collection === 'string') yield [collection, collection];
	else if (isArray(collection)) {
		for (const [index, member] of collection.entries()) yield [textOf(member, position), index];
	} else if (isSet(collection)) {
		for (const member of collection.values()) yield [textOf(member, position), member];
	} else if (isObject(collection)) {
		for (const [key, member] of objectEntries(collection)) yield [textOf(member, position), key];
	}
}

/** The text itself, or the first of a tuple that carries more. */
function textOf(member: Value, position: number): Value {
	if (typeof member === 'string') return member;
	if (isArray(member) && member.length > 0) return member[0]!;
	throw new BuiltinError(`operand ${position}: element must be string or non-empty array`);
}

function expand(args: readonly Value[], context: BuiltinContext): RegoSet {
	const network = parseNetwork(stringOperand(args, 1));
	const { address } = network;
	const count = last(network).bits - address.bits + 1n;
	if (count > cidrExpandAddressesMax) {
		throw new BuiltinLimitError(`network has more than ${cidrExpandAddressesMax} addresses`);
	}
	context.spend(Number(count));
	const hosts = new SetBuilder();
	for (let offset = 0n; offset < count; offset += 1n) {
		hosts.add(addressText({ ...address, bits: address.bits + offset }));
	}
	return hosts.build();
}

function merge(args: readonly Value[], context: BuiltinContext): RegoSet {
	const collection = operand(args, 1);
	let elements: readonly Value[];
	if (isArray(collection)) elements = collection;
	else if (isSet(collection)) elements = collection.values();
	else throw new BuiltinError('operand must be an array');
	context.spend(elements.length);
	const merged = new SetBuilder();
	for (const network of mergeNetworks(elements.map(mergeable))) merged.add(networkText(network));
	return merged.build();
}

/** A network, or an IPv4 address with the prefix of its historical class (as OPA reads it). */
function mergeable(element: Value): Network {
	if (typeof element !== 'string') throw new BuiltinError('element must be string');
	const address: Address | undefined = parseAddress(element);
	if (address === undefined) return parseNetwork(element);
	if (address.size === 128) throw new BuiltinError('IPv6 invalid: needs prefix length');
	return { address, prefix: defaultPrefix(address) };
}
