// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are sources, and templates are what is read in them.
import { expect, test } from 'vitest';
import { codeOf, computedImports, impureNames, namesFrom } from './support/source.ts';

test.each([
	'const { env } = process;',
	'const p = process; p.env.HOME',
	"globalThis['process']",
	'(globalThis as any).process',
	'const clock = Date; clock.now()',
	'new Date',
	'new Date()',
	"Date['now']()",
	'const { random } = Math;',
	'`${Math.random()}`',
	'`text ${`inner ${process.env}`} text`',
	'crypto.getRandomValues(bytes)',
	'await fetch(url)',
	'(0, eval)("1")',
	"new Function('return process')()",
	'"".constructor.constructor("return process")()',
	'import.meta.dirname',
	'a / process.x / 2',
	"const quote = /'/; process.exit(); const other = /'/;",
])('sees what is impure in %j', (source) => {
	expect(impureNames(source)).not.toEqual([]);
});

test.each([
	'// process.env',
	"const text = 'process.env';",
	'`process.env ${name} Date.now()`',
	'/process\\/[/]Date/.test(text)',
	'Date.UTC(2026, 0)',
	'new Date(ms)',
	'Math.max(a, b)',
	'machine.process()',
	'type T = { process: string; performance?: number };',
])('sees nothing impure in %j', (source) => {
	expect(impureNames(source)).toEqual([]);
});

test.each(['import(`node:fs`)', "import('node:' + name)", 'import(name)', 'require(name)', 'await import(\n\tname)'])(
	'sees that %j is computed',
	(source) => {
		expect(computedImports(source)).toHaveLength(1);
	},
);

test("sees that import('./main.js') is not computed, nor a method of that name", () => {
	expect(computedImports("import('./main.js'); this.#import(x); type C = typeof import('node:crypto');")).toEqual([]);
});

test('names what is imported, under its own name', () => {
	expect(namesFrom("import { sign as s, type KeyObject, hash } from 'node:crypto';", 'node:crypto')).toEqual([
		'sign',
		'hash',
	]);
	expect(namesFrom("import * as c from 'node:crypto';", 'node:crypto')).toEqual(['*']);
	expect(namesFrom("import crypto, { hash } from 'node:crypto';", 'node:crypto')).toEqual(['*']);
	expect(namesFrom("export * from 'node:crypto';", 'node:crypto')).toEqual(['*']);
	expect(namesFrom("import type { KeyObject } from 'node:crypto';", 'node:crypto')).toEqual([]);
});

test('keeps the code and nothing else', () => {
	expect(codeOf("a('x') // y\n/* z */ b")).toBe("a('') \n b");
});
