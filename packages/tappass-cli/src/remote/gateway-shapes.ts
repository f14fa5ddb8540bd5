/** What the operator API answers about the gateway, as far as commands read it; other fields pass through to `--json`. */
import { z } from 'zod';

/** A secret in the vault, without what it is. */
export const secret: z.ZodType<{
	readonly name: string;
	readonly used_by: readonly string[];
	readonly created_by: string;
	readonly created_at: string;
}> = z.looseObject({
	name: z.string(),
	used_by: z.array(z.string()),
	created_by: z.string(),
	created_at: z.string(),
});
export const putSecret: z.ZodType<{
	readonly name: string;
	readonly replaced: boolean;
	readonly used_by: readonly string[];
}> = z.looseObject({ name: z.string(), replaced: z.boolean(), used_by: z.array(z.string()) });
export const removedSecret: z.ZodType<{ readonly name: string; readonly used_by: readonly string[] }> = z.looseObject({
	name: z.string(),
	used_by: z.array(z.string()),
});

/** Where models are served. */
export const upstream: z.ZodType<{
	readonly name: string;
	readonly speaks: string;
	readonly url: string;
	readonly models: readonly string[];
	readonly region: string | null;
	readonly secret: string | null;
	readonly position: number;
}> = z.looseObject({
	name: z.string(),
	speaks: z.string(),
	url: z.string(),
	models: z.array(z.string()),
	region: z.string().nullable(),
	secret: z.string().nullable(),
	position: z.int(),
});
export const addedUpstream: z.ZodType<{
	readonly name: string;
	readonly url: string;
	readonly models: readonly string[];
	readonly replaced: boolean;
}> = z.looseObject({ name: z.string(), url: z.string(), models: z.array(z.string()), replaced: z.boolean() });
export const removedUpstream: z.ZodType<{ readonly name: string; readonly secret_removed: boolean }> = z.looseObject({
	name: z.string(),
	secret_removed: z.boolean(),
});

/** A registered MCP server. */
export const mcpServer: z.ZodType<{
	readonly name: string;
	readonly transport:
		| { readonly kind: 'http'; readonly url: string }
		| { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[] };
	readonly credentials: Readonly<Record<string, string>>;
	readonly auto_approve: boolean;
}> = z.looseObject({
	name: z.string(),
	transport: z.discriminatedUnion('kind', [
		z.looseObject({ kind: z.literal('http'), url: z.string() }),
		z.looseObject({ kind: z.literal('stdio'), command: z.string(), args: z.array(z.string()) }),
	]),
	credentials: z.record(z.string(), z.string()),
	auto_approve: z.boolean(),
});
export const registered: z.ZodType<{ readonly name: string; readonly replaced: boolean }> = z.looseObject({
	name: z.string(),
	replaced: z.boolean(),
});
/** Something of which only the name is read. */
export const withName: z.ZodType<{ readonly name: string }> = z.looseObject({ name: z.string() });

/** A tool or a definition in the review queue. */
export interface DiscoveredTool {
	readonly tool: string;
	readonly definition_sha256: string;
	readonly kind: string;
	readonly state: string;
	readonly description: string;
	readonly seen: number;
	readonly last_seen: string;
	readonly definition: unknown;
	readonly pinned: { readonly sha256: string; readonly definition: unknown } | null;
}
export const discoveredTool: z.ZodType<DiscoveredTool> = z.looseObject({
	tool: z.string(),
	definition_sha256: z.string(),
	kind: z.string(),
	state: z.string(),
	description: z.string(),
	seen: z.int(),
	last_seen: z.string(),
	definition: z.unknown(),
	pinned: z.looseObject({ sha256: z.string(), definition: z.unknown() }).nullable(),
});
const facts = z.looseObject({
	effect: z.string(),
	capabilities: z.array(z.string()),
	slots: z.record(z.string(), z.string()),
});
export const approvedTool: z.ZodType<{
	readonly tool: string;
	readonly pinned: string | null;
	readonly facts: { readonly effect: string; readonly capabilities: readonly string[] } | null;
}> = z.looseObject({ tool: z.string(), pinned: z.string().nullable(), facts: facts.nullable() });
export const refinedTool: z.ZodType<{
	readonly tool: string;
	readonly facts: { readonly effect: string; readonly capabilities: readonly string[] };
}> = z.looseObject({ tool: z.string(), facts });
export const deniedTool: z.ZodType<{ readonly tool: string; readonly withdrawn: boolean }> = z.looseObject({
	tool: z.string(),
	withdrawn: z.boolean(),
});

