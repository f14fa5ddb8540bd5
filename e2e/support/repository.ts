import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Root of the checkout; tests run from their sources, two folders below it. */
export const root: string = join(import.meta.dirname, '..', '..');

export interface Manifest {
	readonly name: string;
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly optionalDependencies?: Readonly<Record<string, string>>;
	readonly peerDependencies?: Readonly<Record<string, string>>;
	readonly devDependencies?: Readonly<Record<string, string>>;
	readonly private?: boolean;
}

/** Every workspace package with its folder and manifest. */
export function workspacePackages(): readonly { readonly folder: string; readonly manifest: Manifest }[] {
	const folders = [...readdirSync(join(root, 'packages')).map((name) => join('packages', name)), 'packs', 'policies'];
	return folders
		.filter((folder) => existsSync(join(root, folder, 'package.json')))
		.map((folder) => ({
			folder,
			manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
		}));
}

/** Files below a folder whose name ends so, `dist`, `bundle` and `node_modules` left out; paths relative to the root. */
export function filesBelow(folder: string, ...endings: readonly string[]): readonly string[] {
	if (!existsSync(join(root, folder))) return [];
	return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
		.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
		.filter((path) => !/(?:^|\/)(?:dist|bundle|node_modules|coverage)\//.test(path))
		.sort();
}

export function readText(path: string): string {
	return readFileSync(join(root, path), 'utf8');
}

/** What a TypeScript source imports: every specifier of static and dynamic imports and re-exports. */
export function importsOf(source: string): readonly string[] {
	const code = withoutComments(source);
	// A program that is written out as a file stands in a template; its imports are text. `${import(…)}` in one is code.
	const statements = code.replace(/`(?:\\.|[^`\\])*`/g, '``');
	const found = [
		...statements.matchAll(/^\s*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm),
		...statements.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
		...code.matchAll(/\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g),
	];
	return found.map(([, specifier]) => specifier!);
}

/** The source without comments; strings and templates are kept, since they may hold `//`. */
export function withoutComments(source: string): string {
	return source.replace(
		/("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
		(_, text: string | undefined) => text ?? ' ',
	);
}

/** `@scope/name/sub` → `@scope/name`; `node:fs/promises` → `node:fs`; undefined for a relative path. */
export function packageOf(specifier: string): string | undefined {
	if (specifier.startsWith('.')) return undefined;
	const parts = specifier.split('/');
	return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}
