import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type RenderedFile, TapPassError } from '@tappass/core';
import type { Files } from '../state/files.ts';
import type { RuntimeRendering } from './render-runtime.ts';

/**
 * Writes everything that was rendered into a directory of its own, then makes `current` point to it in one step. After a
 * crash `current` is the old version, whole, or the new one; what was half written is swept away by the next.
 *
 * @param rendered directory of the sandbox for all versions
 * @throws {TapPassError} file_unwritable; `current` is as it was then
 */
export async function writeRendered(
	files: Files,
	rendered: string,
	version: { readonly epoch: number; readonly policy_version: number },
	{ outputs }: RuntimeRendering,
): Promise<void> {
	await files.makeDirectory(rendered, 0o755);
	const name = `${version.epoch}-${version.policy_version}-${randomBytes(6).toString('hex')}`;
	for (const [provider, output] of outputs) await writeFiles(files, join(rendered, name, provider), output.files);
	await files.switchLink(join(rendered, 'current'), name);
	for (const old of await files.list(rendered)) {
		if (old !== name && old !== 'current') await files.remove(join(rendered, old));
	}
}

/**
 * Writes rendered files below a directory, absolute paths and those of the agent's home (`home/…`) included. Each is
 * replaced whole, so a program that reads them meanwhile sees the old or the new.
 */
export async function writeFiles(files: Files, directory: string, rendered: readonly RenderedFile[]): Promise<void> {
	await files.makeDirectory(directory, 0o755);
	for (const { content, mode, path } of rendered) {
		const parts = path.split('/').filter((part) => part !== '' && part !== '.');
		if (parts.includes('..') || parts.length === 0)
			throw new TapPassError('internal', { detail: `a rendered path leads out of its directory: ${path}` });
		const below = parts.map((part) => (part === '~' ? 'home' : part));
		for (let depth = 1; depth < below.length; depth += 1)
			await files.makeDirectory(join(directory, ...below.slice(0, depth)), 0o755);
		await files.write(join(directory, ...below), content, mode);
	}
}