/** A launch of a sandbox. */
export const session: z.ZodType<{
	readonly id: string;
	readonly sandbox_id: string;
	readonly sandbox: string | null;
	readonly project: string;
	readonly agent: string;
	readonly state: string;
	readonly killed_reason: string | null;
	readonly calls: number;
	readonly tool_calls: number;
	readonly tokens: number;
	readonly dollars: number;
	readonly opened_at: string;
}> = z.looseObject({
	id: z.string(),
	sandbox_id: z.string(),
	sandbox: z.string().nullable(),
	project: z.string(),
	agent: z.string(),
	state: z.string(),
	killed_reason: z.string().nullable(),
	calls: z.int(),
	tool_calls: z.int(),
	tokens: z.int(),
	dollars: z.number(),
	opened_at: z.string(),
});
export const changedSession: z.ZodType<{ readonly id: string; readonly sandbox_id: string; readonly state: string }> =
	z.looseObject({ id: z.string(), sandbox_id: z.string(), state: z.string() });

/** A call that waits for people. */
export interface ApprovalView {
	readonly ticket: string;
	readonly state: string;
	readonly tool: string;
	readonly sandbox_id: string;
	readonly project: string;
	readonly agent: string;
	readonly policy_version: number;
	readonly args_sha256: string;
	readonly approval_id: string;
	readonly requested_by: string;
	readonly deciders: string;
	readonly approvers: number;
	readonly approved_by: readonly string[];
	readonly reason: string | null;
	readonly created_at: string;
	readonly expires_at: string;
}
const approvalFields = {
	ticket: z.string(),
	state: z.string(),
	tool: z.string(),
	sandbox_id: z.string(),
	project: z.string(),
	agent: z.string(),
	policy_version: z.int(),
	args_sha256: z.string(),
	approval_id: z.string(),
	requested_by: z.string(),
	deciders: z.string(),
	approvers: z.int(),
	approved_by: z.array(z.string()),
	reason: z.string().nullable(),
	created_at: z.string(),
	expires_at: z.string(),
};
export const approval: z.ZodType<ApprovalView> = z.looseObject(approvalFields);
export const openedApproval: z.ZodType<ApprovalView & { readonly args: unknown }> = z.looseObject({
	...approvalFields,
	args: z.unknown(),
});
export const decidedApproval: z.ZodType<{
	readonly ticket: string;
	readonly state: string;
	readonly approved_by: readonly string[];
	readonly approvers: number;
}> = z.looseObject({ ticket: z.string(), state: z.string(), approved_by: z.array(z.string()), approvers: z.int() });

/** Information barriers. */
export const barriers: z.ZodType<{
	readonly clearances: readonly {
		readonly project: string;
		readonly agent: string;
		readonly framework: string;
		readonly level: number;
		readonly granted_by: string;
	}[];
	readonly classifications: readonly {
		readonly resource: string;
		readonly framework: string;
		readonly level: number;
		readonly set_by: string;
	}[];
}> = z.looseObject({
	clearances: z.array(
		z.looseObject({
			project: z.string(),
			agent: z.string(),
			framework: z.string(),
			level: z.int(),
			granted_by: z.string(),
		}),
	),
	classifications: z.array(
		z.looseObject({ resource: z.string(), framework: z.string(), level: z.int(), set_by: z.string() }),
	),
});
export const withFramework: z.ZodType<{ readonly framework: string }> = z.looseObject({ framework: z.string() });

/** A caller that nobody enrolled. */
export const unenrolledCaller: z.ZodType<{
	readonly id: string;
	readonly source: string;
	readonly signature: string;
	readonly user_agent: string | null;
	readonly seen: number;
	readonly last_seen: string;
}> = z.looseObject({
	id: z.string(),
	source: z.string(),
	signature: z.string(),
	user_agent: z.string().nullable(),
	seen: z.int(),
	last_seen: z.string(),
});

/** What came of trying an upstream. */
export const triedUpstream: z.ZodType<{
	readonly name: string;
	readonly model: string;
	readonly ok: boolean;
	readonly code: string | null;
	readonly detail: string | null;
	readonly said: string;
	readonly input_tokens: number | null;
	readonly output_tokens: number | null;
}> = z.looseObject({
	name: z.string(),
	model: z.string(),
	ok: z.boolean(),
	code: z.string().nullable(),
	detail: z.string().nullable(),
	said: z.string(),
	input_tokens: z.int().nullable(),
	output_tokens: z.int().nullable(),
});
/** What came of trying an MCP server. */
export const triedServer: z.ZodType<{
	readonly name: string;
	readonly ok: boolean;
	readonly code: string | null;
	readonly detail: string | null;
	readonly tools: readonly {
		readonly name: string;
		readonly known: string;
		readonly pinned: string | null;
		readonly description: string;
	}[];
}> = z.looseObject({
	name: z.string(),
	ok: z.boolean(),
	code: z.string().nullable(),
	detail: z.string().nullable(),
	tools: z.array(
		z.looseObject({
			name: z.string(),
			known: z.string(),
			pinned: z.string().nullable(),
			description: z.string(),
		}),
	),
});
