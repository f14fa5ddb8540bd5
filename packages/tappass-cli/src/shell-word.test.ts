import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from './shell-word.ts';

it.each(['', 'a b', '$(id)', '`id`', ';id', "it's", 'a"b', '-n', '*', '~root', 'ünï'])('%j stays one word', (text) => {
	expect(execFileSync('/bin/sh', ['-c', `printf '%s' ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
});

it('leaves plain words alone', () => {
	expect(shellWord('audit.local/org_1+59fd3885+Abz/+=')).toBe('audit.local/org_1+59fd3885+Abz/+=');
});
