import { type CompiledPolicy, pathText } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPath, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { brokerName, splitTools } from '../tool-names.ts';
import { claudeCode } from './index.ts';
import type { ManagedMcp, ManagedSettings } from './schema.ts';
import { claudeTools } from './tools.ts';

holdGolden(claudeCode, import.meta.dirname);

type Output = ReturnType<typeof claudeCode.render>;
function settingsOf(rendered: Output): ManagedSettings {
	return JSON.parse(rendered.files.find(({ path }) => path.endsWith('managed-settings.json'))!.content);
}
function mcpOf(rendered: Output): ManagedMcp {
	return JSON.parse(rendered.files.find(({ path }) => path.endsWith('managed-mcp.json'))!.content);
}
function typical(change: Partial<CompiledPolicy> = {}): CompiledPolicy {
	return { ...casePolicy('typical'), ...change };
}

/** How 2.1.197 was seen to decide: a denial first, then a rule or a directory of the session, else no. */
function modelOf({ permissions }: ManagedSettings) {
	const specifiers = (rules: readonly string[], tool: string): string[] =>
		rules.filter((rule) => rule.startsWith(`${tool}(`)).map((rule) => rule.slice(tool.length + 1, -1));
	// gitignore below `//`: a name stands for itself and what is below it, letters in any case.
	const names = (rules: readonly string[], path: string): boolean =>
		rules.some((rule) => {
			const base = rule
				.slice(1)
				.replace(/\/\*\*$/, '')
				.toLowerCase();
			return path.toLowerCase() === base || path.toLowerCase().startsWith(`${base}/`);
		});
	const namesHost = (rules: readonly string[], host: string): boolean =>
		rules.some((rule) => {
			const pattern = rule.slice('domain:'.length);
			return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
		});
	const { allow, deny, additionalDirectories } = permissions;
	return {
		reads: (path: string): boolean =>
			!deny.includes('Read') &&
			!names(specifiers(deny, 'Read'), path) &&
			additionalDirectories.some((one) => one === '/' || path === one || path.startsWith(`${one}/`)),
		edits: (path: string): boolean => !names(specifiers(deny, 'Edit'), path) && names(specifiers(allow, 'Edit'), path),
		fetches: (host: string): boolean =>
			!deny.includes('WebFetch') &&
			!namesHost(specifiers(deny, 'WebFetch'), host) &&
			namesHost(specifiers(allow, 'WebFetch'), host),
		uses: (tool: string): boolean => !deny.includes(tool) && allow.includes(tool),
	};
}

