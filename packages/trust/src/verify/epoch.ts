import { TapPassError } from '@tappass/core';

/**
 * A statement belongs to the epoch of the root that lists its key: after an epoch is raised nothing older is believed.
 * @throws {TapPassError} epoch_mismatch
 */
export function assertEpoch(statementEpoch: number, rootEpoch: number): void {
	if (statementEpoch === rootEpoch) return;
	throw new TapPassError('epoch_mismatch', { detail: `got epoch ${statementEpoch}, the root says ${rootEpoch}` });
}
