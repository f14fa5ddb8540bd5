import {
	allowDomainSchema,
	complianceTagSchema,
	interpreterSchema,
	limits,
	nameSchema,
	pathSchema,
	toolPatternSchema,
} from '@tappass/core';
import { z } from 'zod';
import {
	authoredApprovalSchema,
	authoredConstraintSchema,
	budgetCeilingsSchema,
	documentIdSchema,
	interpreterCeilingsSchema,
	modelPatternSchema,
	schemasAclSchema,
	stepRulesSchema,
	trustLevelSchema,
	workspaceSchema,
} from '../author/schemas.ts';
import type { OverlayRules } from '../author/types.ts';

/** What `package tappass.policy` states: the rules of an overlay, with the steps under `pipeline`. */
export type PolicyOutput = Omit<OverlayRules, 'steps'> & {
	readonly pipeline?: { readonly steps?: NonNullable<OverlayRules['steps']> };
};

function list(item: z.ZodType<string>): z.ZodType {
	return z.array(item).max(limits.listEntriesMax).optional();
}
const { shape: interpreterShape } = interpreterSchema as unknown as z.ZodObject<Record<string, z.ZodType>>;
const { shape: ceilingsShape } = interpreterCeilingsSchema as unknown as z.ZodObject<Record<string, z.ZodType>>;

/** The recognised output of `package tappass.policy`; sets arrive as sorted arrays. Anything else is refused. */
export const policyOutputSchema: z.ZodType<PolicyOutput> = z.strictObject({
	network: z
		.strictObject({ allow_domains: list(allowDomainSchema), deny_categories: list(documentIdSchema) })
		.optional(),
	filesystem: z
		.strictObject({
			workspace: workspaceSchema.optional(),
			read_only: list(pathSchema),
			deny_paths: list(pathSchema),
		})
		.optional(),
	tools: z
		.strictObject({
			allow: list(toolPatternSchema),
			deny: list(toolPatternSchema),
			schemas_acl: schemasAclSchema.optional(),
		})
		.optional(),
	interpreter: z
		.strictObject({ ...ceilingsShape, host_functions: interpreterShape['host_functions']!.optional() })
		.optional(),
	budget: budgetCeilingsSchema.optional(),
	compliance_tags: list(complianceTagSchema),
	pipeline: z.strictObject({ steps: stepRulesSchema.optional() }).optional(),
	constraints: z.array(authoredConstraintSchema).max(limits.listEntriesMax).optional(),
	approvals: z.array(authoredApprovalSchema).max(limits.listEntriesMax).optional(),
	require: z.strictObject({ packs: list(documentIdSchema) }).optional(),
	forbidden_capabilities: list(nameSchema),
	trust_level: trustLevelSchema.optional(),
	models: z.strictObject({ allow: list(modelPatternSchema) }).optional(),
}) as unknown as z.ZodType<PolicyOutput>;

/** Documents that `package tappass.decision` may define: sets of messages. */
export const decisionOutputs: readonly string[] = ['deny', 'notify', 'require_approval'];

/** Builtins of which the answer differs from call to call: a signed policy must be deterministic, decisions get `input.now`. */
export const unsteadyBuiltins: readonly string[] = ['time.now_ns', 'rand.intn', 'uuid.rfc4122'];

/** What `input` is for `tappass.policy`; what lies below the level, or is not known offline, is null. */
export interface PolicyInput {
	readonly level: 'org' | 'project' | 'agent';
	readonly org: string | null;
	readonly project: string | null;
	readonly agent: string | null;
	/** Known at the agent level. */
	readonly function: string | null;
	/** Known at the agent level. */
	readonly categories: readonly string[] | null;
	/** Packs in force at this level and above. */
	readonly packs: readonly string[];
	readonly catalog: { readonly tools: Readonly<Record<string, PolicyInputTool>> };
}
export interface PolicyInputTool {
	readonly capabilities: readonly string[];
	readonly effect: 'read' | 'write' | 'delete';
	readonly product: string;
	readonly slots: Readonly<Record<string, string>>;
	readonly title: string;
}

/** The shape of an input: closed objects by their fields, maps by `*`, `open` for what is not looked into. */
export type Shape = 'open' | { readonly [field: string]: Shape };
export const policyInputShape: Shape = {
	level: 'open',
	org: 'open',
	project: 'open',
	agent: 'open',
	function: 'open',
	categories: 'open',
	packs: 'open',
	catalog: { tools: { '*': { capabilities: 'open', effect: 'open', product: 'open', slots: 'open', title: 'open' } } },
};
