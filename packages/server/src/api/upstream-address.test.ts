import { expect, it } from 'vitest';
import { checkAddress } from './upstream-address.ts';

const check = (text: string, insecureHttp = false): string => checkAddress(text, { insecureHttp });

it.each([
	'',
	'models.example',
	'file:///etc/passwd',
	'ftp://models.example',
	'https://ada:pw@models.example',
	'https://models.example/v1?key=x',
	'https://models.example/v1#x',
	'http://models.example/v1',
	'http://10.0.0.1/v1',
	'http://localhost.evil.example',
	'http://127.0.0.1.evil.example',
])('refuses %s', (text) => {
	expect(() => check(text)).toThrow(expect.objectContaining({ code: 'usage' }));
});

it.each([
	'http://169.254.169.254/latest/meta-data',
	'http://2852039166/',
	'http://0xa9.0xfe.0xa9.0xfe/',
	'http://[::ffff:169.254.169.254]/',
	'http://[fd00:ec2::254]/',
	'https://metadata.google.internal/',
	'https://metadata.google.internal./',
	'http://METADATA/',
])('refuses the metadata at %s, also where http is allowed', (text) => {
	expect(() => check(text, true)).toThrow(/credentials of the machine/);
});

it('takes https anywhere, http on this machine, and http elsewhere when that is asked for', () => {
	expect(check('https://models.example/v1')).toBe('https://models.example/v1');
	expect(check('http://127.0.0.1:4010')).toBe('http://127.0.0.1:4010/');
	expect(check('http://[::1]:4010/v1')).toBe('http://[::1]:4010/v1');
	expect(check('http://vllm.internal:8000/v1', true)).toBe('http://vllm.internal:8000/v1');
});
