import { count } from '../diagnostics.ts';
import type { StatusView } from '../remote/shapes.ts';

/** How an org on a server is doing, as people read it. */
export function statusLines(status: StatusView): readonly string[] {
	const { name, org_id, epoch, policy_revision, root_version, sandboxes, stale, recompiles } = status;
	const states = Object.entries(sandboxes).map(([state, number]) => `${number} ${state}`);
	const waves = recompiles.map(
		({ reason, requested_by, total, done, failed, created_at, finished_at }) =>
			`  ${created_at}  ${reason}, ${requested_by}: ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}${finished_at === null && done < total ? ', going on' : ''}`,
	);
	return [
		`Org ${name} (${org_id}): policy revision ${policy_revision}, epoch ${epoch}, root document ${root_version ?? 'none'}.`,
		`Sandboxes: ${states.length === 0 ? 'none' : states.join(', ')}; ${stale === 0 ? 'nothing' : count(stale, 'statement')} to derive.`,
		...(waves.length === 0 ? [] : ['Newest changes:', ...waves]),
	];
}
