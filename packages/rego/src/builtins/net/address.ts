/** An IP address. IPv4 in IPv6 form (`::ffff:1.2.3.4`) is kept as IPv4, as Go's net package compares and prints it. */
export interface Address {
	readonly size: 32 | 128;
	readonly bits: bigint;
}

const mappedPrefix = 0xffffn;

/** An address of 128 bits, as IPv4 where it holds one. */
export function addressOf(bits: bigint): Address {
	return bits >> 32n === mappedPrefix ? { size: 32, bits: bits & 0xffff_ffffn } : { size: 128, bits };
}

/** Reads an IPv4 or IPv6 address; zones (`%eth0`) and leading zeros in IPv4 are not taken. */
export function parseAddress(text: string): Address | undefined {
	if (!text.includes(':')) {
		const bits = parseIpv4(text);
		return bits === undefined ? undefined : { size: 32, bits };
	}
	const bits = parseIpv6(text);
	return bits === undefined ? undefined : addressOf(bits);
}

/** The 32 bits of a dotted quad. */
export function parseIpv4(text: string): bigint | undefined {
	const parts = text.split('.');
	if (parts.length !== 4) return undefined;
	let bits = 0n;
	for (const part of parts) {
		if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
		bits = (bits << 8n) | BigInt(part);
	}
	return bits;
}

/** The 128 bits of an IPv6 text, which may end in a dotted quad. */
export function parseIpv6(text: string): bigint | undefined {
	const halves = text.split('::');
	if (halves.length > 2) return undefined;
	const groups = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
	const [head, tail] = groups;
	if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
	const given = head.length + (tail?.length ?? 0);
	// `::` stands for at least one group.
	if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
	const all = [...head, ...Array<number>(8 - given).fill(0), ...(tail ?? [])];
	return all.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string, last: boolean): readonly number[] | undefined {
	if (text === '') return [];
	const groups: number[] = [];
	const parts = text.split(':');
	for (const [index, part] of parts.entries()) {
		if (last && index === parts.length - 1 && part.includes('.')) {
			const quad = parseIpv4(part);
			if (quad === undefined) return undefined;
			groups.push(Number(quad >> 16n), Number(quad & 0xffffn));
		} else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
		else return undefined;
	}
	return groups;
}

/** The shortest usual text: dotted quad, or lower-case groups with the longest run of zeros as `::`. */
export function addressText({ size, bits }: Address): string {
	if (size === 32) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
	const groups = Array.from({ length: 8 }, (_, index) => Number((bits >> BigInt(112 - 16 * index)) & 0xffffn));
	const run = longestZeroRun(groups);
	const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
	return run.length < 2
		? hex(groups)
		: `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
	let best = { start: 0, length: 0 };
	for (let start = 0; start < groups.length; start += 1) {
		let end = start;
		while (groups[end] === 0) end += 1;
		if (end - start > best.length) best = { start, length: end - start };
	}
	return best;
}

/** Whether an address lies in a network; the two families have nothing in common. */
export function contains(network: { readonly address: Address; readonly prefix: number }, address: Address): boolean {
	if (network.address.size !== address.size) return false;
	const shift = BigInt(network.address.size - network.prefix);
	return network.address.bits >> shift === address.bits >> shift;
}

/** The prefix length of an IPv4 address by its class A, B or C, from before CIDR. */
export function defaultPrefix({ bits }: Address): number {
	const first = bits >> 24n;
	return first < 0x80n ? 8 : first < 0xc0n ? 16 : 24;
}
