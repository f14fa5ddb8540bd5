import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('..', import.meta.url));

/** Every module that an entry loads at run time, by the texts of its imports (types are erased). */
function loadedBy(entry: string): ReadonlySet<string> {
	const loaded = new Set<string>();
	const todo = [join(source, entry)];
	for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
		if (loaded.has(file)) continue;
		loaded.add(file);
		const text = readFileSync(file, 'utf8');
		for (const [, from] of text.matchAll(/^(?:import|export)(?! type\b)[^;]*?from '([^']+)';/gm)) {
			if (from!.startsWith('.')) todo.push(join(dirname(file), from!));
			else loaded.add(from!);
		}
	}
	return loaded;
}

test.each(['index.ts', 'crypto/index.ts'])(
	'%s loads no module of Node, and no other package than re2js and yaml',
	(entry) => {
		const packages = [...loadedBy(entry)].filter((name) => !name.startsWith('/'));

		expect(packages.filter((name) => name !== 're2js' && name !== 'yaml')).toEqual([]);
	},
);

test('the main entry loads nothing of the crypto entry', () => {
	expect([...loadedBy('index.ts')].filter((file) => file.startsWith(join(source, 'crypto')))).toEqual([]);
	expect(loadedBy('index.ts').size).toBeGreaterThan(50);
});
