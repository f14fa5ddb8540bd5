import {
	type CompiledPolicy,
	coversPath,
	domainText,
	type Gap,
	isIpAddress,
	type PathPattern,
	pathText,
	type RenderCapabilities,
	type Rendered,
} from '@tappass/core';
import { type AdditiveGrants, additiveGrants, linuxSystem, macosSystem } from '../additive-grants.ts';
import { planeEndpoints } from '../agent-plane.ts';
import { denyInsideAllow, domainRules, unknownCategoryGaps } from '../domains.ts';
import { hostRules, pathRules } from '../paths.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import type { NonoNetwork, NonoProfile } from './schema.ts';

/** Pure and total. The agent sees the host's own paths, so the workspace is where it is on the host. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const rules = hostRules(pathRules(policy.filesystem, capabilities));
	const domains = domainRules(policy.network, capabilities);
	const grants = additiveGrants(rules, {
		isSafe,
		binaries: capabilities.binaries,
		system: capabilities.os === 'macos' ? macosSystem : linuxSystem,
		refuse: (path) =>
			coversPath(path, rules.home)
				? 'the target itself denies places in the home directory, and does not start with a grant around them'
				: undefined,
	});
	const profile: NonoProfile = {
		meta: { name: 'tappass', version: '1.0.0' },
		groups: { exclude: ownGrants },
		security: { signal_mode: 'isolated', process_info_mode: 'isolated', capability_elevation: false },
		filesystem: filesystem(grants),
		workdir: { access: 'none' },
		network: network(policy, capabilities, domains),
		environment: environment(pathText(rules.workspace_host)),
		// With `landlock` alone UDP, vsock and netlink are open, and so is the proxy's port on any machine.
		linux: { af_unix_mediation: 'pathname', sandbox_policy: 'auto' },
	};
	return {
		files: [{ path: 'nono-profile.json', content: jsonFile(profile), mode: 0o644 }],
		args: ['run', '--silent', '--profile', 'nono-profile.json', '--workdir', pathText(rules.workspace_host)],
		// It would ask a server on the internet for a newer version, with an id of its own.
		env: { NONO_NO_UPDATE_CHECK: '1' },
		gaps: sortedGaps([...grants.gaps, ...addressGaps(domains), ...unknownCategoryGaps(domains)]),
	};
}

/** Groups of the target's default profile that grant something; ours grant less, and are split around what is denied. */
const ownGrants: readonly string[] = [
	'homebrew_linux',
	'homebrew_macos',
	'system_read_linux_core',
	'system_read_macos',
	'system_write_linux',
	'system_write_macos',
	'user_tools',
];
/** Variables that pass; without a list every one of the host's would. */
const variables: readonly string[] = [
	'ANTHROPIC_BASE_URL',
	'HOME',
	'LANG',
	'LC_*',
	'LOGNAME',
	'OPENAI_BASE_URL',
	'PATH',
	'SHELL',
	'TAPPASS_*',
	'TERM',
	'TMPDIR',
	'TZ',
	'USER',
];

/** The target's own state lies in its home, which it refuses to share: the agent's is the workspace. */
function environment(workspace: string): NonoProfile['environment'] {
	return { allow_vars: variables, ...(isSafe(workspace) && { set_vars: { HOME: workspace } }) };
}

/** The target's proxy looks at names; it dials loopback and private addresses too. */
function addressGaps({ allow }: ReturnType<typeof domainRules>): readonly Gap[] {
	if (allow.length === 0) return [];
	const why =
		'an allowed name may lead to the machine itself or its private network: the target looks at names, not at where they lead';
	return [{ aspect: 'network', value: 'allow_domains', why }];
}

/** `$` begins a variable anywhere in a path there, and the others are patterns. */
function isSafe(text: string): boolean {
	return !/[\u0000-\u001f\u007f$*?[\]{}]/.test(text);
}

function filesystem({ read, write }: AdditiveGrants): NonoProfile['filesystem'] {
	const isDevice = (path: PathPattern): boolean => path.segments[0] === 'dev';
	return {
		allow: write.filter((path) => !isDevice(path)).map(pathText),
		allow_file: write.filter(isDevice).map(pathText),
		read: read.map(pathText),
	};
}

function network(
	policy: CompiledPolicy,
	capabilities: RenderCapabilities,
	domains: ReturnType<typeof domainRules>,
): NonoNetwork {
	const plane = planeEndpoints(policy, capabilities);
	const named = plane.filter(({ host, loopback }) => !loopback && !isIpAddress(host)).map(({ host }) => host);
	const allow = [...new Set([...domains.allow.map(domainText), ...named])].sort();
	const deny = denyInsideAllow(domains).map(domainText);
	const ports = [...new Set(plane.filter(({ loopback }) => loopback).map(({ port }) => port))].sort((a, b) => a - b);
	return {
		block: allow.length === 0,
		...(allow.length > 0 && { allow_domain: allow }),
		...(deny.length > 0 && { deny_domain: deny }),
		...(ports.length > 0 && { open_port: ports }),
	};
}
