import { levels } from '@tappass/core';
import type { Contribution, Origin, Stated } from '../resolve/contribution.ts';

const kinds: readonly Origin['kind'][] = ['operator', 'pack', 'concern', 'function', 'overlay'];

/** From the org down, within a level operators first and the overlay last; names break ties, so order of input never shows. */
export function fromTheTop(contributions: readonly Contribution[]): readonly Contribution[] {
	return [...contributions].sort(
		({ origin: a }, { origin: b }) =>
			levels.indexOf(a.level) - levels.indexOf(b.level) ||
			kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
			(a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
	);
}

/** Whether what `a` says binds `b` as a floor. */
export function isAbove(a: Origin, b: Origin): boolean {
	return levels.indexOf(a.level) < levels.indexOf(b.level);
}

/** Whether `a` wrote the statement by hand, so that one that has no effect is worth a word. */
export function isWritten(origin: Origin): boolean {
	return origin.kind === 'operator' || origin.kind === 'overlay';
}

/** One statement of a value with who states it. */
export interface Statement<T> {
	readonly origin: Origin;
	readonly stated: Stated<T>;
	/** Nobody wrote it: it is what leaving the value out means. It binds others and contradicts nobody. */
	readonly implied?: true;
}

/** The statements of one value, from the top. */
export function statementsOf<T>(
	contributions: readonly Contribution[],
	pick: (contribution: Contribution) => Stated<T> | undefined,
): readonly Statement<T>[] {
	return contributions.flatMap((contribution) => {
		const stated = pick(contribution);
		return stated === undefined ? [] : [{ origin: contribution.origin, stated }];
	});
}
