import type { Approval, Constraint, ConstraintSubject, ConstraintTarget } from '@tappass/core';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { namedTools } from '../catalog/named-tools.ts';

type Tools = Pick<Catalog, 'tools' | 'byCapability' | 'names'>;

/**
 * Binds rules about capabilities and slots to the concrete tools and parameters behind them. A rule whose slot is another
 * parameter in different tools becomes one rule for each parameter, with an id of its own. Tools that have the capability
 * but no such slot keep the slot as the subject: no argument fills it, so what is asked of it is not met. A rule about
 * tools that do not exist yet stays as it is.
 */
export function bindConstraint(constraint: Constraint, catalog: Tools): readonly Constraint[] {
	return bind(constraint.id, constraint.target, constraint.subject, catalog).map(({ id, target, subject }) => ({
		...constraint,
		id,
		target,
		subject,
	}));
}

/** The same for an approval. */
export function bindApproval(approval: Approval, catalog: Tools): readonly Approval[] {
	const { when } = approval;
	if (when === undefined) {
		const tools = toolsOf(approval.target, catalog);
		return tools.length === 0 ? [approval] : [{ ...approval, target: { tools } }];
	}
	return bind(approval.id, approval.target, when.subject, catalog).map(({ id, target, subject }) =>
		// Whether the amount is large cannot be seen without the slot that holds it: those tools always need approval.
		'slot' in subject && 'tools' in target
			? without({ ...approval, id, target })
			: { ...approval, id, target, when: { ...when, subject } },
	);
}

function without({ when: _, ...rest }: Approval): Approval {
	return rest;
}

interface Bound {
	readonly id: string;
	readonly target: ConstraintTarget;
	readonly subject: ConstraintSubject;
}

function bind(id: string, target: ConstraintTarget, subject: ConstraintSubject, catalog: Tools): readonly Bound[] {
	const tools = toolsOf(target, catalog);
	if (tools.length === 0) return [{ id, target, subject }];
	if ('parameter' in subject) return [{ id, target: { tools }, subject }];
	const groups = new Map<string | null, string[]>();
	for (const tool of tools) {
		const parameter = slotsFor(target, catalog.tools.get(tool)!)[subject.slot] ?? null;
		const group = groups.get(parameter);
		if (group === undefined) groups.set(parameter, [tool]);
		else group.push(tool);
	}
	return [...groups]
		.sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
		.map(([parameter, names]) => ({
			id: groups.size === 1 ? id : `${id}.${parameter === null ? 'unbound' : parameter.replaceAll('[]', '')}`,
			target: { tools: names },
			subject: parameter === null ? subject : { parameter },
		}));
}

// A tightening for one agent brings rules on, and its slots are for those: a rule that held before keeps what it looked at.
function slotsFor(target: ConstraintTarget, { facts, tightened }: CatalogEntry): Readonly<Record<string, string>> {
	if (tightened === undefined) return facts.slots;
	const heldBefore = 'tools' in target || tightened.before.capabilities.includes(target.capability);
	return heldBefore ? tightened.before.slots : facts.slots;
}

function toolsOf(target: ConstraintTarget, catalog: Tools): readonly string[] {
	if ('capability' in target) return catalog.byCapability.get(target.capability) ?? [];
	return [...new Set(target.tools.flatMap((pattern) => namedTools(pattern, catalog)))].sort();
}
