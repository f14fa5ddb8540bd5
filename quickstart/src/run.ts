import { type ChildProcess, spawn } from 'node:child_process';

/** What a command answered. */
export interface Ran {
	/** As a person would type it. */
	readonly line: string;
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** What did not come back as it should; ends a moment with FAIL. */
export class Unexpected extends Error {}

const answerMs = 60_000;

/** Where a process runs. */
export interface Place {
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
	/** Ends what runs, and whoever waits for it, when the demo is interrupted. */
	readonly signal: AbortSignal;
}

/** Runs a command to its end. @param line how it is shown */
export function run(line: string, command: readonly string[], options: Place): Promise<Ran> {
	return new Promise((resolve, reject) => {
		const [program, ...args] = command;
		const child = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], timeout: answerMs });
		let [stdout, stderr] = ['', ''];
		child.stdout.on('data', (part) => {
			stdout += String(part);
		});
		child.stderr.on('data', (part) => {
			stderr += String(part);
		});
		child.on('error', reject);
		child.on('close', (code) => resolve({ line, code: code ?? 1, stdout, stderr }));
	});
}

/** A command that must succeed. */
export async function must(ran: Promise<Ran>): Promise<Ran> {
	const done = await ran;
	if (done.code === 0) return done;
	throw new Unexpected(`${done.line}: exit ${done.code}\n${done.stderr.trim() || done.stdout.trim()}`);
}

/** A process that runs until it is told to end, and what it has printed so far. */
export interface Running {
	readonly child: ChildProcess;
	readonly output: () => string;
}

/**
 * Starts a process and waits until it has printed something that says it is ready. It is among `running` from its first
 * moment: whatever fails meanwhile, it can be ended.
 */
export async function start(
	command: readonly string[],
	{ env, cwd, signal }: Place,
	running: Running[],
	ready: (output: string) => boolean,
): Promise<Running> {
	signal.throwIfAborted();
	const [program, ...args] = command;
	// In a group of its own: Ctrl-C reaches it through `stop`, in the order that things have to end.
	const child = spawn(program!, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
	let text = '';
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (part) => {
			text = `${text}${String(part)}`.slice(-1_000_000);
		});
	const started = { child, output: () => text };
	running.push(started);
	const gone = new Promise<never>((_, reject) => {
		child.on('error', reject);
		child.on('exit', (code) =>
			reject(new Unexpected(`${command.join(' ')}: ended with ${code}\n${text.slice(-2_000)}`)),
		);
	});
	gone.catch(() => {});
	await Promise.race([until(() => ready(text), `${command.join(' ')} is not ready`, answerMs, signal), gone]);
	return started;
}

/** Waits until something holds. */
export async function until(
	holds: () => boolean | Promise<boolean>,
	what: string,
	withinMs: number = answerMs,
	signal?: AbortSignal,
): Promise<void> {
	const end = Date.now() + withinMs;
	while (!(await holds())) {
		signal?.throwIfAborted();
		if (Date.now() > end) throw new Unexpected(what);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

/** Ends a process that `start` started, and waits for it; one that does not listen is killed. */
export async function stop({ child }: Running): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	child.kill('SIGTERM');
	const late = setTimeout(() => child.kill('SIGKILL'), stopMs);
	await ended;
	clearTimeout(late);
}

const stopMs = 15_000;
