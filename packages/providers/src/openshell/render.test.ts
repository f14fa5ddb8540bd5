import { pathText, type Rendered } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { linuxSystem } from '../additive-grants.ts';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, isCovered, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { anyPath, nearbyPaths } from '../test-support/nearby-paths.ts';
import { openshell } from './index.ts';
import type { OpenshellPolicy } from './schema.ts';

holdGolden(openshell, import.meta.dirname);

function policyOf(rendered: Rendered): OpenshellPolicy {
	return parse(rendered.files[0]!.content);
}

/** How OpenShell matches a host: `*` is one label, `**` one or more. */
function reaches({ network_policies }: OpenshellPolicy, host: string): boolean {
	const domains = network_policies?.['tappass_domains'];
	if (domains === undefined || domains.binaries.length === 0) return false;
	return domains.endpoints.some((endpoint) => {
		const pattern = endpoint.host
			.split('.')
			.map((part) => (part === '**' ? '[^.]+(?:\\.[^.]+)*' : part === '*' ? '[^.]+' : part));
		return endpoint.enforcement === 'enforce' && new RegExp(`^${pattern.join('\\.')}$`).test(host);
	});
}

describe('openshell', () => {
	test('an empty policy has no network rules, the workspace and the system', () => {
		const policy = policyOf(openshell.render(casePolicy('empty'), caseCapabilities()));

		expect(policy.network_policies).toBe(undefined);
		expect(policy.filesystem_policy.read_write).toEqual([...linuxSystem.write, '/workspace']);
	});

	test('leaves a wildcard out that holds a denied host, and a workspace that holds a denied file', () => {
		const rendered = openshell.render(casePolicy('everything'), caseCapabilities());
		const policy = policyOf(rendered);

		expect(policy.network_policies?.['tappass_domains']?.endpoints.map(({ host }) => host)).toEqual([
			'api.partner.example',
			'files.acme.com',
		]);
		expect(JSON.stringify(policy.filesystem_policy)).not.toContain('/workspace"');
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/opt/data', '/workspace', '*.acme.com']);
	});

	test('a wildcard means any depth', () => {
		const base = casePolicy('typical');
		const rendered = openshell.render(
			{ ...base, network: { allow_domains: ['*.acme.com'], deny_categories: [] } },
			caseCapabilities(),
		);

		for (const host of ['a.acme.com', 'a.b.acme.com']) expect(reaches(policyOf(rendered), host), host).toBe(true);
		for (const host of ['acme.com', 'evil-acme.com', 'acme.com.evil.org'])
			expect(reaches(policyOf(rendered), host), host).toBe(false);
	});

	test('without known programs nothing is reachable, and a program whose name is a pattern is none', () => {
		for (const binaries of [{}, { node: '/opt/*/node' }]) {
			const rendered = openshell.render(casePolicy('typical'), caseCapabilities({ binaries }));
			expect(policyOf(rendered).network_policies).toBe(undefined);
			expect(rendered.gaps.map(({ value }) => value)).toEqual(['files.acme.com']);
		}
	});

	test('a read-only path in the workspace makes all of it read-only', () => {
		const base = casePolicy('typical');
		const filesystem = { ...base.filesystem, read_only: ['/workspace/vendor'] };
		const rendered = openshell.render({ ...base, filesystem }, caseCapabilities());

		expect(policyOf(rendered).filesystem_policy.read_only).toContain('/workspace');
		expect(policyOf(rendered).filesystem_policy.read_write).not.toContain('/workspace');
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/workspace/vendor']);
	});

	test.each([
		['enforcement: "enforce"', 'enforcement: "block"'],
		['compatibility: "hard_requirement"', 'compatibility: "best_effort"'],
		['version: 1', 'version: 2'],
		['access: "full"', 'access: "write-only"'],
		['filesystem_policy:', 'filesystem:'],
	])('its own check refuses what the target would take for less: %s as %s', (from, to) => {
		const rendered = openshell.render(casePolicy('typical'), caseCapabilities());
		const [file] = rendered.files;
		const spoilt = { ...rendered, files: [{ ...file!, content: file!.content.replace(from, to) }] };

		expect(spoilt.files[0]!.content).not.toBe(file!.content);
		expect(openshell.check(spoilt)).not.toEqual([]);
	});

	test('any policy renders, the same twice, and never grants more than the policy allows', () => {
		const programs = Object.values(caseCapabilities().binaries);
		const system = [...linuxSystem.read, ...linuxSystem.write, ...programs].map(absolutePath);
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, anyPath, arbitraryHost, (policy, capabilities, any, host) => {
				const rendered = openshell.render(policy, capabilities);
				expect(openshell.check(rendered)).toEqual([]);
				expect(openshell.render(policy, capabilities)).toEqual(rendered);

				const native = policyOf(rendered);
				const rules = pathRules(policy.filesystem, capabilities);
				// What the target grants by itself does not make writable what the policy names for reading.
				const heldSystem = rules.read_only.filter((one) => isCovered(system, one));
				const write = native.filesystem_policy.read_write.map(absolutePath);
				const read = [...write, ...native.filesystem_policy.read_only.map(absolutePath)];
				for (const path of [any, ...nearbyPaths(policy)]) {
					const text = pathText(path);
					if (isCovered(read, path)) expect(isCovered(rules.deny, path), text).toBe(false);
					if (isCovered(read, path) && !isCovered(system, path)) expect(mayRead(rules, path), text).toBe(true);
					if (isCovered(write, path) && (!isCovered(system, path) || isCovered(heldSystem, path)))
						expect(mayWrite(rules, path), text).toBe(true);
				}
				if (reaches(native, host)) expect(mayReach(domainRules(policy.network, capabilities), host)).toBe(true);
			}),
		);
	});
});
