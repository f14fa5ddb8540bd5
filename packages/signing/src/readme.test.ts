import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const packages = `${import.meta.dirname}/../..`;

describe('the example of the README', () => {
	it.each([
		['trust', 'true true\n1\nseq_replay\n'],
		['signing', '3\n'],
	])('of %s prints what it says', (name, expected) => {
		const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync(`${packages}/${name}/README.md`, 'utf8'))!;

		// From here both packages resolve; a host has the first alone.
		const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code!], { cwd: import.meta.dirname });

		expect(printed.toString()).toBe(expected);
	});
});
