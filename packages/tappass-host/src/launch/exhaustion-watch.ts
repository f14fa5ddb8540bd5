import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../limits.ts';
import type { Exhausted } from './types.ts';

/** Files of a cgroup in which the kernel counts what it refused, and the lines that count. */
const counters: readonly { readonly what: Exhausted; readonly file: string; readonly lines: readonly string[] }[] = [
	{ what: 'processes', file: 'pids.events', lines: ['max'] },
	{ what: 'memory', file: 'memory.events', lines: ['oom', 'oom_kill'] },
];

/**
 * Looks now and then at what the kernel has refused to the processes of a cgroup, and tells of each kind when it has refused
 * more than at the look before.
 *
 * @returns what ends the watch after a last look: the sandbox may have ended by what it asked for
 */
export function watchExhaustion(directory: string, onExhausted: (what: Exhausted) => void): () => Promise<void> {
	const seen = new Map<Exhausted, number>();
	const look = async (): Promise<void> => {
		for (const { file, lines, what } of counters) {
			// The group goes with its sandbox.
			const text = await readFile(join(directory, file), 'utf8').catch(() => undefined);
			if (text === undefined) continue;
			const count = countOf(text, lines);
			if (count > (seen.get(what) ?? 0)) onExhausted(what);
			seen.set(what, count);
		}
	};
	const timer = setInterval(() => void look(), limits.workspaceLookMs).unref();
	return async () => {
		clearInterval(timer);
		await look();
	};
}

function countOf(text: string, names: readonly string[]): number {
	return text
		.split('\n')
		.map((line) => line.split(' '))
		.filter(([name]) => names.includes(name ?? ''))
		.reduce((sum, [, count]) => sum + Number(count), 0);
}
