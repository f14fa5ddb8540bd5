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
