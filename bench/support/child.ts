/** Processes that a benchmark starts, and what it reads of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { TapPassError } from '@tappass/core';

/** What a process says first: where it listens, and with what it is asked. */
export interface StartedChild {
	readonly child: ChildProcess;
	readonly told: Readonly<Record<string, unknown>>;
}

/**
 * Starts a program of the benchmarks, and waits for its first word.
 * @param file below `bench/dist`
 * @param children it is put among these at once, for whoever ends them
 */
export async function startChild(
	file: string,
	args: readonly string[],
	children: ChildProcess[],
): Promise<StartedChild> {
	const child = fork(path.join(import.meta.dirname, '..', file), [...args], {
		stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
	});
	children.push(child);
	return { child, told: await nextTold(child) };
}

/** The next thing that a process says. @throws {TapPassError} internal when it ends instead */
export function nextTold<T = Readonly<Record<string, unknown>>>(child: ChildProcess): Promise<T> {
	return new Promise((resolve, reject) => {
		const ended = (code: number | null): void =>
			reject(new TapPassError('internal', { detail: `${child.spawnargs.join(' ')} ended with ${code}` }));
		child.once('exit', ended);
		child.once('message', (message) => {
			child.off('exit', ended);
			resolve(message as T);
		});
	});
}

/** Processor time of a process so far, as Linux counts it; 0 elsewhere. */
export function cpuMs(child: ChildProcess | undefined): number {
	if (child?.pid === undefined || !existsSync('/proc/self/stat')) return 0;
	const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
	// utime and stime, in ticks of a hundredth of a second.
	return (Number(fields[11]) + Number(fields[12])) * 10;
}
