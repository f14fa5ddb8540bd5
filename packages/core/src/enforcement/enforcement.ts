import { z } from 'zod';
import { nameSchema, toolPatternSchema } from '../compiled-policy/compiled-policy.ts';
import type { TrustLevel } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { parseDomainPattern } from '../match/domain.ts';
import { textSchema } from '../steps/parameter.ts';
import type { Action, ParameterValue, StepName } from '../steps/steps.ts';

/** How one step runs for one agent. */
export interface EffectiveStep {
	readonly enabled: boolean;
	readonly action: Action;
	readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Where a constraint applies: tools by pattern, or every tool that has a capability. */
export type ConstraintTarget = { readonly tools: readonly string[] } | { readonly capability: string };

/** What a constraint looks at: a slot that the catalog binds to a parameter, or a parameter by its path in the arguments. */
export type ConstraintSubject = { readonly slot: string } | { readonly parameter: string };

/** The test that an argument must pass. Patterns are RE2. A value of the wrong type fails the test. */
export type ConstraintTest =
	| { readonly op: 'max' | 'min'; readonly value: number }
	| { readonly op: 'max_length' | 'max_items'; readonly value: number }
	| { readonly op: 'one_of' | 'none_of'; readonly values: readonly string[] }
	| { readonly op: 'domain_in' | 'domain_not_in'; readonly values: readonly string[] }
	| { readonly op: 'matches' | 'not_matches'; readonly value: string }
	| { readonly op: 'required' | 'absent' };

/** One rule about the arguments of tool calls. */
export interface Constraint {
	/** Unique within a policy; names it in denials. */
	readonly id: string;
	readonly target: ConstraintTarget;
	readonly subject: ConstraintSubject;
	readonly test: ConstraintTest;
	readonly action: Action;
	readonly message?: string;
}

/** Calls that a person must approve before they happen. */
export interface Approval {
	readonly id: string;
	readonly target: ConstraintTarget;
	/** Only calls whose argument may pass this test need approval; without it all do. */
	readonly when?: { readonly subject: ConstraintSubject; readonly test: ConstraintTest };
	/** How many different people must approve. */
	readonly approvers: number;
	readonly expires_minutes: number;
}

/** Models that may be called. */
export interface ModelRules {
	/** Exact names or with `*` at the end, `claude-*`. Undefined: no level has stated one, so none is allowed. */
	readonly allow: readonly string[];
}

/** What the gateway needs to know of one tool: the catalog entry after tenant extensions. */
export interface ToolFacts {
	readonly name: string;
	readonly capabilities: readonly string[];
	/** slot → parameter path in the arguments. */
	readonly slots: Readonly<Record<string, string>>;
	readonly effect: 'read' | 'write' | 'delete';
}

/** The decision rules of one origin; compiled and evaluated apart from all others. */
export interface DecisionProgram {
	/** `org`, `project`, `agent` or `pack:<id>@<version>`. */
	readonly origin: string;
	readonly modules: readonly { readonly file: string; readonly source: string }[];
}

/** Everything compile yields beside the Compiled Policy; it stays with the server and its gateway. */
export interface EffectivePipeline {
	readonly schema: 'tappass.effective-pipeline/1';
	readonly steps: Readonly<Record<StepName, EffectiveStep>>;
	readonly constraints: readonly Constraint[];
	readonly approvals: readonly Approval[];
	readonly forbidden_capabilities: readonly string[];
	readonly trust_level: TrustLevel;
	readonly models: ModelRules;
	readonly packs: readonly string[];
	readonly function: string | null;
	readonly categories: readonly string[];
	readonly decisions: readonly DecisionProgram[];
	readonly tools: readonly ToolFacts[];
}

const target: z.ZodType<ConstraintTarget> = z.union([
	z.strictObject({ tools: z.array(toolPatternSchema).min(1).max(limits.listEntriesMax) }),
	z.strictObject({ capability: nameSchema }),
]);
// A path in the arguments: `recipient`, `message.to`, `items[].id`.
const parameterPath = z.string().regex(/^[A-Za-z0-9_-]+(?:\[\])?(?:\.[A-Za-z0-9_-]+(?:\[\])?)*$/, {
	error: 'expected a path like recipient, message.to or items[].id',
});
const subject: z.ZodType<ConstraintSubject> = z.union([
	z.strictObject({ slot: nameSchema }),
	z.strictObject({ parameter: parameterPath }),
]);
// Canonical JSON cannot say an integer past 2^53 − 1.
const number = z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const domains = z
	.array(
		textSchema.superRefine((value, context) => {
			const { problem } = parseDomainPattern(value, 'deny');
			if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
		}),
	)
	.min(1)
	.max(limits.listEntriesMax);

/** Constraint tests; patterns are checked for RE2 syntax where they are compiled. */
export const constraintTestSchema: z.ZodType<ConstraintTest> = z.discriminatedUnion('op', [
	z.strictObject({ op: z.enum(['max', 'min']), value: number }),
	z.strictObject({ op: z.enum(['max_length', 'max_items']), value: z.int().min(0) }),
	z.strictObject({ op: z.enum(['one_of', 'none_of']), values: z.array(textSchema).min(1).max(limits.listEntriesMax) }),
	z.strictObject({ op: z.enum(['domain_in', 'domain_not_in']), values: domains }),
	z.strictObject({ op: z.enum(['matches', 'not_matches']), value: textSchema }),
	z.strictObject({ op: z.enum(['required', 'absent']) }),
]) as unknown as z.ZodType<ConstraintTest>;
const actionSchema: z.ZodType<Action> = z.enum(['log', 'notify', 'block']);

export const constraintSchema: z.ZodType<Constraint> = z.strictObject({
	id: nameSchema,
	target,
	subject,
	test: constraintTestSchema,
	action: actionSchema,
	message: textSchema.optional(),
}) as unknown as z.ZodType<Constraint>;
export const approvalSchema: z.ZodType<Approval> = z.strictObject({
	id: nameSchema,
	target,
	when: z.strictObject({ subject, test: constraintTestSchema }).optional(),
	approvers: z.int().min(1).max(10),
	expires_minutes: z.int().min(1).max(10_080),
}) as unknown as z.ZodType<Approval>;
