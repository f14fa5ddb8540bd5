import {
	coversPath,
	type Gap,
	type PathKind,
	type PathPattern,
	pathText,
	type RenderCapabilities,
} from '@tappass/core';
import {
	absolutePath,
	comparePaths,
	isCovered,
	movePath,
	nameOf,
	onHost,
	type PathRules,
	sortedPaths,
	strictlyBelow,
} from '../paths.ts';

/** What the sandbox has at one of its paths. */
export type Mount =
	| {
			readonly kind: 'read_only' | 'read_write';
			readonly at: PathPattern;
			readonly from: PathPattern;
			readonly optional?: true;
	  }
	/** Memory that goes with the sandbox. */
	| { readonly kind: 'scratch' | 'proc' | 'devices'; readonly at: PathPattern }
	/** An empty place that cannot be written: what is there on the host is not seen. */
	| { readonly kind: 'hidden_directory' | 'hidden_file'; readonly at: PathPattern }
	| { readonly kind: 'link'; readonly at: PathPattern; readonly to: string };

/** Everything that is mounted, parents first, and what could not be. */
export interface MountPlan {
	readonly mounts: readonly Mount[];
	readonly gaps: readonly Gap[];
	/** Whether the sandbox has what the host has at a path. */
	readonly isShown: (path: PathPattern) => boolean;
}

/** Directories that are links into /usr wherever /usr is merged, and the run-time directories that moved to /run. */
export const mergedLinks: readonly (readonly [string, string])[] = [
	['/bin', '/usr/bin'],
	['/lib', '/usr/lib'],
	['/lib32', '/usr/lib32'],
	['/lib64', '/usr/lib64'],
	['/libx32', '/usr/libx32'],
	['/sbin', '/usr/sbin'],
	['/var/lock', '/run/lock'],
	['/var/run', '/run'],
];
/** What programs need to run at all: readable whatever the policy lists, unless it denies them. */
export const systemPaths: readonly string[] = [
	'/usr',
	'/etc/alternatives',
	'/etc/ca-certificates',
	'/etc/ld.so.cache',
	'/etc/localtime',
	'/etc/pki/ca-trust',
	'/etc/pki/tls',
	'/etc/ssl/certs',
	'/etc/ssl/openssl.cnf',
];
/** Where a mounted directory is more than files: services listen there, or the kernel does. */
const reserved: readonly PathPattern[] = ['/dev', '/proc', '/run', '/sys'].map(absolutePath);
const temporary: PathPattern = absolutePath('/tmp');

/** Lays the policy's paths over the system minimum. A denied path is not there; one that would be is covered over. */
export function planMounts(policyRules: PathRules, capabilities: RenderCapabilities): MountPlan {
	const links = mergedLinks.filter(([link]) => kindOf(capabilities, absolutePath(link)) !== 'directory');
	const real = (path: PathPattern): PathPattern => throughLinks(path, links);
	const workspace = real(policyRules.workspace);
	const names = new Map([...policyRules.names, [pathText(workspace), nameOf(policyRules, policyRules.workspace)]]);
	const rules = { ...policyRules, workspace, names, home: real(policyRules.home) };
	const deny = deniedEverywhere(rules, real);
	const gaps: Gap[] = [];
	const grants = [
		...readOnlyGrants(rules, capabilities, real, deny, gaps),
		...workspaceGrant(rules, capabilities, deny, gaps),
	];
	const separate = mergedLinks
		.filter((pair) => !links.includes(pair) && !pair[0].startsWith('/var/'))
		.map(([link]) => link);
	const system = [...systemPaths, ...separate].map((text): Mount => {
		const at = absolutePath(text);
		return { kind: 'read_only', at, from: at, optional: true };
	});
	// A later one takes the place of an earlier one at the same path: the policy's word stands last.
	const all = [...scratch(rules), ...system, ...programs(capabilities, real), ...grants];
	const byPath = new Map(all.map((mount) => [pathText(mount.at), mount]));
	const kept = withoutRedundant([...byPath.values()].filter(({ at }) => !isCovered(deny, at)).sort(byPlace));
	const hidden = deny.flatMap((path) => hide(path, kept, capabilities));
	const pins = pinParents(kept, hidden, rules, capabilities);
	const places = kept.map(({ at }) => at);
	const linked = links
		.map(([link, to]): Mount => ({ kind: 'link', at: absolutePath(link), to: to.slice(1) }))
		.filter(({ at }) => at.segments.length === 1 && !isCovered([...deny, ...places], at));
	const mounts = [...linked, ...[...kept, ...hidden, ...pins].sort(byPlace)];
	const isShown = (path: PathPattern): boolean => {
		const found = mounts.findLast(({ at, kind }) => kind !== 'link' && coversPath(at, real(path)));
		return found !== undefined && 'from' in found;
	};
	return { mounts, gaps, isShown };
}

