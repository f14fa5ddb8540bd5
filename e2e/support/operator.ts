/** A control plane as its own process, and an operator's terminal: the shipped `tappass`, in directories of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './repository.ts';

const tappass = join(root, 'bin', 'tappass');

/** What one command gave. */
export interface Done {
	readonly exit: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** One person's terminal: configuration and cache are nobody else's. */
export class Terminal {
	readonly directory: string;
	readonly #env: Readonly<Record<string, string>>;

	constructor(env: Readonly<Record<string, string>> = {}) {
		this.directory = mkdtempSync(join(tmpdir(), 'tappass-operator-'));
		// As root the engine runs as another user, who must be able to reach the data directory.
		chmodSync(this.directory, 0o755);
		this.#env = env;
	}

	get env(): NodeJS.ProcessEnv {
		const { NO_COLOR: _, TAPPASS_DEBUG: __, ...env } = process.env;
		const at = (name: string): string => join(this.directory, name);
		return {
			...env,
			XDG_CONFIG_HOME: at('config'),
			XDG_CACHE_HOME: at('cache'),
			XDG_DATA_HOME: at('data'),
			...this.#env,
		};
	}

	/** Runs `tappass` with these words in the repository, as after a fresh clone. */
	async run(
		line: string,
		input = '',
		options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
	): Promise<Done> {
		const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
		const child = spawn(tappass, words.slice(1), { cwd: options.cwd ?? root, env: { ...this.env, ...options.env } });
		const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
		child.stdin.on('error', () => undefined).end(input);
		const [exit] = (await once(child, 'close')) as [number | null];
		return { exit, stdout: stdout(), stderr: stderr() };
	}

	/** The same with `--json`, read. */
	// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
	async json(line: string): Promise<any> {
		const { stdout, stderr } = await this.run(`${line} --json`);
		return JSON.parse(stdout === '' ? stderr : stdout);
	}

	close(): void {
		rmSync(this.directory, { recursive: true, force: true });
	}
}

function collect(stream: NodeJS.ReadableStream): () => string {
	let text = '';
	stream.setEncoding('utf8').on('data', (part: string) => {
		text += part;
	});
	return () => text;
}

/** `tappass server start`, running. */
export interface ServerProcess {
	readonly url: string;
	readonly stderr: () => string;
	readonly stop: () => Promise<number | null>;
	/** Ends it as `kill -9` does, when it runs still. */
	readonly kill: () => Promise<void>;
	readonly runs: () => boolean;
}

/** Starts it with free ports on the data directory of a terminal, and waits until it is up. */
export async function startServerProcess(terminal: Terminal, ports = { operator: 0 }): Promise<ServerProcess> {
	const words = ['server', 'start', '--json', '--operator-listen', `127.0.0.1:${ports.operator}`];
	words.push('--host-listen', '127.0.0.1:0', '--agent-listen', '127.0.0.1:0');
	// So that a test makes no user of the system.
	if (process.getuid?.() === 0) words.push('--engine-user', 'nobody');
	const child = spawn(tappass, words, { cwd: root, env: terminal.env });
	const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
	const url = await untilUp(child, stdout, stderr);
	const stop = async (): Promise<number | null> => {
		if (child.exitCode === null) {
			child.kill('SIGTERM');
			await once(child, 'exit');
		}
		return child.exitCode;
	};
	const runs = (): boolean => child.exitCode === null && child.signalCode === null;
	const kill = async (): Promise<void> => {
		if (!runs()) return;
		const ended = once(child, 'exit');
		child.kill('SIGKILL');
		await ended;
	};
	return { url, stderr, stop, kill, runs };
}

async function untilUp(child: ChildProcess, stdout: () => string, stderr: () => string): Promise<string> {
	while (!stdout().includes('\n')) {
		if (child.exitCode !== null) throw new TypeError(`the server did not start: ${stderr()}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	return (JSON.parse(stdout().split('\n')[0]!) as { urls: { operator: string } }).urls.operator;
}

/** The first operator's key of a server in the data directory of a terminal. */
export function firstKey(terminal: Terminal): string {
	return readFileSync(
		join(terminal.directory, 'data', 'tappass', 'server', 'credentials', 'operator.key'),
		'utf8',
	).trim();
}
