import { constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits, TapPassError } from '@tappass/core';

/**
 * Reads a file that the host mounted: opened once without following a link, looked at and read through the one handle, so
 * that nothing can be put in its place in between.
 *
 * @param allowWritable accept a file that this process could write itself; for development outside a sandbox
 * @throws {TapPassError} file_unreadable
 */
export async function readMounted(path: string, allowWritable: boolean): Promise<Buffer> {
	let handle: FileHandle | undefined;
	try {
		handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		const stat = await handle.stat();
		if (!stat.isFile()) throw refused(path, 'it is no regular file');
		// None: it was replaced since it was opened, as happens once a minute. More than one: somebody else may hold it.
		if (stat.nlink > 1) throw refused(path, 'it has another name');
		if ((stat.mode & 0o022) !== 0) throw refused(path, 'others may write it');
		if (!allowWritable && (await mayChange(path, handle.fd, stat.uid)))
			throw refused(path, 'this process may write it');
		const bytes = Buffer.alloc(limits.payloadBytesMax + 1);
		let length = 0;
		for (;;) {
			const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
			length += bytesRead;
			if (bytesRead === 0 || length === bytes.length) break;
		}
		if (length > limits.payloadBytesMax) throw refused(path, `it has more than ${limits.payloadBytesMax} bytes`);
		// A copy: what is kept for comparison is not a megabyte.
		return Buffer.from(bytes.subarray(0, length));
	} catch (cause) {
		if (cause instanceof TapPassError) throw cause;
		const { code = 'unknown' } = cause as NodeJS.ErrnoException;
		const hint =
			'the host mounts it where it runs an agent: tappass-host start; elsewhere TAPPASS_KEYRING names a directory with a keyring, such as tappass dev make-keyring makes';
		throw new TapPassError('file_unreadable', {
			detail: `${path}: ${code}`,
			...(code === 'ENOENT' && { hint }),
			cause,
		});
	} finally {
		await handle?.close();
	}
}

function refused(path: string, why: string): TapPassError {
	return new TapPassError('file_unreadable', {
		detail: `${path}: ${why}`,
		hint: 'in a sandbox the host mounts it read-only; outside one, for development, say allowWritable, or --allow-writable',
	});
}

/**
 * By what the kernel would let us do. An owner could give itself the right, and who may write the directory can put another
 * file there, unless the whole mount is read-only.
 */
async function mayChange(path: string, fd: number, owner: number): Promise<boolean> {
	const directory = await writeRefusal(dirname(path));
	if (directory === 'EROFS') return false;
	// Through the handle: what is asked about is what was opened.
	const file = await writeRefusal(`/proc/self/fd/${fd}`);
	return owner === process.getuid?.() || !refusals.has(directory) || !refusals.has(file);
}

/** The kernel's own "no"; anything else means that it could not be asked. */
const refusals: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

function writeRefusal(path: string): Promise<string> {
	return access(path, constants.W_OK).then(
		() => 'none',
		({ code = 'unknown' }: NodeJS.ErrnoException) => code,
	);
}
