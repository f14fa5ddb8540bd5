import { expect, it } from 'vitest';
import { showsPassword } from './database-url.ts';

it.each([
	[['--database', 'postgres://ada:pw@db/tappass'], true],
	[['--database=postgresql://db/tappass?user=ada&password=pw'], true],
	[['--database', 'postgres://ada@db/tappass'], false],
	[['--database', 'postgres:///tappass?host=/run/postgresql'], false],
	[['--host-url', 'https://ada:pw@host'], false],
	[[], false],
])('%j', (argv, shows) => {
	expect(showsPassword(argv)).toBe(shows);
});
