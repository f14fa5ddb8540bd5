import { type CompiledPolicy, domainText, type Gap, type RenderCapabilities, type Rendered } from '@tappass/core';
import { type DomainRules, domainRules, unknownCategoryGaps } from '../domains.ts';
import { harnessGaps } from '../harness-gaps.ts';
import { type HarnessTools, harnessTools } from '../harness-tools.ts';
import { pathRules } from '../paths.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import { brokerServer } from '../tool-names.ts';
import { type ClaudePaths, claudePaths, isFolded } from './paths.ts';
import { commandGaps, sandboxOf } from './sandbox.ts';
import { type ManagedMcp, type ManagedSettings, managedFolder, mcpFile, settingsFile } from './schema.ts';
import { claudeTools, editors, offeredTools, readers } from './tools.ts';

/**
 * Pure and total. A closed world by three means: `dontAsk` refuses what no rule allows, every known tool that the policy
 * does not allow is denied by name, and the only MCP server is the broker.
 */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const tools = harnessTools(policy.tools, capabilities, offeredTools);
	const domains = domainRules(policy.network, capabilities);
	const rules = pathRules(policy.filesystem, capabilities);
	const paths = claudePaths(rules);
	const sandbox = sandboxOf(paths, domains, capabilities);
	const hasBroker = tools.broker_allowed.length > 0;
	const baseUrl = capabilities.gateway_url.replace(/\/v1\/?$/, '');
	const settings: ManagedSettings = {
		permissions: {
			defaultMode: 'dontAsk',
			disableBypassPermissionsMode: 'disable',
			disableAutoMode: 'disable',
			allow: allowRules(tools, paths, domains),
			deny: denyRules(tools, paths, domains),
			additionalDirectories: readers.some((name) => tools.builtin.has(name)) ? paths.read : [],
		},
		allowManagedPermissionRulesOnly: true,
		allowManagedHooksOnly: true,
		allowManagedMcpServersOnly: true,
		allowedMcpServers: hasBroker ? [{ serverName: brokerServer }] : [],
		disableSideloadFlags: true,
		strictKnownMarketplaces: [],
		autoMemoryEnabled: false,
		// The check asks claude.ai, which a governed machine does not reach; the domains are ours to decide.
		skipWebFetchPreflight: true,
		...(sandbox === undefined ? {} : { sandbox }),
		env: {
			ANTHROPIC_AUTH_TOKEN: 'set-by-the-egress-proxy',
			ANTHROPIC_BASE_URL: baseUrl,
			CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
			DISABLE_AUTOUPDATER: '1',
		},
	};
	const mcp: ManagedMcp = {
		mcpServers: hasBroker ? { [brokerServer]: { type: 'http', url: capabilities.mcp_url } } : {},
	};
	const folder = managedFolder[capabilities.os];
	return {
		files: [
			{ path: `${folder}${mcpFile}`, content: jsonFile(mcp), mode: 0o644 },
			{ path: `${folder}${settingsFile}`, content: jsonFile(settings), mode: 0o644 },
		],
		// Settings of a repository or a user can add readable directories, and commands that run outside the sandbox.
		args: ['--setting-sources', ''],
		env: { ...settings.env },
		gaps: sortedGaps([
			...harnessGaps(policy),
			...tools.gaps,
			...unknownCategoryGaps(domains),
			...paths.gaps,
			...placeGaps(tools, paths, policy.filesystem.workspace),
			...(tools.builtin.has('Bash') ? commandGaps(sandbox, policy.filesystem.workspace) : []),
			...searchGaps(tools),
		]),
	};
}

function allowRules(tools: HarnessTools, paths: ClaudePaths, domains: DomainRules): readonly string[] {
	const has = (name: string): boolean => tools.builtin.has(name);
	// Reading is granted by directories, and editing and fetching by rules; a bare name would grant them everywhere.
	const bare = [...tools.builtin].filter((name) => !isScoped(name));
	const edit = paths.write !== undefined && editors.some(has) ? [`Edit(/${paths.write}/**)`] : [];
	const fetch = has('WebFetch') ? domains.allow.map((one) => `WebFetch(domain:${domainText(one)})`) : [];
	const broker = tools.broker_allowed.flatMap(({ names }) => names);
	return sorted([...bare, ...edit, ...fetch, ...broker]);
}

function denyRules(tools: HarnessTools, paths: ClaudePaths, domains: DomainRules): readonly string[] {
	const bare = claudeTools.filter((name) => !tools.builtin.has(name));
	const files = [
		...paths.deny.flatMap((path) => [`Edit(/${path})`, `Read(/${path})`]),
		...paths.read_only.map((path) => `Edit(/${path})`),
	];
	const fetch = domains.deny.map((one) => `WebFetch(domain:${domainText(one)})`);
	const broker = tools.broker_denied.flatMap(({ names }) => names);
	return sorted([...bare, ...files, ...fetch, ...broker, ...(tools.broker_allowed.length === 0 ? ['mcp__*'] : [])]);
}

function isScoped(name: string): boolean {
	return name === 'WebFetch' || editors.includes(name) || readers.includes(name);
}

function sorted(rules: readonly string[]): readonly string[] {
	return [...new Set(rules)].sort();
}

function placeGaps(tools: HarnessTools, paths: ClaudePaths, value: string): readonly Gap[] {
	const gap = (why: string): Gap => ({ aspect: 'filesystem', value, why });
	const reads = readers.some((name) => tools.builtin.has(name));
	const edits = paths.write !== undefined && editors.some((name) => tools.builtin.has(name));
	return [
		...(reads ? [gap('the directory that the program is started in can always be read')] : []),
		...(edits && isFolded(paths.write)
			? [gap('editing rules do not tell capitals from small letters: a folder named alike can be edited too')]
			: []),
	];
}

function searchGaps(tools: HarnessTools): readonly Gap[] {
	return tools.builtin.has('WebSearch')
		? [
				{
					aspect: 'network',
					value: 'WebSearch',
					why: 'searches run at the model vendor, which knows no list of domains',
				},
			]
		: [];
}
