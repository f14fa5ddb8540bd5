import type { Catalog } from '../catalog/catalog.ts';
import { policyLimits } from '../limits.ts';
import type { AllowList, Contribution, DenyList, Stated } from '../resolve/contribution.ts';
import { type Conflict, conflictOf } from './conflict.ts';
import { isAbove, isWritten } from './order.ts';
import { type PatternKind, patternKinds } from './patterns.ts';

/** What deny-lists stand for: the tools behind a capability, the domains behind a category. */
export interface Universe {
	readonly catalog: Pick<Catalog, 'tools' | 'byCapability' | 'names'>;
	/** category → domain patterns. */
	readonly domains: ReadonlyMap<string, readonly string[]>;
}

/**
 * Entries that a level allows although a deny-list above covers them wholly. A partial overlap is fine: deny wins per call.
 */
export function deniedAllowances(contributions: readonly Contribution[], universe: Universe): readonly Conflict[] {
	return contributions.flatMap((below) => {
		if (!isWritten(below.origin)) return [];
		return contributions
			.filter((above) => above === below || !isAbove(below.origin, above.origin))
			.flatMap((above) => [
				...pairs.flatMap((pair) => deniedBy(pair, below, above, universe)),
				...deniedWorkspace(below, above),
			]);
	});
}

function deniedWorkspace(below: Contribution, above: Contribution): readonly Conflict[] {
	const { workspace } = below;
	const paths = patternKinds['filesystem.read_only'];
	const by = above.deny['filesystem.deny_paths']?.find(
		({ value }) => workspace !== undefined && paths.covers(value, workspace.value),
	);
	if (workspace === undefined || by === undefined) return [];
	return [
		conflictOf(
			'filesystem.workspace',
			{ origin: below.origin, stated: workspace, text: workspace.value },
			{ origin: above.origin, place: by.place, text: `filesystem.deny_paths ${by.value}` },
			'choose a path that is not denied: a deny cannot be taken back below',
		),
	];
}

interface Pair {
	readonly allow: AllowList;
	readonly deny: DenyList;
	/** Patterns that one entry of the deny-list covers. */
	readonly open: (entry: string, universe: Universe) => readonly string[];
}

const pairs: readonly Pair[] = [
	{ allow: 'tools.allow', deny: 'tools.deny', open: (entry) => [entry] },
	{
		allow: 'tools.allow',
		deny: 'forbidden_capabilities',
		open: (entry, { catalog }) => catalog.byCapability.get(entry) ?? [],
	},
	{ allow: 'filesystem.read_only', deny: 'filesystem.deny_paths', open: (entry) => [entry] },
	{
		allow: 'network.allow_domains',
		deny: 'network.deny_categories',
		open: (entry, { domains }) => domains.get(entry) ?? [],
	},
];

function deniedBy(pair: Pair, below: Contribution, above: Contribution, universe: Universe): readonly Conflict[] {
	const allowed = below.allow[pair.allow]?.items ?? [];
	const denied = above.deny[pair.deny] ?? [];
	if (allowed.length === 0 || denied.length === 0) return [];
	// A deny wins per call in any case: nobody is told of the contradiction, and nothing more is allowed.
	const patterns = denied.reduce((sum, entry) => sum + pair.open(entry.value, universe).length, 0);
	if (allowed.length * patterns > policyLimits.listPairsMax) return [];
	const kind = patternKinds[pair.allow];
	return allowed.flatMap((item) => {
		const by = denied.find((entry) =>
			pair.open(entry.value, universe).some((pattern) => kind.covers(pattern, item.value)),
		);
		if (by === undefined) return [];
		return [
			conflictOf(
				pair.allow,
				{ origin: below.origin, stated: item, text: item.value },
				{ origin: above.origin, place: by.place, text: `${pair.deny} ${by.value}` },
				`leave ${item.value} out: a deny cannot be taken back below`,
			),
		];
	});
}

/** Entries of a merged allow-list that no deny covers wholly: what is denied in any case need not be listed as allowed. */
export function withoutDenied(
	kind: PatternKind,
	allowed: readonly Stated<string>[],
	denied: readonly string[],
): readonly Stated<string>[] {
	if (allowed.length * denied.length > policyLimits.listPairsMax) return allowed;
	return allowed.filter(({ value }) => !denied.some((pattern) => kind.covers(pattern, value)));
}
