import {
	type Action,
	actions,
	allowDomainSchema,
	approvalSchema,
	type BudgetAspect,
	budgetSchema,
	complianceTagSchema,
	constraintSchema,
	type InterpreterAspect,
	interpreterSchema,
	limits,
	nameSchema,
	parseDomainPattern,
	pathSchema,
	runtimeSchema,
	schemaRightSchema,
	stepParametersSchema,
	steps,
	type TrustLevel,
	toolPatternSchema,
	trustLevels,
} from '@tappass/core';
import { z } from 'zod';
import type {
	AuthoredDocument,
	CapabilityDocument,
	CatalogDocument,
	CategoryDocument,
	ConcernDocument,
	DomainCategoryDocument,
	FunctionDocument,
	OverlayDocument,
	OverlayRules,
	PackCasesDocument,
	PackDocument,
	SandboxSpecDocument,
	StepRules,
	TenantToolsDocument,
} from './types.ts';

const text = z.string().min(1).max(limits.textLengthMax);
const prose = z.string().min(1).max(8_192);
/** Ids name files and appear in trails: lower-case letters, digits, dashes and underscores. */
export const documentIdSchema: z.ZodType<string> = z
	.string()
	.regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, { error: 'expected lower-case letters, digits, - and _' })
	.refine((id) => !reservedKeys.has(id), { error: 'this name is reserved' });
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const ids = listOf(documentIdSchema);
const slots = z.record(
	z.string().regex(/^[a-z][a-z0-9_]{0,60}_param$/, { error: 'expected a slot name that ends in _param' }),
	z.string().regex(/^[A-Za-z0-9_-]+(?:\[\])?(?:\.[A-Za-z0-9_-]+(?:\[\])?)*$/, {
		error: 'expected a path like recipient, message.to or items[].id',
	}),
);
const aliases = z.record(documentIdSchema, listOf(text));
const effect = z.enum(['read', 'write', 'delete']);
const toolName = z
	.string()
	.max(limits.toolNameLengthMax)
	.regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/, { error: 'expected a tool name like slack.send_message' })
	.refine((name) => !reservedKeys.has(name), { error: 'this name is reserved' });
/** A domain pattern where naming a whole top-level domain is allowed. */
export const denyDomainSchema: z.ZodType<string> = text.superRefine((value, context) => {
	const { problem } = parseDomainPattern(value, 'deny');
	if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
export const actionSchema: z.ZodType<Action> = z.enum(actions as readonly [Action, ...Action[]]);
export const trustLevelSchema: z.ZodType<TrustLevel> = z.enum(trustLevels as readonly [TrustLevel, ...TrustLevel[]]);
/** A model's exact name, or a prefix and `*`. */
export const modelPatternSchema: z.ZodType<string> = z
	.string()
	.regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,127}\*?$/, { error: 'expected a model name, or a beginning and *' });

const switchedOn = z
	.boolean()
	.refine((enabled) => enabled, { error: 'this step is part of every call and cannot be switched off' });

/** What may be said of each step: its own parameters only. */
export const stepRulesSchema: z.ZodType<StepRules> = z.strictObject(
	Object.fromEntries(
		steps.map((step) => [
			step.name,
			z
				.strictObject({
					enabled: (step.runs === 'policy' ? z.boolean() : switchedOn).optional(),
					action: actionSchema.optional(),
					parameters: stepParametersSchema(step).optional(),
				})
				.optional(),
		]),
	),
) as unknown as z.ZodType<StepRules>;

/** The path of the workspace inside the sandbox. */
export const workspaceSchema: z.ZodType<string> = pathSchema.refine((path) => path.startsWith('/') && path !== '/', {
	error: 'expected an absolute path other than /',
});
/** core's Constraint; `action` may be left out. */
export const authoredConstraintSchema: typeof constraintSchema = z.preprocess(
	(value) => withDefaults(value, { action: 'block' }),
	constraintSchema,
) as unknown as typeof constraintSchema;
/** core's Approval; `approvers` and `expires_minutes` may be left out. */
export const authoredApprovalSchema: typeof approvalSchema = z.preprocess(
	(value) => withDefaults(value, { approvers: 1, expires_minutes: 60 }),
	approvalSchema,
) as unknown as typeof approvalSchema;

