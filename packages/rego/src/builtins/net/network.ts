import { BuiltinError } from '../builtin.ts';
import { type Address, addressOf, addressText, parseIpv4, parseIpv6 } from './address.ts';

/** A network: an address and how many of its leading bits are fixed. */
export interface Network {
	readonly address: Address;
	readonly prefix: number;
}

/**
 * Reads CIDR notation; bits behind the prefix are cleared.
 *
 * @throws {BuiltinError} `invalid CIDR address: …`
 */
export function parseNetwork(text: string): Network {
	const invalid = new BuiltinError(`invalid CIDR address: ${text}`);
	const slash = text.indexOf('/');
	const prefixText = text.slice(slash + 1);
	if (slash === -1 || !/^[0-9]{1,8}$/.test(prefixText)) throw invalid;
	const addressPart = text.slice(0, slash);
	const size = addressPart.includes(':') ? 128 : 32;
	const bits = size === 128 ? parseIpv6(addressPart) : parseIpv4(addressPart);
	const prefix = Number(prefixText);
	if (bits === undefined || prefix > size) throw invalid;
	const masked = clearHostBits(bits, size, prefix);
	if (size === 32) return { address: { size, bits: masked }, prefix };
	const address = addressOf(masked);
	return { address, prefix: address.size === 32 ? prefix - 96 : prefix };
}

function clearHostBits(bits: bigint, size: number, prefix: number): bigint {
	const host = BigInt(size - prefix);
	return (bits >> host) << host;
}

/** The first address of a network. */
export function first({ address, prefix }: Network): Address {
	return { size: address.size, bits: clearHostBits(address.bits, address.size, prefix) };
}

/** The last address of a network. */
export function last(network: Network): Address {
	const { address, prefix } = network;
	return { size: address.size, bits: first(network).bits | ((1n << BigInt(address.size - prefix)) - 1n) };
}

export function networkText({ address, prefix }: Network): string {
	return `${addressText(address)}/${prefix}`;
}
