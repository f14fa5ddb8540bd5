import { TapPassError } from '@tappass/core';
import { trustLimits } from '../limits.ts';
import type { PolicyStatement } from '../statement/policy-statement.ts';
import type { Verified } from '../verify/statement.ts';
import type { Floor } from './floor.ts';

/**
 * Versions never fall, one version is one policy, and no honest operator makes thousands of steps at once.
 * The statement is of the floor's epoch; the first one of an epoch has nothing to be compared with.
 * @throws {TapPassError} version_rollback, version_conflict, version_jump
 * @see TUF specification 5.4.3 (rollback) and 5.5.5; DESIGN.md §5
 */
export function assertVersion(floor: Floor, { statement, sha256 }: Verified<PolicyStatement>): void {
	if (floor.policy_sha256 === null) return;
	const { policy_version: got, prev_sha256 } = statement;
	const have = floor.policy_version;
	const detail = `got ${got}, have ${have}`;
	if (got < have) throw new TapPassError('version_rollback', { detail });
	if (got === have && sha256 !== floor.policy_sha256) throw new TapPassError('version_conflict', { detail });
	// The next version says what it follows: another hash means that the history was forked behind our back.
	if (got === have + 1 && prev_sha256 !== null && prev_sha256 !== floor.policy_sha256) {
		throw new TapPassError('version_conflict', { detail: `${detail}, which it says it does not follow` });
	}
	if (got - have > trustLimits.versionStepMax) throw new TapPassError('version_jump', { detail });
}
