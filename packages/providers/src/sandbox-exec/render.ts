import {
	type CompiledPolicy,
	coversPath,
	domainText,
	type Gap,
	type PathPattern,
	pathText,
	type RenderCapabilities,
	type Rendered,
} from '@tappass/core';
import { macosSystem } from '../additive-grants.ts';
import { planeEndpoints } from '../agent-plane.ts';
import { domainRules, unknownCategoryGaps } from '../domains.ts';
import {
	absolutePath,
	hostRules,
	isCovered,
	movePath,
	nameOf,
	type PathRules,
	pathRules,
	sortedPaths,
	strictlyBelow,
} from '../paths.ts';
import { sortedGaps } from '../target.ts';
import { printProfile, type SeatbeltFilter, type SeatbeltRule, safeText } from './schema.ts';

/** Pure and total. The agent sees the host's own paths, so the workspace is where it is on the host. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const rules = resolved(hostRules(pathRules(policy.filesystem, capabilities)));
	const domains = domainRules(policy.network, capabilities);
	const files = filesystem(rules, capabilities);
	const ports = planeEndpoints(policy, capabilities).filter(({ loopback }) => loopback);
	const network = ports.map(
		({ port }): SeatbeltRule => allow(['network-outbound'], [{ kind: 'remote', address: `localhost:${port}` }]),
	);
	return {
		files: [{ path: 'sandbox-exec.sb', content: printProfile([...process, ...files.rules, ...network]), mode: 0o644 }],
		args: ['-f', 'sandbox-exec.sb'],
		env: {},
		gaps: sortedGaps([
			...files.gaps,
			...unknownCategoryGaps(domains),
			...domains.allow.map(
				(pattern): Gap => ({
					aspect: 'network',
					value: domainText(pattern),
					why: 'the target sees addresses, not names, so the domain is not reachable',
				}),
			),
		]),
	};
}

function allow(operations: readonly string[], filters: readonly SeatbeltFilter[] = []): SeatbeltRule {
	return { effect: 'allow', operations, filters };
}

/** What any process needs of the kernel, after the operations that `(deny default)` leaves open. */
const process: readonly SeatbeltRule[] = [
	{
		effect: 'deny',
		operations: ['file-map-executable', 'iokit-get-properties', 'nvram*', 'process-info*'],
		filters: [],
	},
	allow(['process-fork', 'sysctl-read']),
	allow(['process-info*', 'signal'], [{ kind: 'own_processes' }]),
];
const reading = ['file-map-executable', 'file-read*', 'process-exec*'];

/** Directories that are links on macOS: rules hold for where they lead. */
const links: readonly (readonly [PathPattern, PathPattern])[] = ['/etc', '/tmp', '/var'].map((path) => [
	absolutePath(path),
	absolutePath(`/private${path}`),
]);

function real(path: PathPattern): PathPattern {
	const found = links.find(([link]) => coversPath(link, path));
	return found === undefined ? path : movePath(path, found[0], found[1]);
}

function resolved(rules: PathRules): PathRules {
	const all = [...rules.deny, ...rules.read_only, rules.workspace];
	return {
		...rules,
		names: new Map([...rules.names, ...all.map((path) => [pathText(real(path)), nameOf(rules, path)] as const)]),
		workspace: real(rules.workspace),
		read_only: rules.read_only.map(real),
		deny: rules.deny.map(real),
	};
}

