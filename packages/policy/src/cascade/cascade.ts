import {
	type Approval,
	type Constraint,
	canonicalJson,
	type DecisionProgram,
	type SchemaRight,
	type StepName,
	type TrustLevel,
} from '@tappass/core';
import type { AllowList, Ceiling, Contribution, DenyList, Stated, StepStatement } from '../resolve/contribution.ts';
import { type MergedAllowList, mergeAllowLists } from './allow-lists.ts';
import { mergeCeilings } from './ceilings.ts';
import type { Conflict } from './conflict.ts';
import { deniedAllowances, type Universe } from './denied.ts';
import { fromTheTop } from './order.ts';
import { mergeSchemasAcl } from './schemas-acl.ts';
import { mergeSteps } from './steps.ts';
import { mergeTrustLevel } from './trust-level.ts';
import { mergeApprovals, mergeConstraints, mergeDenyLists } from './unions.ts';
import { mergeWorkspace } from './workspace.ts';

/** Everything all levels say, merged strictest-wins, each value with the chains that lead to it. */
export interface Merged {
	readonly allow: Readonly<Record<AllowList, MergedAllowList>>;
	readonly deny: Readonly<Record<DenyList, readonly Stated<string>[]>>;
	readonly ceilings: Partial<Readonly<Record<Ceiling, Stated<number>>>>;
	readonly steps: Partial<Readonly<Record<StepName, StepStatement>>>;
	readonly constraints: readonly Stated<Constraint>[];
	readonly approvals: readonly Stated<Approval>[];
	readonly schemas_acl: Readonly<Record<string, Readonly<Record<string, Stated<SchemaRight>>>>>;
	readonly workspace: Stated<string> | undefined;
	readonly trust_level: Stated<TrustLevel> | undefined;
	readonly decisions: readonly DecisionProgram[];
}

/**
 * Org floor → Project floor → Agent override: merges what every origin states. No order of the input shows in the result,
 * and the result never allows what one of the origins denies. Statements that would loosen another are in `conflicts`;
 * those of kind `refused` contradict a floor, and the caller refuses the whole policy or says what it narrows.
 */
export function cascade(
	contributions: readonly Contribution[],
	universe: Universe,
): { readonly merged: Merged; readonly conflicts: readonly Conflict[] } {
	const ordered = fromTheTop(contributions);
	const allow = mergeAllowLists(ordered);
	const ceilings = mergeCeilings(ordered);
	const steps = mergeSteps(ordered);
	const schemas = mergeSchemasAcl(ordered);
	const workspace = mergeWorkspace(ordered);
	const trust = mergeTrustLevel(ordered);
	return {
		merged: {
			allow: allow.merged,
			deny: mergeDenyLists(ordered),
			ceilings: ceilings.merged,
			steps: steps.merged,
			constraints: mergeConstraints(ordered),
			approvals: mergeApprovals(ordered),
			schemas_acl: schemas.merged,
			workspace: workspace.merged,
			trust_level: trust.merged,
			decisions: eachOnce(ordered.flatMap(({ decisions }) => decisions)),
		},
		conflicts: [
			...allow.conflicts,
			...deniedAllowances(ordered, universe),
			...ceilings.conflicts,
			...steps.conflicts,
			...schemas.conflicts,
			...workspace.conflicts,
			...trust.conflicts,
		],
	};
}

// A Pack that two levels pick, or that two rules require, judges a call once.
function eachOnce(programs: readonly DecisionProgram[]): readonly DecisionProgram[] {
	const found = new Map<string, DecisionProgram>();
	for (const program of programs) {
		const key = keyOf(program);
		if (!found.has(key)) found.set(key, program);
	}
	return [...found.values()];
}

const keys = new WeakMap<DecisionProgram, string>();
function keyOf(program: DecisionProgram): string {
	let key = keys.get(program);
	if (key === undefined) {
		key = canonicalJson(program);
		keys.set(program, key);
	}
	return key;
}
