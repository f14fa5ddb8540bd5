import { describe, expect, test } from 'vitest';
import { fittedTable, table } from './table.ts';
import { createTerminal, type Terminal } from './terminal.ts';

function terminal(columns: number | undefined): Terminal {
	const stream = { isTTY: columns !== undefined, columns, write: () => true };
	return createTerminal({ name: 'tappass', env: { NO_COLOR: '1' }, stdout: stream as never, stderr: stream as never });
}
const { style } = terminal(undefined);

describe('a table', () => {
	test('aligns columns by characters', () => {
		expect(
			table(
				[
					['a', 'b'],
					['äöü', 'c'],
				],
				style,
			),
		).toBe('a    b\näöü  c');
	});
	test('is one line for each row, whatever a stranger put into a name', () => {
		const rows = [
			['TOOL', 'STATE'],
			['evil\napproved  \t yes\u001b[2K', 'open'],
		];
		expect(table(rows, style)).toBe('TOOL                        STATE\nevil approved yes\\u001b[2K  open');
	});
	test('has nothing behind the last word of a line', () => {
		expect(
			table(
				[
					['A', 'NOTE'],
					['x', ''],
				],
				style,
			),
		).toBe('A  NOTE\nx');
	});
});

describe('a table on a screen', () => {
	const rows = [
		['INDEX', 'TYPE', 'CODE', 'ACTOR'],
		['1', 'call.denied', '-', 'PkHvwrAoqDTAqRV6mjOiKQ'],
	];
	const spare = ['ACTOR', 'CODE'];
	test('that is wide enough, or none, has every column', () => {
		expect(fittedTable(terminal(49), rows, spare).split('\n')[1]).toBe(
			'1      call.denied  -     PkHvwrAoqDTAqRV6mjOiKQ',
		);
		expect(fittedTable(terminal(48), rows, spare)).toBe(table(rows, style));
		expect(fittedTable(terminal(undefined), rows, spare)).toBe(table(rows, style));
	});
	test('that is narrower leaves out what can be spared, and says so', () => {
		expect(fittedTable(terminal(47), rows, spare)).toBe(
			'INDEX  TYPE         CODE\n1      call.denied  -\nLeft out to fit the screen: ACTOR. --wide shows all.',
		);
		expect(fittedTable(terminal(5), rows, spare)).toContain('INDEX  TYPE\n');
	});
});
