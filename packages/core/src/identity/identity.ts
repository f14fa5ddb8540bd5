import { z } from 'zod';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `org_…`: one customer. Nothing of one org is visible to another. */
export type OrgId = Branded<'OrgId'>;
/** A project's name within its org: lower-case letters, digits and dashes. */
export type ProjectName = Branded<'ProjectName'>;
/** An agent's name within its project. */
export type AgentName = Branded<'AgentName'>;
/** `sbx_…`: one installation of an agent. */
export type SandboxId = Branded<'SandboxId'>;
/** A Runtime's id, unique in its org. */
export type RuntimeId = Branded<'RuntimeId'>;
/** `team_…`: the unit of membership. */
export type TeamId = Branded<'TeamId'>;

// Ids travel into file names, SPIFFE paths and SQL: letters and digits only, so that no place needs escaping.
function prefixed<T extends string>(prefix: string): z.ZodType<T> {
	return z.string().regex(new RegExp(`^${prefix}_[a-z0-9]{6,32}$`), {
		error: `expected ${prefix}_ and 6 to 32 lower-case letters or digits`,
	}) as unknown as z.ZodType<T>;
}
function slug<T extends string>(): z.ZodType<T> {
	return z.string().regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, {
		error:
			'expected 1 to 63 lower-case letters, digits, dashes or underscores, starting and ending with a letter or digit',
	}) as unknown as z.ZodType<T>;
}

/** Shape of an org id. */
export const orgIdSchema: z.ZodType<OrgId> = prefixed('org');
/** Shape of a sandbox id. */
export const sandboxIdSchema: z.ZodType<SandboxId> = prefixed('sbx');
/** Shape of a team id. */
export const teamIdSchema: z.ZodType<TeamId> = prefixed('team');
/** Shape of a project name. */
export const projectNameSchema: z.ZodType<ProjectName> = slug();
/** Shape of an agent name. */
export const agentNameSchema: z.ZodType<AgentName> = slug();
/** Shape of a Runtime's id. */
export const runtimeIdSchema: z.ZodType<RuntimeId> = slug();

/** Where in the cascade something was authored. */
export type Level = 'org' | 'project' | 'agent';
export const levels: readonly Level[] = ['org', 'project', 'agent'];

/** What a member of a team may do. */
export type Role = 'org_admin' | 'project_admin' | 'agent_owner' | 'auditor';
export const roles: readonly Role[] = ['org_admin', 'project_admin', 'agent_owner', 'auditor'];

/** How far an agent may act by itself, weakest first; the minimum of all levels wins. */
export type TrustLevel = 'observer' | 'suggester' | 'collaborator' | 'autonomous';
export const trustLevels: readonly TrustLevel[] = ['observer', 'suggester', 'collaborator', 'autonomous'];

/**
 * Whom a Compiled Policy is for. It travels in the signed statement, not in the policy itself, so the same policy
 * compiles to the same bytes for everyone.
 */
export interface Identity {
	readonly org_id: OrgId;
	readonly project: ProjectName;
	readonly agent: AgentName;
	readonly sandbox_id: SandboxId;
	readonly runtime_id: RuntimeId;
	/** Where the control plane runs and the data stays: `eu`, `us`, `local`. */
	readonly region: string;
	readonly sync_url: string;
}

/** Shape of an identity; unknown members are refused. */
export const identitySchema: z.ZodType<Identity> = z.strictObject({
	org_id: orgIdSchema,
	project: projectNameSchema,
	agent: agentNameSchema,
	sandbox_id: sandboxIdSchema,
	runtime_id: runtimeIdSchema,
	region: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'expected 1 to 32 lower-case letters, digits or dashes' }),
	sync_url: z.url({ protocol: /^https$/ }).max(512),
});
