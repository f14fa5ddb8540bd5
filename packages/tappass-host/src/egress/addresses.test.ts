import { describe, expect, test } from 'vitest';
import { addressKind, canonicalAddress, cidrList } from './addresses.ts';

function kind(text: string): string {
	return addressKind(canonicalAddress(text)!);
}

describe('addresses', () => {
	test.each([
		'169.254.169.254',
		'169.254.170.2',
		'fe80::1',
		'fd00:ec2::254',
		'100.100.100.200',
		'192.0.0.192',
		'168.63.129.16',
		'fd20:ce::254',
		'::ffff:169.254.169.254',
		'::ffff:a9fe:a9fe',
		'64:ff9b::a9fe:a9fe',
		'2002:a9fe:a9fe::1',
	])('%s hands out credentials or is link-local', (text) => {
		expect(kind(text)).toBe('metadata');
	});
	test.each([
		'0.0.0.0',
		'127.0.0.1',
		'127.255.255.254',
		'10.0.0.1',
		'172.16.0.1',
		'172.31.255.255',
		'192.168.1.1',
		'100.64.0.1',
		'198.18.0.1',
		'224.0.0.1',
		'255.255.255.255',
		'::',
		'::1',
		'::127.0.0.1',
		'::ffff:127.0.0.1',
		'64:ff9b::7f00:1',
		'2002:7f00:1::',
		'fc00::1',
		'fd12::1',
		'ff02::1',
		'2001:db8::1',
		'2001:0:1::1',
	])('%s is private or reserved', (text) => {
		expect(kind(text)).toBe('private');
	});
	test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::101:101', '::ffff:1.1.1.1'])(
		'%s is public',
		(text) => {
			expect(kind(text)).toBe('public');
		},
	);
	test.each(['', '1.1.1', '0x7f.1', 'fe80::1%eth0', 'a.b', '1.1.1.1:80'])('%j is no address', (text) => {
		expect(canonicalAddress(text)).toBe(undefined);
	});
});

describe('cidrs', () => {
	test('hold for their port alone', () => {
		const list = cidrList(['10.1.0.0/16:443', '[fd00::]/8:8443']);

		expect(list.allows('10.1.2.3', 443)).toBe(true);
		expect(list.allows('10.1.2.3', 80)).toBe(false);
		expect(list.allows('10.2.0.1', 443)).toBe(false);
		expect(list.allows(canonicalAddress('fd12::1')!, 8443)).toBe(true);
		expect(list.allows(canonicalAddress('fd12::1')!, 443)).toBe(false);
	});
	test.each(['10.0.0.0/33:1', '10.0.0/8:1', '[fd00::]/129:1', '10.0.0.0/8:65536', '10.0.0.0/8', 'x'])(
		'%s is refused',
		(text) => {
			expect(() => cidrList([text])).toThrow('schema');
		},
	);
});
