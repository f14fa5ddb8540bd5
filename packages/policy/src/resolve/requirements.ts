import { findStep, type StepName } from '@tappass/core';
import type { Place } from '../author/input.ts';
import type { OverlayRules } from '../author/types.ts';
import {
	type AllowList,
	type Ceiling,
	type Chain,
	type Contribution,
	type DenyList,
	emptyContribution,
	type Origin,
	type Stated,
	type StatedList,
	type StepStatement,
} from './contribution.ts';

type At = (path: readonly PropertyKey[], what?: 'key' | 'value') => Place;

/**
 * What a document's rules state, all with the same chains.
 * @param idPrefix put before the ids of constraints and approvals, so that ids stay unique in a policy: `gdpr_required.`
 */
export function contributionOf(
	rules: OverlayRules,
	origin: Origin,
	chains: readonly Chain[],
	at: At,
	path: readonly PropertyKey[] = [],
	idPrefix = '',
): Contribution {
	const stated = <T>(value: T, ...where: readonly PropertyKey[]): Stated<T> => ({
		value,
		chains,
		place: at([...path, ...where]),
	});
	const list = (values: readonly string[] | undefined, ...where: readonly PropertyKey[]): readonly Stated<string>[] =>
		(values ?? []).map((value, position) => stated(value, ...where, position));
	const statedList = (
		values: readonly string[] | undefined,
		...where: readonly PropertyKey[]
	): StatedList | undefined =>
		values === undefined ? undefined : { items: list(values, ...where), place: at([...path, ...where]) };
	return {
		...emptyContribution(origin),
		allow: present<AllowList, StatedList>({
			'network.allow_domains': statedList(rules.network?.allow_domains, 'network', 'allow_domains'),
			'filesystem.read_only': statedList(rules.filesystem?.read_only, 'filesystem', 'read_only'),
			'tools.allow': statedList(rules.tools?.allow, 'tools', 'allow'),
			'interpreter.host_functions': statedList(rules.interpreter?.host_functions, 'interpreter', 'host_functions'),
			'models.allow': statedList(rules.models?.allow, 'models', 'allow'),
		}),
		deny: {
			'network.deny_categories': list(rules.network?.deny_categories, 'network', 'deny_categories'),
			'filesystem.deny_paths': list(rules.filesystem?.deny_paths, 'filesystem', 'deny_paths'),
			'tools.deny': list(rules.tools?.deny, 'tools', 'deny'),
			forbidden_capabilities: list(rules.forbidden_capabilities, 'forbidden_capabilities'),
			compliance_tags: list(rules.compliance_tags, 'compliance_tags'),
			'require.packs': list(rules.require?.packs, 'require', 'packs'),
		} satisfies Record<DenyList, readonly Stated<string>[]>,
		ceilings: ceilingsOf(rules, stated),
		steps: stepsOf(rules.steps ?? {}, stated),
		constraints: (rules.constraints ?? []).map((constraint, position) =>
			stated({ ...constraint, id: `${idPrefix}${constraint.id}` }, 'constraints', position),
		),
		approvals: (rules.approvals ?? []).map((approval, position) =>
			stated({ ...approval, id: `${idPrefix}${approval.id}` }, 'approvals', position),
		),
		schemas_acl: Object.fromEntries(
			Object.entries(rules.tools?.schemas_acl ?? {}).map(([server, rights]) => [
				server,
				Object.fromEntries(
					Object.entries(rights).map(([schema, right]) => [
						schema,
						stated(right, 'tools', 'schemas_acl', server, schema),
					]),
				),
			]),
		),
		...(rules.filesystem?.workspace === undefined
			? {}
			: { workspace: stated(rules.filesystem.workspace, 'filesystem', 'workspace') }),
		...(rules.trust_level === undefined ? {} : { trust_level: stated(rules.trust_level, 'trust_level') }),
	};
}

type State = <T>(value: T, ...where: readonly PropertyKey[]) => Stated<T>;

/** The ceilings that a document states. */
export function ceilingsOf(
	rules: Pick<OverlayRules, 'budget' | 'interpreter'>,
	stated: State,
): Partial<Record<Ceiling, Stated<number>>> {
	const found: Partial<Record<Ceiling, Stated<number>>> = {};
	for (const [name, value] of Object.entries(rules.budget ?? {}))
		if (value !== undefined) found[`budget.${name}` as Ceiling] = stated(value, 'budget', name);
	for (const [name, value] of Object.entries(rules.interpreter ?? {}))
		if (typeof value === 'number') found[`interpreter.${name}` as Ceiling] = stated(value, 'interpreter', name);
	return found;
}

/**
 * Step statements. A step that is named is enabled unless it says otherwise, and an enabled step without an action has
 * the step's default one, so that leaving it out never weakens anything.
 */
export function stepsOf(
	rules: NonNullable<OverlayRules['steps']>,
	stated: State,
): Partial<Record<StepName, StepStatement>> {
	const found: Partial<Record<StepName, StepStatement>> = {};
	for (const [name, rule] of Object.entries(rules) as [StepName, NonNullable<(typeof rules)[StepName]>][]) {
		if (rule === undefined) continue;
		const enabled = rule.enabled ?? true;
		const action = rule.action ?? (enabled ? findStep(name)!.default_action : undefined);
		found[name] = {
			enabled: stated(enabled, 'steps', name, ...(rule.enabled === undefined ? [] : ['enabled'])),
			...(action === undefined
				? {}
				: { action: stated(action, 'steps', name, ...(rule.action === undefined ? [] : ['action'])) }),
			parameters: Object.fromEntries(
				Object.entries(rule.parameters ?? {}).map(([key, value]) => [
					key,
					stated(value, 'steps', name, 'parameters', key),
				]),
			),
		};
	}
	return found;
}

function present<K extends string, T>(entries: Record<K, T | undefined>): Partial<Record<K, T>> {
	return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Partial<
		Record<K, T>
	>;
}
