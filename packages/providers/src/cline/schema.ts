import { parseJson, type Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';
import { brokerServer } from '../tool-names.ts';

/**
 * Value of the variable that the launcher sets, about shell commands and nothing else. A denial wins.
 *
 * @see https://docs.cline.bot (CLI configuration, read 2026-11)
 */
export interface CommandPermissions {
	readonly allow: readonly string[];
	readonly deny: readonly string[];
	readonly allowRedirects: boolean;
}
export const commandVariable = 'CLINE_COMMAND_PERMISSIONS';

/** The user's list of servers: a convenience, since it belongs to the user. */
export interface ClineMcp {
	readonly mcpServers: Readonly<
		Record<string, { readonly type: 'streamableHttp'; readonly url: string; readonly alwaysAllow: readonly string[] }>
	>;
}
/** In the agent's own Cline directory. */
export const mcpPath = 'cline_mcp_settings.json';

const commandsSchema: z.ZodType = z.union([
	z.strictObject({ allow: z.tuple([z.literal('*')]), deny: z.tuple([]), allowRedirects: z.literal(true) }),
	z.strictObject({ allow: z.tuple([]), deny: z.tuple([z.literal('*')]), allowRedirects: z.literal(false) }),
]);
const mcpSchema: z.ZodType = z.strictObject({
	mcpServers: z.strictObject({
		[brokerServer]: z
			.strictObject({
				type: z.literal('streamableHttp'),
				url: z.url({ protocol: /^https?$/ }),
				alwaysAllow: z.array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)),
			})
			.optional(),
	}),
});

/** Problems of the file and of the variable; without the variable every command is allowed. */
export function check(rendered: Rendered): readonly string[] {
	return [...checkVariable(rendered.env[commandVariable]), ...checkJson(rendered, { [mcpPath]: mcpSchema })];
}

function checkVariable(text: string | undefined): readonly string[] {
	if (text === undefined) return [`${commandVariable}: not rendered`];
	let value: unknown;
	try {
		value = parseJson(new TextEncoder().encode(text));
	} catch (error) {
		return [`${commandVariable}: ${error instanceof Error ? error.message : String(error)}`];
	}
	const result = commandsSchema.safeParse(value);
	return result.success ? [] : [`${commandVariable}: neither all commands nor none`];
}
