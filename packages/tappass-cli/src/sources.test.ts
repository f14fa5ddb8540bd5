import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSource, shippedDirectory } from './sources.ts';

test('a policy that is not there, but ships under that name, is said to lie where it does', async () => {
	const shipped = join(shippedDirectory('policies'), 'baseline.rego');

	await expect(readSource('nowhere/baseline.rego')).rejects.toMatchObject({
		code: 'file_unreadable',
		hint: `a policy of that name ships: ${shipped}`,
	});
	await expect(readSource('nowhere/mine.rego')).rejects.toMatchObject({ code: 'file_unreadable', hint: undefined });
	expect((await readSource(shipped)).bytes.length).toBeGreaterThan(0);
});

test('what may have no end is not read', async () => {
	await expect(readSource('/dev/zero')).rejects.toMatchObject({
		code: 'file_unreadable',
		detail: '/dev/zero is not a regular file',
	});
});
