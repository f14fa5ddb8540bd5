import type { Stated } from '../resolve/contribution.ts';
import { type Conflict, conflictOf } from './conflict.ts';
import { isAbove, isWritten, type Statement } from './order.ts';

/** How values of one kind are compared. */
export interface Strictness<T> {
	/** What it is about, `budget.tokens_per_day`. */
	readonly what: string;
	readonly stricter: (a: T, b: T) => T;
	/** Whether `below` would loosen `above`. */
	readonly isLooser: (above: T, below: T) => boolean;
	readonly print: (value: T) => string;
	readonly fix: (above: T) => string;
}

/** The strictest of all statements with the chains that state exactly it, and the statements that would loosen another. */
export function strictest<T>(
	statements: readonly Statement<T>[],
	law: Strictness<T>,
): { readonly merged: Stated<T> | undefined; readonly conflicts: readonly Conflict[] } {
	const [first, ...rest] = statements;
	if (first === undefined) return { merged: undefined, conflicts: [] };
	const value = rest.reduce((sofar, { stated }) => law.stricter(sofar, stated.value), first.stated.value);
	const text = law.print(value);
	const deciding = statements.filter(({ stated }) => law.print(stated.value) === text);
	// A value that no one states whole (a union of lists) is owed to everyone.
	const owed = deciding.length > 0 ? deciding : statements;
	return {
		merged: { value, chains: [...owed].reverse().flatMap(({ stated }) => stated.chains), place: owed[0]!.stated.place },
		conflicts: statements.flatMap((below) => looseness(below, statements, law)),
	};
}

function looseness<T>(below: Statement<T>, all: readonly Statement<T>[], law: Strictness<T>): readonly Conflict[] {
	if (below.implied === true || !isWritten(below.origin)) return [];
	const looser = all.filter(
		(above) =>
			above !== below && !isAbove(below.origin, above.origin) && law.isLooser(above.stated.value, below.stated.value),
	);
	// The floor above is the reason to refuse; a neighbour at the same level only makes the statement idle.
	const above = looser.find(({ origin }) => isAbove(origin, below.origin)) ?? looser[0];
	if (above === undefined) return [];
	return [
		conflictOf(
			law.what,
			{ ...below, text: law.print(below.stated.value) },
			{ origin: above.origin, place: above.stated.place, text: law.print(above.stated.value) },
			law.fix(above.stated.value),
		),
	];
}
