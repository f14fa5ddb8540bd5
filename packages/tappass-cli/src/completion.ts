import type { Config } from '@oclif/core';
import type { CompletionTable } from '@tappass/cli-kit';

/** Reads the table from the commands that are installed. */
export function completionTable({ commands }: Pick<Config, 'commands'>): CompletionTable {
	const table = new Map<string, Set<string>>();
	const add = (path: string, word: string): void => {
		table.set(path, (table.get(path) ?? new Set()).add(word));
	};
	for (const { id, flags, hidden } of commands) {
		if (hidden) continue;
		const words = id.split(':');
		for (const [at, word] of words.entries()) add(words.slice(0, at).join(' '), word);
		for (const [name, flag] of Object.entries(flags)) {
			add(words.join(' '), `--${name}`);
			if (flag.type === 'boolean' && flag.allowNo) add(words.join(' '), `--no-${name}`);
		}
		add(words.join(' '), '--help');
	}
	return new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, words]) => [path, [...words].sort()]));
}
