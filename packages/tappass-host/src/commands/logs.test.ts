import { createTerminal } from '@tappass/cli-kit';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { printer } from './logs.ts';

function printed(json: boolean, texts: readonly string[]): string {
	let out = '';
	const stdout = { isTTY: false, write: (text: string) => (out += text) };
	const log = printer(createTerminal({ name: 'tappass-host', json, stdout: stdout as never }), 'tenant_a');
	for (const text of texts) log.write(text);
	log.end();
	return out;
}

test('what an agent prints drives no terminal', () => {
	expect(printed(false, ['a\u001b[2Jb\n'])).toBe('a\\u001b[2Jb\n');
	expect(printed(true, ['a\u009b2Jb\n'])).not.toContain('\u009b');
});

test('with --json each line is one object, wherever the pieces of the file end', () => {
	const lines = printed(true, ['on', 'e\ntw', 'o\n\nlast'])
		.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line));

	expect(lines.map(({ line }) => line)).toEqual(['one', 'two', '', 'last']);
	expect(lines[0]).toEqual({ schema: 'tappass.host.logs/1', name: 'tenant_a', line: 'one' });
});

test('a line without an end is told in pieces', () => {
	const lines = printed(true, ['x'.repeat(limits.logLineMax), 'y'])
		.trimEnd()
		.split('\n');

	expect(lines).toHaveLength(2);
});
