import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { type ErrorCode, errorTable, TapPassError } from '@tappass/core';
import type { DaemonView, SandboxView } from '../daemon/view.ts';
import type { Spawnable } from '../launch/types.ts';
import type { RunRequest } from '../state/documents.ts';
import { readSandbox, readView } from './view-schema.ts';

/** The daemon as commands reach it. Each throws `daemon_unreachable`, `daemon_unexpected`, or the code of the daemon's refusal. */
export interface LocalClient {
	readonly status: () => Promise<DaemonView>;
	/** The state now, and whenever it changes, until the daemon goes. */
	readonly watch: () => AsyncIterable<DaemonView>;
	readonly reload: () => Promise<DaemonView>;
	/** Has the daemon let go of a sandbox that is about to be moved or removed. */
	readonly release: (name: string) => Promise<DaemonView>;
	readonly start: (name: string, run: RunRequest) => Promise<SandboxView>;
	readonly stop: (name: string) => Promise<SandboxView>;
	readonly restart: (name: string) => Promise<SandboxView>;
	readonly enter: (
		name: string,
		program: {
			readonly command: string;
			readonly args: readonly string[];
			readonly env: Readonly<Record<string, string>>;
		},
	) => Promise<Spawnable>;
}

/** Speaks to the daemon at `socket`. */
export function localClient(socket: string): LocalClient {
	const sandbox = async (name: string, verb: string, body: object = {}): Promise<SandboxView> =>
		readSandbox(((await call(socket, 'POST', `/v1/sandboxes/${name}/${verb}`, body)) as { sandbox: unknown }).sandbox);
	return {
		status: () => call(socket, 'GET', '/v1/status').then(readView),
		watch: () => lines(socket),
		reload: () => call(socket, 'POST', '/v1/reload', {}).then(readView),
		release: (name) => call(socket, 'POST', `/v1/sandboxes/${name}/release`, {}).then(readView),
		start: (name, run) => sandbox(name, 'start', run),
		stop: (name) => sandbox(name, 'stop'),
		restart: (name) => sandbox(name, 'restart'),
		enter: (name, program) => call(socket, 'POST', `/v1/sandboxes/${name}/enter`, program) as Promise<Spawnable>,
	};
}

async function* lines(socket: string): AsyncIterable<DaemonView> {
	const response = await open(socket, 'GET', '/v1/watch');
	try {
		for await (const line of createInterface({ input: response })) yield readView(JSON.parse(line));
	} catch (cause) {
		throw cause instanceof TapPassError ? cause : unreachable(socket, cause as NodeJS.ErrnoException);
	} finally {
		// Whoever wants no more would be held by a stream that goes on.
		response.destroy();
	}
}

async function call(socket: string, method: string, path: string, body?: object): Promise<unknown> {
	const response = await open(socket, method, path, body);
	const chunks: Buffer[] = [];
	for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
	const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Readonly<Record<string, unknown>>;
	if (response.statusCode === 200) return answer;
	const { code, detail, hint } = answer;
	const known = typeof code === 'string' && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'internal';
	throw new TapPassError(known, {
		...(typeof detail === 'string' && { detail }),
		...(typeof hint === 'string' && { hint }),
	});
}

function open(socket: string, method: string, path: string, body?: object): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const headers = body === undefined ? {} : { 'content-type': 'application/json' };
		const sent = request({ socketPath: socket, method, path, headers, agent: false }, resolve);
		sent.on('error', (cause: NodeJS.ErrnoException) => reject(unreachable(socket, cause)));
		sent.end(body === undefined ? undefined : JSON.stringify(body));
	});
}

function unreachable(socket: string, cause: NodeJS.ErrnoException): TapPassError {
	const isOurs = cause.code !== 'EACCES' && cause.code !== 'EPERM';
	return new TapPassError('daemon_unreachable', {
		detail: `${socket}: ${cause.code}`,
		hint: isOurs
			? 'start it: tappass-host daemon, or systemctl start tappass-host'
			: 'it is another user’s: run the command as root, or as a member of the group that the daemon was given',
		cause,
	});
}
