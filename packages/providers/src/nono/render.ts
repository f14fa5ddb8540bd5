import {
	type CompiledPolicy,
	coversPath,
	domainText,
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
		environment: { allow_vars: variables },
		linux: { af_unix_mediation: 'pathname', sandbox_policy: 'landlock' },
	};
	return {
		files: [{ path: 'nono-profile.json', content: jsonFile(profile), mode: 0o644 }],
		args: ['run', '--profile', 'nono-profile.json', '--workdir', pathText(rules.workspace_host)],
		env: {},
		gaps: sortedGaps([...grants.gaps, ...unknownCategoryGaps(domains)]),
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
