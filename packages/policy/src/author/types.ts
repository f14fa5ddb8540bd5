import type {
	Action,
	Approval,
	BudgetAspect,
	Constraint,
	InterpreterAspect,
	ParameterValue,
	Runtime,
	SchemaRight,
	StepName,
	TrustLevel,
} from '@tappass/core';

/**
 * The shapes of every YAML file an operator or a Pack author writes, one per kind. The schemas that read them are in
 * `schemas.ts`; a document names its kind in its first line, `schema: tappass.<kind>/1`.
 */

/** What is said about one step. What is left out is not stated; `enabled` is `true` when a step is named at all. */
export interface StepRule {
	readonly enabled?: boolean;
	readonly action?: Action;
	readonly parameters?: Readonly<Record<string, ParameterValue>>;
}
export type StepRules = Readonly<Partial<Record<StepName, StepRule>>>;

/** Rules that only narrow or require, so that any layer may state them: no allow-list is among them. */
export interface Requirements {
	readonly steps?: StepRules;
	/** In a file, `action` may be left out: it is `block` then. */
	readonly constraints?: readonly Constraint[];
	/** In a file, `approvers` (1) and `expires_minutes` (60) may be left out. */
	readonly approvals?: readonly Approval[];
	readonly forbidden_capabilities?: readonly string[];
	readonly compliance_tags?: readonly string[];
	readonly network?: { readonly deny_categories?: readonly string[] };
	readonly filesystem?: { readonly deny_paths?: readonly string[] };
	readonly tools?: {
		readonly deny?: readonly string[];
		readonly schemas_acl?: Readonly<Record<string, Readonly<Record<string, SchemaRight>>>>;
	};
	/** Ceilings: the smallest of all that are stated holds. */
	readonly budget?: Partial<BudgetAspect>;
	readonly interpreter?: Partial<Omit<InterpreterAspect, 'host_functions'>>;
	readonly trust_level?: TrustLevel;
}

/** L0: what an agent is for. It narrows to `tools.allow` and never grants. */
export interface FunctionDocument {
	readonly schema: 'tappass.function/1';
	readonly id: string;
	readonly title: string;
	readonly description?: string;
	readonly categories: readonly string[];
	readonly concerns: readonly string[];
	readonly tools?: { readonly allow: readonly string[] };
	readonly forbidden_capabilities: readonly string[];
	readonly compliance_tags?: readonly string[];
	readonly trust_level?: TrustLevel;
	readonly models?: { readonly allow: readonly string[] };
	readonly defaults?: {
		/** Hold where no level and no Pack states the ceiling. */
		readonly budget?: Partial<BudgetAspect>;
		readonly interpreter?: Partial<Omit<InterpreterAspect, 'host_functions'>>;
		/** What a normal session looks like; drift detection compares with it. */
		readonly session?: { readonly typical_minutes: number; readonly typical_tool_calls: number };
	};
}

/** L1: a kind of data, and the concerns that come with it. */
export interface CategoryDocument {
	readonly schema: 'tappass.category/1';
	readonly id: string;
	readonly title: string;
	readonly description?: string;
	readonly examples?: readonly string[];
	readonly concerns: readonly string[];
}

/** L2: a risk or a duty, and what the pipeline does about it. */
export interface ConcernDocument extends Requirements {
	readonly schema: 'tappass.concern/1';
	readonly id: string;
	readonly title: string;
	readonly description?: string;
	/** Rego files, relative to this one. */
	readonly rego?: readonly string[];
}

/** L3: something a tool can do that policy cares about. */
export interface CapabilityDocument {
	readonly schema: 'tappass.capability/1';
	readonly id: string;
	readonly title: string;
	readonly description?: string;
	readonly risk: 'low' | 'medium' | 'high' | 'critical';
	/** Slots that tools with this capability should bind. */
	readonly slots?: readonly string[];
}

export type ToolEffect = 'read' | 'write' | 'delete';

/** One tool of a catalog product. */
export interface CatalogTool {
	readonly title: string;
	readonly effect: ToolEffect;
	readonly capabilities: readonly string[];
	/** slot → parameter path in the arguments: `destination_param: message.to`. */
	readonly slots?: Readonly<Record<string, string>>;
	/** harness → native names of the same tool. */
	readonly aliases?: Readonly<Record<string, readonly string[]>>;
}

/** One product of the curated catalog with its tools, `<server>.<tool>`. */
export interface CatalogDocument {
	readonly schema: 'tappass.catalog/1';
	readonly product: {
		readonly id: string;
		readonly title: string;
		readonly vendor: string;
		readonly kind: 'api' | 'mcp' | 'builtin';
		/** Where the parameter names come from. */
		readonly docs: string;
		/** The day they were compared, `2026-11-21`. */
		readonly checked: string;
	};
	readonly tools: Readonly<Record<string, CatalogTool>>;
}

/** A tightening of one tool for one agent: capabilities are added, never removed. */
export interface ToolTightening {
	readonly capabilities?: readonly string[];
	readonly slots?: Readonly<Record<string, string>>;
	readonly effect?: ToolEffect;
}

/** One entry of a tenant's `tools.yaml`: a new tool, an extension of a known one, or tightenings per agent. */
export interface TenantTool {
	readonly title?: string;
	/** Canonical name of the tool whose entry this one starts from. */
	readonly extends?: string;
	/** A plain list, or with `extends` also `-capability` and `+capability`. */
	readonly capabilities?: readonly string[];
	readonly slots?: Readonly<Record<string, string>>;
	readonly effect?: ToolEffect;
	readonly aliases?: Readonly<Record<string, readonly string[]>>;
	/** agent → tightening. */
	readonly agents?: Readonly<Record<string, ToolTightening>>;
}

