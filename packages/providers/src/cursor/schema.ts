import type { Rendered } from '@tappass/core';
import { z } from 'zod';
import { checkJson } from '../check-json.ts';
import { brokerServer } from '../tool-names.ts';
import { hookProgram } from './hook-program.ts';

/** Every event at which an action can be refused; the program passes over one that is misspelt. */
export const hookEvents: readonly string[] = [
	'beforeMCPExecution',
	'beforeReadFile',
	'beforeShellExecution',
	'beforeTabFileRead',
	'preToolUse',
	'subagentStart',
];

/**
 * `hooks.json` of the enterprise directory. Without `failClosed` a hook that crashes lets a command through.
 *
 * @see https://cursor.com/docs/agent/hooks (read 2026-11)
 */
export interface Hooks {
	readonly version: 1;
	readonly hooks: Readonly<
		Record<string, readonly { readonly command: string; readonly timeout: number; readonly failClosed: true }[]>
	>;
}

/** Our own format: what the hook reads. Paths are absolute, lists are whole, and a denial wins. */
export interface HookRules {
	readonly schema: 'tappass.cursor-rules/1';
	readonly tools: readonly string[];
	readonly mcp: { readonly url: string; readonly tools: readonly string[] };
	readonly files: {
		readonly write: readonly string[];
		/** Inside what may be written, and not to be written. */
		readonly held: readonly string[];
		readonly read: readonly string[];
		readonly deny: readonly string[];
		/** The file system takes capitals and small letters, and the forms of a letter, for the same. */
		readonly folded: boolean;
	};
	readonly domains: { readonly allow: readonly string[]; readonly deny: readonly string[] };
}

/** The user's list of servers; a convenience, since the hook knows the broker by its address. */
export interface CursorMcp {
	readonly mcpServers: Readonly<Record<string, { readonly url: string }>>;
}

/** Where the program looks, by operating system. */
export const managedFolder = {
	linux: '/etc/cursor/',
	macos: '/Library/Application Support/Cursor/',
	windows: 'C:\\ProgramData\\Cursor\\',
} as const;
export const hooksFile = 'hooks.json';
export const hookFile = 'tappass-hook.mjs';
export const rulesFile = 'tappass-rules.json';
/** In the agent's own `.cursor` directory. */
export const mcpPath = 'mcp.json';

const url = z.url({ protocol: /^https?$/ });
const paths = z.array(z.string().regex(/^\/[^\u0000-\u001f\u007f]*$/));
const domains = z.array(z.string().regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/));
const command = z.string().regex(/^(?:exit 2|\/[A-Za-z0-9_./+-]+ '\/[A-Za-z0-9_./ -]+\.mjs')$/);
const hook = z.strictObject({ command, timeout: z.int().min(1).max(60), failClosed: z.literal(true) });
const hooksSchema: z.ZodType = z.strictObject({
	version: z.literal(1),
	hooks: z.strictObject(Object.fromEntries(hookEvents.map((event) => [event, z.array(hook).length(1)]))),
});
const rulesSchema: z.ZodType = z.strictObject({
	schema: z.literal('tappass.cursor-rules/1'),
	tools: z.array(z.string().regex(/^[A-Za-z]+$/)),
	mcp: z.strictObject({ url, tools: z.array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)) }),
	files: z.strictObject({ write: paths, held: paths, read: paths, deny: paths, folded: z.boolean() }),
	domains: z.strictObject({ allow: domains, deny: domains }),
});
const mcpSchema: z.ZodType = z.strictObject({
	mcpServers: z.strictObject({ [brokerServer]: z.strictObject({ url }).optional() }),
});

/** Problems of the files; the program that hooks run must be ours to the letter. */
export function check(rendered: Rendered): readonly string[] {
	const folder = Object.values(managedFolder).find((one) => rendered.files.some(({ path }) => path.startsWith(one)));
	const place = folder ?? managedFolder.linux;
	const program = rendered.files.find(({ path }) => path === `${place}${hookFile}`);
	const files = rendered.files.filter((file) => file !== program);
	return [
		...(program?.content === hookProgram ? [] : [`${place}${hookFile}: not the program that decides`]),
		...checkJson(
			{ ...rendered, files },
			{ [`${place}${hooksFile}`]: hooksSchema, [`${place}${rulesFile}`]: rulesSchema, [mcpPath]: mcpSchema },
		),
	];
}
