import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoggedRequest, ScriptedCall } from './model-server.ts';

/** Port of the model and MCP server; the network is private, so it is always free. */
export const port = 8931;

/** Words before a command: a kernel ring in which no user namespace can be made, as our own is. */
export const withoutNamespaces: readonly string[] = [
	'bwrap',
	'--dev-bind',
	'/',
	'/',
	'--unshare-user',
	'--disable-userns',
];

/** What a program did, and what it told the model. */
export interface Outcome {
	readonly exit: number | null;
	readonly stdout: string;
	readonly stderr: string;
	/** Tools offered to the model in its last request. */
	readonly tools: readonly string[];
	/** Results of the scripted calls, in order, as the program worded them. */
	readonly results: readonly string[];
	/** Tools that the MCP server was asked to run. */
	readonly called: readonly string[];
	/** Other paths that were fetched from the server. */
	readonly fetched: readonly string[];
}

/**
 * A machine of its own for one test: a copy of /etc, a home, a workspace, and a network that holds loopback only. What is
 * written there never touches the host.
 */
export class PrivateHost {
	readonly folder: string;
	readonly home: string;
	readonly workspace: string;

	constructor() {
		// Not below /tmp: Codex distrusts programs there.
		this.folder = mkdtempSync('/var/tmp/tappass-real-target-');
		this.home = join(this.folder, 'home');
		this.workspace = join(this.folder, 'workspace');
		mkdirSync(this.home);
		mkdirSync(this.workspace);
		cpSync('/etc', join(this.folder, 'etc'), { recursive: true, verbatimSymlinks: true });
	}

	/** Writes a file as a host would install it: absolute below /etc goes to the private copy. */
	write(path: string, content: string): void {
		const real = path.startsWith('/etc/') ? join(this.folder, path) : path;
		mkdirSync(dirname(real), { recursive: true });
		writeFileSync(real, content);
	}

	/** Runs `command` in the workspace while the model plays `script`, by itself or behind the gateway. */
	async run(
		command: readonly string[],
		script: readonly ScriptedCall[],
		env: Readonly<Record<string, string>> = {},
		program = 'model-server.ts',
	): Promise<Outcome> {
		const scriptFile = join(this.folder, 'script.json');
		const logFile = join(this.folder, 'log.jsonl');
		writeFileSync(scriptFile, JSON.stringify(script));
		writeFileSync(logFile, '');
		const server = [process.execPath, join(import.meta.dirname, program), String(port), scriptFile, logFile];
		const bwrap = [
			'--dev-bind',
			'/',
			'/',
			'--bind',
			join(this.folder, 'etc'),
			'/etc',
			'--unshare-net',
			'--unshare-pid',
			'--proc',
			'/proc',
			'--die-with-parent',
		];
		const args = [
			...bwrap,
			'--chdir',
			this.workspace,
			'bash',
			join(import.meta.dirname, 'beside-server'),
			String(server.length),
			...server,
			...command,
		];
		const base = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: this.home, LANG: 'C.UTF-8' };
		const child = spawn('bwrap', args, { env: { ...base, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
		const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
		const output = (from: NodeJS.ReadableStream): Promise<string> =>
			new Promise((resolve) => {
				let text = '';
				from
					.setEncoding('utf8')
					.on('data', (chunk) => (text += chunk))
					.on('end', () => resolve(text));
			});
		const exited = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
		const [stdout, stderr, exit] = await Promise.all([output(child.stdout), output(child.stderr), exited]);
		clearTimeout(timer);
		return { exit, stdout, stderr, ...readLog(logFile) };
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function readLog(file: string): Pick<Outcome, 'tools' | 'results' | 'called' | 'fetched'> {
	const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
	const requests = lines.map((line): LoggedRequest => JSON.parse(line));
	const turns = requests.filter((request) => (request.tools?.length ?? 0) > 0);
	const last = turns.at(-1);
	return {
		tools: last?.tools ?? [],
		results: last?.results ?? [],
		called: requests.flatMap((request) => request.called ?? []),
		fetched: requests
			.filter((request) => request.tools === undefined && request.called === undefined)
			.map(({ path }) => path),
	};
}
