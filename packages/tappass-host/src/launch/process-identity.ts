import { readFileSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same number. */
export interface ProcessIdentity {
	readonly pid: number;
	/** Clock ticks between the start of the machine and the start of the process (field 22 of /proc/PID/stat). */
	readonly started: string;
	/** The start of the machine itself. */
	readonly boot: string;
}

/** Who has this number now, or undefined when nobody has. A process that has ended and was not yet collected is nobody. */
export function identify(pid: number): ProcessIdentity | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		// The name, in parentheses, may hold anything.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
		return { pid, started: fields[19]!, boot };
	} catch {
		// No such process: that is the answer.
		return undefined;
	}
}

/** Whether this very process still runs. */
export function isAlive(one: ProcessIdentity): boolean {
	const now = identify(one.pid);
	return now !== undefined && now.started === one.started && now.boot === one.boot;
}

/** Sends a signal to this very process; one that is gone, or became another's, gets none. */
export function signalProcess(one: ProcessIdentity, signal: NodeJS.Signals): void {
	if (!isAlive(one)) return;
	try {
		process.kill(one.pid, signal);
	} catch (cause) {
		// Gone in between.
		if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
	}
}

/** Waits until all are gone. False when the time was not enough. */
export async function waitGone(all: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
	const end = performance.now() + timeoutMs;
	while (all.some(isAlive)) {
		if (performance.now() > end) return false;
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
	return true;
}
