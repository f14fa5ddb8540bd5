import { accessSync, constants } from 'node:fs';
import { TapPassError } from '@tappass/core';

/** Where programs of the system are; the caller's own PATH may name a folder that others can write. */
const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];
/** Program → the package that brings it, as Debian names it. */
const packages: Readonly<Record<string, string>> = {
	bwrap: 'bubblewrap',
	socat: 'socat',
	unshare: 'util-linux',
	nsenter: 'util-linux',
	prlimit: 'util-linux',
	setpriv: 'util-linux',
	du: 'coreutils',
};

/** What the kernel ring is made with. */
export const kernelRingPrograms: readonly string[] = Object.keys(packages);

/** Where a program of the system is, or undefined. */
export function findSystemProgram(name: string): string | undefined {
	return folders
		.map((folder) => `${folder}/${name}`)
		.find((path) => {
			try {
				accessSync(path, constants.X_OK);
				return true;
			} catch {
				// Not there: the next folder may have it.
				return false;
			}
		});
}

/** @throws {TapPassError} program_missing, with the command that installs it */
export function systemProgram(name: string): string {
	const found = findSystemProgram(name);
	if (found !== undefined) return found;
	throw new TapPassError('program_missing', {
		detail: `${name} is not in ${folders.join(', ')}`,
		hint: installHint(name),
	});
}

/** The command that brings a program. */
export function installHint(name: string): string {
	return `apt-get install ${packages[name] ?? name}`;
}
