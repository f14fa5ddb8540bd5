import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { limits } from '../limits.ts';
import { canonicalAddress } from './addresses.ts';
import { type Destination, type Refusal, refuseAddress, refuseHost } from './decide.ts';
import type { EgressPolicy } from './types.ts';

/** An address that was checked, to be dialled as it stands: looking the name up again could give another. */
export interface Checked extends Destination {
	readonly address: string;
}

/** The system's own resolver: /etc/hosts and DNS, every address. */
export async function systemResolve(host: string): Promise<readonly string[]> {
	return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Decides on a destination and gives the address to dial. A name with one address that may not be dialled is refused
 * whole: whoever answers for it would choose which one is taken.
 */
export async function check(
	policy: EgressPolicy,
	to: Destination,
	resolve: (host: string) => Promise<readonly string[]>,
): Promise<Checked | Refusal> {
	const refusal = refuseHost(policy, to);
	if (refusal !== undefined) return refusal;
	if (isIP(to.host) !== 0) return { ...to, address: canonicalAddress(to.host)! };
	const found = await inTime(resolve(to.host)).catch(() => []);
	const addresses = found.map(canonicalAddress);
	if (addresses.length === 0) return { code: 'name_unresolved', reason: `${to.host} does not resolve` };
	const own = ownAddresses();
	for (const address of addresses) {
		if (address === undefined) return { code: 'private_address', reason: `${to.host} resolves to no plain address` };
		const refused = refuseAddress(policy, address, to.port, own);
		if (refused !== undefined) return { ...refused, reason: `${to.host}: ${refused.reason}` };
	}
	return { ...to, address: addresses[0]! };
}

function ownAddresses(): readonly string[] {
	return Object.values(networkInterfaces()).flatMap((addresses) =>
		(addresses ?? []).map(({ address }) => canonicalAddress(address)).filter((address) => address !== undefined),
	);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error('late')), limits.egressDialMs);
	});
	return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
