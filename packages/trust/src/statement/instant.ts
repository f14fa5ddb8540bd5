import { z } from 'zod';

const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * Unix milliseconds of an instant written `YYYY-MM-DDTHH:MM:SSZ`, or undefined.
 * One form only: an offset, a fraction or a leap second would give one moment two texts.
 */
export function instantMs(text: string): number | undefined {
	if (!shape.test(text)) return undefined;
	const ms = Date.parse(text);
	// V8 reads 24:00:00 and 31 February as the day after; what it prints back must be what was read.
	return !Number.isNaN(ms) && formatInstant(ms) === text ? ms : undefined;
}

/** The instant of Unix milliseconds, whole seconds, rounded down. */
export function formatInstant(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** An instant in a signed statement. */
export const instantSchema: z.ZodType<string> = z
	.string()
	.refine((text) => instantMs(text) !== undefined, { error: 'expected an instant, YYYY-MM-DDTHH:MM:SSZ' });

/** Unix milliseconds of an instant that a schema has already accepted. */
export function msOf(instant: string): number {
	return Date.parse(instant);
}
