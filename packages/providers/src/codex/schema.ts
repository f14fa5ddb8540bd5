import type { Rendered } from '@tappass/core';
import { parse, stringify } from 'smol-toml';
import { z } from 'zod';
import { brokerServer } from '../tool-names.ts';
import { featuresOff, switches } from './tools.ts';

/** Name of our permission profile and of the gateway as a model provider. */
export const profile = 'tappass';

/** What a profile says of a path: the nearest entry above a file decides. */
export type Access = 'read' | 'write' | 'deny';

/**
 * The part of `requirements.toml` that we write. The program ends on a wrong type or value, and only warns of a key that it
 * does not know, so nothing may be open here. No schema of the file is published.
 *
 * @see https://developers.openai.com/codex/enterprise/managed-configuration and openai/codex
 * `codex-rs/config/src/config_requirements.rs`; held against the program, 0.169.0
 */
export interface Requirements {
	readonly default_permissions?: typeof profile;
	/** Without a sandbox; the program ends when `read-only` is not among them. */
	readonly allowed_sandbox_modes?: readonly ['read-only', 'danger-full-access'];
	readonly allowed_approval_policies: readonly 'never'[];
	/** Empty: no search. */
	readonly allowed_web_search_modes: readonly ('cached' | 'live')[];
	readonly allow_managed_hooks_only: true;
	readonly model_provider: typeof profile;
	readonly allowed_permission_profiles?: Readonly<Record<string, true>>;
	readonly experimental_network?: {
		readonly enabled: true;
		readonly managed_allowed_domains_only: true;
		readonly allow_local_binding: false;
		readonly domains: Readonly<Record<string, 'allow' | 'deny'>>;
	};
	readonly features: Readonly<Record<string, boolean>>;
	/** Empty: no server. A server must have the name and the address. */
	readonly mcp_servers: Readonly<Record<string, { readonly identity: { readonly url: string } }>>;
	readonly model_providers: Readonly<
		Record<string, { readonly name: string; readonly base_url: string; readonly wire_api: 'responses' }>
	>;
	readonly permissions?: Readonly<Record<string, { readonly filesystem: Readonly<Record<string, Access>> }>>;
}

/** `managed_config.toml`: configuration that wins over users and the command line; requirements have no list of tools. */
export interface ManagedConfig {
	readonly web_search: 'disabled' | 'cached';
	/** Only where there is no profile: the kernel ring is then the sandbox. */
	readonly sandbox_mode?: 'danger-full-access';
	readonly mcp_servers: Readonly<
		Record<
			string,
			{
				readonly url: string;
				readonly enabled_tools: readonly string[];
				readonly disabled_tools: readonly string[];
				readonly default_tools_approval_mode: 'approve';
			}
		>
	>;
}

/** Where the program looks, by operating system. */
export const managedFolder = {
	linux: '/etc/codex/',
	macos: '/etc/codex/',
	windows: 'C:\\ProgramData\\OpenAI\\Codex\\',
} as const;
export const requirementsFile = 'requirements.toml';
export const configFile = 'managed_config.toml';

const url = z.url({ protocol: /^https?$/ });
const domain = z.string().regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
const path = z.string().regex(/^(?::minimal|\/[^\u0000-\u001f\u007f*?[\]{}]*)$/);
const feature = z.enum([...featuresOff, ...Object.values(switches).flat()] as [string, ...string[]]);
const wireName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const always = {
	allowed_approval_policies: z.tuple([z.literal('never')]),
	allowed_web_search_modes: z.array(z.enum(['cached', 'live'])),
	allow_managed_hooks_only: z.literal(true),
	model_provider: z.literal(profile),
	features: z.record(feature, z.boolean()),
	mcp_servers: z.strictObject({
		[brokerServer]: z.strictObject({ identity: z.strictObject({ url }) }).optional(),
	}),
	model_providers: z.strictObject({
		[profile]: z.strictObject({ name: z.string().min(1), base_url: url, wire_api: z.literal('responses') }),
	}),
};
// A profile or sandbox modes, never some of each.
const requirementsSchema: z.ZodType = z.union([
	z.strictObject({
		...always,
		default_permissions: z.literal(profile),
		allowed_permission_profiles: z.strictObject({ [profile]: z.literal(true) }),
		experimental_network: z.strictObject({
			enabled: z.literal(true),
			managed_allowed_domains_only: z.literal(true),
			allow_local_binding: z.literal(false),
			domains: z.record(domain, z.enum(['allow', 'deny'])),
		}),
		permissions: z.strictObject({
			[profile]: z.strictObject({ filesystem: z.record(path, z.enum(['read', 'write', 'deny'])) }),
		}),
	}),
	z.strictObject({
		...always,
		allowed_sandbox_modes: z.tuple([z.literal('read-only'), z.literal('danger-full-access')]),
	}),
]);
const configSchema: z.ZodType = z.strictObject({
	web_search: z.enum(['disabled', 'cached']),
	sandbox_mode: z.literal('danger-full-access').optional(),
	mcp_servers: z.strictObject({
		[brokerServer]: z
			.strictObject({
				url,
				enabled_tools: z.array(wireName).min(1),
				disabled_tools: z.array(wireName),
				default_tools_approval_mode: z.literal('approve'),
			})
			.optional(),
	}),
});

/** Problems of the two files; a host installs neither when there is one. */
export function check(rendered: Rendered): readonly string[] {
	const folder = Object.values(managedFolder).find((one) => rendered.files.some(({ path }) => path.startsWith(one)));
	const place = folder ?? managedFolder.linux;
	const schemas = new Map([
		[`${place}${configFile}`, configSchema],
		[`${place}${requirementsFile}`, requirementsSchema],
	]);
	const present = rendered.files.map((file) => file.path);
	const missing = [...schemas.keys()].filter((one) => !present.includes(one)).map((one) => `${one}: not rendered`);
	return [...missing, ...rendered.files.flatMap((file) => checkToml(file.path, file.content, schemas.get(file.path)))];
}

function checkToml(file: string, content: string, schema: z.ZodType | undefined): readonly string[] {
	if (schema === undefined) return [`${file}: no schema knows this file`];
	let value: Record<string, unknown>;
	try {
		value = parse(content);
	} catch (error) {
		return [`${file}: ${error instanceof Error ? error.message : String(error)}`];
	}
	// What is read must be what was written: a key that two tables share, or an escape, could read as something else.
	if (`${stringify(value).trim()}\n` !== content) return [`${file}: reads as something else than what is written`];
	const result = schema.safeParse(value);
	if (result.success) return [];
	return result.error.issues.map((issue) => `${file}: ${issue.path.join('.')}: ${issue.message}`);
}