/** server → schema → right. */
export const schemasAclSchema: z.ZodType<Record<string, Record<string, 'deny' | 'ro' | 'rw'>>> = z.record(
	nameSchema,
	z.record(nameSchema, schemaRightSchema),
);
/** Some of the ceilings of core's budget. */
export const budgetCeilingsSchema: z.ZodType<Partial<BudgetAspect>> = partialOf(budgetSchema, [
	'tokens_per_day',
	'dollars_per_month',
	'tool_calls_per_minute',
]);
/** Some of the ceilings of core's interpreter. */
export const interpreterCeilingsSchema: z.ZodType<Partial<Omit<InterpreterAspect, 'host_functions'>>> = partialOf(
	interpreterSchema,
	['memory_mb', 'cpu_time_ms', 'stack_depth'],
) as z.ZodType<Partial<Omit<InterpreterAspect, 'host_functions'>>>;

const requirements = {
	steps: stepRulesSchema.optional(),
	constraints: z.array(authoredConstraintSchema).max(limits.listEntriesMax).optional(),
	approvals: z.array(authoredApprovalSchema).max(limits.listEntriesMax).optional(),
	forbidden_capabilities: ids.optional(),
	compliance_tags: listOf(complianceTagSchema).optional(),
	network: z.strictObject({ deny_categories: ids.optional() }).optional(),
	filesystem: z.strictObject({ deny_paths: listOf(pathSchema).optional() }).optional(),
	tools: z
		.strictObject({ deny: listOf(toolPatternSchema).optional(), schemas_acl: schemasAclSchema.optional() })
		.optional(),
	budget: budgetCeilingsSchema.optional(),
	interpreter: interpreterCeilingsSchema.optional(),
	trust_level: trustLevelSchema.optional(),
};
const head = { id: documentIdSchema, title: text, description: prose.optional() };

