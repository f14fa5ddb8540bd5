import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TapPassError } from '@tappass/core';
import type { SourceFile } from '@tappass/policy';
import { limits } from './limits.ts';

/** Endings of the files that authors write. */
const endings: readonly string[] = ['.rego', '.yaml', '.yml', '.md'];
const ignored: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git']);

/**
 * The files at these paths: each file as it is, each directory with everything below it that an author writes, in the order
 * of their names. Names are as typed, with forward slashes.
 *
 * @throws {TapPassError} file_unreadable
 */
export async function readSources(paths: readonly string[]): Promise<readonly SourceFile[]> {
	const names = (await all(paths, namesAt)).flat();
	if (names.length > limits.sourceFilesMax)
		throw new TapPassError('usage', { detail: `${names.length} files, at most ${limits.sourceFilesMax}` });
	return all([...new Set(names)], readSource);
}

/** Every file that was named, in order; when some cannot be read, all of them are told at once. @throws {TapPassError} file_unreadable */
export async function readEach(paths: readonly string[]): Promise<readonly SourceFile[]> {
	return all(paths, readSource);
}

async function all<T>(paths: readonly string[], read: (path: string) => Promise<T>): Promise<readonly T[]> {
	const settled = await Promise.allSettled(paths.map(read));
	const failed = settled.filter((one) => one.status === 'rejected').map((one): unknown => one.reason);
	const [first] = failed;
	if (failed.length === 0) return settled.filter((one) => one.status === 'fulfilled').map((one) => one.value);
	if (failed.length === 1 || failed.some((error) => !(error instanceof TapPassError))) throw first;
	throw new TapPassError('file_unreadable', {
		detail: `${failed.length} files`,
		diagnostics: failed.map((error) => ({
			code: 'file_unreadable' as const,
			message: (error as TapPassError).detail ?? 'not readable',
		})),
	});
}

/** One file with its time of change. @throws {TapPassError} file_unreadable */
export async function readSource(path: string): Promise<SourceFile> {
	try {
		const info = statSync(path);
		if (info.isDirectory())
			throw new TapPassError('file_unreadable', { detail: `${path} is a directory`, hint: 'name the file' });
		// A device or a pipe may have no end.
		if (!info.isFile()) throw new TapPassError('file_unreadable', { detail: `${path} is not a regular file` });
		if (info.size > limits.sourceFileBytesMax)
			throw new TapPassError('file_unreadable', {
				detail: `${path} has ${info.size} bytes`,
				hint: `at most ${limits.sourceFileBytesMax}`,
			});
		return { file: path.split(sep).join('/'), bytes: readFileSync(path), mtime: Math.floor(info.mtimeMs) };
	} catch (cause) {
		throw unreadable(path, cause);
	}
}

async function namesAt(path: string): Promise<readonly string[]> {
	try {
		if (!statSync(path).isDirectory()) return [path];
		return walk(path).toSorted();
	} catch (cause) {
		throw unreadable(path, cause);
	}
}

function walk(directory: string): readonly string[] {
	return readdirSync(directory, { withFileTypes: true }).flatMap((entry): readonly string[] => {
		const path = join(directory, entry.name);
		if (ignored.has(entry.name)) return [];
		if (entry.isDirectory()) return walk(path);
		// A link inside a tree could lead anywhere, also back up; name it on the command line to have it read.
		if (!entry.isFile() || entry.name.startsWith('.')) return [];
		return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
	});
}

function unreadable(path: string, cause: unknown): TapPassError {
	if (cause instanceof TapPassError) return cause;
	const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
	const hint = code === 'ENOENT' ? shippedHint(path) : undefined;
	return new TapPassError('file_unreadable', { detail: `${path}: ${code}`, ...(hint && { hint }), cause });
}

// Installed from npm there is no policies/ beside the reader, who was told of one.
function shippedHint(path: string): string | undefined {
	const shipped = join(shippedDirectory('policies'), basename(path));
	return path.endsWith('.rego') && existsSync(shipped) ? `a policy of that name ships: ${shipped}` : undefined;
}

/** Directory of the policies, or of the Packs, that are installed with this command. */
export function shippedDirectory(name: 'policies' | 'packs'): string {
	return dirname(fileURLToPath(import.meta.resolve(`@tappass/${name}/package.json`)));
}

/** Everything that ships: authoring data, Packs and policies; named `policies/…` and `packs/…` wherever they are installed. */
export async function readShipped(): Promise<readonly SourceFile[]> {
	const both = await Promise.all(
		(['policies', 'packs'] as const).map(async (name) => {
			const directory = shippedDirectory(name);
			const files = await readSources([directory]);
			return files.map((file) => ({
				...file,
				file: `${name}${file.file.slice(directory.split(sep).join('/').length)}`,
			}));
		}),
	);
	return both.flat();
}
