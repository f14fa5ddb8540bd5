import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, readText, root } from './support/repository.ts';

test('each decision has a number of its own, and says it', () => {
	const files = filesBelow('docs/decisions', '.md');

	expect(files.map((file) => Number(basename(file).slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
	for (const file of files) expect(readText(file).split(' ', 2)).toEqual(['#', basename(file).slice(0, 4)]);
});

test('each page links to what is there', () => {
	const folders = ['docs', 'packages', 'packs', 'policies', 'examples', 'quickstart', 'e2e', 'bench'];
	const pages = [
		'README.md',
		'SECURITY.md',
		'OSS_COMPLIANCE.md',
		...folders.flatMap((name) => filesBelow(name, '.md')),
	];
	const links = pages.flatMap((page) =>
		[...readText(page).matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, target]) => ({ page, target: target! })),
	);

	expect(links.length).toBeGreaterThan(20);
	expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
});
