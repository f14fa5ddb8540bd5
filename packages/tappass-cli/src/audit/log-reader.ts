import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LogReader } from '@tappass/audit';
import { readBounded } from '@tappass/cli-kit';
import { errorTable, TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { boundedBody } from '../remote/bounded-body.ts';
import { clientAt } from '../remote/connect.ts';

/**
 * The log at an address or in a directory. Nothing that comes out of it is believed by being there. A log that its server shows
 * to those only who may read it is read with the key that this user has for that very server.
 *
 * @param location `https://…`, `http://…` or a directory
 * @throws {TapPassError} usage, file_unreadable
 */
export async function openLog(location: string): Promise<LogReader> {
	if (/^https?:\/\//i.test(location)) return httpLog(location);
	if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location))
		throw new TapPassError('usage', { detail: `${location}: expected https://, http:// or a directory` });
	const found = await stat(location).catch((cause: NodeJS.ErrnoException) => {
		throw new TapPassError('file_unreadable', { detail: `${location}: ${cause.code}`, cause });
	});
	if (!found.isDirectory())
		throw new TapPassError('usage', {
			detail: `${location} is not a directory`,
			hint: 'name the directory that holds checkpoint and tile/',
		});
	return { read: (path) => readFileOf(location, path) };
}

async function readFileOf(directory: string, path: string): Promise<Uint8Array | undefined> {
	try {
		return await readBounded(join(directory, ...path.split('/')), limits.logFileBytesMax);
	} catch (error) {
		const code = error instanceof TapPassError ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
		// Only absence is an answer; whatever else goes wrong is not known to be one.
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw error;
	}
}

function httpLog(location: string): LogReader {
	const url = URL.parse(location);
	if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
		throw new TapPassError('usage', { detail: `${location}: expected the plain address of a log` });
	const base = url.href.replace(/\/+$/, '');
	const path = new URL(base).pathname;
	let client: Promise<ApiClient | undefined> | undefined;
	const readOnce = async (file: string): Promise<Uint8Array | undefined> => {
		// Only a server of ours has logs there: a key is for nothing else at its address.
		client ??= /^\/audit\/[^/]+$/.test(path) ? clientAt(url.origin) : Promise.resolve(undefined);
		const own = await client;
		try {
			if (own !== undefined) return await own.file(`${path}/${file}`);
		} catch (error) {
			// A key that is good no more keeps nobody from a log that all may read.
			if (!(error instanceof TapPassError) || error.row.exit !== errorTable.unauthenticated.exit) throw error;
		}
		return fetchFile(`${base}/${file}`, url.origin);
	};
	return {
		read: async (file) => {
			for (let tried = 1; ; tried += 1) {
				try {
					return await readOnce(file);
				} catch (error) {
					const mayRetry = error instanceof TapPassError && error.row.retryable;
					if (!mayRetry || tried === limits.logFileTries) throw error;
					await wait(2 ** tried * 100);
				}
			}
		},
	};
}

async function fetchFile(address: string, origin: string): Promise<Uint8Array | undefined> {
	const unreachable = (cause: unknown): TapPassError =>
		new TapPassError('server_unreachable', { detail: address, hint: 'is this the address of a log?', cause });
	const answer = await fetch(address, { signal: AbortSignal.timeout(limits.logFileMs) }).catch((cause: unknown) => {
		throw unreachable(cause);
	});
	if (!answer.ok) await answer.body?.cancel();
	if (answer.status === 404 || answer.status === 410) return undefined;
	if (answer.status === 401 || answer.status === 403)
		throw new TapPassError('unauthenticated', {
			detail: `${address} is not public`,
			hint: `sign in with a key that may read it, tappass login --server ${origin} --key-file <file>, or verify a copy that was made with tappass audit export`,
		});
	if (answer.status === 429 || answer.status >= 500) throw unreachable(`status ${answer.status}`);
	if (!answer.ok) throw new TapPassError('server_unexpected', { detail: `${address}: status ${answer.status}` });
	const bytes = await boundedBody(answer, limits.logFileBytesMax).catch((error: unknown) => {
		throw unreachable(error);
	});
	if (bytes === undefined)
		throw new TapPassError('server_unexpected', { detail: `${address}: more than ${limits.logFileBytesMax} bytes` });
	return bytes;
}
