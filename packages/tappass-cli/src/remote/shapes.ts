/**
 * What the operator API answers, as far as commands read it. Fields they do not know pass through to `--json`: a newer
 * server may have more.
 */
import { z } from 'zod';

/** One page of a list. */
export interface Page<T> {
	readonly items: readonly T[];
	readonly next_cursor: string | null;
}
/** A list, whole or a page of it. */
export function page<T>(item: z.ZodType<T>): z.ZodType<Page<T>> {
	return z.looseObject({ items: z.array(item), next_cursor: z.string().nullable().default(null) });
}

/** A token and when it ends. */
export interface TokenAnswer {
	readonly token: string;
	readonly expires_at: string;
}
export const token: z.ZodType<TokenAnswer> = z.looseObject({
	token: z.string().regex(/^[\x21-\x7e]+$/),
	expires_at: z.iso.datetime(),
});

interface NamedPlace {
	readonly project: string | null;
	readonly agent: string | null;
}
const namedPlace = { project: z.string().nullable(), agent: z.string().nullable() };

/** Who the server takes the caller for. */
export interface Whoami {
	readonly org_id: string;
	readonly email: string;
	readonly key_id: string;
	readonly scopes: readonly string[];
	readonly memberships: readonly (NamedPlace & { readonly role: string })[];
}
export const whoami: z.ZodType<Whoami> = z.looseObject({
	org_id: z.string(),
	email: z.string(),
	key_id: z.string(),
	scopes: z.array(z.string()),
	memberships: z.array(z.looseObject({ role: z.string(), ...namedPlace })),
});

/** What a change of policy does to one target. */
export interface Effect extends NamedPlace {
	readonly spec: string | null;
	readonly summary: Readonly<Record<string, string>>;
	readonly changes: readonly {
		readonly aspect: string;
		readonly path: string;
		readonly change: 'stricter' | 'looser' | 'changed';
		readonly before: string | null;
		readonly after: string | null;
		readonly reason: string;
		readonly because: string | null;
	}[];
	readonly narrowed: readonly { readonly what: string; readonly level: string; readonly stated: string }[];
	readonly sandbox_count: number;
	/** The first of them. */
	readonly sandboxes: readonly { readonly id: string; readonly name: string | null }[];
}
const effect: z.ZodType<Effect> = z.looseObject({
	...namedPlace,
	spec: z.string().nullable(),
	summary: z.record(z.string(), z.string()),
	changes: z.array(
		z.looseObject({
			aspect: z.string(),
			path: z.string(),
			change: z.enum(['stricter', 'looser', 'changed']),
			before: z.string().nullable(),
			after: z.string().nullable(),
			reason: z.string(),
			because: z.string().nullable(),
		}),
	),
	narrowed: z.array(z.looseObject({ what: z.string(), level: z.string(), stated: z.string() })),
	sandbox_count: z.int(),
	sandboxes: z.array(z.looseObject({ id: z.string(), name: z.string().nullable() })),
});

/** What a change of policy did, or would do. */
export interface Outcome {
	readonly dry_run: boolean;
	/** Null when nothing changed. */
	readonly revision: number | null;
	readonly applied: readonly { readonly file_key: string; readonly change: string }[];
	readonly created_project: string | null;
	readonly created_agent: string | null;
	readonly effects: readonly Effect[];
	readonly warnings: readonly { readonly code: string; readonly message: string }[];
	readonly stale: number;
	readonly signed: number | null;
	readonly failed: number | null;
}
export const outcome: z.ZodType<Outcome> = z.looseObject({
	dry_run: z.boolean(),
	revision: z.int().nullable(),
	applied: z.array(z.looseObject({ file_key: z.string(), change: z.string() })),
	created_project: z.string().nullable(),
	created_agent: z.string().nullable(),
	effects: z.array(effect),
	warnings: z.array(z.looseObject({ code: z.string(), message: z.string() })),
	stale: z.int(),
	signed: z.int().nullable(),
	failed: z.int().nullable(),
});

interface PolicyPlace {
	readonly project: string;
	readonly agent: string;
	readonly file_key: string;
	readonly revision: number;
	readonly applied_by: string;
	readonly applied_at: string;
}
const policyPlace = {
	project: z.string(),
	agent: z.string(),
	file_key: z.string(),
	revision: z.int(),
	applied_by: z.string(),
	applied_at: z.string(),
};
/** A policy in force. */
export const policy: z.ZodType<PolicyPlace & { readonly kind: string }> = z.looseObject({
	...policyPlace,
	kind: z.string(),
});
/** A change of policy in the past. */
export const revision: z.ZodType<PolicyPlace & { readonly action: string; readonly narrowed: boolean }> = z.looseObject(
	{
		...policyPlace,
		action: z.string(),
		narrowed: z.boolean(),
	},
);

