import { type Approval, type Constraint, canonicalJson, stricterAction } from '@tappass/core';
import { type Contribution, type DenyList, denyLists, type Stated } from '../resolve/contribution.ts';

/** Deny-lists, tags and requirements: the union, each entry with everyone's chains; sorted. */
export function mergeDenyLists(
	contributions: readonly Contribution[],
): Readonly<Record<DenyList, readonly Stated<string>[]>> {
	return Object.fromEntries(
		denyLists.map((list) => [
			list,
			unite(
				contributions.flatMap(({ deny }) => deny[list] ?? []),
				(value) => value,
			),
		]),
	) as Record<DenyList, readonly Stated<string>[]>;
}

/** Constraints: the union. Two that differ only in their action are one with the stricter action. */
export function mergeConstraints(contributions: readonly Contribution[]): readonly Stated<Constraint>[] {
	const all = contributions.flatMap(({ constraints }) => constraints);
	const united = unite(
		all,
		keyOf(constraintKeys, ({ action: _, ...rest }) => canonicalJson(rest)),
		(a, b) => ({
			...a,
			action: stricterAction(a.action, b.action),
		}),
	);
	return withOwnIds(united);
}

/** Approvals: the union. Two about the same calls are one that asks for more people and expires sooner. */
export function mergeApprovals(contributions: readonly Contribution[]): readonly Stated<Approval>[] {
	const all = contributions.flatMap(({ approvals }) => approvals);
	const united = unite(
		all,
		keyOf(approvalKeys, ({ approvers: _, expires_minutes: __, ...rest }) => canonicalJson(rest)),
		(a, b) => ({
			...a,
			approvers: Math.max(a.approvers, b.approvers),
			expires_minutes: Math.min(a.expires_minutes, b.expires_minutes),
		}),
	);
	return withOwnIds(united);
}

function unite<T>(
	items: readonly Stated<T>[],
	key: (value: T) => string,
	join: (a: T, b: T) => T = (a) => a,
): readonly Stated<T>[] {
	const found = new Map<string, Stated<T>>();
	for (const item of items) {
		const before = found.get(key(item.value));
		found.set(
			key(item.value),
			before === undefined
				? item
				: { value: join(before.value, item.value), chains: [...item.chains, ...before.chains], place: before.place },
		);
	}
	return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

// Two different rules of one id both hold: the id of each further one gets a number, in an order that content decides.
function withOwnIds<T extends { readonly id: string }>(items: readonly Stated<T>[]): readonly Stated<T>[] {
	const used = new Set<string>();
	return [...items]
		.sort((a, b) => (a.value.id < b.value.id ? -1 : a.value.id > b.value.id ? 1 : 0))
		.map((item) => {
			let id = item.value.id;
			for (let number = 2; used.has(id); number += 1) id = `${item.value.id}.${number}`;
			used.add(id);
			return id === item.value.id ? item : { ...item, value: { ...item.value, id } };
		});
}

// A floor's rules meet the rules of every sandbox below it: their texts are made once.
const constraintKeys = new WeakMap<object, string>();
const approvalKeys = new WeakMap<object, string>();
function keyOf<T extends object>(known: WeakMap<object, string>, make: (value: T) => string): (value: T) => string {
	return (value) => {
		let key = known.get(value);
		if (key === undefined) {
			key = make(value);
			known.set(value, key);
		}
		return key;
	};
}
