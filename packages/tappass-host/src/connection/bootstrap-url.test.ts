import { expect, test } from 'vitest';
import { parseBootstrapUrl } from './bootstrap-url.ts';

const hash = 'a'.repeat(64);
const good = `https://host.example:7601/install/abcdef123456.c2VjcmV0#root=${hash}`;

test('takes a bootstrap URL apart', () => {
	expect(parseBootstrapUrl(`  ${good}\n`)).toEqual({
		origin: 'https://host.example:7601',
		token: 'abcdef123456.c2VjcmV0',
		org_id: 'org_abcdef123456',
		root_sha256: hash,
	});
});

test.each([
	['', 'no URL'],
	['my-agent', 'no URL'],
	[good.replace('https', 'http'), 'begin with https'],
	[good.replace('host.example', 'ada:pw@host.example'), 'names a user'],
	[good.replace('/install/', '/other/'), 'path'],
	[good.replace('abcdef123456.', 'A.'), 'no org'],
	[good.split('#')[0]!, 'what follows # is missing'],
	[good.replace(hash, 'a'.repeat(63)), '64 hex digits'],
])('refuses %s', (url, why) => {
	let message = '';
	try {
		parseBootstrapUrl(url);
	} catch (error) {
		message = (error as Error).message;
	}
	expect(message).toContain(why);
	// The URL is a secret until it is redeemed.
	expect(message).not.toContain('c2VjcmV0');
});
