import { type CompiledPolicy, type PathPattern, parsePathPattern, pathText, resolveHome } from '@tappass/core';
import type fc from 'fast-check';
import { absolutePath } from '../paths.ts';
import { arbitraryPath } from './arbitrary.ts';
import { caseCapabilities } from './golden.ts';

/** Absolute paths that a policy names, with what lies in and around them: where a rule that is off by one shows. */
export function nearbyPaths(policy: CompiledPolicy): readonly PathPattern[] {
	const { workspace, read_only, deny_paths } = policy.filesystem;
	const capabilities = caseCapabilities();
	const home = absolutePath(capabilities.home);
	const host = absolutePath(capabilities.workspace_host);
	const inside = parsePathPattern(workspace).pattern!;
	const named = [workspace, ...read_only, ...deny_paths].map((text) =>
		resolveHome(parsePathPattern(text).pattern!, home),
	);
	const moved = named
		.filter((path) => pathText(path).startsWith(pathText(inside)))
		.map(
			(path): PathPattern => ({
				root: '/',
				segments: [...host.segments, ...path.segments.slice(inside.segments.length)],
			}),
		);
	const around = [...named, ...moved, home, host].flatMap((path): readonly PathPattern[] => [
		path,
		{ root: '/', segments: [...path.segments, 'below'] },
		{ root: '/', segments: path.segments.slice(0, -1) },
		{ root: '/', segments: [...path.segments.slice(0, -1), `${path.segments.at(-1) ?? ''}-next`] },
	]);
	return around.filter(({ segments }) => segments.length > 0);
}

/** Any absolute path. */
export const anyPath: fc.Arbitrary<PathPattern> = arbitraryPath.map(absolutePath);
