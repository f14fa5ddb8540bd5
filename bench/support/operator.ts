/** A control plane with its embedded database, and its operator, as benchmarks start and ask them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { TapPassError } from '@tappass/core';
import { type RunningServer, startServer } from '@tappass/server';

export interface QuietServer {
	readonly server: RunningServer;
	/** Of the operator API. */
	readonly origin: string;
	/** The first operator's API key. */
	readonly key: string;
}

/** Starts one on loopback, in this process. @param hostPort of the host plane; 0: any that is free */
export async function quietServer(directory: string, hostPort = 0): Promise<QuietServer> {
	const free = { host: '127.0.0.1', port: 0 };
	const server = await startServer({
		directory,
		operatorListen: free,
		hostListen: { ...free, port: hostPort },
		agentListen: free,
		...(process.getuid?.() === 0 ? { engineUser: 'nobody' } : {}),
		// A benchmark's log is its figures.
		log: { info() {}, warn() {}, error() {} } as never,
	});
	const key = (await readFile(path.join(directory, 'credentials', 'operator.key'), 'utf8')).trim();
	return { server, origin: server.urls.operator!, key };
}

/** One call of the operator API. @throws {TapPassError} internal: whatever was refused, a benchmark did not mean to ask it */
export async function call(
	origin: string,
	credential: string,
	method: string,
	where: string,
	body?: object,
): Promise<Readonly<Record<string, unknown>>> {
	const answer = await fetch(`${origin}${where}`, {
		method,
		headers: {
			authorization: `Bearer ${credential}`,
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
		},
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await answer.text();
	if (!answer.ok) throw new TapPassError('internal', { detail: `${method} ${where}: ${text}` });
	return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
