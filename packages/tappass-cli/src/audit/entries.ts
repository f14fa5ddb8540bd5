import { Flags } from '@oclif/core';
import type { OptionFlag } from '@oclif/core/interfaces';
import { eventTypes } from '@tappass/audit';
import { note, type Terminal } from '@tappass/cli-kit';
import { nearest, parseDuration, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { shortMoment } from '../views/listing.ts';

/** An entry of the audit log as the server lists it. */
export interface AuditEntry {
	readonly index: number;
	readonly event_id: string;
	readonly at: string;
	readonly type: string;
	/** A pseudonym. */
	readonly actor: string;
	readonly decision: string;
	readonly sandbox_id: string | null;
	readonly project: string | null;
	readonly agent: string | null;
	readonly request_id: string | null;
	readonly code: string | null;
	readonly has_payload: boolean;
}

const entry: z.ZodType<AuditEntry> = z.looseObject({
	index: z.int(),
	event_id: z.string(),
	at: z.string(),
	type: z.string(),
	actor: z.string(),
	decision: z.string(),
	sandbox_id: z.string().nullable(),
	project: z.string().nullable(),
	agent: z.string().nullable(),
	request_id: z.string().nullable(),
	code: z.string().nullable(),
	has_payload: z.boolean(),
});

/** Entries, and where the next request goes on. */
export interface EntryPage {
	readonly items: readonly AuditEntry[];
	readonly cursor: string | null;
}
export const entryPage: z.ZodType<EntryPage> = z.looseObject({
	items: z.array(entry),
	cursor: z.string().nullable(),
});

/** How the log of the org stands. */
export interface LogView {
	readonly origin: string | null;
	readonly vkey: string | null;
	readonly size: number;
	readonly halted: string | null;
	readonly url: string;
}
export const logView: z.ZodType<LogView> = z.looseObject({
	origin: z.string().nullable(),
	vkey: z.string().nullable(),
	size: z.int(),
	halted: z.string().nullable(),
	// A path at the server that was asked, and no more: the token goes there.
	url: z.string().regex(/^\/audit\/[\w-]+$/),
});

type TextFlag = OptionFlag<string | undefined>;

/** What entries are looked for by; the same for `query` and `tail`. */
export const filterFlags: {
	readonly type: TextFlag;
	readonly actor: TextFlag;
	readonly sandbox: TextFlag;
	readonly code: TextFlag;
	readonly decision: TextFlag;
	readonly 'request-id': TextFlag;
} = {
	type: Flags.string({ helpValue: '<type>', helpGroup: 'FILTER', description: 'policy.applied, or policy.*' }),
	actor: Flags.string({ helpValue: '<who>', helpGroup: 'FILTER', description: 'an id, an address or a pseudonym' }),
	sandbox: Flags.string({ helpValue: '<id>', helpGroup: 'FILTER', description: 'a sandbox, by id or by its name' }),
	code: Flags.string({ helpValue: '<code>', helpGroup: 'FILTER', description: 'why: a code of docs/errors.md' }),
	decision: Flags.string({
		helpGroup: 'FILTER',
		options: ['allow', 'block', 'notify', 'none'],
		description: 'what was decided',
	}),
	'request-id': Flags.string({ helpValue: '<id>', helpGroup: 'FILTER', description: 'everything of one request' }),
};

type Chosen = { readonly [Name in keyof typeof filterFlags]?: string | undefined };

/** The filter as the server takes it. */
export function filterQuery({
	'request-id': request_id,
	...chosen
}: Chosen): Readonly<Record<string, string | undefined>> {
	const { type, actor, sandbox, code, decision } = chosen;
	return { type, actor, sandbox, code, decision, request_id };
}

/** Says that nothing can match a type that does not exist: an empty answer alone looks like good news. */
export function noteUnknownType(terminal: Terminal, type: string | undefined): void {
	// A pattern, or a type that a newer server knows, is none of ours to judge: it is asked for all the same.
	if (type === undefined || type.includes('*') || Object.hasOwn(eventTypes, type)) return;
	const near = nearest(type, Object.keys(eventTypes));
	note(terminal, 'hint', `no type of entry is called ${type}${near === undefined ? '' : `; did you mean ${near}?`}`);
}

/**
 * A moment as a person writes it: a day (in UTC), an instant, or how long ago.
 * @throws {TapPassError} usage
 */
export function momentOf(text: string, flag: string, now: number): string {
	const at = instantOf(text);
	if (at !== undefined) return at;
	try {
		return new Date(now - parseDuration(text)).toISOString();
	} catch (cause) {
		throw new TapPassError('usage', {
			detail: `${flag} ${text}: expected a moment, 2026-05-07 or 2026-05-07T10:00:00Z, or how long ago, 90m or 24h`,
			cause,
		});
	}
}

// What a period begins with must not depend on where it is asked, so a time has its zone; and a day that no month has is none.
const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

function instantOf(text: string): string | undefined {
	const parsed = instant.safeParse(text);
	return parsed.success ? new Date(parsed.data).toISOString() : undefined;
}

/** Columns of an entry for people; the pseudonym last, since it says least. */
export const entryHeading: readonly string[] = [
	'INDEX',
	'TIME',
	'TYPE',
	'DECISION',
	'CODE',
	'SANDBOX',
	'REQUEST',
	'ACTOR',
];

/** Columns that a narrow screen can do without, the first one first. */
export const entrySpare: readonly string[] = ['ACTOR', 'REQUEST', 'SANDBOX', 'CODE'];

/** An entry in these columns. */
export function entryRow(each: AuditEntry): readonly string[] {
	const { index, at, type, decision, code, sandbox_id, request_id, actor } = each;
	return [String(index), shortMoment(at), type, decision, code ?? '-', sandbox_id ?? '-', request_id ?? '-', actor];
}

/** An entry as a line that can be written before the next is known. */
export function entryLine(each: AuditEntry): string {
	const [index, at, type, decision, ...rest] = entryRow(each);
	return [index!.padStart(8), at, type!.padEnd(20), decision!.padEnd(6), ...rest].join('  ');
}
