import { canonicalJson, type Diagnostic, type Level, levels } from '@tappass/core';
import { type CompileResult, compilePolicy, diff, isRefused, type Narrowed, type PolicyDiff } from '@tappass/policy';
import type { SpecRow } from '../store/sandboxes.ts';
import { inputsKey, type OrgInputs, requestFor, type Target, targetsOf } from './inputs.ts';

/** What a change does to one target. */
export interface Effect {
	readonly target: Target;
	readonly diff: PolicyDiff;
	/** Statements of lower levels that no longer hold as written. */
	readonly narrowed: readonly Narrowed[];
}

/** What a change would do to the whole cascade, or why it is refused. */
export type Checked =
	| { readonly kind: 'accepted'; readonly effects: readonly Effect[]; readonly warnings: readonly Diagnostic[] }
	| {
			readonly kind: 'refused';
			/** `contradiction`: each policy is right by itself. */
			readonly reason: 'invalid' | 'contradiction';
			readonly diagnostics: readonly Diagnostic[];
			/** Whether `--force-narrow` would accept it. */
			readonly forcible: boolean;
	  };

interface Change {
	/** The level that is changed. */
	readonly level: Level;
	readonly forceNarrow: boolean;
}

/**
 * Compiles every target of the org before and after a change, which differ in `policies` or `runtimes` only, and decides.
 * A contradiction that the change brings refuses it, unless it tightens a floor and the operator asked to narrow what lies
 * below; contradictions that were accepted earlier stay accepted, on the stricter side.
 */
export function checkChange(before: OrgInputs, after: OrgInputs, specs: readonly SpecRow[], change: Change): Checked {
	const effects: Effect[] = [];
	const warnings: Diagnostic[] = [];
	const faults: Diagnostic[] = [];
	const contradictions: Diagnostic[] = [];
	let forcible = true;
	for (const target of targetsOf([...before.policies, ...after.policies], specs)) {
		if (inputsKey(before, target) === inputsKey(after, target)) continue;
		const next = compilePolicy({ ...requestFor(after, target), forceNarrow: true });
		if (isRefused(next)) {
			faults.push(...next.diagnostics);
			continue;
		}
		const previous = compilePolicy({ ...requestFor(before, target), forceNarrow: true });
		const known = new Set(isRefused(previous) ? [] : previous.narrowed.map(conflictKey));
		const fresh = next.narrowed.filter((each) => !known.has(conflictKey(each)));
		if (fresh.length > 0) {
			const byFloor = fresh.every(({ level }) => levels.indexOf(level) > levels.indexOf(change.level));
			if (!(change.forceNarrow && byFloor)) contradictions.push(...contradictionsOf(after, target, fresh));
			forcible &&= byFloor;
		}
		warnings.push(...next.warnings);
		// A target that did not compile before had nothing in force.
		const shown = isRefused(previous) ? compilePolicy({ library: after.shipped.library }) : previous;
		effects.push({ target, diff: diff(shown as CompileResult, next), narrowed: fresh });
	}
	if (faults.length > 0) return { kind: 'refused', reason: 'invalid', diagnostics: once(faults), forcible: false };
	if (contradictions.length > 0)
		return { kind: 'refused', reason: 'contradiction', diagnostics: once(contradictions), forcible };
	return { kind: 'accepted', effects, warnings: once(warnings) };
}

function contradictionsOf(inputs: OrgInputs, target: Target, fresh: readonly Narrowed[]): readonly Diagnostic[] {
	const refused = compilePolicy(requestFor(inputs, target));
	if (isRefused(refused)) return refused.diagnostics;
	// The compile accepts what it narrowed a moment ago: say what was found all the same.
	return fresh.map(({ what, place, stated, by }) => ({
		code: 'policy_contradiction',
		...place,
		message: `${what}: ${stated} contradicts ${by.stated} of ${by.name}`,
	}));
}

// Places move when a file is edited above them; what contradicts what stays the same.
function conflictKey({ what, level, stated, by }: Narrowed): string {
	return canonicalJson([what, level, stated, by.level, by.stated]);
}

function once(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
	return [...new Map(diagnostics.map((each) => [JSON.stringify(each), each])).values()];
}
