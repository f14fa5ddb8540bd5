import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';
import { brokerServer } from '../tool-names.ts';
import { claudeTools } from './tools.ts';

/** Commands of the agent run inside this; every list is the whole list. */
export interface SandboxSettings {
	readonly enabled: true;
	readonly failIfUnavailable: true;
	readonly allowUnsandboxedCommands: false;
	readonly autoAllowBashIfSandboxed: false;
	readonly excludedCommands: readonly string[];
	readonly network: {
		readonly allowedDomains: readonly string[];
		readonly deniedDomains: readonly string[];
		readonly allowManagedDomainsOnly: true;
		readonly strictAllowlist: true;
		readonly allowUnixSockets: readonly string[];
		readonly allowLocalBinding: false;
	};
	readonly filesystem: {
		readonly denyRead: readonly string[];
		readonly allowRead: readonly string[];
		readonly allowManagedReadPathsOnly: true;
		readonly allowWrite: readonly string[];
		readonly denyWrite: readonly string[];
	};
	readonly bwrapPath?: string;
	readonly socatPath?: string;
}

/**
 * The part of `managed-settings.json` that we write. The program ignores a file that it cannot read, drops `permissions`
 * whole on a wrong type, and passes over keys that it does not know: so nothing may be open here.
 *
 * @see https://code.claude.com/docs/en/settings and SchemaStore `claude-code-settings.json` at 3b6446a (2.1.220)
 */
export interface ManagedSettings {
	readonly permissions: {
		readonly defaultMode: 'dontAsk';
		readonly disableBypassPermissionsMode: 'disable';
		readonly disableAutoMode: 'disable';
		readonly allow: readonly string[];
		readonly deny: readonly string[];
		readonly additionalDirectories: readonly string[];
	};
	readonly allowManagedPermissionRulesOnly: true;
	readonly allowManagedHooksOnly: true;
	readonly allowManagedMcpServersOnly: true;
	readonly allowedMcpServers: readonly { readonly serverName: string }[];
	readonly disableSideloadFlags: true;
	readonly strictKnownMarketplaces: readonly string[];
	readonly autoMemoryEnabled: false;
	readonly skipWebFetchPreflight: true;
	readonly sandbox?: SandboxSettings;
	readonly env: Readonly<Record<string, string>>;
}

/** `managed-mcp.json`: where it is present, no other server can be added. */
export interface ManagedMcp {
	readonly mcpServers: Readonly<Record<string, { readonly type: 'http'; readonly url: string }>>;
}

/** Where the program looks, by operating system. */
export const managedFolder = {
	linux: '/etc/claude-code/',
	macos: '/Library/Application Support/ClaudeCode/',
	windows: 'C:\\Program Files\\ClaudeCode\\',
} as const;
export const settingsFile = 'managed-settings.json';
export const mcpFile = 'managed-mcp.json';

const bareRule = z.enum(claudeTools as readonly [string, ...string[]]);
// A single leading `/` would mean the project's root, and a parenthesis would end the rule.
const pathRule = z.string().regex(/^(?:Read|Edit)\(\/\/[A-Za-z0-9_.@+=:,%~#!/ *-]*[^ ()]\)$/);
const domainRule = z.string().regex(/^WebFetch\(domain:(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\)$/);
const brokerRule = z.string().regex(new RegExp(`^mcp__${brokerServer}__[A-Za-z0-9_-]+$`));
const rule = z.union([bareRule, pathRule, domainRule, brokerRule], { error: 'not a rule that the program reads' });

const path = z.string().regex(/^\/[^\u0000-\u001f*?[\]{}\\]*$/);
const domain = z.string().regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
const none = z.array(z.never()).max(0);
const sandboxSchema = z.strictObject({
	enabled: z.literal(true),
	failIfUnavailable: z.literal(true),
	allowUnsandboxedCommands: z.literal(false),
	autoAllowBashIfSandboxed: z.literal(false),
	excludedCommands: none,
	network: z.strictObject({
		allowedDomains: z.array(domain),
		deniedDomains: z.array(domain),
		allowManagedDomainsOnly: z.literal(true),
		strictAllowlist: z.literal(true),
		allowUnixSockets: none,
		allowLocalBinding: z.literal(false),
	}),
	filesystem: z.strictObject({
		denyRead: z
			.array(path)
			.refine((paths) => paths.includes('/'), { error: 'reading must be denied everywhere first' }),
		allowRead: z.array(path).refine((paths) => !paths.includes('/'), { error: 'this would lift every denial' }),
		allowManagedReadPathsOnly: z.literal(true),
		allowWrite: z.array(path),
		denyWrite: z.array(path),
	}),
	bwrapPath: path.optional(),
	socatPath: path.optional(),
});
const settingsSchema: z.ZodType = z.strictObject({
	permissions: z.strictObject({
		defaultMode: z.literal('dontAsk'),
		disableBypassPermissionsMode: z.literal('disable'),
		disableAutoMode: z.literal('disable'),
		allow: z.array(rule),
		deny: z.array(z.union([rule, z.literal('mcp__*')])),
		additionalDirectories: z.array(path),
	}),
	allowManagedPermissionRulesOnly: z.literal(true),
	allowManagedHooksOnly: z.literal(true),
	allowManagedMcpServersOnly: z.literal(true),
	allowedMcpServers: z.array(z.strictObject({ serverName: z.literal(brokerServer) })).max(1),
	disableSideloadFlags: z.literal(true),
	strictKnownMarketplaces: none,
	autoMemoryEnabled: z.literal(false),
	skipWebFetchPreflight: z.literal(true),
	sandbox: sandboxSchema.optional(),
	env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
});
const mcpSchema: z.ZodType = z.strictObject({
	mcpServers: z.strictObject({
		[brokerServer]: z.strictObject({ type: z.literal('http'), url: z.url({ protocol: /^https?$/ }) }).optional(),
	}),
});

/** Problems of the two files; a host installs neither when there is one. */
export function check(rendered: Rendered): readonly string[] {
	const folder = Object.values(managedFolder).find((one) => rendered.files.some(({ path }) => path.startsWith(one)));
	const place = folder ?? managedFolder.linux;
	return checkJson(rendered, { [`${place}${mcpFile}`]: mcpSchema, [`${place}${settingsFile}`]: settingsSchema });
}
