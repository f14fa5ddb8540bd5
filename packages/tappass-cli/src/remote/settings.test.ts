import { expect, it } from 'vitest';
import { parseServer } from './settings.ts';

it.each([
	'tappass.example',
	'ftp://tappass.example',
	'file:///etc/passwd',
	'http://tappass.example',
	'http://127.0.0.1.evil.example',
	'http://localhost.evil.example',
	'http://10.0.0.1:7600',
	'https://user:secret@tappass.example',
	'https://tappass.example/v1',
	'https://tappass.example?x=1',
	'',
])('sends no key to %j', (text) => {
	expect(() => parseServer(text, '--server')).toThrow(expect.objectContaining({ code: 'usage' }));
});

it.each([
	['https://tappass.example', 'https://tappass.example'],
	['https://tappass.example:8443/', 'https://tappass.example:8443'],
	['http://127.0.0.1:7600', 'http://127.0.0.1:7600'],
	['http://[::1]:7600', 'http://[::1]:7600'],
	['http://localhost:7600', 'http://localhost:7600'],
])('speaks to %s', (text, wanted) => {
	expect(parseServer(text, '--server')).toBe(wanted);
});
