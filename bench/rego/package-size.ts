/** How big the package is for who installs it: its own code minified, and with its dependencies, as one file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

interface Bundler {
	readonly build: (options: object) => Promise<{ readonly output: readonly { readonly code: string }[] }>;
}

/** Bytes of both entries together, and the number of dependencies at run time. */
export async function packageSize(): Promise<Readonly<Record<string, unknown>>> {
	const manifest = new URL('../../packages/rego/package.json', import.meta.url.replace('/bench/dist/', '/bench/'));
	const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
	const names = Object.keys(dependencies);
	// It comes with the test runner; its types are of no use here.
	const bundler = 'rolldown';
	const { build } = (await import(bundler)) as Bundler;
	const bundle = async (external: readonly string[]): Promise<string> => {
		const { output } = await build({
			input: fileURLToPath(new URL('dist/index.js', manifest)),
			external,
			write: false,
			platform: 'browser',
			output: { format: 'esm', minify: true },
			logLevel: 'silent',
		});
		return output.map(({ code }) => code).join('');
	};
	const own = await bundle(names);
	const whole = await bundle([]);
	return {
		own_code_minified_bytes: Buffer.byteLength(own),
		with_dependencies_minified_bytes: Buffer.byteLength(whole),
		with_dependencies_gzip_bytes: gzipSync(whole).byteLength,
		runtime_dependencies: names.length,
	};
}