function byPlace(a: Mount, b: Mount): number {
	return comparePaths(a.at, b.at);
}

function kindOf(capabilities: RenderCapabilities, hostPath: PathPattern): PathKind | undefined {
	const text = pathText(hostPath);
	const kinds = capabilities.path_kinds ?? {};
	return Object.hasOwn(kinds, text) ? kinds[text] : undefined;
}

/** Where a path leads through links of the system. */
export function throughLinks(path: PathPattern, links: readonly (readonly [string, string])[]): PathPattern {
	for (const [link, to] of links) {
		const from = absolutePath(link);
		if (coversPath(from, path)) return movePath(path, from, absolutePath(to));
	}
	return path;
}

/** A file has a second name when the workspace's place on the host is mounted too: what is denied is denied under both. */
function deniedEverywhere(rules: PathRules, real: (path: PathPattern) => PathPattern): readonly PathPattern[] {
	const { workspace, workspace_host } = rules;
	const inWorkspace = (path: PathPattern): readonly PathPattern[] =>
		coversPath(workspace_host, path) ? [movePath(path, workspace_host, workspace)] : [];
	return sortedPaths(
		rules.deny
			.flatMap((path) => [path, onHost(rules, path), ...inWorkspace(path)])
			.flatMap((path) => [path, real(path)]),
	);
}

function readOnlyGrants(
	rules: PathRules,
	capabilities: RenderCapabilities,
	real: (path: PathPattern) => PathPattern,
	deny: readonly PathPattern[],
	gaps: Gap[],
): readonly Mount[] {
	return rules.read_only.flatMap((path): readonly Mount[] => {
		const at = real(path);
		const value = nameOf(rules, path);
		if (isCovered(deny, at)) return [];
		if (isReserved(at, rules.workspace)) {
			gaps.push(
				gap(value, 'the sockets of services outside are there, and a read-only mount does not stop a connection'),
			);
			return [];
		}
		const from = onHost(rules, at);
		const kind = kindOf(capabilities, from);
		const inside = strictlyBelow([from], rules.workspace_host).length > 0;
		// The agent may have left a link there: mounting what is not known to be none would follow it on the host.
		if (inside && kind === undefined) {
			gaps.push(gap(value, 'what is there on the host is not known, so it is hidden rather than read-only'));
			return [{ kind: 'hidden_directory', at }];
		}
		if (kind === 'absent') return coversPath(rules.workspace, at) ? [{ kind: 'hidden_directory', at }] : [];
		return [{ kind: 'read_only', at, from }];
	});
}

/** A workspace below /tmp is the agent's own: what is read-only in it must be held there, not left to the workspace. */
function isReserved(path: PathPattern, workspace: PathPattern): boolean {
	if (path.segments.length === 0 || isCovered(reserved, path)) return true;
	return isCovered([temporary], path) && !coversPath(workspace, path);
}

function workspaceGrant(
	rules: PathRules,
	capabilities: RenderCapabilities,
	deny: readonly PathPattern[],
	gaps: Gap[],
): readonly Mount[] {
	const at = rules.workspace;
	if (isCovered(deny, at)) return [];
	const value = nameOf(rules, rules.workspace);
	const system = [...reserved, ...systemPaths.map(absolutePath)];
	if (system.some((one) => coversPath(one, at) || coversPath(at, one)) || rules.workspace_host.segments.length === 0) {
		gaps.push(gap(value, 'this place belongs to the system, so there is no workspace'));
		return [];
	}
	if (rules.read_only.some((path) => pathText(path) === value)) return [];
	if (kindOf(capabilities, rules.workspace_host) === 'absent') return [{ kind: 'hidden_directory', at }];
	return [{ kind: 'read_write', at, from: rules.workspace_host }];
}