/** How many statements were signed before the answer, and of how many the policy does not compile. */
export interface Settled {
	readonly stale: number;
	readonly signed: number;
	readonly failed: number;
}
const settled = { stale: z.int(), signed: z.int(), failed: z.int() };

/** A Runtime in a list. */
export const runtime: z.ZodType<{
	readonly id: string;
	readonly source: string;
	readonly applied_by: string | null;
	readonly applied_at: string | null;
}> = z.looseObject({
	id: z.string(),
	source: z.string(),
	applied_by: z.string().nullable(),
	applied_at: z.string().nullable(),
});
/** A document of which only the id is read. */
export const withId: z.ZodType<{ readonly id: string }> = z.looseObject({ id: z.string() });
export const appliedRuntime: z.ZodType<Settled & { readonly id: string }> = z.looseObject({
	id: z.string(),
	...settled,
});

/** A sandbox-spec; shipped ones are in no project. */
export interface SpecView {
	readonly id: string;
	readonly source: string;
	readonly description: string | null;
	readonly project: string | null;
	readonly agent: string;
	readonly runtime: string;
	readonly function: string | null;
}
const specFields = {
	id: z.string(),
	source: z.string(),
	description: z.string().nullable(),
	project: z.string().nullable(),
	agent: z.string(),
	runtime: z.string(),
	function: z.string().nullable(),
};
export const spec: z.ZodType<SpecView> = z.looseObject(specFields);
export const specWithContent: z.ZodType<SpecView & { readonly content: string }> = z.looseObject({
	...specFields,
	content: z.base64(),
});
export const createdSpec: z.ZodType<SpecView & Settled & { readonly created_project: string | null }> = z.looseObject({
	...specFields,
	...settled,
	created_project: z.string().nullable(),
});

/** Sandboxes that were made, and the URL that enrols each. */
export interface Bootstraps {
	readonly spec: string;
	readonly project: string;
	/** Whether a shipped spec was bound to the project by this. */
	readonly bound: boolean;
	readonly items: readonly { readonly sandbox_id: string; readonly url: string; readonly expires_at: string }[];
	readonly signed: number;
	readonly failed: number;
}
export const bootstraps: z.ZodType<Bootstraps> = z.looseObject({
	spec: z.string(),
	project: z.string(),
	bound: z.boolean(),
	items: z.array(z.looseObject({ sandbox_id: z.string(), url: z.string(), expires_at: z.string() })),
	signed: z.int(),
	failed: z.int(),
});

/** A sandbox as the API shows it. */
export interface SandboxView {
	readonly id: string;
	readonly name: string | null;
	readonly spec: string;
	readonly project: string;
	readonly agent: string;
	readonly runtime: string;
	readonly state: string;
	readonly state_reason: string | null;
	readonly epoch: number;
	readonly policy_version: number;
	readonly loaded_epoch: number | null;
	readonly loaded_version: number | null;
	readonly reported_at: string | null;
	readonly stale: boolean;
	readonly compile_error: string | null;
	readonly created_at: string;
	readonly revoked_at: string | null;
}
export const sandbox: z.ZodType<SandboxView> = z.looseObject({
	id: z.string(),
	name: z.string().nullable(),
	spec: z.string(),
	project: z.string(),
	agent: z.string(),
	runtime: z.string(),
	state: z.string(),
	state_reason: z.string().nullable(),
	epoch: z.int(),
	policy_version: z.int(),
	loaded_epoch: z.int().nullable(),
	loaded_version: z.int().nullable(),
	reported_at: z.string().nullable(),
	stale: z.boolean(),
	compile_error: z.string().nullable(),
	created_at: z.string(),
	revoked_at: z.string().nullable(),
});
/** The URL that enrols a sandbox anew. */
export const reenrolment: z.ZodType<{
	readonly sandbox_id: string;
	readonly name: string | null;
	readonly url: string;
	readonly expires_at: string;
}> = z.looseObject({
	sandbox_id: z.string(),
	name: z.string().nullable(),
	url: z.string(),
	expires_at: z.string(),
});
export const revocation: z.ZodType<{ readonly id: string; readonly changed: boolean }> = z.looseObject({
	id: z.string(),
	changed: z.boolean(),
});

