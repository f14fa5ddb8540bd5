import { z } from 'zod';
import { limits } from '../limits.ts';
import { parseDomainPattern } from '../match/domain.ts';
import { parsePathPattern } from '../match/path.ts';
import { toolPatternProblem } from '../match/tool.ts';

/** The part of a Compiled Policy that one enforcement position may consume by itself. */
export type Aspect = 'network' | 'filesystem' | 'tools' | 'interpreter' | 'budget' | 'compliance';
export const aspects: readonly Aspect[] = ['network', 'filesystem', 'tools', 'interpreter', 'budget', 'compliance'];

/** Where the agent's own processes may connect to. */
export interface NetworkAspect {
	/** Hosts the agent's processes may reach, `files.acme.com` or `*.acme.com`; tools are reached through the broker only. */
	readonly allow_domains: readonly string[];
	/** Names of domain lists that are refused whatever is allowed. */
	readonly deny_categories: readonly string[];
}

/** What the agent may read and write. */
export interface FilesystemAspect {
	/** Path inside the sandbox that the agent may read and write. */
	readonly workspace: string;
	/** Paths below which the agent may read. */
	readonly read_only: readonly string[];
	/** Paths that are absent for the agent, whatever else is allowed; `~/` is the agent's home. */
	readonly deny_paths: readonly string[];
}

/** What may be done with one schema of a server: nothing, reads, or reads and writes. */
export type SchemaRight = 'deny' | 'ro' | 'rw';

/** Which tools may be called. */
export interface ToolsAspect {
	/** Tool patterns; `*` stays inside one dot-separated segment, `**` crosses them. */
	readonly allow: readonly string[];
	/** Wins over `allow` per call. */
	readonly deny: readonly string[];
	/** server → schema → right. */
	readonly schemas_acl: Readonly<Record<string, Readonly<Record<string, SchemaRight>>>>;
}

/** What code that the agent writes may use. */
export interface InterpreterAspect {
	/** Host functions that code written by the agent may call. */
	readonly host_functions: readonly string[];
	readonly memory_mb: number;
	readonly cpu_time_ms: number;
	readonly stack_depth: number;
}

/** Ceilings; 0 allows nothing. */
export interface BudgetAspect {
	readonly tokens_per_day: number;
	readonly dollars_per_month: number;
	readonly tool_calls_per_minute: number;
}

/** What one agent may do, by Aspect; derived by compile, never written by hand. Its identity travels beside it. */
export interface CompiledPolicy {
	readonly schema: 'tappass.compiled-policy/1';
	readonly network: NetworkAspect;
	readonly filesystem: FilesystemAspect;
	readonly tools: ToolsAspect;
	readonly interpreter: InterpreterAspect;
	readonly budget: BudgetAspect;
	/** Controls that this policy serves, `SOC2:CC6.1`. */
	readonly compliance_tags: readonly string[];
}

function pattern(check: (text: string) => string | undefined): z.ZodType<string> {
	// One check instead of three: a policy has hundreds of patterns, and a host reads it with each change.
	return z
		.string()
		.check((context) => {
			const problem = lengthProblem(context.value) ?? check(context.value);
			if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
		})
		.meta({ minLength: 1, maxLength: limits.textLengthMax });
}
function lengthProblem({ length }: string): string | undefined {
	if (length > 0 && length <= limits.textLengthMax) return undefined;
	return `expected 1 to ${limits.textLengthMax} characters, found ${length}`;
}
function list<T extends z.ZodType<string>>(item: T): z.ZodType<readonly string[]> {
	return z.array(item).max(limits.listEntriesMax) as unknown as z.ZodType<readonly string[]>;
}
function problemOf(result: { readonly problem?: string }): string | undefined {
	return result.problem;
}

