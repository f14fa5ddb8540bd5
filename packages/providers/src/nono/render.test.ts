import { pathText, type Rendered } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linuxSystem } from '../additive-grants.ts';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, hostRules, isCovered, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { anyPath, nearbyPaths } from '../test-support/nearby-paths.ts';
import { nono } from './index.ts';
import type { NonoProfile } from './schema.ts';

holdGolden(nono, import.meta.dirname);

function profileOf(rendered: Rendered): NonoProfile {
	return JSON.parse(rendered.files[0]!.content);
}

/** How nono matches a host: open unless blocked or listed; `*.x` any depth; denied wins. */
function reaches({ network }: NonoProfile, host: string): boolean {
	if (network.block) return false;
	const named = (list: readonly string[] = []): boolean =>
		list.some((entry) => entry === '*' || (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
	if (named(network.deny_domain)) return false;
	return network.allow_domain === undefined || named(network.allow_domain);
}

describe('nono', () => {
	test('an empty policy blocks the network', () => {
		const { network, filesystem } = profileOf(nono.render(casePolicy('empty'), caseCapabilities()));

		expect(network).toEqual({ block: true });
		expect(filesystem.allow).toEqual(['/srv/tappass/demo/workspace', '/tmp']);
	});

	test('an unknown category blocks the network but for gateway and broker', () => {
		const rendered = nono.render(casePolicy('typical'), caseCapabilities({ domain_categories: {} }));

		expect(profileOf(rendered).network.allow_domain).toEqual(['inference.local', 'mcp.local']);
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['paste_sites']);
	});

	test('a gateway on the machine itself is a port of it, not a domain', () => {
		const rendered = nono.render(
			{ ...casePolicy('typical'), network: { allow_domains: [], deny_categories: [] } },
			caseCapabilities({ gateway_url: 'http://127.0.0.1:8400/v1', mcp_url: 'http://127.0.0.1:8401/mcp' }),
		);

		expect(profileOf(rendered).network).toEqual({ block: true, open_port: [8400, 8401] });
	});

	test('no grant has a denied path in it: the target would not start', () => {
		const rendered = nono.render(casePolicy('everything'), caseCapabilities());

		const { allow, read } = profileOf(rendered).filesystem;
		expect([...allow, ...read]).not.toContain('/opt/data');
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/opt/data', '/workspace', 'allow_domains']);
	});

	test('a denied host in an allowed wildcard stays denied', () => {
		const profile = profileOf(nono.render(casePolicy('everything'), caseCapabilities()));

		for (const host of ['x.acme.com', 'files.acme.com']) expect(reaches(profile, host), host).toBe(true);
		for (const host of ['paste.acme.com', 'x.go.acme.com', 'acme.com', 'evil.example'])
			expect(reaches(profile, host), host).toBe(false);
	});

	test('a name that holds a variable is a gap, and so is the home directory as a whole', () => {
		const base = casePolicy('typical');
		const filesystem = {
			...base.filesystem,
			read_only: ['/opt/$HOME', '/opt/x$WORKDIR', '/home', '~'],
			deny_paths: [],
		};
		const rendered = nono.render({ ...base, filesystem }, caseCapabilities());

		expect(rendered.gaps.map(({ value }) => value)).toEqual([
			'/home',
			'/opt/$HOME',
			'/opt/x$WORKDIR',
			'~',
			'allow_domains',
		]);
	});

	test('where an allowed name leads is a gap: the target dials loopback and private addresses too', () => {
		const gapsOf = (allow_domains: readonly string[]): readonly string[] =>
			nono
				.render({ ...casePolicy('typical'), network: { allow_domains, deny_categories: [] } }, caseCapabilities())
				.gaps.map(({ aspect, value }) => `${aspect} ${value}`);

		expect(gapsOf(['files.acme.com'])).toEqual(['network allow_domains']);
		expect(gapsOf([])).toEqual([]);
	});

	test('its own home is not the agent’s, which is the workspace', () => {
		const workspace = (workspace_host: string): unknown =>
			profileOf(nono.render(casePolicy('typical'), caseCapabilities({ workspace_host }))).environment.set_vars;

		expect(workspace('/srv/agent')).toEqual({ HOME: '/srv/agent' });
		expect(workspace('/srv/$UID')).toBe(undefined);
	});

	test('its own check refuses Landlock alone, which leaves every socket but TCP open', () => {
		const rendered = nono.render(casePolicy('typical'), caseCapabilities());
		const linux = { af_unix_mediation: 'pathname', sandbox_policy: 'landlock' };
		const content = JSON.stringify({ ...profileOf(rendered), linux });

		expect(nono.check({ ...rendered, files: [{ ...rendered.files[0]!, content }] })).not.toEqual([]);
	});

	test.each([
		['no list at all', { block: false }],
		['denied hosts alone', { block: false, deny_domain: ['evil.example'] }],
		['everything', { block: false, allow_domain: ['*'] }],
		['block with a list', { block: true, allow_domain: ['a.example'] }],
	])('its own check refuses %s', (_name, network) => {
		const rendered = nono.render(casePolicy('typical'), caseCapabilities());
		const content = JSON.stringify({ ...profileOf(rendered), network });

		expect(nono.check({ ...rendered, files: [{ ...rendered.files[0]!, content }] })).not.toEqual([]);
	});

	test('any policy renders, the same twice, and never grants more than the policy allows', () => {
		const programs = Object.values(caseCapabilities().binaries);
		const system = [...linuxSystem.read, ...linuxSystem.write, ...programs].map(absolutePath);
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, anyPath, arbitraryHost, (policy, capabilities, any, host) => {
				const rendered = nono.render(policy, capabilities);
				expect(nono.check(rendered)).toEqual([]);
				expect(nono.render(policy, capabilities)).toEqual(rendered);

				const native = profileOf(rendered);
				const rules = hostRules(pathRules(policy.filesystem, capabilities));
				// What the target grants by itself does not make writable what the policy names for reading.
				const heldSystem = rules.read_only.filter((one) => isCovered(system, one));
				const write = [...native.filesystem.allow, ...native.filesystem.allow_file].map(absolutePath);
				const read = [...write, ...native.filesystem.read.map(absolutePath)];
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
