import { agentNameSchema, type Json, projectNameSchema, TapPassError } from '@tappass/core';
import { z } from 'zod';
import type { Scope } from '../access/may.ts';
import { serverLimits } from '../limits.ts';

/** An operation without parameters. */
export const none: z.ZodObject<Record<never, never>, z.core.$strict> = z.strictObject({});

/** A moment as the API writes it. */
export const moment: z.ZodISODateTime = z.iso.datetime();
/** A name or id in a path. */
export const identifier: z.ZodString = z.string().min(1).max(128);

/** Any JSON. */
export const json: z.ZodType<Json> = z.unknown() as unknown as z.ZodType<Json>;

/** A file as requests carry one. */
export const documentBody: z.ZodObject<{ file: z.ZodString; content: z.ZodBase64 }, z.core.$strict> = z.strictObject({
	file: z.string().min(1).max(512),
	content: z.base64(),
});

/** Query of a list. */
export const pageQuery: z.ZodObject<
	{ limit: z.ZodDefault<z.ZodCoercedNumber>; cursor: z.ZodOptional<z.ZodString> },
	z.core.$strict
> = z.strictObject({
	limit: z.coerce.number().int().min(1).max(serverLimits.pageMax).default(serverLimits.pageDefault),
	cursor: z.string().max(256).optional().describe('`next_cursor` of the page before'),
});

/** One page of a list. */
export function page<Item extends z.ZodType>(
	item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next_cursor: z.ZodNullable<z.ZodString> }, z.core.$strict> {
	return z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** What a list begins after: opaque to callers. @throws {TapPassError} request_malformed */
export function readCursor(cursor: string | undefined): string {
	if (cursor === undefined) return '';
	const text = Buffer.from(cursor, 'base64url').toString('utf8');
	if (!/^[\x21-\x7e]{1,128}$/.test(text) || writeCursor(text) !== cursor)
		throw new TapPassError('request_malformed', { detail: 'the cursor is not one this server gave out' });
	return text;
}

/** The cursor of the page after `last`. */
export function writeCursor(last: string): string {
	return Buffer.from(last).toString('base64url');
}

/** The page of rows that were read with one more than `limit`. */
export function pageOf<Row>(
	rows: readonly Row[],
	limit: number,
	key: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly next_cursor: string | null } {
	if (rows.length <= limit) return { rows, next_cursor: null };
	const kept = rows.slice(0, limit);
	return { rows: kept, next_cursor: writeCursor(key(kept.at(-1)!)) };
}

/** A place in the cascade, as requests name it. */
export const place: z.ZodObject<
	{
		project: z.ZodDefault<z.ZodNullable<typeof projectNameSchema>>;
		agent: z.ZodDefault<z.ZodNullable<typeof agentNameSchema>>;
	},
	z.core.$strict
> = z.strictObject({
	project: projectNameSchema.nullable().default(null),
	agent: agentNameSchema.nullable().default(null),
});

/** The place of a row, in which nothing is an empty text. */
export function scopeOfRow({ project, agent }: { readonly project: string; readonly agent: string }): Scope {
	return { project: project === '' ? null : project, agent: agent === '' ? null : agent };
}

/** A moment as text. */
export function text(date: Date): string;
export function text(date: Date | null): string | null;
export function text(date: Date | null): string | null {
	return date === null ? null : date.toISOString();
}
