import { chmod, chown, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { parseBytesWith, TapPassError, toProblem } from '@tappass/core';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { GovernedSandbox } from '../daemon/governed-sandbox.ts';
import type { DaemonView } from '../daemon/view.ts';
import { limits } from '../limits.ts';
import { claim } from '../state/claim.ts';
import { runRequestSchema } from '../state/documents.ts';
import { underUmask } from '../state/umask.ts';

/** What the local API can ask of the daemon. */
export interface LocalActions {
	/** Settles when every sandbox has been taken up: what is asked before waits for it. */
	readonly ready: Promise<void>;
	readonly view: () => DaemonView;
	readonly reload: () => Promise<void>;
	/** Lets go of a sandbox, whose agent ends, until the next `reload`. @throws {TapPassError} not_found */
	readonly release: (name: string) => Promise<void>;
	/** @throws {TapPassError} not_found */
	readonly sandbox: (name: string) => GovernedSandbox;
	/** Calls `wake` when something changed; the answer ends that. */
	readonly watch: (wake: () => void) => () => void;
}

export interface LocalApiOptions {
	/** In a directory that only the daemon's user may write to: nobody else can take its name. */
	readonly socket: string;
	/** Group whose members may connect. */
	readonly gid?: number;
	readonly actions: LocalActions;
	readonly log: Logger;
}

/**
 * The daemon's door for commands on the same machine, and its lock: whoever listens here is the daemon. A socket that nobody
 * answers at is a dead daemon's, and replaced.
 * @throws {TapPassError} already_running
 */
export async function startLocalApi(options: LocalApiOptions): Promise<{ readonly close: () => Promise<void> }> {
	const { gid, log, socket } = options;
	const server = createServer({ requestTimeout: limits.localRequestMs }, (request, response) => {
		answer(options, request, response).catch((error: unknown) => {
			const problem = toProblem(error);
			if (problem.code === 'internal') log.error({ cause: String(error) }, 'a request of the local API failed');
			if (response.headersSent) response.destroy();
			else send(response, problem.status, problem);
		});
	});
	await listen(server, socket);
	// Modes first open the socket to the group, then the directory to it: never wider than asked.
	await chmod(socket, gid === undefined ? 0o600 : 0o660);
	if (gid !== undefined) {
		await chown(socket, process.getuid?.() ?? 0, gid);
		await chown(dirname(socket), process.getuid?.() ?? 0, gid);
	}
	// Agents pass through to their own socket; they can neither list nor write.
	await chmod(dirname(socket), gid === undefined ? 0o711 : 0o751);
	return {
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

async function listen(server: Server, socket: string): Promise<void> {
	for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
		const error = await bound(server, socket);
		if (error === undefined) return;
		if (error.code !== 'EADDRINUSE') throw new TapPassError('file_unwritable', { detail: `${socket}: ${error.code}` });
		if (await answers(socket)) throw running(socket);
		await removeDead(socket);
	}
	throw running(socket);
}

const attemptsMax = 40;
const betweenMs = 50;

/**
 * Takes a dead socket's name away. One at a time, by a claim that ends with its maker: while that one looks and removes,
 * nobody else removes, and nobody can bind a name that is taken; so what it removes is what it looked at.
 */
async function removeDead(socket: string): Promise<void> {
	const giveBack = await claim(`${socket}.replacing`, socket).catch((error: unknown) => {
		if (error instanceof TapPassError && error.code === 'already_running') return undefined;
		throw error;
	});
	if (giveBack === undefined) return pause();
	try {
		// Looked at twice: one that is bound but does not listen yet refuses as a dead one does.
		const before = await inodeOf(socket);
		if (before === undefined || (await answers(socket))) return;
		await pause();
		if ((await inodeOf(socket)) === before && !(await answers(socket))) await unlink(socket);
	} finally {
		await giveBack();
	}
}

function pause(): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, betweenMs));
}

