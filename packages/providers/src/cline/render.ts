import {
	type CompiledPolicy,
	type Gap,
	matchTool,
	type RenderCapabilities,
	type Rendered,
	toWireName,
} from '@tappass/core';
import { domainRules, unknownCategoryGaps } from '../domains.ts';
import { harnessGaps } from '../harness-gaps.ts';
import { harnessTools } from '../harness-tools.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import { brokerServer, patterns, splitTools } from '../tool-names.ts';
import { type ClineMcp, type CommandPermissions, commandVariable, mcpPath } from './schema.ts';

const shell = 'execute_command';

/** Pure and total. Shell commands are allowed or refused whole; nearly all else is a gap, and none of it is silent. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const tools = harnessTools(policy.tools, capabilities, new Set([shell]));
	const hasShell = tools.builtin.has(shell);
	const commands: CommandPermissions = hasShell
		? { allow: ['*'], deny: [], allowRedirects: true }
		: { allow: [], deny: ['*'], allowRedirects: false };
	const mcp: ClineMcp = {
		mcpServers:
			tools.broker_allowed.length > 0
				? {
						[brokerServer]: {
							type: 'streamableHttp',
							url: capabilities.mcp_url,
							alwaysAllow: tools.broker_allowed.map(({ tool }) => toWireName(tool)).sort(),
						},
					}
				: {},
	};
	return {
		files: [{ path: mcpPath, content: jsonFile(mcp), mode: 0o644 }],
		args: [],
		env: { [commandVariable]: JSON.stringify(commands) },
		gaps: sortedGaps([
			...harnessGaps(policy),
			...unknownCategoryGaps(domainRules(policy.network, capabilities)),
			...toolGaps(policy, capabilities),
			...fileGaps(policy),
			...networkGaps(policy),
		]),
	};
}

/** Denied tools that stay, and everything that is not named: only the shell can be refused. */
function toolGaps(policy: CompiledPolicy, capabilities: RenderCapabilities): readonly Gap[] {
	const gap = (value: string, why: string): Gap => ({ aspect: 'tools', value, why });
	const { denied } = splitTools(policy.tools, capabilities);
	const known = Object.keys(capabilities.tool_aliases);
	return [
		gap('closed_world', 'tools that no policy names are offered as well'),
		gap('mcp_servers', 'the user can add servers of their own beside the broker'),
		...denied
			.filter(({ kind, names }) => kind === 'mcp' || names.some((name) => name !== shell))
			.map(({ tool }) => gap(tool, 'the host has no setting that takes this tool away')),
		...policy.tools.deny
			.filter((text) => !known.some((tool) => patterns([text]).some((one) => matchTool(one, tool))))
			.map((text) => gap(text, 'the host has no setting that takes such tools away')),
	];
}

function fileGaps({ filesystem }: CompiledPolicy): readonly Gap[] {
	const { workspace, read_only, deny_paths } = filesystem;
	const gap =
		(why: string) =>
		(value: string): Gap => ({ aspect: 'filesystem', value, why });
	return [
		...[workspace].map(gap('the host has no setting that holds files to the workspace')),
		...read_only.map(gap('the host has no setting that makes a path read-only')),
		...deny_paths.map(gap('ignore files belong to the repository, and are advice')),
	];
}

function networkGaps({ network }: CompiledPolicy): readonly Gap[] {
	const why = 'the host has no setting for the network';
	const values = ['allow_domains', ...network.allow_domains, ...network.deny_categories];
	return values.map((value) => ({ aspect: 'network', value, why }));
}
