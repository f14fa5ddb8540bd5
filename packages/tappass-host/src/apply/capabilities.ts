import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findPrograms } from '@tappass/cli-kit';
import type { PathKind, RenderCapabilities } from '@tappass/core';
import { probedPaths } from '@tappass/providers';
import type { PolicyStatement } from '@tappass/trust';
import { isOtherTarget, otherProgram } from '../launch/other-programs.ts';
import { unreachablePart } from '../launch/reachable.ts';

/** Where an agent finds the gateway and the broker: the relay inside its sandbox. */
const doors = { gateway_url: 'http://inference.local:3128/v1', mcp_url: 'http://mcp.local:3128/mcp' };

/** What only this machine knows of a sandbox. */
export interface Ground {
	/** The agent's own user. */
	readonly uid: number;
	readonly gid: number;
	/** Directory of the host that becomes the workspace, absolute. */
	readonly workspace: string;
	/** `PATH` in which programs are looked for. */
	readonly path: string;
}

/** Looks at the machine for a Provider, which never looks for itself. */
export async function capabilitiesOf(statement: PolicyStatement, ground: Ground): Promise<RenderCapabilities> {
	const { agent_plane_url, compiled_policy, domain_categories, runtime, tool_aliases } = statement;
	const { kernel } = runtime.rings;
	const harness = runtime.rings.harness ?? '';
	const home = '/home/agent';
	const workspace_host = ground.workspace;
	return {
		os: process.platform === 'darwin' ? 'macos' : process.platform === 'win32' ? 'windows' : 'linux',
		home,
		uid: ground.uid,
		workspace_host,
		...(isOtherTarget(kernel) ? doorsOf(agent_plane_url) : doors),
		binaries: await reachable({ ...(await findPrograms(ground.path)), ...(await inside(kernel, ground)) }, ground),
		target_version: null,
		tool_aliases: Object.hasOwn(tool_aliases, harness) ? tool_aliases[harness]! : {},
		domain_categories,
		path_kinds: await kindsOf(probedPaths(compiled_policy, { home, workspace_host })),
	};
}

/** Without our relay an agent speaks to the agent plane itself, with the tokens of its Keyring. */
export function doorsOf(agentPlaneUrl: string): { readonly gateway_url: string; readonly mcp_url: string } {
	const base = agentPlaneUrl.replace(/\/$/, '');
	return { gateway_url: `${base}/v1`, mcp_url: `${base}/mcp` };
}

/** What the program that makes the kernel ring runs inside. */
async function inside(kernel: string | null, ground: Ground): Promise<Readonly<Record<string, string>>> {
	if (!isOtherTarget(kernel)) return {};
	// That it is missing is said when something is to be started: until then the policy can be applied.
	const found = await otherProgram(kernel, ground.path, ground).catch(() => undefined);
	return found?.binaries ?? {};
}

/** Programs that the agent's user can get at: it is that user who mounts them. */
async function reachable(
	binaries: Readonly<Record<string, string>>,
	user: Ground,
): Promise<Readonly<Record<string, string>>> {
	const entries = Object.entries(binaries);
	const parts = await Promise.all(entries.map(([, path]) => unreachablePart(path, user)));
	return Object.fromEntries(entries.filter((_, at) => parts[at] === undefined));
}

async function kindsOf(paths: readonly string[]): Promise<Readonly<Record<string, PathKind>>> {
	const kinds = await Promise.all(paths.map(async (path) => [path, await kindOf(path)] as const));
	return Object.fromEntries(kinds.filter((one): one is readonly [string, PathKind] => one[1] !== undefined));
}

// A path that is a link, or leads through one, has no kind: what it leads to could be changed under us.
async function kindOf(path: string): Promise<PathKind | undefined> {
	try {
		const stat = await lstat(path);
		if ((await realpath(path)) !== path) return undefined;
		return stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : undefined;
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
		return (await leadsThroughLink(path)) ? undefined : 'absent';
	}
}

async function leadsThroughLink(path: string): Promise<boolean> {
	for (let above = dirname(path); above !== '/'; above = dirname(above)) {
		const real = await realpath(above).catch(() => undefined);
		if (real !== undefined) return real !== above;
	}
	return false;
}
