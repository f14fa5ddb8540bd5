import { coversPath, emptyCompiledPolicy, parsePathPattern } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { isWritten, type Statement, statementsOf } from './order.ts';
import { type Strictness, strictest } from './strictest.ts';

/**
 * `filesystem.workspace`: the highest level that states one is the ceiling; one below must lie inside it. Where no operator
 * states one it is the default, which a Pack may only narrow.
 */
export function mergeWorkspace(contributions: readonly Contribution[]): ReturnType<typeof strictest<string>> {
	const statements = statementsOf(contributions, ({ workspace }) => workspace);
	const written = statements.filter(({ origin }) => isWritten(origin));
	// What operators state goes first, since what does not lie inside the first is left: a Pack must not put its own in place.
	if (written.length > 0) return strictest([...written, ...statements.filter(({ origin }) => !isWritten(origin))], law);
	return strictest(statements.filter(insideDefault), law);
}

const law: Strictness<string> = {
	what: 'filesystem.workspace',
	// Outside of the ceiling nothing is won: the ceiling stays.
	stricter: (above, below) => (lies(below, above) ? below : above),
	isLooser: (above, below) => !lies(below, above),
	print: (path) => path,
	fix: (above) => `choose ${above} or a path below it`,
};

function insideDefault({ stated }: Statement<string>): boolean {
	return lies(stated.value, emptyCompiledPolicy.filesystem.workspace);
}

function lies(inner: string, outer: string): boolean {
	const [a, b] = [parsePathPattern(outer).pattern, parsePathPattern(inner).pattern];
	return a !== undefined && b !== undefined && coversPath(a, b);
}
