import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RegoSet, RegoSet as Sets, type Value } from '../value/index.ts';
import { caller, testContext } from './calling.test.support.ts';
import { cidrBuiltins } from './cidr.ts';

const call = caller(cidrBuiltins);
const members = (value: Value | undefined): readonly Value[] => (value as RegoSet).values();

describe('refuses', () => {
	test.each<[string, readonly Value[], string]>([
		['net.cidr_expand', ['192.168.1.1/33'], 'invalid CIDR address: 192.168.1.1/33'],
		['net.cidr_expand', ['192.168.1.01/24'], 'invalid CIDR address: 192.168.1.01/24'],
		['net.cidr_expand', ['10.0.0.0/8'], 'network has more than 1048576 addresses'],
		['net.cidr_expand', ['::/0'], 'network has more than 1048576 addresses'],
		['net.cidr_contains', ['10.0.0.0/8', 'x'], 'not a valid textual representation of an IP address or CIDR: x'],
		['net.cidr_contains', ['10.0.0.0', '10.0.0.1'], 'invalid CIDR address: 10.0.0.0'],
		['net.cidr_contains', ['10.0.0.0/8', 1], 'operand 1 must be string but got number'],
		['net.cidr_intersects', ['10.0.0.0/8', 'x'], 'invalid CIDR address: x'],
		[
			'net.cidr_contains_matches',
			['1.1.1.0/24', ['1.1.1.1', 1]],
			'operand 2: element must be string or non-empty array',
		],
		['net.cidr_contains_matches', [[[]], '1.1.1.1'], 'operand 1: element must be string or non-empty array'],
		['net.cidr_merge', ['10.0.0.0/8'], 'operand must be an array'],
		['net.cidr_merge', [[1]], 'element must be string'],
		['net.cidr_merge', [['::1']], 'IPv6 invalid: needs prefix length'],
		['net.cidr_merge', [['foo']], 'invalid CIDR address: foo'],
	])('%s%j', (name, args, message) => {
		expect(() => call(name, ...args)).toThrow(message);
	});
});

test.each([
	'',
	'x',
	'192.168.1.2',
	'1.2.3/8',
	'1.2.3.4/',
	'1.2.3.4/-1',
	'1.2.3.256/8',
	'::1',
	':::/8',
	'1::2::3/8',
	'::1%eth0/64',
	'::/129',
])('%j is no network', (text) => {
	expect(call('net.cidr_is_valid', text)).toBe(false);
});

test.each([
	'0.0.0.0/0',
	'10.0.0.1/8',
	'::/0',
	'2002::1234:abcd:ffff:c0a8:101/64',
	'::ffff:1.2.3.4/120',
	'1:2:3:4:5:6:1.2.3.4/128',
])('%j is a network', (text) => {
	expect(call('net.cidr_is_valid', text)).toBe(true);
});

