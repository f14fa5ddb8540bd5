import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/**
 * The part of a nono profile that we write, closed as its own schema is. Read from github.com/nolabs-ai/nono:
 * `crates/nono-cli/data/nono-profile.schema.json` at 0.74.0, and `crates/nono-cli/src/profile` at 0.81.0.
 */
export interface NonoProfile {
	readonly meta: { readonly name: string; readonly version: string };
	/** Every profile starts with the groups of `default`; what grants something in them is taken out again. */
	readonly groups: { readonly exclude: readonly string[] };
	readonly security: {
		readonly signal_mode: 'isolated';
		readonly process_info_mode: 'isolated';
		readonly capability_elevation: false;
	};
	readonly filesystem: {
		readonly allow: readonly string[];
		readonly allow_file: readonly string[];
		readonly read: readonly string[];
	};
	readonly workdir: { readonly access: 'none' };
	/** Without `block` and without `allow_domain` the network is open: one of the two is always there. */
	readonly network: NonoNetwork;
	readonly environment: {
		readonly allow_vars: readonly string[];
		readonly set_vars?: { readonly HOME: string };
	};
	/** `auto`: Landlock, and a filter that refuses every socket but TCP and those of the machine. */
	readonly linux: { readonly af_unix_mediation: 'pathname'; readonly sandbox_policy: 'auto' };
}

export interface NonoNetwork {
	readonly block: boolean;
	readonly allow_domain?: readonly string[];
	/** Wins; alone it would mean "everything but". */
	readonly deny_domain?: readonly string[];
	/** Ports of the machine itself. */
	readonly open_port?: readonly number[];
}

// `$` begins a variable there, and the others are patterns.
const path = z.string().regex(/^\/[^\u0000-\u001f\u007f$*?[\]{}]*$/);
const host = z.string().regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
const hosts = z.array(host).min(1);
const network = z
	.strictObject({
		block: z.boolean(),
		allow_domain: hosts.optional(),
		deny_domain: hosts.optional(),
		open_port: z.array(z.int().min(1).max(65_535)).min(1).optional(),
	})
	.superRefine(({ block, allow_domain, deny_domain }, context) => {
		const refuse = (message: string): void => context.addIssue({ code: 'custom', message });
		if (!block && allow_domain === undefined) refuse('the network would be open');
		if (block && allow_domain !== undefined) refuse('the target does not start with block and allow_domain');
		if (deny_domain !== undefined && allow_domain === undefined) refuse('everything but the denied would be open');
	});
const nonoProfileSchema: z.ZodType = z.strictObject({
	meta: z.strictObject({ name: z.string().min(1), version: z.string().min(1) }),
	groups: z.strictObject({ exclude: z.array(z.string().min(1)) }),
	security: z.strictObject({
		signal_mode: z.literal('isolated'),
		process_info_mode: z.literal('isolated'),
		capability_elevation: z.literal(false),
	}),
	filesystem: z.strictObject({ allow: z.array(path), allow_file: z.array(path), read: z.array(path) }),
	workdir: z.strictObject({ access: z.literal('none') }),
	network,
	environment: z.strictObject({
		allow_vars: z.array(z.string().regex(/^[A-Z][A-Z0-9_]*\*?$/)).min(1),
		set_vars: z.strictObject({ HOME: path }).optional(),
	}),
	linux: z.strictObject({ af_unix_mediation: z.literal('pathname'), sandbox_policy: z.literal('auto') }),
});

export function check(rendered: Rendered): readonly string[] {
	return checkJson(rendered, { 'nono-profile.json': nonoProfileSchema });
}
