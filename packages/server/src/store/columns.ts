import type { ColumnType, JSONColumnType } from 'kysely';

/* Types of columns: how they are read, inserted and updated. */

/** A moment: read as a Date, written as one or left to the database's clock. */
export type Moment = ColumnType<Date, Date | string | undefined, Date | string>;

/** A moment that may not have come. */
export type MaybeMoment = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

/** Bytes, exactly as they were written. */
export type Bytes = ColumnType<Buffer, Uint8Array, Uint8Array>;

/** Bytes that may be absent. */
export type MaybeBytes = ColumnType<Buffer | null, Uint8Array | null | undefined, Uint8Array | null>;

/** A JSON object; written as its text. */
export type JsonObject = JSONColumnType<Record<string, unknown>, string, string>;

/** A JSON object that may be absent. */
export type MaybeJsonObject = ColumnType<
	Record<string, unknown> | null,
	string | null | undefined,
	string | null | undefined
>;
