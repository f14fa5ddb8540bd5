import { printable, type Style, type Terminal } from './terminal.ts';

type Rows = readonly (readonly string[])[];

const gap = '  ';

/** Rows as aligned columns; the first row is the heading. A cell is one line, whatever its text holds. */
export function table(rows: Rows, style: Style): string {
	const lines = rows.map((row) => row.map(oneLine));
	const widths = widthsOf(lines);
	return lines
		.map((row, at) => {
			const line = row.map((cell, index) => cell + ' '.repeat(widths[index]! - lengthOf(cell))).join(gap);
			return at === 0 ? style.bold(line.trimEnd()) : line.trimEnd();
		})
		.join('\n');
}

/**
 * A table as wide as the screen at the most: columns that can be spared are left out, the first named first, and a last line
 * names them. Where there is no screen everything is there.
 *
 * @param spare headings
 */
export function fittedTable({ stdout, style }: Terminal, rows: Rows, spare: readonly string[]): string {
	const columns = stdout.columns ?? Number.POSITIVE_INFINITY;
	const heading = rows[0] ?? [];
	const widths = widthsOf(rows.map((row) => row.map(oneLine)));
	const left: string[] = [];
	const widthNow = (): number =>
		widths.reduce((sum, width, at) => sum + (left.includes(heading[at]!) ? 0 : width + gap.length), -gap.length);
	for (const name of spare) {
		if (widthNow() <= columns) break;
		left.push(name);
	}
	if (left.length === 0) return table(rows, style);
	const shown = rows.map((row) => row.filter((_, at) => !left.includes(heading[at]!)));
	return `${table(shown, style)}\n${style.dim(`Left out to fit the screen: ${left.join(', ')}. --wide shows all.`)}`;
}

function widthsOf(rows: Rows): readonly number[] {
	const columns = Math.max(0, ...rows.map((row) => row.length));
	return Array.from({ length: columns }, (_, at) =>
		rows.reduce((most, row) => Math.max(most, lengthOf(row[at] ?? '')), 0),
	);
}

function lengthOf(text: string): number {
	return [...text].length;
}

// A name with a line end in it could pass for a row of its own.
function oneLine(cell: string): string {
	return printable(cell).replace(/\s*[\n\t]\s*/g, ' ');
}
