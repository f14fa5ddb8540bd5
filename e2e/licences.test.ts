import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/repository.ts';

interface LockEntry {
	readonly dev?: boolean;
	readonly devOptional?: boolean;
	readonly optional?: boolean;
	readonly link?: boolean;
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
	packages: Record<string, LockEntry>;
};
const listed = new Set(
	readFileSync(join(root, 'OSS_COMPLIANCE.md'), 'utf8').match(
		/\b(?:Apache-2\.0|MIT|BSD-[23]-Clause|ISC|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|Python-2\.0|PSF-2\.0)\b/g,
	),
);

test('every runtime dependency has a licence that the policy allows', () => {
	const runtime = Object.entries(lock.packages).filter(
		([path, entry]) => path.startsWith('node_modules/') && !entry.dev && !entry.devOptional && !entry.link,
	);
	expect(runtime.length).toBeGreaterThan(5);
	const bad = runtime.flatMap(([path, entry]) => {
		const manifest = join(root, path, 'package.json');
		// Optional packages of other platforms are in the lock but not on this disk.
		if (!existsSync(manifest)) return entry.optional ? [] : [`${path}: not installed`];
		const { license } = JSON.parse(readFileSync(manifest, 'utf8')) as { license?: string };
		const choices = (license ?? 'none').replace(/[()]/g, '').split(/ OR /);
		return choices.some((choice) => choice.split(/ AND /).every((one) => listed.has(one)))
			? []
			: [`${path}: ${license}`];
	});
	expect(bad).toEqual([]);
});
