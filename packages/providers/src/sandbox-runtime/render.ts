import {
	type CompiledPolicy,
	coversPath,
	type DomainPattern,
	domainText,
	type Gap,
	isIpAddress,
	type PathPattern,
	pathText,
	type RenderCapabilities,
	type Rendered,
} from '@tappass/core';
import { linuxSystem, macosSystem } from '../additive-grants.ts';
import { type PlaneEndpoint, planeEndpoints } from '../agent-plane.ts';
import { denyInsideAllow, domainRules, unknownCategoryGaps } from '../domains.ts';
import {
	absolutePath,
	hostRules,
	isCovered,
	nameOf,
	type PathRules,
	pathRules,
	sortedPaths,
	strictlyBelow,
} from '../paths.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import type { LiteralPath, SandboxRuntimeSettings } from './schema.ts';

/** Pure and total. The agent sees the host's own paths, so the workspace is where it is on the host. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const rules = hostRules(pathRules(policy.filesystem, capabilities));
	const files = filesystem(rules, capabilities);
	const domains = domainNames(policy, capabilities);
	const settings: SandboxRuntimeSettings = {
		network: {
			allowedDomains: domains.allow,
			deniedDomains: domains.deny,
			strictAllowlist: true,
			deniedResolvedAddresses: privateAddresses,
		},
		filesystem: files.settings,
	};
	return {
		files: [{ path: 'sandbox-runtime.json', content: jsonFile(settings), mode: 0o644 }],
		args: ['--settings', 'sandbox-runtime.json'],
		env: { TMPDIR: pathText(socketDirectory(rules)) },
		gaps: sortedGaps([...files.gaps, ...domains.gaps]),
	};
}

/** Names must not lead to private addresses: those are the Runtime's to allow. */
const privateAddresses: readonly string[] = [
	'10.0.0.0/8',
	'100.64.0.0/10',
	'172.16.0.0/12',
	'192.168.0.0/16',
	'fc00::/7',
];

/** Kernel directories: the target keeps them whatever is denied. */
const kernelDirectories: readonly PathPattern[] = ['/dev', '/proc', '/sys'].map(absolutePath);

function filesystem(
	rules: PathRules,
	capabilities: RenderCapabilities,
): { settings: SandboxRuntimeSettings['filesystem']; gaps: readonly Gap[] } {
	const system = capabilities.os === 'macos' ? macosSystem : linuxSystem;
	const programs = Object.values(capabilities.binaries);
	const allowed = (paths: readonly PathPattern[]): readonly PathPattern[] =>
		sortedPaths(paths.filter((path) => !isCovered(rules.deny, path) && !isCovered(kernelDirectories, path)));
	const allowRead = allowed([
		...[...system.read, ...programs].map(absolutePath),
		// `/` allowed back would lift every other denial.
		...rules.read_only.filter((path) => path.segments.length > 0),
		rules.workspace,
		socketDirectory(rules),
	]);
	const held = rules.read_only.filter((path) => coversPath(rules.workspace, path));
	const deniedInside = allowRead.flatMap((path) => strictlyBelow(rules.deny, path));
	const allowWrite = allowed(held.some((path) => coversPath(path, rules.workspace)) ? [] : [rules.workspace]);
	const denyWrite =
		allowWrite.length === 0
			? []
			: [...strictlyBelow(held, rules.workspace), ...strictlyBelow(rules.deny, rules.workspace)];
	const gaps = [
		...rules.read_only
			.filter((path) => path.segments.length === 0)
			.map((path) => gap(nameOf(rules, path), 'the whole file system cannot be allowed back in: name what is in it')),
		...rules.deny
			.filter((path) => kernelDirectories.some((one) => coversPath(one, path) || coversPath(path, one)))
			.map((path) => gap(nameOf(rules, path), 'the target keeps /dev, /proc and /sys whatever is denied')),
	];
	return {
		settings: {
			denyRead: [absolutePath('/'), ...sortedPaths(deniedInside)].map(literal),
			allowRead: allowRead.map(literal),
			allowWrite: allowWrite.map(literal),
			denyWrite: sortedPaths(denyWrite).map(literal),
		},
		gaps,
	};
}

/**
 * Where the target puts the sockets of its proxies, beside the workspace. In /tmp, its own choice, they would be gone with
 * everything else that is denied, and allowing /tmp back would show the files of others.
 */
function socketDirectory({ workspace_host: { segments } }: PathRules): PathPattern {
	return { root: '/', segments: [...segments.slice(0, -1), `${segments.at(-1) ?? 'tappass'}-sockets`] };
}

function literal(path: PathPattern): LiteralPath {
	return { path: pathText(path), literal: true };
}

function gap(value: string, why: string): Gap {
	return { aspect: 'filesystem', value, why };
}

function domainNames(
	policy: CompiledPolicy,
	capabilities: RenderCapabilities,
): { allow: readonly string[]; deny: readonly string[]; gaps: readonly Gap[] } {
	const rules = domainRules(policy.network, capabilities);
	const isExpressible = ({ name }: DomainPattern): boolean => name.includes('.') || name === 'localhost';
	const expressible = rules.allow.filter(isExpressible);
	const plane = planeEndpoints(policy, capabilities).filter(isNamed).map(planeText);
	const allow = [...new Set([...expressible.map(domainText), ...plane])].sort();
	const refused = rules.allow
		.filter((pattern) => !isExpressible(pattern))
		.map(
			(pattern): Gap => ({
				aspect: 'network',
				value: domainText(pattern),
				why: 'the target takes no name of one label, and no wildcard over one',
			}),
		);
	return {
		allow,
		deny: allow.length === 0 ? ['*'] : denyInsideAllow({ ...rules, allow: expressible }).map(domainText),
		gaps: [...unknownCategoryGaps(rules), ...refused],
	};
}

function isNamed({ host }: PlaneEndpoint): boolean {
	return host.includes('.') || host.includes(':') || host === 'localhost';
}

function planeText({ host, port }: PlaneEndpoint): string {
	return isIpAddress(host) && host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