function inodeOf(path: string): Promise<number | undefined> {
	return lstat(path).then(
		({ ino }) => ino,
		() => undefined,
	);
}

function running(socket: string): TapPassError {
	return new TapPassError('already_running', { detail: `a daemon listens on ${socket}` });
}

function bound(server: Server, socket: string): Promise<NodeJS.ErrnoException | undefined> {
	return new Promise((resolve) => {
		const failed = (error: NodeJS.ErrnoException): void => resolve(error);
		server.once('error', failed);
		// Nobody else's from the first moment on.
		underUmask(0o177, () =>
			server.listen(socket, () => {
				server.off('error', failed);
				resolve(undefined);
			}),
		);
	});
}

function answers(socket: string): Promise<boolean> {
	return new Promise((resolve) => {
		const probe = connect(socket);
		probe.once('connect', () => {
			probe.destroy();
			resolve(true);
		});
		probe.once('error', () => resolve(false));
	});
}

const enterSchema = z.strictObject({
	command: z.string().min(1).max(4_096),
	args: z.array(z.string().max(65_536)).max(1_024),
	env: z.record(z.string().max(256), z.string().max(4_096)),
});

const route = /^\/v1\/sandboxes\/([a-z0-9_-]{1,63})\/(start|stop|restart|release|enter)$/;

async function answer({ actions }: LocalApiOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const path = request.url ?? '';
	// A page in a browser cannot reach a unix socket, but a careless forwarder could hand it one.
	if (request.headers.origin !== undefined) throw new TapPassError('forbidden', { detail: 'not for browsers' });
	await actions.ready;
	if (request.method === 'GET' && path === '/v1/status') return send(response, 200, actions.view());
	if (request.method === 'GET' && path === '/v1/watch') return watch(actions, response);
	if (request.method !== 'POST') throw new TapPassError('method_not_allowed');
	const body = await readBody(request);
	if (path === '/v1/reload') {
		await actions.reload();
		return send(response, 200, actions.view());
	}
	const [, name, verb] = route.exec(path) ?? [];
	if (name === undefined) throw new TapPassError('not_found', { detail: 'no such address' });
	if (verb === 'release') {
		await actions.release(name);
		return send(response, 200, actions.view());
	}
	const sandbox = actions.sandbox(name);
	if (verb === 'start') await sandbox.start(parseBytesWith(runRequestSchema, body, 'the request'));
	else if (verb === 'stop') await sandbox.agent.stop();
	else if (verb === 'restart') await sandbox.agent.restart('the host owner asked for it');
	else {
		const { args, command, env } = parseBytesWith(enterSchema, body, 'the request');
		return send(response, 200, { schema: 'tappass.host.enter/1', ...sandbox.enter(command, args, env) });
	}
	send(response, 200, { schema: 'tappass.host.sandbox/1', sandbox: sandbox.view() });
}

/** One line for the state now, and one whenever it changed; a slow reader gets fewer. */
function watch({ view, watch: onChange }: LocalActions, response: ServerResponse): void {
	response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
	let last = '';
	let waiting = false;
	const tell = (): void => {
		waiting = false;
		const text = JSON.stringify(view());
		if (text === last || response.writableNeedDrain) return;
		last = text;
		response.write(`${text}\n`);
	};
	const wake = (): void => {
		if (waiting) return;
		waiting = true;
		setImmediate(tell);
	};
	const end = onChange(wake);
	// Seconds that are left run down without any change.
	const timer = setInterval(wake, limits.tickMs);
	response.on('close', () => {
		end();
		clearInterval(timer);
	});
	tell();
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.byteLength;
		if (size > limits.localBodyBytesMax) throw new TapPassError('request_too_large');
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: object): void {
	const bytes = Buffer.from(JSON.stringify(body));
	const headers = { 'content-type': 'application/json', 'content-length': bytes.byteLength };
	response.writeHead(status, headers).end(bytes);
}
