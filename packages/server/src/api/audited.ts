import { type Json, sha256Hex, TapPassError } from '@tappass/core';
import type { ServerEvent } from '../audit-store/append.ts';
import type { About, Call, Route } from './route.ts';

type AnyCall = Call<unknown, unknown, unknown>;

/** The call as it may be told: without the fields that its route hides. */
export function withoutHidden(call: AnyCall, { hides }: Route): AnyCall {
	if (hides.length === 0 || typeof call.body !== 'object' || call.body === null) return call;
	return { ...call, body: Object.fromEntries(Object.entries(call.body).filter(([name]) => !hides.includes(name))) };
}

/** The event of an operation that an operator asked for. */
export function eventOf(
	{ services, org_id, principal, request_id, path, query, body }: AnyCall,
	type: string,
	{
		about = {},
		result = null,
		refused,
	}: { readonly about?: About | undefined; readonly result?: unknown; readonly refused?: string },
): ServerEvent {
	const { project = null, agent = null, ...named } = about;
	return services.audit.event({
		type,
		org_id,
		actor: { kind: 'operator', id: principal.user_id },
		decision: refused === undefined ? 'allow' : 'block',
		request_id,
		level: project === null ? 'org' : agent === null ? 'project' : 'agent',
		project,
		agent,
		...named,
		...(refused === undefined ? {} : { code: refused }),
		payload: {
			key_id: principal.key_id,
			path: shorten(path),
			query: shorten(query),
			body: shorten(body),
			result: summary(result),
		},
	});
}

/** An operation that was refused: its transaction is undone, so its event is appended by itself. */
export class Refused extends Error {
	readonly event: ServerEvent;
	constructor(event: ServerEvent, cause: unknown) {
		super('refused', { cause });
		this.event = event;
	}
}

/** What is thrown in place of an error of a handler, so that a refusal is recorded. */
export function refusalOf(call: AnyCall, route: Route, error: unknown): unknown {
	if (!(error instanceof TapPassError) || error.code !== 'forbidden') return error;
	const event = eventOf(withoutHidden(call, route), 'operator.refused', { refused: error.code });
	return new Refused(
		{ ...event, payload: { ...(event.payload as { readonly [key: string]: Json }), operation: route.operation } },
		error,
	);
}

const textMax = 256;

// Files are kept where they are applied; here their hash says which.
function shorten(value: unknown): Json {
	if (typeof value === 'string')
		return value.length <= textMax ? value : `sha256:${sha256Hex(new TextEncoder().encode(value))}`;
	if (Array.isArray(value)) return value.map(shorten);
	if (typeof value === 'object' && value !== null)
		return Object.fromEntries(
			Object.entries(value)
				.filter(([, part]) => part !== undefined)
				.map(([key, part]) => [key, shorten(part)]),
		);
	return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

// Of an answer what is short: ids, counts, the revision.
function summary(result: unknown): Json {
	if (typeof result !== 'object' || result === null) return null;
	const isShort = (part: unknown): boolean =>
		['number', 'boolean'].includes(typeof part) || (typeof part === 'string' && part.length <= textMax);
	return Object.fromEntries(Object.entries(result).filter(([, part]) => isShort(part))) as Json;
}
