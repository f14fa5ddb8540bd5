import { expect, test } from 'vitest';
import { caller } from './calling.test.support.ts';
import { semverBuiltins } from './semver.ts';

const call = caller(semverBuiltins);

test.each(['1', '1.0', '1.0.0.0', 'a.b.c', '1.0.0-', '1.0.0+', '', '-1.0.0', '9223372036854775808.0.0', '1.0.0-a..b'])(
	'%j is compared only where it is a version',
	(text) => {
		const valid = text === '1.0.0-' || text === '1.0.0+';
		expect(call('semver.is_valid', text)).toBe(valid);
		if (!valid)
			expect(() => call('semver.compare', '1.0.0', text)).toThrow(`operand 2: string "${text}" is not a valid SemVer`);
	},
);

test('refuses operands that are no strings', () => {
	expect(() => call('semver.compare', 1, '1.0.0')).toThrow('operand 1 must be string but got number');
	expect(call('semver.is_valid', 1)).toBe(false);
});

test('orders versions as semver.org lists them', () => {
	const versions = [
		'1.0.0-alpha',
		'1.0.0-alpha.1',
		'1.0.0-alpha.beta',
		'1.0.0-beta',
		'1.0.0-beta.2',
		'1.0.0-beta.11',
		'1.0.0-rc.1',
		'1.0.0',
		'v1.0.1',
		'1.10.0',
		'2.0.0+build.5',
	];
	for (const [i, left] of versions.entries()) {
		for (const [j, right] of versions.entries()) expect(call('semver.compare', left, right)).toBe(Math.sign(i - j));
	}
	expect(call('semver.compare', '1.0.0+a', '1.0.0+b')).toBe(0);
});