describe('claude-code', () => {
	test('an empty policy denies every tool by name, every path and every host, and knows no server', () => {
		const rendered = claudeCode.render(casePolicy('empty'), caseCapabilities());
		const { permissions, allowedMcpServers, sandbox } = settingsOf(rendered);
		expect(permissions.allow).toEqual([]);
		expect(claudeTools.filter((name) => !permissions.deny.includes(name))).toEqual([]);
		expect(permissions.deny).toContain('mcp__*');
		expect(permissions.additionalDirectories).toEqual([]);
		expect([allowedMcpServers, mcpOf(rendered).mcpServers]).toEqual([[], {}]);
		expect(sandbox!.network.allowedDomains).toEqual([]);
	});

	test('what a policy does not allow is denied by name, since some tools never ask', () => {
		const { permissions } = settingsOf(claudeCode.render(typical(), caseCapabilities()));
		expect(permissions.deny).toEqual(
			expect.arrayContaining(['Agent', 'Bash', 'Edit', 'TaskCreate', 'WebFetch', 'Write']),
		);
		expect(permissions.deny).not.toContain('Read');
		expect(permissions.deny).toContain(brokerName('collibra.delete_asset'));
		expect(permissions.allow).toEqual([brokerName('collibra.get_asset')]);
	});

	test('paths are absolute in the way that this program means it', () => {
		const { permissions } = settingsOf(claudeCode.render(casePolicy('everything'), caseCapabilities()));
		expect(permissions.deny).toEqual(
			expect.arrayContaining(['Read(//home/agent/.ssh)', 'Edit(//home/agent/.ssh)', 'Edit(//workspace/vendor)']),
		);
		expect(permissions.allow).toContain('Edit(//workspace/**)');
		expect(permissions.deny.filter((rule) => /\(\/[^/]/.test(rule))).toEqual([]);
	});

	test('a denied name that no rule can hold takes the directory around it', () => {
		const policy = typical({
			filesystem: { workspace: '/workspace', read_only: [], deny_paths: ['/workspace/a/b) Bash(x'] },
		});
		const rendered = claudeCode.render(policy, caseCapabilities());
		expect(settingsOf(rendered).permissions.deny).toContain('Read(//workspace/a)');
		expect(rendered.gaps).toContainEqual(
			expect.objectContaining({ aspect: 'filesystem', value: '/workspace/a/b) Bash(x' }),
		);
		expect(JSON.stringify(rendered.files)).not.toContain('Bash(x');
	});

	test('commands see only what is allowed back, and without a sandbox their reach is a gap', () => {
		const policy = typical({ tools: { allow: ['builtin.shell'], deny: [], schemas_acl: {} } });
		const { filesystem } = settingsOf(claudeCode.render(policy, caseCapabilities())).sandbox!;
		expect(filesystem.denyRead).toContain('/');
		expect(filesystem.allowRead).toEqual(expect.arrayContaining(['/usr', '/workspace']));
		expect(filesystem.allowRead).not.toContain('/home/agent');

		const without = claudeCode.render(policy, caseCapabilities({ binaries: {} }));
		expect(settingsOf(without).sandbox).toBe(undefined);
		expect(without.gaps).toEqual(
			expect.arrayContaining([
				expect.objectContaining({ aspect: 'filesystem', value: 'Bash' }),
				expect.objectContaining({ aspect: 'network', value: 'Bash' }),
			]),
		);
	});

	test('an alias that is no tool name is never written into a rule', () => {
		const capabilities = caseCapabilities({ tool_aliases: { 'builtin.shell': ['Bash(*)', 'Bash\n'] } });
		const policy = typical({ tools: { allow: ['builtin.shell'], deny: [], schemas_acl: {} } });
		const rendered = claudeCode.render(policy, capabilities);
		expect(settingsOf(rendered).permissions.allow).toEqual([]);
		expect(rendered.gaps).toContainEqual(expect.objectContaining({ aspect: 'tools', value: 'builtin.shell' }));
	});

	test.each([
		['a file that is cut short', (text: string) => text.slice(0, -3)],
		['a key that is misspelt', (text: string) => text.replace('"dontAsk"', '"dontAks"')],
		['a rule from the project root', (text: string) => text.replace('Read(//', 'Read(/')],
		['an unknown key', (text: string) => text.replace('{', '{"permision": {},')],
		[
			'a lock that is open',
			(text: string) => text.replace('"allowManagedHooksOnly": true', '"allowManagedHooksOnly": false'),
		],
		[
			'a list that is text',
			(text: string) => text.replace('"strictKnownMarketplaces": []', '"strictKnownMarketplaces": ""'),
		],
	])('the check refuses %s, which the program would pass over', (_, spoil) => {
		const rendered = claudeCode.render(casePolicy('everything'), caseCapabilities());
		const files = rendered.files.map((file) => ({ ...file, content: spoil(file.content) }));
		expect(claudeCode.check({ ...rendered, files })).not.toEqual([]);
	});

	test('any policy renders, the same twice, and the program allows nothing that the policy does not', () => {
		fc.assert(
			fc.property(
				arbitraryPolicy,
				arbitraryCapabilities,
				arbitraryHost,
				fc.array(arbitraryPath, { maxLength: 3 }),
				(policy, capabilities, host, paths) => {
					const rendered = claudeCode.render(policy, capabilities);
					expect(claudeCode.check(rendered)).toEqual([]);
					expect(claudeCode.render(policy, capabilities)).toEqual(rendered);
					const model = modelOf(settingsOf(rendered));
					const rules = pathRules(policy.filesystem, capabilities);
					const domains = domainRules(policy.network, capabilities);
					if (model.fetches(host)) expect(mayReach(domains, host)).toBe(true);
					const near = [rules.workspace, ...rules.read_only, ...rules.deny].map(pathText);
					for (const path of [...paths, ...near, ...near.map((one) => `${one}/x`)]) {
						if (model.reads(path)) expect(mayRead(rules, absolutePath(path)), path).toBe(true);
						if (model.edits(path)) expect(mayWrite(rules, absolutePath(path)), path).toBe(true);
					}
					for (const { names } of splitTools(policy.tools, capabilities).denied)
						for (const name of names) expect(model.uses(name), name).toBe(false);
				},
			),
		);
	});
});
