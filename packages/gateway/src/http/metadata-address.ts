import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/*
 * Addresses that the machines of a cloud ask for their own credentials. No model and no tool is served there, so whoever
 * has the server call one wants those credentials. Networks inside are no such addresses: models are served in them.
 */
const metadata = new BlockList();
metadata.addSubnet('169.254.0.0', 16, 'ipv4');
metadata.addAddress('100.100.100.200', 'ipv4');
metadata.addAddress('192.0.0.192', 'ipv4');
metadata.addAddress('168.63.129.16', 'ipv4');
metadata.addSubnet('fe80::', 10, 'ipv6');
metadata.addAddress('fd00:ec2::254', 'ipv6');
metadata.addAddress('fd20:ce::254', 'ipv6');

/** Whether an IP address, in whatever notation, serves metadata of the machine, or is link-local as most of those are. */
export function isMetadataAddress(address: string): boolean {
	const family = isIP(address);
	if (family === 0) return false;
	const [plain = ''] = address.split('%');
	if (family === 4) return metadata.check(plain, 'ipv4');
	return metadata.check(plain, 'ipv6') || mappedAddresses(plain).some((inner) => metadata.check(inner, 'ipv4'));
}

// IPv4 inside IPv6: mapped, compatible, and the prefix of NAT64.
function mappedAddresses(address: string): readonly string[] {
	const hextets = new URL(`http://[${address}]`).hostname.slice(1, -1);
	const found = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(hextets);
	if (found === null) return [];
	const [high, low] = [found[1]!, found[2]!].map((text) => Number.parseInt(text, 16));
	return [[high! >> 8, high! & 255, low! >> 8, low! & 255].join('.')];
}

/** A look-up that knows no metadata addresses: a name may lead to one, and only after it was registered. */
export const lookupUpstream: LookupFunction = (
	hostname: string,
	options: LookupOptions,
	callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void => {
	lookup(hostname, { ...options, all: true }, (error, found) => {
		if (error !== null) return callback(error, []);
		const addresses = found.filter(({ address }) => !isMetadataAddress(address));
		const first = addresses[0];
		if (first === undefined) return callback(Object.assign(new Error('metadata address'), { code: 'ENOTFOUND' }), []);
		if (options.all === true) return callback(null, addresses);
		callback(null, first.address, first.family);
	});
};
