import { hash } from 'node:crypto';
import type { Detection, DetectorName } from '@tappass/detect';
import { gatewayLimits } from '../limits.ts';
import type { Context } from './context.ts';
import type { Reading, Wanted } from './detectors.ts';

/**
 * A text made ready for detectors. A conversation comes again with every turn, and the result of a tool in it: what was read,
 * and looked at, is remembered for a while.
 *
 * @param depth layers of encoding to take off; undefined: as many as usual
 */
export function readText(text: string, depth: number | undefined, { detectors, caches }: Context): Reading {
	if (text.length > gatewayLimits.readingLengthMax) return detectors.read(text, depth);
	const name = hash('sha256', `${depth} ${text}`, 'hex');
	const known = caches.readings.get(name);
	if (known !== undefined) return known;
	const reading = detectors.read(text, depth);
	caches.readings.set(name, reading);
	return reading;
}

/** What a detector finds in a text that was read; looked for once. */
export function findIn(
	reading: Reading,
	detector: DetectorName,
	wanted: Wanted,
	{ detectors }: Pick<Context, 'detectors'>,
): readonly Detection[] {
	const name = `${detector} ${JSON.stringify(wanted)}`;
	const found = reading.found.get(name) ?? detectors.find(reading, detector, wanted);
	reading.found.set(name, found);
	return found;
}