/** `tools.yaml`; the schema line may be left out. */
export interface TenantToolsDocument {
	readonly schema: 'tappass.tools/1';
	readonly tools: Readonly<Record<string, TenantTool>>;
}

/** The part of an overlay that a sandbox-spec can also carry. */
export interface OverlayRules extends Omit<Requirements, 'network' | 'filesystem' | 'tools' | 'interpreter'> {
	readonly network?: { readonly allow_domains?: readonly string[]; readonly deny_categories?: readonly string[] };
	readonly filesystem?: {
		readonly workspace?: string;
		readonly read_only?: readonly string[];
		readonly deny_paths?: readonly string[];
	};
	readonly tools?: {
		readonly allow?: readonly string[];
		readonly deny?: readonly string[];
		readonly schemas_acl?: Readonly<Record<string, Readonly<Record<string, SchemaRight>>>>;
	};
	readonly interpreter?: Partial<InterpreterAspect>;
	readonly models?: { readonly allow: readonly string[] };
	readonly require?: { readonly packs?: readonly string[] };
}

/** L5: an operator's own tweaks, stacked below the agent level. */
export interface OverlayDocument extends OverlayRules {
	readonly schema: 'tappass.overlay/1';
	readonly id: string;
	readonly title?: string;
}

/** How far a clause is covered by software. */
export type Coverage = 'full' | 'partial' | 'none';

/** One clause of a regulation: which rules serve it and what evidence they leave. */
export interface PackClause {
	/** `Art. 14(4)`, `LLM01:2025`, `8.3.1`. */
	readonly clause: string;
	readonly title: string;
	/** Other names of the same clause, such as those of an earlier edition. */
	readonly aliases?: readonly string[];
	/**
	 * References to what serves the clause: `step:detect_pii`, `concern:data_leak`, `category:eu_residents`,
	 * `constraint:<id>`, `approval:<id>`, `forbidden:<capability>`, `rego:rules/<file>.rego`, `tag:<compliance tag>`.
	 */
	readonly rules: readonly string[];
	/** What an auditor can look at, in words. */
	readonly evidence: readonly string[];
	readonly covered: Coverage;
	readonly note?: string;
}

/** A compliance Pack: `pack.yaml`. */
export interface PackDocument {
	readonly schema: 'tappass.pack/1';
	readonly id: string;
	/** `1.0.0`. */
	readonly version: string;
	readonly title: string;
	readonly description?: string;
	readonly regulation: { readonly name: string; readonly edition: string; readonly source: string };
	readonly aliases?: readonly string[];
	readonly bundles: Omit<Requirements, 'forbidden_capabilities' | 'compliance_tags'> & {
		readonly categories?: readonly string[];
		readonly concerns?: readonly string[];
	};
	readonly forbidden_capabilities?: readonly string[];
	/** Packs that come with this one. */
	readonly requires?: readonly string[];
	readonly compliance_tags?: readonly string[];
	readonly clauses: readonly PackClause[];
	/** What the regulation asks for and no software rule of this Pack serves. */
	readonly not_covered: readonly { readonly clause: string; readonly reason: string }[];
}

/** One example of a Pack's suite: either a tool or model call, or an agent policy that is compiled below the Pack. */
export interface PackCase {
	readonly name: string;
	/** The rule it exercises, written as in `PackClause.rules`. */
	readonly rule: string;
	/**
	 * For `call`: what happens to it. For `policy`: `allow` when it compiles with the Pack on the org level, `deny` when it
	 * contradicts it.
	 */
	readonly expect: 'allow' | 'deny' | 'notify' | 'require_approval';
	/** The decision input (DESIGN.md §2.1): `call.kind`, `tool.name`, `args`, `session`, …; what is left out gets a harmless value. */
	readonly call?: Readonly<Record<string, unknown>>;
	/** Text of a Rego module of package `tappass.policy`. */
	readonly policy?: string;
	/** Part of the message that is expected. */
	readonly message?: string;
}
export interface PackCasesDocument {
	readonly schema: 'tappass.pack-cases/1';
	readonly cases: readonly PackCase[];
}

/** A named list of domains that a policy denies as one. */
export interface DomainCategoryDocument {
	readonly schema: 'tappass.domain-category/1';
	readonly id: string;
	readonly title: string;
	readonly description?: string;
	/** Patterns; `paste.example` and `*.paste.example` are two entries. */
	readonly domains: readonly string[];
}

/** What a sandbox is made from: Runtime, function, categories, Packs and the agent's own rules. */
export interface SandboxSpecDocument {
	readonly schema: 'tappass.sandbox-spec/1';
	readonly id: string;
	readonly description?: string;
	/** Name of the agent; the id when left out. */
	readonly agent?: string;
	readonly runtime: string;
	readonly function: string | null;
	readonly categories?: readonly string[];
	/** Packs at the agent level. */
	readonly packs?: readonly string[];
	/** Rego files of the agent level, relative to this file. */
	readonly policies?: readonly string[];
	readonly overlay?: OverlayRules;
	/** Path inside the sandbox; must lie inside the ceiling. */
	readonly workspace?: string;
	readonly read_only?: readonly string[];
}

/** Every document there is, told apart by `schema`. */
export type AuthoredDocument =
	| FunctionDocument
	| CategoryDocument
	| ConcernDocument
	| CapabilityDocument
	| CatalogDocument
	| TenantToolsDocument
	| OverlayDocument
	| PackDocument
	| PackCasesDocument
	| DomainCategoryDocument
	| SandboxSpecDocument
	| Runtime;
