import { type CompiledPolicy, pathText } from '@tappass/core';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPath, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { splitTools } from '../tool-names.ts';
import { codex } from './index.ts';
import type { ManagedConfig, Requirements } from './schema.ts';

/** The tools of the golden policies by the names that Codex gives them. */
const tool_aliases = {
	...caseCapabilities().tool_aliases,
	'builtin.edit_file': ['apply_patch'],
	'builtin.read_file': ['view_image'],
	'builtin.shell': ['exec_command', 'shell', 'write_stdin'],
	'builtin.web_fetch': ['web_search'],
};
holdGolden(codex, import.meta.dirname, { tool_aliases });

type Output = ReturnType<typeof codex.render>;
function requirementsOf(rendered: Output): Requirements {
	return parse(
		rendered.files.find(({ path }) => path.endsWith('requirements.toml'))!.content,
	) as unknown as Requirements;
}
function configOf(rendered: Output): ManagedConfig {
	return parse(
		rendered.files.find(({ path }) => path.endsWith('managed_config.toml'))!.content,
	) as unknown as ManagedConfig;
}
const capabilities = caseCapabilities({ tool_aliases });
function typical(change: Partial<CompiledPolicy> = {}): CompiledPolicy {
	return { ...casePolicy('typical'), ...change };
}
function allowing(...allow: string[]): CompiledPolicy {
	return typical({ tools: { allow, deny: [], schemas_acl: {} } });
}

/** How 0.169.0 was seen to decide: the nearest entry for paths, a denial first for hosts. */
function modelOf({ permissions, experimental_network }: Requirements) {
	const table = permissions!['tappass']!.filesystem;
	const access = (path: string): string => {
		const near = Object.keys(table)
			.filter((one) => one === '/' || path === one || path.startsWith(`${one}/`))
			.sort((a, b) => b.length - a.length)[0];
		return near === undefined ? 'deny' : table[near]!;
	};
	const names = (verdict: string, host: string): boolean =>
		Object.entries(experimental_network!.domains).some(
			([pattern, value]) =>
				value === verdict && (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern),
		);
	return {
		reads: (path: string): boolean => access(path) !== 'deny',
		writes: (path: string): boolean => access(path) === 'write',
		reaches: (host: string): boolean => names('allow', host) && !names('deny', host),
	};
}

