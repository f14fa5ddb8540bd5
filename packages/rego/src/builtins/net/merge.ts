import type { Address } from './address.ts';
import { first, last, type Network } from './network.ts';

interface Range {
	readonly first: bigint;
	readonly last: bigint;
	/** The network as given, while nothing was merged into it. */
	readonly network: Network | undefined;
}

/** The fewest networks that hold the same addresses: neighbours joined, inner ones swallowed, doubles dropped. */
export function mergeNetworks(networks: readonly Network[]): readonly Network[] {
	return [...mergeFamily(networks, 32), ...mergeFamily(networks, 128)];
}

function mergeFamily(networks: readonly Network[], size: Address['size']): readonly Network[] {
	const ranges = networks
		.filter((network) => network.address.size === size)
		.map((network): Range => ({ first: first(network).bits, last: last(network).bits, network }))
		.sort((left, right) => order(left.last, right.last) || order(left.first, right.first));
	const merged: Range[] = [];
	for (const range of ranges.toReversed()) {
		const above = merged.at(-1);
		if (above === undefined || range.last + 1n < above.first) merged.push(range);
		else merged[merged.length - 1] = { first: least(range.first, above.first), last: above.last, network: undefined };
	}
	return merged.flatMap((range) => (range.network === undefined ? networksOf(range, size) : [range.network]));
}

function order(left: bigint, right: bigint): number {
	return left < right ? -1 : left > right ? 1 : 0;
}

function least(left: bigint, right: bigint): bigint {
	return left < right ? left : right;
}

/** Splits a range into networks, each as large as its alignment and the end of the range allow. */
function networksOf(range: Range, size: Address['size']): readonly Network[] {
	const networks: Network[] = [];
	for (let from = range.first; from <= range.last; ) {
		let hostBits = 0;
		while (hostBits < size && fits(from, hostBits + 1, range.last)) hostBits += 1;
		networks.push({ address: { size, bits: from }, prefix: size - hostBits });
		from += 1n << BigInt(hostBits);
	}
	return networks;
}

function fits(from: bigint, hostBits: number, end: bigint): boolean {
	const length = 1n << BigInt(hostBits);
	return from % length === 0n && from + length - 1n <= end;
}
