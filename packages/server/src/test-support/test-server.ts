import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { type RunningServer, type ServerOptions, startServer } from '../main.ts';
import { engineDirectory, engineUser } from './engine-template.ts';

/** What one request got. */
export interface Reply {
	readonly status: number;
	readonly headers: Headers;
	// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
	readonly body: any;
}

/** Someone who asks the operator API. */
export interface Caller {
	readonly call: (
		method: string,
		path: string,
		body?: unknown,
		headers?: Readonly<Record<string, string>>,
	) => Promise<Reply>;
}

/** A server in a directory of its own, with its first operator signed in. */
export interface TestServer extends Caller {
	readonly server: RunningServer;
	readonly directory: string;
	/** Options with which another server can be started on the same directory. */
	readonly options: ServerOptions;
	/** The first operator's key. */
	readonly key: string;
	readonly url: string;
	/** Signs in with a key. */
	readonly signIn: (key: string) => Promise<Caller>;
	/** What was logged so far. */
	readonly logged: () => string;
	readonly close: () => Promise<void>;
}

/** Starts it. */
export async function testServer(extra: Partial<ServerOptions> = {}): Promise<TestServer> {
	const directory = extra.directory ?? (await engineDirectory('tappass-server-'));
	let log = '';
	const options: ServerOptions = {
		directory,
		operatorListen: { host: '127.0.0.1', port: 0 },
		hostListen: { host: '127.0.0.1', port: 0 },
		agentListen: { host: '127.0.0.1', port: 0 },
		org: { name: 'acme', email: 'ada@acme.example' },
		log: pino(
			{},
			{
				write: (line: string) => {
					log += line;
				},
			},
		),
		...(engineUser === undefined ? {} : { engineUser }),
		...extra,
	};
	const server = await startServer(options);
	const url = server.urls.operator!;
	const key = (await readFile(path.join(directory, 'credentials', 'operator.key'), 'utf8')).trim();
	const signIn = async (text: string): Promise<Caller> => {
		const reply = await send(url, 'POST', '/v1/auth/token', undefined, { authorization: `Bearer ${text}` });
		if (reply.status !== 200) throw new Error(`sign-in: ${JSON.stringify(reply.body)}`);
		const authorization = `Bearer ${reply.body.token as string}`;
		return {
			call: (method, where, body, headers = {}) => send(url, method, where, body, { authorization, ...headers }),
		};
	};
	const { call } = await signIn(key);
	const close = async (): Promise<void> => {
		await server.close();
		await rm(directory, { recursive: true, force: true });
	};
	return { server, directory, options, key, url, signIn, call, logged: () => log, close };
}

/** One request, as it is. */
export async function send(
	url: string,
	method: string,
	where: string,
	body?: unknown,
	headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
	const sent = await fetch(`${url}${where}`, {
		method,
		headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
		...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
	});
	const text = await sent.text();
	return {
		status: sent.status,
		headers: sent.headers,
		body: text === '' ? null : /json/.test(sent.headers.get('content-type') ?? '') ? JSON.parse(text) : text,
	};
}

/** A file as requests carry one. */
export function fileOf(file: string, content: string): { readonly file: string; readonly content: string } {
	return { file, content: Buffer.from(content).toString('base64') };
}
