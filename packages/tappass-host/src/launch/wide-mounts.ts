import { statSync } from 'node:fs';
import type { Rendered } from '@tappass/core';

/** Directories of the system that programs come from: nothing listens there. */
const quiet = ['/bin', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/sbin', '/usr'];

/**
 * Whether a sandbox sees directories of the host in which services may keep sockets: a read-only mount does not stop a
 * connection. The workspace is not one of them: it is the agent's own.
 */
export function showsHostDirectories({ args }: Rendered, workspaceHost: string | undefined): boolean {
	return args.some((option, index) => {
		if (option !== '--ro-bind') return false;
		const source = args[index + 1] ?? '';
		const below = (folder: string): boolean => source === folder || source.startsWith(`${folder}/`);
		if (quiet.some(below) || (workspaceHost !== undefined && below(workspaceHost))) return false;
		return statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? false;
	});
}
