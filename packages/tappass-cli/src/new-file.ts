import { lstatSync } from 'node:fs';
import { TapPassError } from '@tappass/core';

/** Refuses a path that is taken, by whatever it is, before anything is made that would go there. @throws {TapPassError} usage */
export function refuseExisting(path: string, hint: string): void {
	if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
	throw new TapPassError('usage', { detail: `${path} is there already`, hint });
}
