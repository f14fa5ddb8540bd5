import {
	type CompiledPolicy,
	domainText,
	type Gap,
	type PathPattern,
	pathText,
	type RenderCapabilities,
	type Rendered,
	toWireName,
} from '@tappass/core';
import { stringify } from 'smol-toml';
import { type DomainRules, denyInsideAllow, domainRules, unknownCategoryGaps } from '../domains.ts';
import { harnessGaps } from '../harness-gaps.ts';
import { type HarnessTools, harnessTools } from '../harness-tools.ts';
import { absolutePath, isCovered, type PathRules, pathRules } from '../paths.ts';
import { sortedGaps } from '../target.ts';
import { brokerServer, splitTools } from '../tool-names.ts';
import {
	type Access,
	configFile,
	type ManagedConfig,
	managedFolder,
	profile,
	type Requirements,
	requirementsFile,
} from './schema.ts';
import { codexTools, featuresOff, switches, unswitched, writers } from './tools.ts';

/**
 * Pure and total. One permission profile replaces the sandbox modes (the two do not mix), features pin which tools there
 * are, and the only MCP server is the broker, with its allowed tools by name.
 */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const tools = harnessTools(policy.tools, capabilities, codexTools);
	const domains = domainRules(policy.network, capabilities);
	const rules = pathRules(policy.filesystem, capabilities);
	const hasBroker = tools.broker_allowed.length > 0;
	const sandboxed = hasSandbox(capabilities);
	const requirements: Requirements = {
		...(sandboxed
			? { default_permissions: profile }
			: { allowed_sandbox_modes: ['read-only', 'danger-full-access'] as const }),
		allowed_approval_policies: ['never'],
		allowed_web_search_modes: tools.builtin.has('web_search') ? ['cached', 'live'] : [],
		allow_managed_hooks_only: true,
		model_provider: profile,
		features: features(tools),
		mcp_servers: hasBroker ? { [brokerServer]: { identity: { url: capabilities.mcp_url } } } : {},
		model_providers: {
			[profile]: { name: 'TapPass LLM Gateway', base_url: capabilities.gateway_url, wire_api: 'responses' },
		},
		...(sandboxed
			? {
					allowed_permission_profiles: { [profile]: true as const },
					experimental_network: {
						enabled: true as const,
						managed_allowed_domains_only: true as const,
						allow_local_binding: false as const,
						domains: domainTable(domains),
					},
					permissions: { [profile]: { filesystem: fileTable(rules, tools, capabilities) } },
				}
			: {}),
	};
	const config: ManagedConfig = {
		...(sandboxed ? {} : { sandbox_mode: 'danger-full-access' as const }),
		web_search: tools.builtin.has('web_search') ? 'cached' : 'disabled',
		mcp_servers: hasBroker
			? {
					[brokerServer]: {
						url: capabilities.mcp_url,
						enabled_tools: tools.broker_allowed.map(({ tool }) => toWireName(tool)).sort(),
						disabled_tools: tools.broker_denied.map(({ tool }) => toWireName(tool)).sort(),
						// Nobody is there to ask; the broker decides each call.
						default_tools_approval_mode: 'approve',
					},
				}
			: {},
	};
	const folder = managedFolder[capabilities.os];
	return {
		files: [
			{ path: `${folder}${configFile}`, content: tomlFile(config), mode: 0o644 },
			{ path: `${folder}${requirementsFile}`, content: tomlFile(requirements), mode: 0o644 },
		],
		args: [],
		env: {},
		gaps: sortedGaps([
			...harnessGaps(policy),
			...tools.gaps,
			...unknownCategoryGaps(domains),
			...deniedToolGaps(policy, tools, capabilities),
			...searchGaps(tools),
			...sandboxGaps(capabilities),
		]),
	};
}

function tomlFile(value: Requirements | ManagedConfig): string {
	return `${stringify(value).trim()}\n`;
}

function sortedTable<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
	return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

// `*.x` stands for any depth below `x` and not for `x` itself, as in a policy.
function domainTable(domains: DomainRules): Readonly<Record<string, 'allow' | 'deny'>> {
	return sortedTable<'allow' | 'deny'>([
		...domains.allow.map((one) => [domainText(one), 'allow'] as const),
		...denyInsideAllow(domains).map((one) => [domainText(one), 'deny'] as const),
	]);
}

