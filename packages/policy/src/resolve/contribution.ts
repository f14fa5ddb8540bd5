import type {
	Action,
	Approval,
	Because,
	BudgetAspect,
	Constraint,
	DecisionProgram,
	Level,
	ParameterValue,
	SchemaRight,
	StepName,
	TrustLevel,
} from '@tappass/core';
import type { Place } from '../author/input.ts';

/**
 * What one origin states, value by value, each with the chains that lead to it. It is the one shape that everything
 * authored (YAML, Packs, Rego, overlays) becomes before the cascade merges it.
 */
export interface Contribution {
	readonly origin: Origin;
	readonly allow: Partial<Readonly<Record<AllowList, StatedList>>>;
	readonly deny: Partial<Readonly<Record<DenyList, readonly Stated<string>[]>>>;
	readonly ceilings: Partial<Readonly<Record<Ceiling, Stated<number>>>>;
	/** Ceilings of a function: they hold only where nothing states one. */
	readonly defaults: Partial<Readonly<Record<Ceiling, Stated<number>>>>;
	readonly steps: Partial<Readonly<Record<StepName, StepStatement>>>;
	readonly constraints: readonly Stated<Constraint>[];
	readonly approvals: readonly Stated<Approval>[];
	readonly schemas_acl: Readonly<Record<string, Readonly<Record<string, Stated<SchemaRight>>>>>;
	readonly workspace?: Stated<string>;
	readonly trust_level?: Stated<TrustLevel>;
	readonly decisions: readonly DecisionProgram[];
}

/** Who states it: an operator's files at a level, or what they chose. Only operators grant. */
export interface Origin {
	readonly level: Level;
	readonly kind: 'operator' | 'overlay' | 'function' | 'concern' | 'pack';
	/** For messages: `the org floor`, `Pack gdpr`. */
	readonly name: string;
}

/** One value with its place and every chain that leads to it. */
export interface Stated<T> {
	readonly value: T;
	readonly chains: readonly Chain[];
	readonly place: Place;
}
export type Chain = readonly Because[];

/** A list that was stated, empty or not: an empty allow-list allows nothing. */
export interface StatedList {
	readonly items: readonly Stated<string>[];
	readonly place: Place;
}

export interface StepStatement {
	readonly enabled?: Stated<boolean>;
	readonly action?: Stated<Action>;
	readonly parameters: Readonly<Record<string, Stated<ParameterValue>>>;
}

/** Lists of which the highest statement is the ceiling. */
export type AllowList =
	| 'network.allow_domains'
	| 'filesystem.read_only'
	| 'tools.allow'
	| 'interpreter.host_functions'
	| 'models.allow';
export const allowLists: readonly AllowList[] = [
	'network.allow_domains',
	'filesystem.read_only',
	'tools.allow',
	'interpreter.host_functions',
	'models.allow',
];

/** Lists that unite. */
export type DenyList =
	| 'network.deny_categories'
	| 'filesystem.deny_paths'
	| 'tools.deny'
	| 'forbidden_capabilities'
	| 'compliance_tags'
	| 'require.packs';
export const denyLists: readonly DenyList[] = [
	'network.deny_categories',
	'filesystem.deny_paths',
	'tools.deny',
	'forbidden_capabilities',
	'compliance_tags',
	'require.packs',
];

/** Numbers of which the smallest holds. */
export type Ceiling =
	| `budget.${keyof BudgetAspect & string}`
	| `interpreter.${'memory_mb' | 'cpu_time_ms' | 'stack_depth'}`;
export const ceilings: readonly Ceiling[] = [
	'budget.tokens_per_day',
	'budget.dollars_per_month',
	'budget.tool_calls_per_minute',
	'interpreter.memory_mb',
	'interpreter.cpu_time_ms',
	'interpreter.stack_depth',
];

/** A contribution that states nothing. */
export function emptyContribution(origin: Origin): Contribution {
	return {
		origin,
		allow: {},
		deny: {},
		ceilings: {},
		defaults: {},
		steps: {},
		constraints: [],
		approvals: [],
		schemas_acl: {},
		decisions: [],
	};
}