describe('codex', () => {
	test('an empty policy switches every tool off, writes nothing, reaches no host and knows no server', () => {
		const rendered = codex.render(casePolicy('empty'), capabilities);
		const requirements = requirementsOf(rendered);
		expect(Object.values(requirements.features).filter(Boolean)).toEqual([]);
		expect(Object.values(requirements.permissions!['tappass']!.filesystem)).not.toContain('write');
		expect(requirements.experimental_network).toMatchObject({ managed_allowed_domains_only: true, domains: {} });
		expect([requirements.mcp_servers, requirements.allowed_web_search_modes]).toEqual([{}, []]);
		expect(configOf(rendered)).toEqual({ web_search: 'disabled', mcp_servers: {} });
	});

	test('sandbox modes are never written beside a profile: the two do not mix', () => {
		for (const name of ['empty', 'typical', 'everything', 'hostile'] as const)
			expect(requirementsOf(codex.render(casePolicy(name), capabilities))).not.toHaveProperty('allowed_sandbox_modes');
	});

	test('a denied tool loses its features, and an allowed one keeps them', () => {
		const features = (policy: CompiledPolicy) => requirementsOf(codex.render(policy, capabilities)).features;
		expect(features(allowing('builtin.shell'))).toMatchObject({
			shell_tool: true,
			unified_exec: true,
			view_image: false,
		});
		expect(features(allowing('builtin.read_file'))).toMatchObject({ shell_tool: false, view_image: true });
		expect(features(allowing('builtin.*'))).toMatchObject({ apps: false, plugins: false, computer_use: false });
	});

	test('without a tool that may change files the workspace is for reading', () => {
		const workspace = (policy: CompiledPolicy) =>
			requirementsOf(codex.render(policy, capabilities)).permissions!['tappass']!.filesystem['/workspace'];
		expect(workspace(allowing('builtin.read_file'))).toBe('read');
		expect(workspace(allowing('builtin.edit_file'))).toBe('write');
	});

	test('a tool that cannot be taken away is a gap', () => {
		const { gaps } = codex.render(allowing('builtin.shell'), capabilities);
		expect(gaps).toContainEqual(expect.objectContaining({ aspect: 'tools', value: 'builtin.edit_file' }));
	});

	test('where the program may not build a sandbox there is none, and that is a gap in what it would hold', () => {
		const rendered = codex.render(casePolicy('typical'), { ...capabilities, binaries: {} });
		const requirements = requirementsOf(rendered);
		expect(requirements.allowed_sandbox_modes).toEqual(['read-only', 'danger-full-access']);
		expect(requirements).not.toHaveProperty('default_permissions');
		expect(configOf(rendered).sandbox_mode).toBe('danger-full-access');
		expect(codex.check(rendered)).toEqual([]);
		const open = rendered.gaps.filter(({ value }) => value === 'sandbox').map(({ aspect }) => aspect);
		expect(open).toEqual(['filesystem', 'network']);
	});

	test('a version without permission profiles is a gap in what they hold', () => {
		const { gaps } = codex.render(casePolicy('typical'), { ...capabilities, target_version: '0.120.3' });
		expect(gaps.filter(({ value }) => value === 'sandbox').map(({ aspect }) => aspect)).toEqual([
			'filesystem',
			'network',
		]);
	});

	test('nothing is granted inside something denied, where the grant would be the nearer entry', () => {
		const filesystem = { workspace: '/srv/work', read_only: ['/srv/data', '/srv'], deny_paths: ['/srv'] };
		const table = requirementsOf(codex.render(typical({ filesystem }), capabilities)).permissions!['tappass']!
			.filesystem;
		expect(Object.entries(table).filter(([path]) => path.startsWith('/srv'))).toEqual([['/srv', 'deny']]);
	});

	test.each([
		['a file that is cut short', (text: string) => text.slice(0, -6)],
		['an unknown key', (text: string) => `danger = true\n${text}`],
		['a sandbox mode', (text: string) => `allowed_sandbox_modes = ["danger-full-access"]\n${text}`],
		['a comment, which says what nobody wrote', (text: string) => `${text}# more\n`],
		['an unknown access', (text: string) => text.replace('"deny"', '"denied"')],
	])('the check refuses %s', (_, spoil) => {
		const rendered = codex.render(casePolicy('everything'), capabilities);
		const files = rendered.files.map((file) =>
			file.path.endsWith('requirements.toml') ? { ...file, content: spoil(file.content) } : file,
		);
		expect(codex.check({ ...rendered, files })).not.toEqual([]);
	});

	test('any policy renders, the same twice, and the program allows nothing that the policy does not', () => {
		fc.assert(
			fc.property(
				arbitraryPolicy,
				arbitraryCapabilities,
				arbitraryHost,
				fc.array(arbitraryPath, { maxLength: 3 }),
				(policy, some, host, paths) => {
					const capabilities = { ...some, tool_aliases };
					const rendered = codex.render(policy, capabilities);
					expect(codex.check(rendered)).toEqual([]);
					expect(codex.render(policy, capabilities)).toEqual(rendered);
					const model = modelOf(requirementsOf(rendered));
					const rules = pathRules(policy.filesystem, capabilities);
					if (model.reaches(host)) expect(mayReach(domainRules(policy.network, capabilities), host)).toBe(true);
					const near = [rules.workspace, ...rules.read_only, ...rules.deny].map(pathText);
					for (const path of [...paths, ...near, ...near.map((one) => `${one}/x`)]) {
						if (model.reads(path)) expect(mayRead(rules, absolutePath(path)), path).toBe(true);
						if (model.writes(path)) expect(mayWrite(rules, absolutePath(path)), path).toBe(true);
					}
					const offered = configOf(rendered).mcp_servers['tappass']?.enabled_tools ?? [];
					for (const { names } of splitTools(policy.tools, capabilities).denied)
						for (const name of names) expect(offered).not.toContain(name.replace('mcp__tappass__', ''));
				},
			),
		);
	});
});
