/** What is written about the command lines is what they say, and what they say is enough to use them. */
import { describe, expect, it } from 'vitest';
import { cliPage, helpTexts } from './support/cli-page.ts';
import { readText } from './support/repository.ts';

it('docs/cli.md is what npm run docs:cli writes', async () => {
	expect(await cliPage(), 'run npm run docs:cli').toBe(readText('docs/cli.md'));
});

describe.each(['tappass-host', 'tappass-agent'] as const)('%s', (name) => {
	it('describes each command, argument and option, and shows an example', async () => {
		const texts = await helpTexts(name);

		expect(texts.length).toBeGreaterThan(1);
		for (const { words, text } of texts) {
			expect(text, words).toMatch(/^Usage: .*\n\n\S.{10,}/);
			expect(text, words).toMatch(/\nExamples?:\n {2}\$ /);
			expect(text, words).toContain('--json');
			for (const [line] of text.matchAll(/^ {2}-.*$/gm)) expect(line, words).toMatch(/^ {2}-\S.* {2,}\S/);
		}
	});
});
