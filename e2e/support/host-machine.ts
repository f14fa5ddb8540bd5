/**
 * A machine on which the host's own program runs, beside a real control plane: state and sockets lie in directories of their
 * own, and every process that a test leaves behind is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a command answered. */
export interface Ran {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface HostMachine {
	readonly directory: string;
	readonly env: Readonly<Record<string, string>>;
	/** Runs `tappass-host` to its end. */
	readonly host: (...words: readonly string[]) => Promise<Ran>;
	/** The same in another environment. */
	readonly hostIn: (env: Readonly<Record<string, string>>, ...words: readonly string[]) => Promise<Ran>;
	/** Starts `tappass-host` and leaves it running. */
	readonly spawn: (...words: readonly string[]) => ChildProcess;
	/** Process of the daemon, as its own status says; undefined when none answers. */
	readonly daemonPid: () => Promise<number | undefined>;
	/** The status of one sandbox. */
	readonly sandbox: (name: string) => Promise<SandboxStatus>;
	readonly close: () => Promise<void>;
}

export interface SandboxStatus {
	readonly posture: string;
	readonly code: string | null;
	readonly loaded_version: number | null;
	readonly agent: {
		readonly state: string;
		readonly pid: number | null;
		readonly starts: number;
		readonly why: string | null;
	};
}

const program = resolve(import.meta.dirname, '../../packages/tappass-host/dist/main.js');

export interface HostMachineOptions {
	/** Runs everything as that user. */
	readonly uid?: number;
	/** Runs everything under that mask, in octal. */
	readonly umask?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Directory in which that of the machine is made. */
	readonly below?: string;
}

/** Makes a machine. */
export async function hostMachine(options: HostMachineOptions = {}): Promise<HostMachine> {
	const directory = await mkdtemp(join(options.below ?? tmpdir(), 'tappass-e2e-'));
	const { chown, chmod } = await import('node:fs/promises');
	const { uid, umask } = options;
	await chmod(directory, 0o755);
	if (uid !== undefined) await chown(directory, uid, uid);
	const env = {
		PATH: process.env['PATH'] ?? '',
		HOME: directory,
		TAPPASS_HOST_STATE: join(directory, 'state'),
		TAPPASS_HOST_RUNTIME: join(directory, 'run'),
		...options.env,
	};
	const started = new Set<ChildProcess>();
	const start = (words: readonly string[], given: Readonly<Record<string, string>> = env): ChildProcess => {
		const masked = umask === undefined ? [] : ['-c', 'umask "$0"; exec "$@"', umask, process.execPath];
		const [command, ...args] = umask === undefined ? [process.execPath] : ['/bin/sh', ...masked];
		const child = spawn(command!, [...args, program, ...words], {
			cwd: directory,
			env: given,
			stdio: ['ignore', 'pipe', 'pipe'],
			...(uid !== undefined && { uid, gid: uid }),
		});
		started.add(child);
		child.once('exit', () => started.delete(child));
		return child;
	};
	const host = (...words: readonly string[]): Promise<Ran> => ended(start(words));
	const status = async (): Promise<
		{ daemon: { pid: number }; sandboxes: (SandboxStatus & { name: string })[] } | undefined
	> => {
		const { stdout } = await host('status', '--json');
		return stdout === '' ? undefined : JSON.parse(stdout);
	};
	return {
		directory,
		env,
		host,
		hostIn: (given, ...words) => ended(start(words, given)),
		spawn: (...words) => start(words),
		daemonPid: async () => (await status())?.daemon.pid,
		sandbox: async (name) => (await status())!.sandboxes.find((one) => one.name === name)!,
		close: async () => {
			const pid = (await status())?.daemon.pid;
			if (pid !== undefined) {
				process.kill(pid, 'SIGTERM');
				await until(async () => (await status()) === undefined);
			}
			for (const child of started) child.kill('SIGKILL');
			await rm(directory, { recursive: true, force: true });
		},
	};
}

/** Writes an agent package whose program is `source`; what it needs is put beside it by `copyPackages`. */
export async function agentPackage(
	directory: string,
	name: string,
	source: string,
	needs: readonly string[] = [],
): Promise<string> {
	const folder = join(directory, 'node_modules', name);
	await mkdir(folder, { recursive: true });
	const dependencies = Object.fromEntries(needs.map((one) => [one, '*']));
	const manifest = { name, version: '1.0.0', type: 'module', bin: { [name]: './main.js' }, dependencies };
	await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
	await writeFile(join(folder, 'main.js'), source, { mode: 0o755 });
	return folder;
}

/** Waits until something holds; a test fails, by its own time limit, when it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await holds())) await new Promise((wake) => setTimeout(wake, 50));
}

export async function textOf(path: string): Promise<string> {
	return readFile(path, 'utf8').catch(() => '');
}

async function ended(child: ChildProcess): Promise<Ran> {
	let stdout = '';
	let stderr = '';
	child.stdout?.on('data', (chunk: Buffer) => {
		stdout += chunk.toString();
	});
	child.stderr?.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
	});
	const code = await new Promise<number | null>((done) => child.once('close', done));
	return { code, stdout, stderr };
}
