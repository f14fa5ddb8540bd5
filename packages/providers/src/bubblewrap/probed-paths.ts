import { type CompiledPolicy, coversPath, type PathPattern, pathText, type RenderCapabilities } from '@tappass/core';
import { absolutePath, movePath, onHost, pathRules, sortedPaths } from '../paths.ts';
import { mergedLinks, throughLinks } from './mounts.ts';

/**
 * Paths of the host whose kind rendering asks for, sorted. The host looks at each right before the start, following no
 * link, and gives what it finds as `capabilities.path_kinds`; a path that is a link, leads through one, or is neither
 * directory nor file is left out.
 */
export function probedPaths(
	policy: CompiledPolicy,
	capabilities: Pick<RenderCapabilities, 'home' | 'workspace_host'>,
): readonly string[] {
	const rules = pathRules(policy.filesystem, capabilities);
	const { workspace_host } = rules;
	const workspace = throughLinks(rules.workspace, mergedLinks);
	const places = [rules.workspace, workspace];
	const names = (path: PathPattern): readonly PathPattern[] => [
		path,
		...places.map((place) => onHost({ ...rules, workspace: place }, path)),
		...(coversPath(workspace_host, path) ? places.map((place) => movePath(path, workspace_host, place)) : []),
	];
	const named = [...rules.deny, ...rules.read_only].flatMap((path) => [path, throughLinks(path, mergedLinks)]);
	const links = mergedLinks.map(([link]) => absolutePath(link));
	return sortedPaths([...links, workspace_host, ...named.flatMap(names)]).map(pathText);
}