test.each([
	['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
	['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/7'],
	['0.0.0.0/0', '255.255.255.255', '::1'],
	['2001:4860::/32', '2001:4860::/96', '2001:4861::'],
	['1.2.3.0/24', '::ffff:1.2.3.4', '::1.2.3.4'],
	['::ffff:1.2.3.0/120', '1.2.3.9', '1.2.4.0'],
	['::/0', '2001::', '1.2.3.4'],
])('%s holds %s, not %s', (network, inside, outside) => {
	expect(call('net.cidr_contains', network, inside)).toBe(true);
	expect(call('net.cidr_overlap', network, inside)).toBe(true);
	expect(call('net.cidr_contains', network, outside)).toBe(false);
});

test('net.cidr_intersects finds common addresses from either side', () => {
	expect(call('net.cidr_intersects', '192.168.1.0/25', '192.168.1.64/25')).toBe(true);
	expect(call('net.cidr_intersects', '192.168.1.64/26', '192.168.1.0/24')).toBe(true);
	expect(call('net.cidr_intersects', '192.168.1.0/25', '192.168.1.128/25')).toBe(false);
	expect(call('net.cidr_intersects', '0.0.0.0/0', '::/0')).toBe(false);
});

test('net.cidr_contains_matches names matches by index, key or member', () => {
	const cidrs = { k1: '1.1.1.1/24', k2: ['1.1.1.2/24', 1] };

	expect(members(call('net.cidr_contains_matches', '1.1.1.0/24', '1.1.1.1'))).toEqual([['1.1.1.0/24', '1.1.1.1']]);
	expect(members(call('net.cidr_contains_matches', [['1.1.2.0/24', 1], '1.1.1.0/24'], ['1.1.1.1', '1.1.2.1']))).toEqual(
		[
			[0, 1],
			[1, 0],
		],
	);
	expect(members(call('net.cidr_contains_matches', cidrs, Sets.of(['1.1.1.9', '9.9.9.9'])))).toEqual([
		['k1', '1.1.1.9'],
		['k2', '1.1.1.9'],
	]);
});

test('net.cidr_expand gives every address and charges for each', () => {
	let steps = 0;
	const counting = caller(cidrBuiltins, testContext({ spend: (count) => (steps += count) }));

	expect(members(counting('net.cidr_expand', '192.168.1.1/30'))).toEqual([
		'192.168.1.0',
		'192.168.1.1',
		'192.168.1.2',
		'192.168.1.3',
	]);
	expect(members(call('net.cidr_expand', '2001:db8::ff/127'))).toEqual(['2001:db8::fe', '2001:db8::ff']);
	expect(steps).toBe(4);
});

test.each([
	[['192.0.128.0/24', '192.0.129.0/24'], ['192.0.128.0/23']],
	[
		['192.0.129.0/24', '192.0.130.0/24'],
		['192.0.129.0/24', '192.0.130.0/24'],
	],
	[['192.0.2.112/30', '192.0.2.116/31', '192.0.2.118/31'], ['192.0.2.112/29']],
	[
		['192.0.2.112/31', '192.0.2.116/31', '192.0.2.118/31'],
		['192.0.2.112/31', '192.0.2.116/30'],
	],
	[['192.0.2.112', '192.0.2.116/31', '192.0.2.118/31'], ['192.0.2.0/24']],
	[['192.0.128.0/24', '0.0.0.0/0'], ['0.0.0.0/0']],
	[
		['255.255.255.255/32', '0.0.0.0/32'],
		['0.0.0.0/32', '255.255.255.255/32'],
	],
	[['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0/0']],
	[
		['::/1', '8000::/1', '10.0.0.0/8'],
		['10.0.0.0/8', '::/0'],
	],
	[['10.0.0.5'], ['10.0.0.5/8']],
	[['fe80::/120', 'fe80::/120'], ['fe80::/120']],
	[[], []],
])('net.cidr_merge(%j) is %j', (networks, expected) => {
	expect(members(call('net.cidr_merge', networks))).toEqual(expected);
	expect(members(call('net.cidr_merge', Sets.of(networks)))).toEqual(expected);
});

/** Networks close to one another, so that many touch. */
const nearby = fc
	.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
	.map(([host, prefix]) => `10.0.0.${host}/${prefix}`);

test('net.cidr_merge keeps exactly the addresses, in networks that do not touch', () => {
	fc.assert(
		fc.property(fc.array(nearby, { minLength: 1, maxLength: 6 }), (networks) => {
			const merged = members(call('net.cidr_merge', networks)) as readonly string[];
			for (let host = 0; host < 256; host += 1) {
				const holds = (network: string): boolean => call('net.cidr_contains', network, `10.0.0.${host}`) === true;
				expect(merged.filter(holds).length, `10.0.0.${host}`).toBe(networks.some(holds) ? 1 : 0);
			}
			expect(members(call('net.cidr_merge', merged))).toEqual(merged);
		}),
		{ numRuns: 100, seed: 5 },
	);
});

// Go takes the last address of the inner network for the IPv4 address that it spells, which no network of IPv6 holds.
test('a network that ends in an IPv4 address in IPv6 form lies in none of IPv6, as in OPA', () => {
	expect(call('net.cidr_contains', '::/8', '::ffff:10.0.0.1/93')).toBe(false);
	expect(call('net.cidr_contains', '::/8', '::1:0:0/96')).toBe(true);
	expect(call('net.cidr_contains', '10.0.0.0/8', '::ffff:10.0.0.0/104')).toBe(true);
});
