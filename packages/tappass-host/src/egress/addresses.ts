import { BlockList, isIP } from 'node:net';
import { TapPassError } from '@tappass/core';

/** What kind of place an address is. */
export type AddressKind = 'public' | 'private' | 'metadata';

/** An address in the one form that is compared, or undefined when the text is none. IPv4 inside IPv6 is taken out. */
export function canonicalAddress(text: string): string | undefined {
	const family = isIP(text);
	if (family === 4) return text;
	// A zone (`fe80::1%eth0`) names an interface of ours: nothing that may be asked for.
	if (family === 0 || text.includes('%')) return undefined;
	const words = ipv6Words(text);
	return embeddedIpv4(words) ?? words.map((word) => word.toString(16)).join(':');
}

/** Whether an address (canonical) is one of the internet's, one of a private network, or one that hands out credentials. */
export function addressKind(address: string): AddressKind {
	const family = address.includes(':') ? 'ipv6' : 'ipv4';
	if (metadata.check(address, family)) return 'metadata';
	return special.check(address, family) ? 'private' : 'public';
}

/** The addresses and ports that a Runtime lists. */
export interface CidrList {
	readonly allows: (address: string, port: number) => boolean;
}

/** Reads `10.1.0.0/16:443` and `[fd00::]/8:443`. @throws {TapPassError} schema_invalid when one cannot be read */
export function cidrList(texts: readonly string[]): CidrList {
	const byPort = new Map<number, BlockList>();
	for (const text of texts) {
		const [, four, six, bits, port] = /^(?:([\d.]+)|\[([0-9a-f:]+)\])\/(\d{1,3}):(\d{1,5})$/.exec(text) ?? [];
		const address = four ?? six ?? '';
		const family = isIP(address);
		if (family === 0 || Number(bits) > (family === 4 ? 32 : 128) || Number(port) > 65_535)
			throw new TapPassError('schema_invalid', { detail: `${text}: expected address/bits:port, like 10.1.0.0/16:443` });
		const list = byPort.get(Number(port)) ?? new BlockList();
		list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
		byPort.set(Number(port), list);
	}
	return {
		allows: (address, port) => byPort.get(port)?.check(address, address.includes(':') ? 'ipv6' : 'ipv4') ?? false,
	};
}

function subnets(texts: readonly string[]): BlockList {
	const list = new BlockList();
	for (const text of texts) {
		const [address, bits] = text.split('/') as [string, string];
		list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
	}
	return list;
}

/** Link-local, where clouds put credentials, and the same services at other addresses (AWS IPv6 and ECS, Alibaba, Oracle, Azure, Google IPv6). */
const metadata: BlockList = subnets([
	'169.254.0.0/16',
	'fe80::/10',
	'fd00:ec2::/32',
	'100.100.100.200/32',
	'192.0.0.192/32',
	'168.63.129.16/32',
	'fd20:ce::254/128',
]);
/** Everything that is not globally reachable, by the special-purpose registries of IANA (RFC 6890), and multicast. */
const special: BlockList = subnets([
	'0.0.0.0/8',
	'10.0.0.0/8',
	'100.64.0.0/10',
	'127.0.0.0/8',
	'172.16.0.0/12',
	'192.0.0.0/24',
	'192.0.2.0/24',
	'192.88.99.0/24',
	'192.168.0.0/16',
	'198.18.0.0/15',
	'198.51.100.0/24',
	'203.0.113.0/24',
	'224.0.0.0/3',
	'::/96',
	'64:ff9b:1::/48',
	'100::/64',
	'2001::/23',
	'2001:db8::/32',
	'3fff::/20',
	'5f00::/16',
	'fc00::/7',
	'fec0::/10',
	'ff00::/8',
]);

/** The eight words of a valid IPv6 address. */
function ipv6Words(text: string): readonly number[] {
	const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
	const plain = dotted === null ? text : `${dotted[1]}${word(dotted[2], dotted[3])}:${word(dotted[4], dotted[5])}`;
	const [head, tail] = plain.split('::');
	const before = (head ?? '').split(':').filter((part) => part !== '');
	const after = (tail ?? '').split(':').filter((part) => part !== '');
	const zeros = new Array<string>(8 - before.length - after.length).fill('0');
	return [...before, ...zeros, ...after].map((part) => Number.parseInt(part, 16));
}

function word(high: string | undefined, low: string | undefined): string {
	return ((Number(high) << 8) | Number(low)).toString(16);
}

/** IPv4 that travels as IPv6: mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96, 64:ff9b::/96), 6to4 (2002::/16). */
function embeddedIpv4(words: readonly number[]): string | undefined {
	const starts = (...prefix: readonly number[]): boolean => prefix.every((one, index) => words[index] === one);
	const isLast = starts(0, 0, 0, 0, 0, 0xffff) || starts(0, 0, 0, 0, 0xffff, 0) || starts(0x64, 0xff9b, 0, 0, 0, 0);
	const at = isLast ? 6 : starts(0x2002) ? 1 : undefined;
	if (at === undefined) return undefined;
	const [high, low] = [words[at]!, words[at + 1]!];
	return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
