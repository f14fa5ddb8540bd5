import { TapPassError } from '@tappass/core';

/**
 * Each freshness statement is accepted once.
 * @param held the highest `seq` accepted in this epoch
 * @throws {TapPassError} seq_replay
 */
export function assertNewSequence(seq: number, held: number): void {
	if (seq <= held) throw new TapPassError('seq_replay', { detail: `got ${seq}, have ${held}` });
}

/**
 * A keyring that is only read back may be the one that the floor recorded, but none before it.
 * @throws {TapPassError} seq_replay
 */
export function assertHeldSequence(seq: number, held: number): void {
	if (seq < held) throw new TapPassError('seq_replay', { detail: `got ${seq}, have ${held}` });
}
