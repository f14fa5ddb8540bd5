import {
	type AcceptedGap,
	type Aspect,
	type CompiledPolicy,
	crossCuttingLayers,
	type EnforcementPosition,
	type Gap,
	type RenderCapabilities,
	type Runtime,
	rings,
} from '@tappass/core';
import { standsIn } from './positions.ts';
import { findTarget, targetsAt } from './registry.ts';
import type { Target } from './target.ts';

/** A position that has a Provider, and what that consumes. */
export interface ActiveDefence {
	readonly position: EnforcementPosition;
	readonly provider: string;
	readonly aspects: readonly Aspect[];
}

/** A position that guards nothing, and why. */
export interface InactiveDefence {
	readonly position: EnforcementPosition;
	readonly provider: string | null;
	readonly why: string;
}

/** A gap with what becomes of it; one with neither `covered_by` nor `accepted` makes the Runtime invalid. */
export interface CheckedGap extends Gap {
	/** The Provider with the gap; the position's name when it has none. */
	readonly provider: string;
	/** Another active Provider that holds the rule. */
	readonly covered_by?: string;
	/** The reason that the Runtime gives. */
	readonly accepted?: string;
}

/** What a Runtime makes of a policy. */
export interface RuntimeCheck {
	/** Every named Provider is there, and every gap is covered or accepted. */
	readonly valid: boolean;
	readonly active: readonly ActiveDefence[];
	readonly inactive: readonly InactiveDefence[];
	readonly gaps: readonly CheckedGap[];
}

/**
 * Whether a Runtime enforces a policy on a machine, and what it leaves open. Pure: everything is rendered, nothing is
 * written. A ring without a Provider is allowed, and said; without a kernel ring two Aspects are guarded by nothing, which
 * is a gap like any other.
 */
export function checkRuntime(
	runtime: Pick<Runtime, 'rings' | 'accepted_gaps'>,
	policy: CompiledPolicy,
	capabilities: RenderCapabilities,
): RuntimeCheck {
	const filled = positions(runtime).map(fill);
	const active = filled.filter((one) => 'target' in one);
	const inactive = filled.filter((one) => 'why' in one);
	const rendered = active.map(({ target }) => ({ target, gaps: target.render(policy, capabilities).gaps }));
	const open: readonly Omit<CheckedGap, 'covered_by' | 'accepted'>[] = [
		...rendered.flatMap(({ target, gaps }) => gaps.map((gap) => ({ provider: target.name, ...gap }))),
		...(active.some(({ target }) => target.position === 'kernel') ? [] : unguarded),
	];
	const gaps = open.map((gap): CheckedGap => {
		const covered_by = rendered.find((other) => covers(other, gap, policy))?.target.name;
		const accepted = runtime.accepted_gaps.find((one) => accepts(one, gap))?.reason;
		return { ...gap, ...(covered_by !== undefined && { covered_by }), ...(accepted !== undefined && { accepted }) };
	});
	return {
		valid:
			inactive.every(({ provider }) => provider === null) &&
			gaps.every(({ covered_by, accepted }) => covered_by !== undefined || accepted !== undefined),
		active: active.map(({ target }) => ({ position: target.position, provider: target.name, aspects: target.aspects })),
		inactive,
		gaps,
	};
}

interface Position {
	readonly position: EnforcementPosition;
	readonly name: string | null;
}

function positions(runtime: Pick<Runtime, 'rings'>): readonly Position[] {
	return [
		...rings.map((position) => ({ position, name: runtime.rings[position] })),
		...crossCuttingLayers.map((position) => ({ position, name: targetsAt(position)[0]?.name ?? null })),
	];
}

function fill({ position, name }: Position): { readonly target: Target } | InactiveDefence {
	if (name === null) return { position, provider: null, why: 'the Runtime names no Provider for this ring' };
	const target = findTarget(name);
	if (target?.position === position) return { target };
	const possible = targetsAt(position).map((one) => one.name);
	const found = target === undefined ? 'there is no Provider of this name' : `this Provider is for ${target.position}`;
	return { position, provider: name, why: `${found}; expected one of ${possible.join(', ')}` };
}

const unguarded: readonly (Gap & { readonly provider: string })[] = (['network', 'filesystem'] as const).map(
	(aspect) => ({
		provider: 'kernel',
		aspect,
		value: '*',
		why: 'no active Provider holds this Aspect for the programs that the agent starts',
	}),
);

function covers(
	{ target, gaps }: { readonly target: Target; readonly gaps: readonly Gap[] },
	gap: Gap & { readonly provider: string },
	policy: CompiledPolicy,
): boolean {
	if (target.name === gap.provider || !target.aspects.includes(gap.aspect)) return false;
	if (gaps.some((own) => own.aspect === gap.aspect && own.value === gap.value)) return false;
	return standsIn(target.position, gap.aspect, fieldOf(policy, gap));
}

/** The field of the Aspect that a gap is about: it is named outright, or it holds the value; undefined when it is neither. */
function fieldOf(policy: CompiledPolicy, { aspect, value }: Gap): string | undefined {
	if (aspect === 'compliance') return undefined;
	const fields: readonly (readonly [string, unknown])[] = Object.entries(policy[aspect]);
	const named = fields.find(([field]) => value === field || value.startsWith(`${field}.`));
	return (named ?? fields.find(([, held]) => holdsValue(held, value)))?.[0];
}

function holdsValue(held: unknown, value: string): boolean {
	if (Array.isArray(held)) return held.includes(value);
	if (held === null || typeof held !== 'object') return held === value;
	return Object.keys(held).some((key) => value === key || value.startsWith(`${key}.`));
}

function accepts(accepted: AcceptedGap, gap: Gap & { readonly provider: string }): boolean {
	return (
		accepted.provider === gap.provider &&
		accepted.aspect === gap.aspect &&
		(accepted.value === '*' || accepted.value === gap.value)
	);
}
