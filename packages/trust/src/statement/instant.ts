import { instantMs } from '@tappass/core';
import { z } from 'zod';

/** An instant in a signed statement. */
export const instantSchema: z.ZodType<string> = z
	.string()
	.refine((text) => instantMs(text) !== undefined, { error: 'expected an instant, YYYY-MM-DDTHH:MM:SSZ' });

/** Unix milliseconds of an instant that a schema has already accepted. */
export function msOf(instant: string): number {
	return Date.parse(instant);
}
