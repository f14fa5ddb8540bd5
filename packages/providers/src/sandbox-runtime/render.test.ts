import { type PathPattern, pathText, type Rendered } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linuxSystem } from '../additive-grants.ts';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, hostRules, isCovered, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { anyPath, nearbyPaths } from '../test-support/nearby-paths.ts';
import { sandboxRuntime } from './index.ts';
import type { LiteralPath, SandboxRuntimeSettings } from './schema.ts';

holdGolden(sandboxRuntime, import.meta.dirname);

function settingsOf(rendered: Rendered): SandboxRuntimeSettings {
	return JSON.parse(rendered.files[0]!.content);
}

/** How the target decides a name: denied wins, `*.x` any depth, the rest is denied. */
function reaches({ network }: SandboxRuntimeSettings, host: string): boolean {
	const named = (list: readonly string[]): boolean =>
		list.some((entry) => entry === '*' || (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
	return named(network.allowedDomains) && !named(network.deniedDomains);
}

/** The longest entry that covers a path decides; where a denied and an allowed one are equal, the denied. */
function reads({ filesystem }: SandboxRuntimeSettings, path: PathPattern): boolean {
	const longest = (list: readonly LiteralPath[]): number =>
		Math.max(
			-1,
			...list
				.map((one) => absolutePath(one.path))
				.filter((one) => isCovered([one], path))
				.map(({ segments }) => segments.length),
		);
	return longest(filesystem.allowRead) > longest(filesystem.denyRead);
}

function writes({ filesystem }: SandboxRuntimeSettings, path: PathPattern): boolean {
	const covers = (list: readonly LiteralPath[]): boolean =>
		isCovered(
			list.map((one) => absolutePath(one.path)),
			path,
		);
	return covers(filesystem.allowWrite) && !covers(filesystem.denyWrite);
}

describe('sandbox-runtime', () => {
	test('an empty policy denies every name and every path but the system and the workspace', () => {
		const { network, filesystem } = settingsOf(sandboxRuntime.render(casePolicy('empty'), caseCapabilities()));

		expect([network.allowedDomains, network.deniedDomains, network.strictAllowlist]).toEqual([[], ['*'], true]);
		expect(filesystem.denyRead).toEqual([{ path: '/', literal: true }]);
		expect(filesystem.allowWrite).toEqual([{ path: '/srv/tappass/demo/workspace', literal: true }]);
	});

	test('what is denied inside something allowed is denied again', () => {
		const { filesystem } = settingsOf(sandboxRuntime.render(casePolicy('everything'), caseCapabilities()));

		expect(filesystem.denyRead.map(({ path }) => path)).toEqual([
			'/',
			'/opt/data/secret',
			'/srv/tappass/demo/workspace/.env',
		]);
		expect(filesystem.denyWrite.map(({ path }) => path)).toEqual([
			'/srv/tappass/demo/workspace/.env',
			'/srv/tappass/demo/workspace/vendor',
		]);
	});

	test('the whole file system is a gap, and so is a denied kernel directory', () => {
		const base = casePolicy('typical');
		const filesystem = { ...base.filesystem, read_only: ['/'], deny_paths: ['/proc/kcore'] };
		const rendered = sandboxRuntime.render({ ...base, filesystem }, caseCapabilities());

		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/', '/proc/kcore']);
		expect(settingsOf(rendered).filesystem.allowRead).not.toContainEqual({ path: '/', literal: true });
	});

	test('a name of one label is a gap', () => {
		const base = casePolicy('typical');
		const rendered = sandboxRuntime.render(
			{ ...base, network: { allow_domains: ['intranet'], deny_categories: [] } },
			caseCapabilities(),
		);

		expect(rendered.gaps.map(({ value }) => value)).toEqual(['intranet']);
	});

	test.each([
		['denyRead', 'denyReed'],
		['strictAllowlist', 'strictAllowList'],
		['"literal": true', '"literal": false'],
	])('its own check refuses %s written as %s, which the target would drop or read otherwise', (from, to) => {
		const rendered = sandboxRuntime.render(casePolicy('typical'), caseCapabilities());
		const [file] = rendered.files;
		const spoilt = { ...rendered, files: [{ ...file!, content: file!.content.replace(from, to) }] };

		expect(sandboxRuntime.check(spoilt)).not.toEqual([]);
	});

	test('any policy renders, the same twice, and never opens more than the policy allows', () => {
		const system = [...linuxSystem.read, ...Object.values(caseCapabilities().binaries)].map(absolutePath);
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, anyPath, arbitraryHost, (policy, capabilities, any, host) => {
				const rendered = sandboxRuntime.render(policy, capabilities);
				expect(sandboxRuntime.check(rendered)).toEqual([]);
				expect(sandboxRuntime.render(policy, capabilities)).toEqual(rendered);

				const settings = settingsOf(rendered);
				const rules = hostRules(pathRules(policy.filesystem, capabilities));
				for (const path of [any, ...nearbyPaths(policy)]) {
					const text = pathText(path);
					if (reads(settings, path)) expect(isCovered(rules.deny, path), text).toBe(false);
					if (reads(settings, path) && !isCovered(system, path)) expect(mayRead(rules, path), text).toBe(true);
					if (writes(settings, path)) expect(mayWrite(rules, path), text).toBe(true);
				}
				if (reaches(settings, host)) expect(mayReach(domainRules(policy.network, capabilities), host)).toBe(true);
			}),
		);
	});
});
