import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryCapabilities, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { splitTools } from '../tool-names.ts';
import { cline } from './index.ts';
import type { ClineMcp, CommandPermissions } from './schema.ts';

/** The tools of the golden policies by the names that Cline gives them. */
const tool_aliases = {
	...caseCapabilities().tool_aliases,
	'builtin.edit_file': ['replace_in_file', 'write_to_file'],
	'builtin.read_file': ['list_files', 'read_file'],
	'builtin.shell': ['execute_command'],
	'builtin.web_fetch': ['web_fetch'],
};
holdGolden(cline, import.meta.dirname, { tool_aliases });
const capabilities = caseCapabilities({ tool_aliases });

type Output = ReturnType<typeof cline.render>;
function commandsOf(rendered: Output): CommandPermissions {
	return JSON.parse(rendered.env['CLINE_COMMAND_PERMISSIONS']!);
}
function serversOf(rendered: Output): ClineMcp['mcpServers'] {
	return JSON.parse(rendered.files[0]!.content).mcpServers;
}

describe('cline', () => {
	test('an empty policy refuses every command and knows no server; that the rest stays open is said', () => {
		const rendered = cline.render(casePolicy('empty'), capabilities);
		expect(commandsOf(rendered)).toEqual({ allow: [], deny: ['*'], allowRedirects: false });
		expect(serversOf(rendered)).toEqual({});
		const values = rendered.gaps.map(({ aspect, value }) => `${aspect} ${value}`);
		expect(values).toEqual(
			expect.arrayContaining([
				'tools closed_world',
				'network allow_domains',
				'filesystem /workspace',
				'tools builtin.read_file',
			]),
		);
	});

	test('a denied shell is no gap, and every other denied tool is', () => {
		const { gaps } = cline.render(casePolicy('everything'), capabilities);
		const values = gaps.filter(({ aspect }) => aspect === 'tools').map(({ value }) => value);
		expect(values).toEqual(expect.arrayContaining(['collibra.delete_asset', 'collibra.export_all']));
		expect(values).not.toContain('builtin.shell');
	});

	test('the check refuses a variable that is missing, cut short, or allows some commands', () => {
		const rendered = cline.render(casePolicy('typical'), capabilities);
		for (const env of [
			{},
			{ CLINE_COMMAND_PERMISSIONS: '{"allow":' },
			{ CLINE_COMMAND_PERMISSIONS: '{"allow":["*"],"deny":[]}' },
		])
			expect(cline.check({ ...rendered, env })).not.toEqual([]);
	});

	test('any policy renders, the same twice; commands run only when allowed, and each value it cannot hold is a gap', () => {
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, (policy, some) => {
				const capabilities = { ...some, tool_aliases };
				const rendered = cline.render(policy, capabilities);
				expect(cline.check(rendered)).toEqual([]);
				expect(cline.render(policy, capabilities)).toEqual(rendered);
				const { allowed, denied } = splitTools(policy.tools, capabilities);
				const shell = allowed.some(({ tool }) => tool === 'builtin.shell');
				expect(commandsOf(rendered).deny).toEqual(shell ? [] : ['*']);
				const offered = serversOf(rendered)['tappass']?.alwaysAllow ?? [];
				for (const { names } of denied)
					for (const name of names) expect(offered).not.toContain(name.replace('mcp__tappass__', ''));
				const { network, filesystem } = policy;
				const values = rendered.gaps.map(({ value }) => value);
				const unheld = [
					...network.allow_domains,
					...network.deny_categories,
					...filesystem.read_only,
					...filesystem.deny_paths,
					...denied.map(({ tool }) => tool).filter((tool) => tool !== 'builtin.shell'),
				];
				expect(unheld.filter((value) => !values.includes(value))).toEqual([]);
			}),
		);
	});
});
