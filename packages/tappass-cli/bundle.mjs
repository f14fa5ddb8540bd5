/**
 * Writes `bundle/`: the command line in a few files instead of hundreds. What a command then costs to start is its own
 * work, not the search for modules. Run after each build (`npm run build`); see docs/decisions/0007-bundled-operator-cli.md.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const dist = join(import.meta.dirname, 'dist');
const programs = globSync(['main.js', 'program.js', 'fail.js', 'commands/**/*.js'], { cwd: dist }).filter(
	(file) => !file.includes('.test.'),
);
// The pure packages go in, with the libraries that they read with. The server, and what is large, native or rarely needed,
// stays where npm put it, beside its own dependencies.
const within =
	/^(?:@tappass\/(?:audit|cli-kit(?:\/node-version)?|core|policy|providers|rego|signing|trust)$|zod$|zod\/|yaml$|js-yaml$|re2js$|tldts|@noble\/)/;

const build = await rolldown({
	input: Object.fromEntries(programs.map((file) => [file.replace(/\.js$/, ''), join(dist, file)])),
	platform: 'node',
	external: (id, importer) =>
		importer !== undefined && !id.startsWith('.') && !id.startsWith('/') && !within.test(id) && !isWithin(importer),
});
await build.write({
	dir: join(import.meta.dirname, 'bundle'),
	cleanDir: true,
	format: 'esm',
	entryFileNames: '[name].js',
	chunkFileNames: 'chunks/[name]-[hash].js',
});

// Inside a library that was taken in, its own imports are as well.
function isWithin(importer) {
	const library = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(importer)?.[1];
	return library !== undefined && within.test(library);
}
