import { describe, expect, it } from 'vitest';
import { isMetadataAddress, lookupUpstream } from './metadata-address.ts';

describe('addresses of metadata', () => {
	it.each([
		'169.254.169.254',
		'169.254.170.2',
		'100.100.100.200',
		'192.0.0.192',
		'168.63.129.16',
		'fe80::1',
		'fe80::a9fe:a9fe%eth0',
		'fd00:ec2::254',
		'::ffff:169.254.169.254',
		'::ffff:a9fe:a9fe',
		'::a9fe:a9fe',
		'64:ff9b::169.254.169.254',
	])('%s is one', (address) => {
		expect(isMetadataAddress(address)).toBe(true);
	});

	it.each(['127.0.0.1', '10.0.0.1', '169.253.255.255', '::1', '::ffff:10.0.0.1', 'fd00::1', 'localhost', ''])(
		'%s is none',
		(address) => {
			expect(isMetadataAddress(address)).toBe(false);
		},
	);
});

describe('a look-up', () => {
	const look = (hostname: string, all: boolean): Promise<unknown> =>
		new Promise((resolve, reject) =>
			lookupUpstream(hostname, { all }, (error, address) => (error === null ? resolve(address) : reject(error))),
		);

	it('finds nothing at a name that leads to metadata', async () => {
		await expect(look('169.254.169.254', true)).rejects.toMatchObject({ code: 'ENOTFOUND' });
	});

	it('finds what else there is, in both forms that are asked for', async () => {
		expect(await look('127.0.0.1', false)).toBe('127.0.0.1');
		expect(await look('127.0.0.1', true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
	});
});
