import type { Selectable } from 'kysely';
import type { HostRow } from '../store/enrolment.ts';
import type { CertificateTable } from '../store/host-tables.ts';
import type { CertificateState, HostState } from './presented-certificate.ts';

/** What the database says about a host, as the decisions take it. */
export function hostState({ newer_seen, newest, presented, state }: HostRow): HostState {
	return {
		state,
		presented: presented === undefined ? undefined : certificateState(presented),
		newest: newest === undefined ? undefined : certificateState(newest),
		newer_seen,
	};
}

function certificateState(row: Selectable<CertificateTable>): CertificateState {
	return {
		generation: row.generation,
		spki_sha256: row.spki_sha256,
		not_before: row.not_before.getTime(),
		not_after: row.not_after.getTime(),
		created_at: row.created_at.getTime(),
		first_seen_at: row.first_seen_at?.getTime() ?? null,
		revoked_at: row.revoked_at?.getTime() ?? null,
		left_behind: row.left_behind,
	};
}
