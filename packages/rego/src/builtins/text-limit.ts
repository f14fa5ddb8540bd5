import { BuiltinLimitError } from './builtin.ts';

/** Longest text, in UTF-16 units, that a builtin builds: a short format or replacement must not fill the memory. */
export const textLengthMax: number = 1 << 26;

/** @throws {BuiltinLimitError} when a text of this length may not be built */
export function checkTextLength(length: number): void {
	if (length > textLengthMax) throw new BuiltinLimitError(`result is longer than ${textLengthMax} characters`);
}
