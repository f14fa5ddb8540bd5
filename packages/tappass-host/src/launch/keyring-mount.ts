import { lstat, readFile } from 'node:fs/promises';
import { TapPassError } from '@tappass/core';

/**
 * What is wrong with the directory that agents are given as their Keyring. It is mounted as a directory: a file that is
 * mounted alone goes stale when it is replaced, and a file that something is mounted over cannot be replaced at all.
 */
export async function keyringFault(directory: string): Promise<string | undefined> {
	const stat = await lstat(directory).catch(() => undefined);
	if (stat === undefined) return 'missing';
	if (!stat.isDirectory()) return 'not a directory';
	if ((stat.mode & 0o022) !== 0) return 'others may write to it';
	const over = mountsBelow(directory, await readFile('/proc/self/mountinfo', 'utf8'));
	return over.length === 0 ? undefined : `something is mounted at ${over[0]}`;
}

/** @throws {TapPassError} sandbox_failed when agents cannot be given this directory as their Keyring */
export async function assertKeyringDirectory(directory: string): Promise<void> {
	const fault = await keyringFault(directory);
	if (fault === undefined) return;
	throw new TapPassError('sandbox_failed', {
		detail: `the Keyring ${directory}: ${fault}`,
		hint: 'tappass-host doctor',
	});
}

/** Where something is mounted inside a directory. @param mountinfo as in /proc/self/mountinfo */
function mountsBelow(directory: string, mountinfo: string): readonly string[] {
	return mountinfo
		.split('\n')
		.map((line) => line.split(' ')[4] ?? '')
		.map((path) => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
		.filter((path) => path.startsWith(`${directory}/`));
}
