/** `docs/threat-model.md` names a test for each row: that each is there is held here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/repository.ts';

const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
/** `[name of a test](../file)`. */
const links = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/([\w@./-]+\.ts)\)/g)].map(([, name, file]) => ({
	name: name!,
	file: file!,
}));

test.each(links)('$file has the test "$name"', ({ file, name }) => {
	expect(existsSync(join(root, file)), file).toBe(true);
	const source = readFileSync(join(root, file), 'utf8');
	expect(["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`))).toBe(true);
});

test('every row of its tables names a test', () => {
	const rows = page
		.split('\n')
		.filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
		.map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));
	const tables = rows.filter((cells) => cells.length >= 3 && cells.at(-1) !== 'Test' && cells.at(-1) !== 'Aims at');
	const attackers = /^(?:The agent, or|Who |Another user|A hostile or silent|The machine itself)/;
	const without = tables
		.filter((cells) => !cells.at(-1)!.includes('](../'))
		.map((cells) => (/^\d+$/.test(cells[0]!) ? cells[1]! : cells[0]!))
		.filter((words) => !attackers.test(words));

	expect(without).toEqual([]);
});

test('the attacks on sync are all 55', () => {
	const numbers = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));

	expect(numbers).toEqual(Array.from({ length: 55 }, (_, at) => at + 1));
});
