import { dirname, join } from 'node:path';
import type { Rendered } from '@tappass/core';
import type { PolicyStatement } from '@tappass/trust';
import type { Files } from '../state/files.ts';
import type { RuntimeRendering } from './render-runtime.ts';
import { writeFiles } from './rendered-directory.ts';

/** A directory of ours that stands, read-only, where the harness inside the sandbox reads. */
export interface HarnessMount {
	readonly from: string;
	/** Inside the sandbox. */
	readonly at: string;
}

const home = '/home/agent';

/**
 * Puts the harness's files where its mounts show them; a running harness sees each replaced whole.
 * @param directory of this sandbox's run, which lives as long as the mounts do
 */
export async function writeHarnessFiles(
	files: Files,
	directory: string,
	{ runtime }: PolicyStatement,
	{ outputs }: RuntimeRendering,
): Promise<readonly HarnessMount[]> {
	const output = runtime.rings.harness === null ? undefined : outputs.get(runtime.rings.harness);
	if (output === undefined) return [];
	await writeFiles(files, directory, output.files);
	return mountsOf(directory, output);
}

/** Reads every file back and compares. @returns those that are not what was rendered */
export async function probeHarnessFiles(
	files: Files,
	directory: string,
	{ runtime }: PolicyStatement,
	{ outputs }: RuntimeRendering,
): Promise<readonly string[]> {
	const output = runtime.rings.harness === null ? undefined : outputs.get(runtime.rings.harness);
	const wrong: string[] = [];
	for (const { content, path } of output?.files ?? []) {
		const found = await files.read(join(directory, path.replace(/^~/, 'home'))).catch(() => undefined);
		if (found === undefined || found.compare(Buffer.from(content)) !== 0) wrong.push(path);
	}
	return wrong;
}

/** Arguments that show directories inside, read-only; the kernel ring's own come first. */
export function mountArguments(mounts: readonly HarnessMount[]): readonly string[] {
	return mounts.flatMap(({ at, from }) => ['--ro-bind', from, at]);
}

// Directories, not files: a mounted file goes stale when it is replaced. Those inside another need no mount of their own.
function mountsOf(directory: string, { files }: Rendered): readonly HarnessMount[] {
	const folders = [...new Set(files.map(({ path }) => dirname(path)))].sort();
	const outermost = folders.filter((one) => !folders.some((other) => one.startsWith(`${other}/`)));
	return outermost.map((folder) => ({
		from: join(directory, folder.replace(/^~/, 'home')),
		at: folder.startsWith('~') ? join(home, folder.slice(1)) : folder,
	}));
}
