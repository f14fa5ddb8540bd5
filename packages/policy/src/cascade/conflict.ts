import type { Diagnostic } from '@tappass/core';
import { type Place, printPlace } from '../author/input.ts';
import type { Origin, Stated } from '../resolve/contribution.ts';
import { isAbove } from './order.ts';

/** A statement that would loosen what another one says; the stricter of the two holds in any case. */
export interface Conflict {
	/** `refused` when a floor above is contradicted, `idle` when both stand at one level and strictest wins. */
	readonly kind: 'refused' | 'idle';
	/** What it is about, `tools.allow`. */
	readonly what: string;
	readonly below: { readonly origin: Origin; readonly text: string; readonly place: Place };
	readonly above: { readonly origin: Origin; readonly text: string; readonly place: Place };
	readonly fix: string;
}

/** A conflict of two statements, its kind decided by their levels. */
export function conflictOf(
	what: string,
	below: { readonly origin: Origin; readonly stated: Stated<unknown>; readonly text: string },
	above: { readonly origin: Origin; readonly place: Place; readonly text: string },
	fix: string,
): Conflict {
	return {
		kind: isAbove(above.origin, below.origin) ? 'refused' : 'idle',
		what,
		below: { origin: below.origin, text: below.text, place: below.stated.place },
		above: { origin: above.origin, text: above.text, place: above.place },
		fix,
	};
}

/** The conflict as a diagnostic with both locations and the fix. */
export function conflictDiagnostic(conflict: Conflict): Diagnostic {
	const { what, below, above, fix, kind } = conflict;
	const verb = kind === 'refused' ? 'contradicts' : 'has no effect beside';
	// What holds by itself is stated nowhere.
	const where = above.place === below.place ? '' : ` (${above.origin.level} level, ${printPlace(above.place)})`;
	return {
		code: 'policy_contradiction',
		...below.place,
		message: `${what}: ${below.text} at the ${below.origin.level} level ${verb} ${above.text} of ${above.origin.name}${where}`,
		hint: fix,
		...(kind === 'idle' ? { severity: 'warning' as const } : {}),
	};
}
