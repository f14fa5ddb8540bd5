import {
	type CompiledPolicy,
	coversPath,
	domainText,
	type Gap,
	pathText,
	type RenderCapabilities,
	type Rendered,
	toWireName,
} from '@tappass/core';
import { domainRules, unknownCategoryGaps } from '../domains.ts';
import { harnessGaps } from '../harness-gaps.ts';
import { type HarnessTools, harnessTools } from '../harness-tools.ts';
import { pathRules } from '../paths.ts';
import { jsonFile, sortedGaps } from '../target.ts';
import { brokerServer } from '../tool-names.ts';
import { hookProgram } from './hook-program.ts';
import {
	type CursorMcp,
	type HookRules,
	type Hooks,
	hookEvents,
	hookFile,
	hooksFile,
	managedFolder,
	mcpPath,
	rulesFile,
} from './schema.ts';

/** Tools that the hook can judge by what a call names. A search in files reads more than it names, so it is not among them. */
const cursorTools: ReadonlySet<string> = new Set(['Delete', 'Read', 'Shell', 'Task', 'WebFetch', 'WebSearch', 'Write']);

/** Pure and total. Every event that can be refused asks one program, and an answer that does not come is a refusal. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const tools = harnessTools(policy.tools, capabilities, cursorTools);
	const domains = domainRules(policy.network, capabilities);
	const paths = pathRules(policy.filesystem, capabilities);
	const held = paths.read_only.filter((path) => coversPath(paths.workspace, path));
	const rules: HookRules = {
		schema: 'tappass.cursor-rules/1',
		tools: [...tools.builtin].sort(),
		mcp: {
			url: capabilities.mcp_url,
			tools: tools.broker_allowed.map(({ tool }) => toWireName(tool)).sort(),
		},
		files: {
			write: [pathText(paths.workspace)],
			held: held.map(pathText),
			read: [paths.workspace, ...paths.read_only].map(pathText),
			deny: paths.deny.map(pathText),
			folded: capabilities.os !== 'linux',
		},
		domains: { allow: domains.allow.map(domainText), deny: domains.deny.map(domainText) },
	};
	const folder = managedFolder[capabilities.os];
	const hooks: Hooks = { version: 1, hooks: hooksOf(hookCommand(folder, capabilities)) };
	const mcp: CursorMcp = {
		mcpServers: tools.broker_allowed.length > 0 ? { [brokerServer]: { url: capabilities.mcp_url } } : {},
	};
	return {
		files: [
			{ path: `${folder}${hooksFile}`, content: jsonFile(hooks), mode: 0o644 },
			{ path: `${folder}${hookFile}`, content: hookProgram, mode: 0o644 },
			{ path: `${folder}${rulesFile}`, content: jsonFile(rules), mode: 0o644 },
			{ path: mcpPath, content: jsonFile(mcp), mode: 0o644 },
		],
		args: [],
		env: {},
		gaps: sortedGaps([
			...harnessGaps(policy),
			...tools.gaps,
			...unknownCategoryGaps(domains),
			...reachGaps(tools),
			{
				aspect: 'tools',
				value: 'hooks',
				why: 'the program was not run: whether its command-line form asks every hook is not known',
			},
		]),
	};
}

/** The command of every hook: a shell reads it, so only a plain path of Node is put in; without one everything is refused. */
function hookCommand(folder: string, { os, binaries }: RenderCapabilities): string {
	const { node } = binaries;
	if (os === 'windows' || node === undefined || !/^\/[A-Za-z0-9_./+-]+$/.test(node)) return 'exit 2';
	return `${node} '${folder}${hookFile}'`;
}

function hooksOf(command: string): Hooks['hooks'] {
	const hook = { command, timeout: 10, failClosed: true as const };
	return Object.fromEntries(hookEvents.map((event) => [event, [hook]]));
}

/** What an allowed tool reaches without naming it. */
function reachGaps(tools: HarnessTools): readonly Gap[] {
	const gap = (aspect: Gap['aspect'], value: string, why: string): Gap => ({ aspect, value, why });
	return [
		...(tools.builtin.has('Shell')
			? (['filesystem', 'network'] as const).map((aspect) =>
					gap(aspect, 'Shell', 'the hook sees the text of a command, and not what it opens or reaches'),
				)
			: []),
		...(tools.builtin.has('WebFetch')
			? [gap('network', 'WebFetch', 'the hook does not see where a page redirects to')]
			: []),
		...(tools.builtin.has('WebSearch')
			? [gap('network', 'WebSearch', 'searches run at the vendor, which knows no list of domains')]
			: []),
	];
}
