/** Every example of the README runs as it stands there. */
import assert from 'node:assert/strict';
import * as nodeCrypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as crypto from './crypto/index.ts';
import { defaultLimits } from './eval/limits.ts';
import * as rego from './index.ts';
import { limits } from './parse/limits.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = readme.split(/^## /m).flatMap((section, i) => {
	const title = i === 0 ? 'the beginning' : section.slice(0, section.indexOf('\n'));
	return [...section.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => ({ title, code: code! }));
});

const modules: Readonly<Record<string, unknown>> = {
	'node:assert/strict': { default: assert },
	'node:crypto': nodeCrypto,
	'@tappass/rego': rego,
	'@tappass/rego/crypto': crypto,
};

/** The example as a function body: imports become look-ups. */
function body(code: string): string {
	return code.replace(/^import (.*) from '(.*)';$/gm, (_, names: string, from: string) => {
		const held = `modules[${JSON.stringify(from)}]`;
		if (names.startsWith('{')) return `const ${names} = ${held};`;
		const namespace = /^\* as (\w+)$/.exec(names);
		return namespace === null ? `const ${names} = ${held}.default;` : `const ${namespace[1]} = ${held};`;
	});
}

test.each(examples)('the example under "$title" runs', ({ code }) => {
	expect(code).toContain('assert');
	new Function('modules', body(code))(modules);
});

test('the limits are those of the code', () => {
	const { stepsMax, depthMax, timeMsMax, outputMax } = defaultLimits;
	const shown = [
		stepsMax,
		depthMax,
		timeMsMax,
		limits.depth,
		limits.refLength,
		limits.elseBranches,
		limits.numberLength,
	];
	for (const limit of shown) expect(readme).toMatch(new RegExp(`\\| ${limit.toLocaleString('en')}( ms)? \\|`));
	expect(readme).toContain(`| ${outputMax >> 20} Mi characters | \`limits.outputMax\``);
	expect(readme).toContain(`| length of one source | ${limits.sourceLength >> 20} Mi characters |`);
});
