import { domainText, type Gap, pathText, type RenderCapabilities } from '@tappass/core';
import { linuxSystem, macosSystem } from '../additive-grants.ts';
import { type DomainRules, denyInsideAllow } from '../domains.ts';
import { absolutePath, isCovered, sortedPaths } from '../paths.ts';
import type { ClaudePaths } from './paths.ts';
import type { SandboxSettings } from './schema.ts';

/**
 * The sandbox around commands, or undefined where the program cannot build one: on Linux it needs bubblewrap and socat. A
 * host whose kernel ring forbids user namespaces leaves them out of the capabilities.
 */
export function sandboxOf(
	paths: ClaudePaths,
	domains: DomainRules,
	{ os, binaries }: RenderCapabilities,
): SandboxSettings | undefined {
	const { bwrap, socat } = binaries;
	const hasTools = bwrap !== undefined && socat !== undefined;
	if (os === 'windows' || (os === 'linux' && !hasTools)) return undefined;
	const system = os === 'macos' ? macosSystem : linuxSystem;
	const deny = paths.deny.map(denied);
	const allowed = [...system.read, ...proxyFolders[os], ...paths.read]
		.map(absolutePath)
		// `/` allowed back would lift every other denial.
		.filter((path) => path.segments.length > 0 && !isCovered(deny.map(absolutePath), path));
	return {
		enabled: true,
		failIfUnavailable: true,
		allowUnsandboxedCommands: false,
		autoAllowBashIfSandboxed: false,
		excludedCommands: [],
		network: {
			allowedDomains: domains.allow.map(domainText),
			deniedDomains: denyInsideAllow(domains).map(domainText),
			allowManagedDomainsOnly: true,
			strictAllowlist: true,
			allowUnixSockets: [],
			allowLocalBinding: false,
		},
		filesystem: {
			denyRead: [...new Set(['/', ...deny])],
			allowRead: sortedPaths(allowed).map(pathText),
			allowManagedReadPathsOnly: true,
			allowWrite: paths.write === undefined ? [] : [paths.write],
			denyWrite: [...new Set([...paths.read_only, ...paths.deny].map(denied))].sort(),
		},
		...(os === 'linux' && hasTools ? { bwrapPath: bwrap, socatPath: socat } : {}),
	};
}

/** Where the program puts the sockets of the proxy that commands reach the network by. */
const proxyFolders = { linux: ['/tmp'], macos: [] } as const;

function denied(rule: string): string {
	return rule === '/**' ? '/' : rule;
}

/**
 * What commands can do beyond the policy. Without a sandbox a command is text: rules stop `cat secret`, and not a program
 * that opens the file. In it, writable paths of a repository's or a user's settings are added to ours.
 */
export function commandGaps(sandbox: SandboxSettings | undefined, workspace: string): readonly Gap[] {
	if (sandbox !== undefined) {
		const why = 'settings of the repository or the user can name more paths that commands may read and write';
		return [{ aspect: 'filesystem', value: workspace, why }];
	}
	const why = 'commands run without a sandbox of the harness, which only compares their text';
	return (['filesystem', 'network'] as const).map((aspect) => ({ aspect, value: 'Bash', why }));
}
