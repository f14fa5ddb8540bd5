import type { Ceiling } from '../resolve/contribution.ts';
import type { CompileContext } from './context.ts';

/** The value of one ceiling; 0, said loudly, when nobody states it. */
export function compileCeiling({ merged, trails, warn }: CompileContext, ceiling: Ceiling): number {
	const path = ceiling.split('.');
	const stated = merged.ceilings[ceiling];
	if (stated !== undefined) {
		trails.add(path, `${ceiling} (${stated.value})`, stated.chains);
		return stated.value;
	}
	trails.byDefault(path, `${ceiling} (0)`, 'no level states it, and an unstated ceiling allows nothing');
	warn(
		`no level states ${ceiling}, so it is 0 and allows nothing`,
		`state ${ceiling}, or choose a function that has a default for it`,
	);
	return 0;
}