function scratch({ home, workspace }: PathRules): readonly Mount[] {
	const places: Mount[] = [
		{ kind: 'devices', at: absolutePath('/dev') },
		{ kind: 'proc', at: absolutePath('/proc') },
		{ kind: 'scratch', at: absolutePath('/run') },
		{ kind: 'scratch', at: temporary },
	];
	// In the workspace a home of memory would leave a directory behind on the host.
	const apart = home.segments.length > 0 && !isCovered([workspace, ...reserved, absolutePath('/usr')], home);
	return apart ? [...places, { kind: 'scratch', at: home }] : places;
}

/** The programs of the host that the agent is started with, where the system directories do not hold them. */
function programs(capabilities: RenderCapabilities, real: (path: PathPattern) => PathPattern): readonly Mount[] {
	return Object.keys(capabilities.binaries)
		.sort()
		.filter((name) => name !== 'bwrap')
		.map((name) => real(absolutePath(capabilities.binaries[name]!)))
		.filter((path) => path.segments.length > 1 && !isCovered(reserved, path))
		.map((at) => ({ kind: 'read_only', at, from: at }));
}

/** Leaves out what the mount around it shows anyway, in the same way. */
function withoutRedundant(mounts: readonly Mount[]): readonly Mount[] {
	return mounts.filter((mount) => {
		if (mount.kind !== 'read_only') return true;
		const around = enclosing(mounts, mount.at);
		return (
			around?.kind !== 'read_only' || pathText(movePath(mount.at, around.at, around.from)) !== pathText(mount.from)
		);
	});
}

/** The innermost mount that has `path` strictly below it. */
function enclosing(mounts: readonly Mount[], path: PathPattern): Mount | undefined {
	return mounts.findLast(({ at }) => coversPath(at, path) && !coversPath(path, at));
}

function hide(path: PathPattern, mounts: readonly Mount[], capabilities: RenderCapabilities): readonly Mount[] {
	const around = enclosing(mounts, path);
	if (around === undefined || (around.kind !== 'read_only' && around.kind !== 'read_write')) return [];
	const kind = kindOf(capabilities, movePath(path, around.at, around.from));
	if (kind === 'absent') return [];
	// Of unknown kind: an empty directory. Where a file or a link is, or nothing can be made, bwrap does not start.
	return [{ kind: kind === 'file' ? 'hidden_file' : 'hidden_directory', at: path }];
}

/**
 * A directory of the workspace with something hidden or read-only in it becomes a mount of its own: the agent cannot rename
 * it, and so cannot bring its content out of the rule's reach for the next start.
 */
function pinParents(
	mounts: readonly Mount[],
	hidden: readonly Mount[],
	rules: PathRules,
	capabilities: RenderCapabilities,
): readonly Mount[] {
	const workspace = mounts.find((mount) => mount.kind === 'read_write');
	if (workspace === undefined) return [];
	const all = [...mounts, ...hidden].sort(byPlace);
	const taken = new Set(all.map(({ at }) => pathText(at)));
	const held = strictlyBelow(
		all.map(({ at }) => at),
		workspace.at,
	);
	const known = held.filter((path) => {
		const kind = kindOf(capabilities, onHost(rules, path));
		return kind === 'directory' || kind === 'file';
	});
	const parents = known.flatMap((path) =>
		path.segments.slice(workspace.at.segments.length + 1).map(
			(_, index): PathPattern => ({
				root: '/',
				segments: path.segments.slice(0, workspace.at.segments.length + 1 + index),
			}),
		),
	);
	return sortedPaths(parents)
		.filter((path) => !taken.has(pathText(path)) && enclosing(all, path) === workspace)
		.map((at) => ({ kind: 'read_write', at, from: movePath(at, workspace.at, rules.workspace_host) }));
}

function gap(value: string, why: string): Gap {
	return { aspect: 'filesystem', value, why };
}