function filesystem(
	rules: PathRules,
	capabilities: RenderCapabilities,
): { rules: readonly SeatbeltRule[]; gaps: readonly Gap[] } {
	const gaps: Gap[] = [];
	const unwritable = rules.deny.filter((path) => !safeText.test(pathText(path)));
	const mayGrant = (path: PathPattern): boolean => {
		if (isCovered(rules.deny, path)) return false;
		const [inside] = strictlyBelow(unwritable, path);
		const why = !safeText.test(pathText(path))
			? 'this name cannot be written safely in the format of the target'
			: inside !== undefined &&
				`${pathText(inside)} in it is denied, and cannot be written safely in the format of the target`;
		if (why !== false) gaps.push({ aspect: 'filesystem', value: nameOf(rules, path), why });
		return why === false;
	};
	const programs = Object.values(capabilities.binaries).map((path) => real(absolutePath(path)));
	const system = [...macosSystem.read, ...macosSystem.write].map(absolutePath);
	const isPlain = (path: PathPattern): boolean =>
		!isCovered(rules.deny, path) && strictlyBelow(unwritable, path).length === 0;
	const read = [...[...system, ...programs].filter((path) => safeText.test(pathText(path)) && isPlain(path))];
	const write = macosSystem.write.map(absolutePath).filter(isPlain);
	const granted = rules.read_only.filter(mayGrant);
	// What is read-only in the workspace and cannot be named would stay writable there.
	const held = rules.read_only.filter((path) => coversPath(rules.workspace, path));
	const heldSafely = held.every((path) => safeText.test(pathText(path)));
	const workspace = mayGrant(rules.workspace) ? [rules.workspace] : [];
	if (workspace.length > 0 && !heldSafely)
		gaps.push({
			aspect: 'filesystem',
			value: nameOf(rules, rules.workspace),
			why: 'a read-only path in it cannot be written safely in the format of the target, so all of it is read-only',
		});
	for (const path of unwritable.filter((one) => isCovered(system, one)))
		gaps.push({
			aspect: 'filesystem',
			value: nameOf(rules, path),
			why: 'the name cannot be written safely, so the system directory around it is left out whole',
		});
	const subpaths = (paths: readonly PathPattern[]): readonly SeatbeltFilter[] =>
		paths.map((path) => ({ kind: 'subpath', path: pathText(path) }));
	const rule = (
		effect: 'allow' | 'deny',
		operations: readonly string[],
		paths: readonly PathPattern[],
	): readonly SeatbeltRule[] => (paths.length === 0 ? [] : [{ effect, operations, filters: subpaths(paths) }]);
	const denied = rules.deny.filter((path) => safeText.test(pathText(path)));
	// Scratch space around what may be read only would let it be written; the workspace may lie in either.
	const heldScratch = rules.read_only.filter((path) => isCovered(write, path));
	const unnamed = heldScratch.filter((path) => !safeText.test(pathText(path)));
	const scratch = write.filter((path) => !unnamed.some((one) => coversPath(path, one)));
	for (const path of unnamed)
		gaps.push({
			aspect: 'filesystem',
			value: nameOf(rules, path),
			why: 'the name cannot be written safely, so nothing around it can be written either',
		});
	const named = heldScratch.filter((path) => safeText.test(pathText(path)));
	const fixed = sortedPaths(
		[...scratch, rules.workspace].flatMap((around) => parentsWithin(around, [...held, ...named, ...denied])),
	);
	return {
		gaps,
		rules: [
			// Every program asks for the root directory itself before anything else.
			allow(['file-read*'], [{ kind: 'literal', path: '/' }]),
			...rule('allow', reading, [...read, ...granted, ...workspace]),
			...rule('allow', ['file-write*'], scratch),
			...rule('deny', ['file-write*'], named),
			...rule('allow', ['file-write*'], heldSafely ? workspace : []),
			...rule('deny', ['file-write*'], heldSafely ? held : []),
			...rule('deny', [...reading, 'file-write*'], denied),
			...(fixed.length === 0
				? []
				: [
						{
							effect: 'deny',
							operations: ['file-write-unlink'],
							filters: fixed.map((path): SeatbeltFilter => ({ kind: 'literal', path: pathText(path) })),
						} as const,
					]),
		],
	};
}

/** Directories of a place that can be written, above these paths: renamed, they would take what is in them out of the rules' reach. */
function parentsWithin(around: PathPattern, paths: readonly PathPattern[]): readonly PathPattern[] {
	const parents = strictlyBelow(paths, around).flatMap(({ segments }) =>
		segments
			.slice(around.segments.length)
			.map((_, index): PathPattern => ({ root: '/', segments: segments.slice(0, around.segments.length + index) })),
	);
	return sortedPaths(parents).filter((path) => safeText.test(pathText(path)));
}