export const functionSchema: z.ZodType<FunctionDocument> = strict<FunctionDocument>({
	schema: z.literal('tappass.function/1'),
	...head,
	categories: ids,
	concerns: ids,
	tools: z.strictObject({ allow: listOf(toolPatternSchema) }).optional(),
	forbidden_capabilities: ids,
	compliance_tags: listOf(complianceTagSchema).optional(),
	trust_level: trustLevelSchema.optional(),
	models: z.strictObject({ allow: listOf(modelPatternSchema) }).optional(),
	defaults: z
		.strictObject({
			budget: budgetCeilingsSchema.optional(),
			interpreter: interpreterCeilingsSchema.optional(),
			session: z
				.strictObject({
					typical_minutes: z.number().min(0).max(10_080),
					typical_tool_calls: z.number().min(0).max(1_000_000),
				})
				.optional(),
		})
		.optional(),
});
export const categorySchema: z.ZodType<CategoryDocument> = strict<CategoryDocument>({
	schema: z.literal('tappass.category/1'),
	...head,
	examples: listOf(prose).optional(),
	concerns: ids,
});
export const concernSchema: z.ZodType<ConcernDocument> = strict<ConcernDocument>({
	schema: z.literal('tappass.concern/1'),
	...head,
	...requirements,
	rego: listOf(text).optional(),
});
export const capabilitySchema: z.ZodType<CapabilityDocument> = strict<CapabilityDocument>({
	schema: z.literal('tappass.capability/1'),
	...head,
	risk: z.enum(['low', 'medium', 'high', 'critical']),
	slots: listOf(
		z.string().regex(/^[a-z][a-z0-9_]{0,60}_param$/, { error: 'expected a slot name that ends in _param' }),
	).optional(),
});
export const catalogSchema: z.ZodType<CatalogDocument> = strict<CatalogDocument>({
	schema: z.literal('tappass.catalog/1'),
	product: z.strictObject({
		id: documentIdSchema,
		title: text,
		vendor: text,
		kind: z.enum(['api', 'mcp', 'builtin']),
		docs: z.url({ protocol: /^https$/ }),
		checked: z.iso.date(),
	}),
	tools: z.record(
		toolName,
		z.strictObject({
			title: text,
			effect,
			capabilities: ids,
			slots: slots.optional(),
			aliases: aliases.optional(),
		}),
	),
});
const signedCapabilities = listOf(
	z.string().regex(/^[+-]?[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, {
		error: 'expected a capability, -capability or +capability',
	}),
);
export const tenantToolsSchema: z.ZodType<TenantToolsDocument> = strict<TenantToolsDocument>({
	schema: z.literal('tappass.tools/1'),
	tools: z.record(
		toolName,
		z.strictObject({
			title: text.optional(),
			extends: toolName.optional(),
			capabilities: signedCapabilities.optional(),
			slots: slots.optional(),
			effect: effect.optional(),
			aliases: aliases.optional(),
			agents: z
				.record(
					documentIdSchema,
					z.strictObject({
						capabilities: signedCapabilities.optional(),
						slots: slots.optional(),
						effect: effect.optional(),
					}),
				)
				.optional(),
		}),
	),
});
const overlayRules = {
	...requirements,
	network: z
		.strictObject({ allow_domains: listOf(allowDomainSchema).optional(), deny_categories: ids.optional() })
		.optional(),
	filesystem: z
		.strictObject({
			workspace: workspaceSchema.optional(),
			read_only: listOf(pathSchema).optional(),
			deny_paths: listOf(pathSchema).optional(),
		})
		.optional(),
	tools: z
		.strictObject({
			allow: listOf(toolPatternSchema).optional(),
			deny: listOf(toolPatternSchema).optional(),
			schemas_acl: schemasAclSchema.optional(),
		})
		.optional(),
	interpreter: partialOf(interpreterSchema, ['host_functions', 'memory_mb', 'cpu_time_ms', 'stack_depth']).optional(),
	models: z.strictObject({ allow: listOf(modelPatternSchema) }).optional(),
	require: z.strictObject({ packs: ids.optional() }).optional(),
};
export const overlayRulesSchema: z.ZodType<OverlayRules> = strict<OverlayRules>(overlayRules);
export const overlaySchema: z.ZodType<OverlayDocument> = strict<OverlayDocument>({
	schema: z.literal('tappass.overlay/1'),
	id: documentIdSchema,
	title: text.optional(),
	...overlayRules,
});
const ruleReference = z
	.string()
	.max(limits.textLengthMax)
	.regex(/^(?:step|concern|category|constraint|approval|forbidden|rego|tag):\S+$/, {
		error: 'expected step:…, concern:…, category:…, constraint:…, approval:…, forbidden:…, rego:rules/….rego or tag:…',
	});
export const packSchema: z.ZodType<PackDocument> = strict<PackDocument>({
	schema: z.literal('tappass.pack/1'),
	...head,
	version: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, { error: 'expected a version like 1.0.0' }),
	regulation: z.strictObject({ name: text, edition: text, source: z.url({ protocol: /^https$/ }) }),
	aliases: ids.optional(),
	bundles: z.strictObject({
		categories: ids.optional(),
		concerns: ids.optional(),
		steps: requirements.steps,
		constraints: requirements.constraints,
		approvals: requirements.approvals,
		network: requirements.network,
		filesystem: requirements.filesystem,
		tools: requirements.tools,
		budget: requirements.budget,
		interpreter: requirements.interpreter,
		trust_level: requirements.trust_level,
	}),
	forbidden_capabilities: ids.optional(),
	requires: ids.optional(),
	compliance_tags: listOf(complianceTagSchema).optional(),
	clauses: z
		.array(
			z.strictObject({
				clause: text,
				title: prose,
				aliases: listOf(text).optional(),
				rules: listOf(ruleReference),
				evidence: listOf(prose),
				covered: z.enum(['full', 'partial', 'none']),
				note: prose.optional(),
			}),
		)
		.min(1)
		.max(limits.listEntriesMax),
	not_covered: z.array(z.strictObject({ clause: text, reason: prose })).max(limits.listEntriesMax),
});
export const packCasesSchema: z.ZodType<PackCasesDocument> = strict<PackCasesDocument>({
	schema: z.literal('tappass.pack-cases/1'),
	cases: z
		.array(
			z
				.strictObject({
					name: prose,
					rule: ruleReference,
					expect: z.enum(['allow', 'deny', 'notify', 'require_approval']),
					call: z.record(z.string(), z.unknown()).optional(),
					policy: z.string().min(1).max(65_536).optional(),
					message: text.optional(),
				})
				.refine((example) => (example.call === undefined) !== (example.policy === undefined), {
					error: 'expected either call or policy',
				}),
		)
		.max(limits.listEntriesMax),
});
export const domainCategorySchema: z.ZodType<DomainCategoryDocument> = strict<DomainCategoryDocument>({
	schema: z.literal('tappass.domain-category/1'),
	...head,
	domains: listOf(denyDomainSchema),
});
export const sandboxSpecSchema: z.ZodType<SandboxSpecDocument> = strict<SandboxSpecDocument>({
	schema: z.literal('tappass.sandbox-spec/1'),
	id: documentIdSchema,
	description: prose.optional(),
	agent: documentIdSchema.optional(),
	runtime: documentIdSchema,
	function: documentIdSchema.nullable(),
	categories: ids.optional(),
	packs: ids.optional(),
	policies: listOf(text).optional(),
	overlay: overlayRulesSchema.optional(),
	workspace: workspaceSchema.optional(),
	read_only: listOf(pathSchema).optional(),
});

