import {
	type CompiledPolicy,
	coversPath,
	domainText,
	type Gap,
	pathText,
	type RenderCapabilities,
	type Rendered,
	type RenderedFile,
} from '@tappass/core';
import { type DomainRules, domainRules, unknownCategoryGaps } from '../domains.ts';
import { absolutePath, isCovered, nameOf, type PathRules, pathRules } from '../paths.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import { type Mount, planMounts } from './mounts.ts';
import { type BubblewrapPlan, type EgressRules, egressSocket, keyringDirectory, relayPort } from './schema.ts';

/**
 * Pure and total. `args` are bwrap's own, up to what only the host knows: `bubblewrapCommand` puts that in. Nothing here
 * is ever read by a shell: paths are single arguments.
 */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const paths = pathRules(policy.filesystem, capabilities);
	const domains = domainRules(policy.network, capabilities);
	const { mounts, gaps, isShown } = planMounts(paths, capabilities);
	const relay = capabilities.binaries['socat'];
	const hasRelay = relay !== undefined && [relay, '/bin/sh'].every((path) => isShown(absolutePath(path)));
	const files = systemFiles(capabilities);
	return {
		files: [
			{ path: 'egress-rules.json', content: jsonFile(egressRules(domains, hasRelay)), mode: 0o644 },
			...files,
			{ path: 'plan.json', content: jsonFile(plan(paths, files, mounts, hasRelay ? relay : undefined)), mode: 0o644 },
		],
		args: [
			...isolation,
			...environment(mounts, paths),
			...mounts.flatMap(mountOptions),
			...workingDirectory(mounts, paths),
		],
		env: {},
		gaps: sortedGaps([
			...gaps,
			...unknownCategoryGaps(domains),
			...(hasRelay ? [] : domains.allow.map(withoutRelay)),
			...paths.deny
				.filter((path) => plumbing.some((one) => coversPath(path, one) || coversPath(one, path)))
				.map((path) => ours(nameOf(paths, path))),
		]),
	};
}

const isolation: readonly string[] = [
	'--unshare-all',
	'--unshare-user',
	'--disable-userns',
	'--cap-drop',
	'ALL',
	'--new-session',
	'--die-with-parent',
	'--hostname',
	'tappass',
	'--clearenv',
];
const plumbing = [egressSocket, keyringDirectory].map(absolutePath);

function egressRules(domains: DomainRules, hasRelay: boolean): EgressRules {
	return {
		schema: 'tappass.egress-rules/1',
		allow: hasRelay ? domains.allow.map(domainText) : [],
		deny: domains.deny.map(domainText),
	};
}

/** What /etc holds of ours: two names for the relay, one user, and no other way to look a name up. */
function systemFiles({ home, uid }: RenderCapabilities): readonly RenderedFile[] {
	// A home that a line of passwd cannot hold is left out: programs read HOME first.
	const safeHome = /^[\x21-\x39\x3b-\x7e]+$/.test(home) ? home : '/';
	const file = (path: string, content: string): RenderedFile => ({ path, content, mode: 0o644 });
	return [
		file('group', `agent:x:${uid}:\n`),
		file('hosts', '127.0.0.1 localhost\n127.0.0.1 inference.local\n127.0.0.1 mcp.local\n::1 localhost\n'),
		file('nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n'),
		file('passwd', `agent:x:${uid}:${uid}::${safeHome}:/bin/sh\n`),
	];
}

function plan(
	paths: PathRules,
	files: readonly RenderedFile[],
	mounts: readonly Mount[],
	relay: string | undefined,
): BubblewrapPlan {
	const inEtc = files.filter(({ path }) => !isCovered(paths.deny, absolutePath(`/etc/${path}`)));
	const scratchRun = mounts.some((mount) => mount.kind === 'scratch' && pathText(mount.at) === '/run');
	return {
		schema: 'tappass.bubblewrap-plan/1',
		files: Object.fromEntries(inEtc.map(({ path }) => [path, `/etc/${path}`])),
		egress_socket: relay === undefined ? null : egressSocket,
		keyring: keyringDirectory,
		seal: scratchRun ? ['/run', '/'] : ['/'],
		start: relay === undefined ? [] : ['/bin/sh', '-c', startRelay, 'tappass-start', relay],
	};
}

/**
 * The same words whatever the policy says. Starts the relay ($1), waits until the kernel lists its socket as listening
 * (state 0A at 127.0.0.1:3128 in hexadecimal), gives up when it has died, and becomes the agent's command.
 */
const startRelay: string = [
	`"$1" TCP4-LISTEN:${relayPort},bind=127.0.0.1,reuseaddr,fork,backlog=128 UNIX-CONNECT:${egressSocket} &`,
	'relay=$!; shift',
	'listening() { while read -r _ address _ state _; do [ "$address $state" = "0100007F:0C38 0A" ] && return 0; done </proc/net/tcp; return 1; }',
	'until listening; do kill -0 "$relay" 2>/dev/null || exit 70; done',
	'exec "$@"',
].join('\n');

function environment(mounts: readonly Mount[], { home }: PathRules): readonly string[] {
	const proxy = `http://127.0.0.1:${relayPort}`;
	const own = 'localhost,127.0.0.1,inference.local,mcp.local';
	const variables: Readonly<Record<string, string>> = {
		HOME: pathText(home),
		HTTPS_PROXY: proxy,
		HTTP_PROXY: proxy,
		LANG: 'C.UTF-8',
		NODE_USE_ENV_PROXY: '1',
		NO_PROXY: own,
		PATH: [...programDirectories(mounts), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
		TMPDIR: '/tmp',
		http_proxy: proxy,
		https_proxy: proxy,
		no_proxy: own,
	};
	return Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
}

/** Directories of the programs that are mounted one by one; a colon cannot stand in PATH. */
function programDirectories(mounts: readonly Mount[]): readonly string[] {
	const directories = mounts
		.filter((mount) => mount.kind === 'read_only' && mount.at.segments.at(-2) === 'bin')
		.map(({ at }) => pathText({ root: '/', segments: at.segments.slice(0, -1) }))
		.filter((text) => !text.includes(':'));
	return [...new Set(directories)].sort();
}

function mountOptions(mount: Mount): readonly string[] {
	const at = pathText(mount.at);
	switch (mount.kind) {
		case 'read_only':
			return [mount.optional ? '--ro-bind-try' : '--ro-bind', pathText(mount.from), at];
		case 'read_write':
			return ['--bind', pathText(mount.from), at];
		case 'scratch':
			return at === '/tmp' ? ['--perms', '1777', '--tmpfs', at] : ['--tmpfs', at];
		case 'proc':
			return ['--proc', at];
		case 'devices':
			return ['--dev', at];
		case 'hidden_directory':
			return ['--perms', '0555', '--tmpfs', at, '--remount-ro', at];
		case 'hidden_file':
			return ['--ro-bind', '/dev/null', at];
		case 'link':
			return ['--symlink', mount.to, at];
	}
}

function workingDirectory(mounts: readonly Mount[], { workspace }: PathRules): readonly string[] {
	const isThere = mounts.some(({ at, kind }) => kind === 'read_write' && pathText(at) === pathText(workspace));
	return ['--chdir', isThere ? pathText(workspace) : '/'];
}

function withoutRelay(pattern: DomainRules['allow'][number]): Gap {
	const why = 'the sandbox has no shell or no socat, which carries connections out of it, so nothing is reachable';
	return { aspect: 'network', value: domainText(pattern), why };
}

function ours(value: string): Gap {
	return {
		aspect: 'filesystem',
		value,
		why: 'the Keyring and the way out of the sandbox are mounted there',
	};
}
