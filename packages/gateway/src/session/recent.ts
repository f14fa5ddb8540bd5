import { hash } from 'node:crypto';
import { canonicalJson, type Json } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { RecentCall, Session, SessionPort } from '../ports.ts';

/**
 * The calls that a session remembers, with one more. An execution takes the place of the emission that asked for it: one
 * act of the agent is one call, seen at the model's door and again at the tool's. Rules ask whether a session has used a
 * tool, and how much it destroyed: harmless calls in between push neither out.
 */
export function rememberCall(recent: readonly RecentCall[], call: RecentCall): readonly RecentCall[] {
	const asked = call.emitted ? -1 : recent.findIndex(({ emitted, exact }) => emitted && exact === call.exact);
	if (asked >= 0) return recent.map((one, at) => (at === asked ? { ...one, emitted: false } : one));
	const all = [...recent, call];
	if (all.length <= gatewayLimits.recentCallsMax) return all;
	const late = all.slice(-gatewayLimits.recentCallsMax);
	const newest = new Map(all.map((one) => [one.tool, one]));
	const earlier = all
		.slice(0, -gatewayLimits.recentCallsMax)
		.filter((one) => one.destructive || newest.get(one.tool) === one);
	return [...earlier.slice(-gatewayLimits.earlierCallsMax), ...late];
}

/** A session with one more call, as `SessionPort.count` says: one that takes no more is answered as it is. */
export function countCall(
	session: Session,
	{ sandbox_id, kind, calls_max = Number.POSITIVE_INFINITY }: Parameters<SessionPort['count']>[2],
): Session {
	if (session.state !== 'open' || session.sandbox_id !== sandbox_id || session.calls > calls_max) return session;
	return { ...session, calls: session.calls + 1, tool_calls: session.tool_calls + Number(kind === 'tool') };
}

/** Hash over a tool's name and the shape of its arguments: which keys, which types, never the values. */
export function shapeOf(tool: string, args: Json): string {
	return digest(`${tool} ${shape(args)}`);
}

/** Hash over a tool's name and its arguments. */
export function exactOf(tool: string, args_sha256: string): string {
	return digest(`${tool} ${args_sha256}`);
}

/** SHA-256 of the canonical JSON of arguments, hex: what approvals are bound to. */
export function argsDigest(args: Json): string {
	return digest(canonicalJson(args));
}

function digest(text: string): string {
	return hash('sha256', text, 'hex');
}

function shape(value: Json): string {
	if (value === null) return 'null';
	if (isList(value)) return `[${[...new Set(value.map(shape))].sort().join()}]`;
	if (typeof value !== 'object') return typeof value;
	return `{${Object.entries(value)
		.map(([key, inner]) => `${JSON.stringify(key)}:${shape(inner)}`)
		.sort()
		.join()}}`;
}

// `Array.isArray` does not narrow a readonly list.
function isList(value: Json): value is readonly Json[] {
	return Array.isArray(value);
}