/** `schema` line → the schema of that kind. Unknown keys are refused everywhere: one may be a rule that was meant to hold. */
export const documentSchemas: Readonly<Record<AuthoredDocument['schema'], z.ZodType<AuthoredDocument>>> = Object.freeze(
	{
		'tappass.function/1': functionSchema,
		'tappass.category/1': categorySchema,
		'tappass.concern/1': concernSchema,
		'tappass.capability/1': capabilitySchema,
		'tappass.catalog/1': catalogSchema,
		'tappass.tools/1': tenantToolsSchema,
		'tappass.overlay/1': overlaySchema,
		'tappass.pack/1': packSchema,
		'tappass.pack-cases/1': packCasesSchema,
		'tappass.domain-category/1': domainCategorySchema,
		'tappass.sandbox-spec/1': sandboxSpecSchema,
		'tappass.runtime/1': runtimeSchema,
	},
);

function listOf(item: z.ZodType<string>): z.ZodType<readonly string[]> {
	return z.array(item).max(limits.listEntriesMax) as unknown as z.ZodType<readonly string[]>;
}
function strict<T>(shape: Readonly<Record<string, z.ZodType>>): z.ZodType<T> {
	return z.strictObject(shape) as unknown as z.ZodType<T>;
}
// core publishes its Aspects as opaque types; their fields are asked of the schema itself, so that the bounds stay in one place.
function partialOf<T extends object>(schema: z.ZodType<T>, keys: readonly (keyof T & string)[]): z.ZodType<Partial<T>> {
	const { shape } = schema as unknown as z.ZodObject<Record<string, z.ZodType>>;
	return z.strictObject(Object.fromEntries(keys.map((key) => [key, shape[key]!.optional()]))) as unknown as z.ZodType<
		Partial<T>
	>;
}
function withDefaults(value: unknown, defaults: Readonly<Record<string, unknown>>): unknown {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...defaults, ...value } : value;
}
