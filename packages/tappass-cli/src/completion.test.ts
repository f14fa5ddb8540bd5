import { execFileSync } from 'node:child_process';
import { completionScript, shells } from '@tappass/cli-kit';
import { expect, it } from 'vitest';
import { completionTable } from './completion.ts';

const flag = { type: 'option' };
const table = completionTable({
	commands: [
		{ id: 'login', flags: { server: flag } },
		{ id: 'policy:apply', flags: { level: flag, color: { type: 'boolean', allowNo: true } } },
		{ id: 'admin:root:status', flags: {} },
		{ id: 'secret', hidden: true, flags: {} },
	],
} as never);

function complete(...words: readonly string[]): readonly string[] {
	const script = `${completionScript('bash', 'tappass', table)}
COMP_WORDS=(tappass "$@"); COMP_CWORD=$#; _tappass; printf '%s\\n' "\${COMPREPLY[@]}"`;
	return execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8', cwd: '/' })
		.split('\n')
		.filter(Boolean);
}

it('offers nothing that is hidden, and nothing after a command but its flags', () => {
	expect(complete('sec')).toEqual([]);
	expect(complete('policy', 'apply', '--')).toEqual(['--color', '--help', '--level', '--no-color']);
});

it.each([
	[['po'], ['policy']],
	[['policy', ''], ['apply']],
	[['admin', 'root', ''], ['status']],
	[['policy', 'apply', 'file.rego', '--l'], ['--level']],
	[['log'], ['login']],
])('completes %j', (words, wanted) => {
	expect(complete(...words)).toEqual(wanted);
});

it.each(shells)('makes a script for %s that names every command', (shell) => {
	const script = completionScript(shell, 'tappass', table);

	for (const word of ['policy', 'apply', 'admin root', 'status', '--level']) expect(script).toContain(word);
});
