import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';

/** A path taken as a name, never as a pattern. */
export interface LiteralPath {
	readonly path: string;
	readonly literal: true;
}

/**
 * The part of the settings that we write. Read from npm @anthropic-ai/sandbox-runtime 0.0.83,
 * `dist/sandbox/sandbox-config.js`. Closed here: the package drops keys that it does not know without a word.
 */
export interface SandboxRuntimeSettings {
	readonly network: {
		/** `host`, `*.host` at any depth, either with `:port`. */
		readonly allowedDomains: readonly string[];
		/** Wins. */
		readonly deniedDomains: readonly string[];
		readonly strictAllowlist: true;
		/** In addition to loopback, link-local and metadata addresses, which are always refused. */
		readonly deniedResolvedAddresses: readonly string[];
	};
	readonly filesystem: {
		/** `/` first: what is not allowed back is not there. */
		readonly denyRead: readonly LiteralPath[];
		readonly allowRead: readonly LiteralPath[];
		readonly allowWrite: readonly LiteralPath[];
		/** Wins over `allowWrite`. */
		readonly denyWrite: readonly LiteralPath[];
	};
}

const entry = z.strictObject({ path: z.string().regex(/^\/[^\u0000-\u001f\u007f]*$/), literal: z.literal(true) });
const entries = z.array(entry);
const name = '(?:\\*\\.(?=[^.]+\\.))?[a-z0-9_-]+(?:\\.[a-z0-9_-]+)+';
const host = z.string().regex(new RegExp(`^(?:${name}|localhost|\\[[0-9a-f:]+\\])(?::[1-9][0-9]{0,4})?$`));
const settingsSchema: z.ZodType = z.strictObject({
	network: z
		.strictObject({
			allowedDomains: z.array(host),
			deniedDomains: z.array(z.union([z.literal('*'), host, z.string().regex(/^\*\.[a-z0-9_-]+$/)])),
			strictAllowlist: z.literal(true),
			deniedResolvedAddresses: z.array(z.string().min(1)).min(1),
		})
		.refine(({ allowedDomains, deniedDomains }) => allowedDomains.length > 0 || deniedDomains.includes('*'), {
			error: 'nothing is allowed, so everything must be denied',
		}),
	filesystem: z.strictObject({
		denyRead: entries.refine((paths) => paths.some(({ path }) => path === '/'), { error: '/ must be denied' }),
		allowRead: entries,
		allowWrite: entries,
		denyWrite: entries,
	}),
});

export function check(rendered: Rendered): readonly string[] {
	return checkJson(rendered, { 'sandbox-runtime.json': settingsSchema });
}