function features(tools: HarnessTools): Readonly<Record<string, boolean>> {
	const on = new Set([...tools.builtin].flatMap((name) => switches[name] ?? []));
	const known = [...featuresOff, ...Object.values(switches).flat()];
	return sortedTable([...new Set(known)].map((name) => [name, on.has(name)] as const));
}

/** The nearest entry decides, so a grant inside something denied is left out: there, the denial must stay the nearest. */
function fileTable(
	rules: PathRules,
	tools: HarnessTools,
	{ home, binaries }: RenderCapabilities,
): Readonly<Record<string, Access>> {
	const writes = writers.some((name) => tools.builtin.has(name));
	// The sandbox starts the program itself, by a link in its own directory.
	const own = [`${home}/.codex/tmp`, ...(binaries['codex'] === undefined ? [] : [binaries['codex']])].map(absolutePath);
	const isGrantable = (path: PathPattern): boolean => !isCovered(rules.deny, path) && !/[*?[\]{}]/.test(pathText(path));
	const entries: (readonly [PathPattern, Access])[] = [
		...own.filter((path) => isGrantable(path)).map((path) => [path, 'read'] as const),
		...[rules.workspace].filter(isGrantable).map((path) => [path, writes ? 'write' : 'read'] as const),
		...rules.read_only.filter(isGrantable).map((path) => [path, 'read'] as const),
		...rules.deny.map((path) => [path, 'deny'] as const),
	];
	// A later entry for the same path is the stricter one.
	const table = new Map(entries.map(([path, access]) => [pathText(path), access]));
	return sortedTable<Access>([[':minimal', 'read'], ...table.entries()]);
}

/** Denied tools that are offered all the same. */
function deniedToolGaps(policy: CompiledPolicy, tools: HarnessTools, capabilities: RenderCapabilities): readonly Gap[] {
	const { denied } = splitTools(policy.tools, capabilities);
	// Without a profile nothing makes the workspace read-only.
	const canWrite = !hasSandbox(capabilities) || writers.some((name) => tools.builtin.has(name));
	const stays = (name: string): boolean =>
		name === 'request_user_input' || (name === 'apply_patch' && canWrite && unswitched.includes(name));
	return denied
		.filter(({ kind, names }) => kind === 'builtin' && names.some(stays))
		.map(({ tool, names }) => ({
			aspect: 'tools',
			value: tool,
			why: `no setting takes ${names.filter(stays).join(' and ')} away`,
		}));
}

function searchGaps(tools: HarnessTools): readonly Gap[] {
	return tools.builtin.has('web_search')
		? [
				{
					aspect: 'network',
					value: 'web_search',
					why: 'searches run at the model vendor, which knows no list of domains',
				},
			]
		: [];
}

/**
 * Whether the program may build a sandbox of its own. On Linux a host says so by naming bubblewrap; where its kernel ring
 * forbids user namespaces the program would end at the start, or run no command.
 */
function hasSandbox({ os, binaries }: RenderCapabilities): boolean {
	return os !== 'linux' || binaries['bwrap'] !== undefined;
}

/** What stays open when there is no sandbox, or none that was seen to hold. */
function sandboxGaps(capabilities: RenderCapabilities): readonly Gap[] {
	const { os, target_version } = capabilities;
	const [, major, minor] = /^(\d+)\.(\d+)\./.exec(target_version ?? '') ?? [];
	// An older program warns of a permission profile and runs without.
	const isOld = minor !== undefined && Number(major) === 0 && Number(minor) < 138;
	const why = !hasSandbox(capabilities)
		? 'the harness may not build a sandbox here, so it holds neither paths nor hosts'
		: isOld
			? `version ${target_version} knows no permission profiles`
			: os === 'windows'
				? 'the sandbox of Windows was not tried'
				: undefined;
	return why === undefined
		? []
		: (['filesystem', 'network'] as const).map((aspect) => ({ aspect, value: 'sandbox', why }));
}
