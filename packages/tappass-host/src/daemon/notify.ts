import { type ChildProcess, spawn } from 'node:child_process';

/** Tells systemd how the daemon is; does nothing where there is none. */
export interface Notifier {
	readonly ready: () => void;
	readonly alive: () => void;
	readonly stopping: () => void;
	/** How often systemd wants to hear that we are alive, milliseconds; undefined when it does not. */
	readonly everyMs: number | undefined;
	readonly close: () => Promise<void>;
}

/**
 * sd_notify(3) by the environment that systemd gives. Node has no datagram sockets of the unix family, so one `socat` holds
 * the socket and sends each line that it is given.
 */
export function systemdNotifier(env: Readonly<Record<string, string | undefined>>): Notifier {
	const socket = env['NOTIFY_SOCKET'];
	const usec = Number(env['WATCHDOG_USEC'] ?? Number.NaN);
	const isMine = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === process.pid;
	const everyMs = usec > 0 && isMine ? Math.max(50, usec / 3_000) : undefined;
	const quiet = (): void => undefined;
	if (socket === undefined || !/^[/@]/.test(socket)) {
		return { ready: quiet, alive: quiet, stopping: quiet, everyMs: undefined, close: () => Promise.resolve() };
	}
	const target = socket.startsWith('@') ? `ABSTRACT-SENDTO:${socket.slice(1)}` : `UNIX-SENDTO:${socket}`;
	let sender: ChildProcess | undefined;
	const send = (text: string): void => {
		if (sender === undefined || sender.exitCode !== null) {
			sender = spawn('socat', ['-u', 'STDIN', target], { stdio: ['pipe', 'ignore', 'ignore'] });
			// Without it systemd hears nothing and ends us in its time: loud enough.
			sender.on('error', quiet);
			sender.stdin?.on('error', quiet);
		}
		sender.stdin?.write(text);
	};
	return {
		ready: () => send(`READY=1\nMAINPID=${process.pid}\n`),
		alive: () => send('WATCHDOG=1\n'),
		stopping: () => send('STOPPING=1\n'),
		everyMs,
		close: () =>
			new Promise((resolve) => {
				if (sender === undefined || sender.exitCode !== null || sender.pid === undefined) return resolve();
				sender.once('exit', () => resolve());
				sender.stdin?.end();
			}),
	};
}