/** An entry of an allow-list of domains. */
export const allowDomainSchema: z.ZodType<string> = pattern((text) => problemOf(parseDomainPattern(text, 'allow')));
/** A tool pattern, in an allow-list or a deny-list. */
export const toolPatternSchema: z.ZodType<string> = pattern(toolPatternProblem);
/** A path: absolute, or below the agent's home. */
export const pathSchema: z.ZodType<string> = pattern((text) => problemOf(parsePathPattern(text)));
/** A short name: domain categories, servers, schemas, host functions. */
export const nameSchema: z.ZodType<string> = z
	.string()
	.regex(/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?$/, {
		error: 'expected letters, digits, dots, dashes or underscores',
	})
	.refine((name) => !['__proto__', 'constructor', 'prototype'].includes(name), { error: 'this name is reserved' });
/** A control of a framework, `SOC2:CC6.1`. */
export const complianceTagSchema: z.ZodType<string> = z
	.string()
	.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}:[A-Za-z0-9][A-Za-z0-9_.()-]{0,63}$/, {
		error: 'expected framework:control, like SOC2:CC6.1',
	});

function ceiling(max: number): z.ZodType<number> {
	return z.int().min(0).max(max);
}

/** Shape of the network Aspect. */
export const networkSchema: z.ZodType<NetworkAspect> = z.strictObject({
	allow_domains: list(allowDomainSchema),
	deny_categories: list(nameSchema),
});
/** Shape of the filesystem Aspect. */
export const filesystemSchema: z.ZodType<FilesystemAspect> = z.strictObject({
	workspace: pathSchema.refine((path) => path.startsWith('/') && path !== '/', {
		error: 'expected an absolute path other than /',
	}),
	read_only: list(pathSchema),
	deny_paths: list(pathSchema),
});
/** Shape of a right to a schema. */
export const schemaRightSchema: z.ZodType<SchemaRight> = z.enum(['deny', 'ro', 'rw']);
/** Shape of the tools Aspect. */
export const toolsSchema: z.ZodType<ToolsAspect> = z.strictObject({
	allow: list(toolPatternSchema),
	deny: list(toolPatternSchema),
	schemas_acl: z.record(nameSchema, z.record(nameSchema, schemaRightSchema)),
}) as unknown as z.ZodType<ToolsAspect>;
/** Shape of the interpreter Aspect. */
export const interpreterSchema: z.ZodType<InterpreterAspect> = z.strictObject({
	host_functions: list(nameSchema),
	memory_mb: ceiling(65_536),
	cpu_time_ms: ceiling(3_600_000),
	stack_depth: ceiling(100_000),
});
/** Shape of the budget Aspect. */
export const budgetSchema: z.ZodType<BudgetAspect> = z.strictObject({
	tokens_per_day: ceiling(Number.MAX_SAFE_INTEGER),
	dollars_per_month: ceiling(1_000_000_000),
	tool_calls_per_minute: ceiling(1_000_000),
});
/** Unknown fields are refused everywhere: a field this program does not know may be one it should have enforced. */
export const compiledPolicySchema: z.ZodType<CompiledPolicy> = z.strictObject({
	schema: z.literal('tappass.compiled-policy/1'),
	network: networkSchema,
	filesystem: filesystemSchema,
	tools: toolsSchema,
	interpreter: interpreterSchema,
	budget: budgetSchema,
	compliance_tags: list(complianceTagSchema),
});

/** The policy of an agent that nobody has said anything about: it denies everything. */
export const emptyCompiledPolicy: CompiledPolicy = Object.freeze({
	schema: 'tappass.compiled-policy/1',
	network: Object.freeze({ allow_domains: Object.freeze([]), deny_categories: Object.freeze([]) }),
	filesystem: Object.freeze({ workspace: '/workspace', read_only: Object.freeze([]), deny_paths: Object.freeze([]) }),
	tools: Object.freeze({ allow: Object.freeze([]), deny: Object.freeze([]), schemas_acl: Object.freeze({}) }),
	interpreter: Object.freeze({ host_functions: Object.freeze([]), memory_mb: 0, cpu_time_ms: 0, stack_depth: 0 }),
	budget: Object.freeze({ tokens_per_day: 0, dollars_per_month: 0, tool_calls_per_minute: 0 }),
	compliance_tags: Object.freeze([]),
});
