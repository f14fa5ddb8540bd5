import { expect, test } from 'vitest';
import { policyOf } from '../test-support/egress.ts';
import { destination, refuseAddress } from './decide.ts';

test('an address of this machine is as good as loopback, unless it is listed', () => {
	expect(refuseAddress(policyOf([]), '1.1.1.1', 443, ['1.1.1.1'])?.code).toBe('private_address');
	expect(refuseAddress(policyOf([], ['1.1.1.1/32:443']), '1.1.1.1', 443, ['1.1.1.1'])).toBe(undefined);
	expect(refuseAddress(policyOf([]), '1.1.1.1', 443, ['1.1.1.2'])).toBe(undefined);
});

test('reads destinations, or nothing', () => {
	expect(destination('A.acme.com:443')).toEqual({ host: 'a.acme.com', port: 443 });
	expect(destination('[::1]:80')).toEqual({ host: '::1', port: 80 });
	expect(destination('a.acme.com', 80)).toEqual({ host: 'a.acme.com', port: 80 });
	for (const bad of ['a.acme.com', ':80', 'a:0', 'a:65536', 'a:1:2', '::1', 'a b:80', 'a@b:80', 'a/b:80', ''])
		expect(destination(bad), bad).toBe(undefined);
});
