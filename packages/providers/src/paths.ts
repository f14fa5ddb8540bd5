import {
	coversPath,
	type FilesystemAspect,
	type PathPattern,
	parsePathPattern,
	pathText,
	type RenderCapabilities,
	resolveHome,
} from '@tappass/core';

/** The filesystem Aspect with `~` resolved: absolute, sorted, without repeats. Paths are those inside the sandbox. */
export interface PathRules {
	readonly workspace: PathPattern;
	/** Where the workspace is on the host. */
	readonly workspace_host: PathPattern;
	readonly home: PathPattern;
	readonly read_only: readonly PathPattern[];
	/** Wins over everything else. */
	readonly deny: readonly PathPattern[];
	/** Resolved path → the text by which the policy names it, which is what a gap says. */
	readonly names: ReadonlyMap<string, string>;
}

/** Reads the filesystem Aspect for one machine. */
export function pathRules(
	filesystem: FilesystemAspect,
	capabilities: Pick<RenderCapabilities, 'home' | 'workspace_host'>,
): PathRules {
	const home = absolutePath(capabilities.home);
	const texts = [...filesystem.deny_paths, ...filesystem.read_only, filesystem.workspace];
	return {
		names: new Map(texts.flatMap((text) => readPatterns([text], home).map((path) => [pathText(path), text]))),
		workspace: readPatterns([filesystem.workspace], home)[0] ?? { root: '/', segments: ['workspace'] },
		workspace_host: absolutePath(capabilities.workspace_host),
		home,
		read_only: readPatterns(filesystem.read_only, home),
		deny: readPatterns(filesystem.deny_paths, home),
	};
}

function readPatterns(texts: readonly string[], home: PathPattern): readonly PathPattern[] {
	const read = texts.map((text) => parsePathPattern(text).pattern).filter((pattern) => pattern !== undefined);
	return sortedPaths(read.map((pattern) => resolveHome(pattern, home)));
}

/** A path of the machine (not of a policy) in its one spelling: without `.`, `..`, doubled or trailing slashes. */
export function absolutePath(text: string): PathPattern {
	const segments: string[] = [];
	for (const segment of text.split('/')) {
		if (segment === '..') segments.pop();
		else if (segment !== '' && segment !== '.') segments.push(segment);
	}
	return { root: '/', segments };
}

/** Parents before what lies in them, without repeats. */
export function sortedPaths(paths: readonly PathPattern[]): readonly PathPattern[] {
	const unique = new Map(paths.map((path) => [pathText(path), path]));
	return [...unique.values()].sort(comparePaths);
}

/** Orders by segments, so that a parent always comes before what lies in it. */
export function comparePaths(a: PathPattern, b: PathPattern): number {
	for (let index = 0; index < Math.min(a.segments.length, b.segments.length); index += 1) {
		const [x, y] = [a.segments[index]!, b.segments[index]!];
		if (x !== y) return x < y ? -1 : 1;
	}
	return a.segments.length - b.segments.length;
}

/** `path` moved from below `from` to the same place below `to`. */
export function movePath(path: PathPattern, from: PathPattern, to: PathPattern): PathPattern {
	return { root: to.root, segments: [...to.segments, ...path.segments.slice(from.segments.length)] };
}

/** Where a path of the sandbox is on the host: the workspace has a place of its own there, everything else has not. */
export function onHost(rules: PathRules, path: PathPattern): PathPattern {
	return coversPath(rules.workspace, path) ? movePath(path, rules.workspace, rules.workspace_host) : path;
}

/**
 * The same rules for a target that cannot move paths: the agent sees the host's, so the workspace and what the policy says
 * about paths in it apply to where they are on the host. Denied paths count under both names.
 */
export function hostRules(rules: PathRules): PathRules {
	const moved = (paths: readonly PathPattern[]): readonly PathPattern[] =>
		sortedPaths(paths.map((path) => onHost(rules, path)));
	const all = [...rules.deny, ...rules.read_only, rules.workspace];
	const movedNames = all.map((path) => [pathText(onHost(rules, path)), nameOf(rules, path)] as const);
	return {
		...rules,
		names: new Map([...rules.names, ...movedNames]),
		workspace: rules.workspace_host,
		read_only: moved(rules.read_only),
		deny: sortedPaths([...rules.deny, ...moved(rules.deny)]),
	};
}

/** The text by which the policy names a path, or the path itself. */
export function nameOf(rules: PathRules, path: PathPattern): string {
	const text = pathText(path);
	return rules.names.get(text) ?? text;
}

/** Whether any of `outer` is `path` or has it below. */
export function isCovered(outer: readonly PathPattern[], path: PathPattern): boolean {
	return outer.some((one) => coversPath(one, path));
}

/** Paths of `paths` that lie below `grant` and are not it. */
export function strictlyBelow(paths: readonly PathPattern[], grant: PathPattern): readonly PathPattern[] {
	return paths.filter((path) => coversPath(grant, path) && !coversPath(path, grant));
}

/** Whether the policy lets the agent read `path`: what every rendered configuration is compared with. */
export function mayRead(rules: PathRules, path: PathPattern): boolean {
	return !isCovered(rules.deny, path) && isCovered([rules.workspace, ...rules.read_only], path);
}

/** Whether the policy lets the agent write `path`: in the workspace, except where that is read-only. */
export function mayWrite(rules: PathRules, path: PathPattern): boolean {
	if (isCovered(rules.deny, path) || !coversPath(rules.workspace, path)) return false;
	return !isCovered(
		rules.read_only.filter((one) => coversPath(rules.workspace, one)),
		path,
	);
}