/** A team with its members. */
export interface TeamView extends NamedPlace {
	readonly id: string;
	readonly name: string;
	readonly members: readonly { readonly user_id: string; readonly email: string; readonly role: string }[];
}
export const team: z.ZodType<TeamView> = z.looseObject({
	...namedPlace,
	id: z.string(),
	name: z.string(),
	members: z.array(z.looseObject({ user_id: z.string(), email: z.string(), role: z.string() })),
});
export const createdTeam: z.ZodType<{ readonly id: string; readonly name: string }> = z.looseObject({
	id: z.string(),
	name: z.string(),
});
export const member: z.ZodType<{ readonly user_id: string; readonly email: string; readonly role: string }> =
	z.looseObject({ user_id: z.string(), email: z.string(), role: z.string() });
export const formerMember: z.ZodType<{ readonly user_id: string }> = z.looseObject({ user_id: z.string() });

/** An API key, without what would let anyone use it. */
export interface KeyView {
	readonly id: string;
	readonly user_id: string;
	readonly name: string;
	readonly ending: string;
	readonly scopes: readonly string[];
	readonly expires_at: string;
	readonly revoked_at: string | null;
	readonly last_used_at: string | null;
}
export const key: z.ZodType<KeyView> = z.looseObject({
	id: z.string(),
	user_id: z.string(),
	name: z.string(),
	ending: z.string(),
	scopes: z.array(z.string()),
	expires_at: z.string(),
	revoked_at: z.string().nullable(),
	last_used_at: z.string().nullable(),
});
export const createdKey: z.ZodType<{ readonly id: string; readonly key: string; readonly expires_at: string }> =
	z.looseObject({ id: z.string(), key: z.string(), expires_at: z.string() });

/** The newest root document. */
export const root: z.ZodType<{ readonly version: number; readonly document: string }> = z.looseObject({
	version: z.int(),
	document: z.base64(),
});
/** A root document that took effect. */
export interface AcceptedRoot extends Settled {
	readonly version: number;
	readonly epoch: number;
}
export const acceptedRoot: z.ZodType<AcceptedRoot> = z.looseObject({ version: z.int(), epoch: z.int(), ...settled });

/** What having the data keys wrapped anew came to. */
export interface Rewrapped {
	readonly kms_key_id: string;
	readonly data_keys: number;
	readonly rewrapped: number;
}
export const rewrapped: z.ZodType<Rewrapped> = z.strictObject({
	kms_key_id: z.string(),
	data_keys: z.int(),
	rewrapped: z.int(),
});

/** Roles whose keys the server holds. */
export type OnlineRole = 'policy' | 'freshness' | 'token' | 'audit';
export const onlineRoles: readonly OnlineRole[] = ['policy', 'freshness', 'token', 'audit'];
/** Those, and the CA of the host plane. */
export type KeyRole = OnlineRole | 'host_ca';
export const keyRoles: readonly KeyRole[] = [...onlineRoles, 'host_ca'];
/** A key that the server made, to be listed by the next root document. */
export interface PreparedKey {
	readonly role: KeyRole;
	readonly key_id: string;
	readonly algorithm: 'ed25519' | 'es256';
	readonly public: string;
}
export const preparedKey: z.ZodType<PreparedKey> = z.looseObject({
	role: z.enum(keyRoles),
	key_id: z.string().regex(/^[0-9a-f]{64}$/),
	algorithm: z.enum(['ed25519', 'es256']),
	public: z.base64(),
});
/** A key that the server signs, will sign or has signed with. */
export interface OnlineKey {
	readonly role: KeyRole;
	readonly key_id: string;
	readonly state: string;
	readonly created_at: string;
	readonly retired_at: string | null;
}
export const onlineKey: z.ZodType<OnlineKey> = z.looseObject({
	role: z.enum(keyRoles),
	key_id: z.string(),
	state: z.string(),
	created_at: z.string(),
	retired_at: z.string().nullable(),
});

/** How a server is doing. */
export interface StatusView {
	readonly org_id: string;
	readonly name: string;
	readonly epoch: number;
	readonly policy_revision: number;
	readonly version: string;
	readonly root_version: number | null;
	readonly sandboxes: Readonly<Record<string, number>>;
	readonly stale: number;
	readonly recompiles: readonly {
		readonly reason: string;
		readonly requested_by: string;
		readonly total: number;
		readonly done: number;
		readonly failed: number;
		readonly created_at: string;
		readonly finished_at: string | null;
	}[];
}
export const status: z.ZodType<StatusView> = z.looseObject({
	org_id: z.string(),
	name: z.string(),
	epoch: z.int(),
	policy_revision: z.int(),
	version: z.string(),
	root_version: z.int().nullable(),
	sandboxes: z.record(z.string(), z.int()),
	stale: z.int(),
	recompiles: z.array(
		z.looseObject({
			reason: z.string(),
			requested_by: z.string(),
			total: z.int(),
			done: z.int(),
			failed: z.int(),
			created_at: z.string(),
			finished_at: z.string().nullable(),
		}),
	),
});
