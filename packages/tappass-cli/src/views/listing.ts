import { Flags } from '@oclif/core';
import type { BooleanFlag } from '@oclif/core/interfaces';
import { fittedTable, type Terminal, table } from '@tappass/cli-kit';

/** `--wide`, of every command that lists things. */
export const wideFlag: BooleanFlag<boolean> = Flags.boolean({
	description: 'print every column, also when the screen has no room for them',
});

/** What a list holds, for people. */
export interface Listing {
	readonly heading: readonly string[];
	readonly rows: readonly (readonly string[])[];
	/** Headings that a narrow screen can do without, the first one first. */
	readonly spare: readonly string[];
	readonly wide: boolean;
	/** A sentence when there is nothing: what that means, and what to do next. */
	readonly empty: string;
}

/** A list as a table, or why there is none. */
export function listing(terminal: Terminal, { heading, rows, spare, wide, empty }: Listing): string {
	if (rows.length === 0) return empty;
	const all = [heading, ...rows];
	return wide ? table(all, terminal.style) : fittedTable(terminal, all, spare);
}

/** A moment to the second; `--json` has the rest. */
export function shortMoment(at: string): string {
	return at.replace(/\.\d+(?=Z$)/, '');
}
