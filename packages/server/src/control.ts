import { chmod, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sha256Hex, TapPassError } from '@tappass/core';
import { z } from 'zod';

/** What a server on this machine says of itself. */
export interface LocalStatus {
	readonly pid: number;
	readonly version: string;
	/** Plane → address, null when it runs elsewhere. */
	readonly urls: Readonly<Record<string, string | null>>;
	/** An instant. */
	readonly started_at: string;
}

const statusSchema: z.ZodType<LocalStatus> = z.strictObject({
	pid: z.int(),
	version: z.string(),
	urls: z.record(z.string(), z.string().nullable()),
	started_at: z.string(),
});

/** Keeps a data directory to one server, and lets commands on this machine find and stop it. */
export interface Hold {
	readonly release: () => Promise<void>;
}

/**
 * Takes a data directory: a socket in it that only its owner may use is the lock. One that nobody answers on is replaced.
 * @throws {TapPassError} already_running
 */
export async function holdDirectory(directory: string, status: () => LocalStatus, stop: () => void): Promise<Hold> {
	const file = socketOf(directory);
	const server = createServer((incoming, response) => {
		const isStop = incoming.method === 'POST' && incoming.url === '/stop';
		response.setHeader('content-type', 'application/json').end(JSON.stringify(status()));
		if (isStop) response.once('finish', stop);
	});
	if (!(await listen(server, file))) {
		const other = await localStatus(directory);
		if (other !== null)
			throw new TapPassError('already_running', {
				detail: `process ${other.pid} uses ${directory}`,
				hint: `tappass server status --data ${directory}, or tappass server stop --data ${directory}`,
			});
		await rm(file, { force: true });
		if (!(await listen(server, file))) throw new TapPassError('already_running', { detail: `${file} is taken` });
	}
	await chmod(file, 0o600);
	return {
		release: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
			await rm(file, { force: true });
		},
	};
}

/** What runs on a data directory; null when nothing does. */
export async function localStatus(directory: string): Promise<LocalStatus | null> {
	return ask(directory, 'GET', '/status');
}

/** Asks the server on a data directory to stop; it drains first. Null when nothing runs there. */
export async function stopLocal(directory: string): Promise<LocalStatus | null> {
	return ask(directory, 'POST', '/stop');
}

const socketPathMax = 100;

function socketOf(directory: string): string {
	const here = path.join(path.resolve(directory), 'control.sock');
	// A unix socket's path has at most 107 bytes.
	const digest = sha256Hex(new TextEncoder().encode(here)).slice(0, 16);
	return here.length < socketPathMax ? here : path.join(tmpdir(), `tappass-${digest}.sock`);
}

async function listen(server: Server, file: string): Promise<boolean> {
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE') resolve(false);
			else reject(error);
		});
		server.listen(file, () => resolve(true));
	});
}

const answerMs = 2_000;

async function ask(directory: string, method: string, url: string): Promise<LocalStatus | null> {
	return new Promise((resolve, reject) => {
		const sent = request({ socketPath: socketOf(directory), method, path: url, timeout: answerMs }, (response) => {
			response.setEncoding('utf8');
			let text = '';
			response.on('data', (part: string) => {
				text += part;
			});
			response.on('end', () => {
				try {
					resolve(statusSchema.parse(JSON.parse(text)));
				} catch (error) {
					reject(error);
				}
			});
		});
		sent.on('timeout', () => sent.destroy(new TapPassError('already_running', { detail: 'it does not answer' })));
		sent.on('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
			else if (error instanceof TapPassError) reject(error);
			// A directory of somebody else's: whether a server runs there cannot be known.
			else
				reject(new TapPassError('file_unreadable', { detail: `${socketOf(directory)}: ${error.code}`, cause: error }));
		});
		sent.end();
	});
}
