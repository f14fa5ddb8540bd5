import { instant, type Json } from '@tappass/core';
import type { Denial } from '../egress/types.ts';
import type { Exhausted } from '../launch/types.ts';

/** Under what something happened. */
export interface EventPlace {
	readonly policy_version: number;
	readonly session_id: string | null;
}

type Body = Readonly<Record<string, Json>>;

/** A denial of the kernel ring, as the audit log is told. */
export function denialBody({ address, at, code, count, host, port, reason }: Denial, place: EventPlace): Body {
	const where = {
		...(host !== undefined && { host }),
		...(port !== undefined && { port }),
		...(address !== undefined && { address }),
	};
	return { code, reason: reason.slice(0, 500), ...where, count, ...place, at: instant(at) };
}

/** What an agent asked for beyond its bounds, as the audit log is told. */
export function exhaustionBody(what: Exhausted, place: EventPlace): Body {
	const reason = `the agent asked for more than it may have: ${what}`;
	return { code: `${what}_exhausted`, reason, ...place };
}
