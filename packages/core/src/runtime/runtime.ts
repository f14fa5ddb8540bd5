import { z } from 'zod';
import { type Aspect, aspects, type CompiledPolicy } from '../compiled-policy/compiled-policy.ts';
import { limits } from '../limits.ts';

/** An in-process enforcement position. */
export type Ring = 'harness' | 'kernel' | 'interpreter';
export const rings: readonly Ring[] = ['harness', 'kernel', 'interpreter'];
/** An enforcement position between processes; both are always there. */
export type CrossCuttingLayer = 'llm_gateway' | 'mcp_broker';
export const crossCuttingLayers: readonly CrossCuttingLayer[] = ['llm_gateway', 'mcp_broker'];
export type EnforcementPosition = Ring | CrossCuttingLayer;

/** A rule that one Provider cannot express, accepted by name. */
export interface AcceptedGap {
	readonly provider: string;
	readonly aspect: Aspect;
	/** The value as the gap names it, or `*` for every gap of that Provider and Aspect. */
	readonly value: string;
	readonly reason: string;
}

/** A recipe: one Provider for each Ring (or none), and how gateway and broker are configured. */
export interface Runtime {
	readonly schema: 'tappass.runtime/1';
	readonly id: string;
	readonly description?: string;
	readonly rings: {
		readonly harness: string | null;
		readonly kernel: string | null;
		readonly interpreter: string | null;
	};
	readonly llm_gateway: { readonly upstreams: readonly string[] };
	readonly mcp_broker: { readonly servers: readonly string[] };
	/** Private addresses that the sandbox may reach, `10.1.0.0/16:443`; metadata addresses never. */
	readonly cidrs: readonly string[];
	readonly accepted_gaps: readonly AcceptedGap[];
}

const name = z
	.string()
	.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, { error: 'expected lower-case letters, digits and dashes' });
const cidr = z.string().regex(/^(?:\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}|\[[0-9a-f:]+\]\/\d{1,3}):\d{1,5}$/, {
	error: 'expected address/bits:port, like 10.1.0.0/16:443',
});

/** Shape of a Runtime; unknown members are refused. */
export const runtimeSchema: z.ZodType<Runtime> = z.strictObject({
	schema: z.literal('tappass.runtime/1'),
	id: name,
	description: z.string().max(limits.textLengthMax).optional(),
	rings: z.strictObject({ harness: name.nullable(), kernel: name.nullable(), interpreter: name.nullable() }),
	llm_gateway: z.strictObject({ upstreams: z.array(name).max(limits.listEntriesMax) }),
	mcp_broker: z.strictObject({ servers: z.array(name).max(limits.listEntriesMax) }),
	cidrs: z.array(cidr).max(limits.listEntriesMax),
	accepted_gaps: z
		.array(
			z.strictObject({
				provider: name,
				aspect: z.enum(aspects as readonly [Aspect, ...Aspect[]]),
				value: z.string().min(1).max(limits.textLengthMax),
				reason: z.string().min(10, { error: 'say why this gap is acceptable' }).max(limits.textLengthMax),
			}),
		)
		.max(limits.listEntriesMax),
}) as unknown as z.ZodType<Runtime>;

/** What is at a path of the host. Links are not followed: a path that is a link, or leads through one, has no kind. */
export type PathKind = 'directory' | 'file' | 'absent';

/** What a Provider is told about the machine it renders for; it never looks for itself. */
export interface RenderCapabilities {
	readonly os: 'linux' | 'macos' | 'windows';
	/** The agent's home inside the sandbox. */
	readonly home: string;
	/** Numeric user id of the agent. */
	readonly uid: number;
	/** Directory on the host that becomes the workspace. */
	readonly workspace_host: string;
	readonly gateway_url: string;
	readonly mcp_url: string;
	/** Program → absolute path on the host. */
	readonly binaries: Readonly<Record<string, string>>;
	/** Version of the target program, or null when it is not known. */
	readonly target_version: string | null;
	/** Canonical tool → names in this harness. */
	readonly tool_aliases: Readonly<Record<string, readonly string[]>>;
	/** Denied category → domain patterns. */
	readonly domain_categories: Readonly<Record<string, readonly string[]>>;
	/** Path on the host → what is there; a path that is not named is not known, and rendered in the strictest way. */
	readonly path_kinds?: Readonly<Record<string, PathKind>>;
}

const absolute = z
	.string()
	.regex(/^\/[^\u0000]*$/, { error: 'expected an absolute path' })
	.max(limits.textLengthMax);
/** Shape of render capabilities; unknown members are refused. */
export const renderCapabilitiesSchema: z.ZodType<RenderCapabilities> = z.strictObject({
	os: z.enum(['linux', 'macos', 'windows']),
	home: absolute,
	uid: z.int().min(0).max(4_294_967_294),
	workspace_host: absolute,
	gateway_url: z.url({ protocol: /^https?$/ }),
	mcp_url: z.url({ protocol: /^https?$/ }),
	binaries: z.record(z.string().min(1), absolute),
	target_version: z.string().max(64).nullable(),
	tool_aliases: z.record(z.string().min(1), z.array(z.string().min(1))),
	domain_categories: z.record(z.string().min(1), z.array(z.string().min(1))),
	path_kinds: z.record(absolute, z.enum(['directory', 'file', 'absent'])).default({}),
}) as unknown as z.ZodType<RenderCapabilities>;

/** A rule that a target cannot express; never dropped, never widened. */
export interface Gap {
	readonly aspect: Aspect;
	readonly value: string;
	readonly why: string;
}

/** One file to write, mode included. */
export interface RenderedFile {
	/** Absolute, or relative to the agent's configuration directory. */
	readonly path: string;
	readonly content: string;
	readonly mode: number;
}

export interface Rendered {
	readonly files: readonly RenderedFile[];
	/** Arguments of the target program, never a shell string. */
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly gaps: readonly Gap[];
}

/** A renderer for one target: pure and total. The same policy and capabilities give the same bytes. */
export interface Provider {
	readonly name: string;
	readonly position: EnforcementPosition;
	readonly aspects: readonly Aspect[];
	/** Versions of the target against which the output was checked. */
	readonly checked_against: readonly string[];
	readonly render: (policy: CompiledPolicy, capabilities: RenderCapabilities) => Rendered;
}
