import { matchDomain, type PathPattern, parseDomainPattern, pathText, type Rendered } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { domainRules, mayReach } from '../domains.ts';
import { absolutePath, isCovered, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryHost, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { anyPath, nearbyPaths } from '../test-support/nearby-paths.ts';
import { bubblewrapCommand } from './command.ts';
import { bubblewrap } from './index.ts';
import { systemPaths } from './mounts.ts';
import { type EgressRules, readOptions } from './schema.ts';

holdGolden(bubblewrap, import.meta.dirname, {
	path_kinds: {
		'/srv/tappass/demo/workspace/.env': 'file',
		'/srv/tappass/demo/workspace/vendor': 'directory',
		'/opt/data/secret': 'directory',
	},
});

/** What a process in the sandbox finds at a path, by the order in which bwrap mounts: the innermost, latest mount counts. */
interface Found {
	readonly host: string | undefined;
	readonly writable: boolean;
}

function lookUp(args: readonly string[], path: PathPattern): Found {
	let at = pathText(path);
	const options = readOptions(args)!;
	for (const { option, values } of options)
		if (option === '--symlink' && (at === values[1] || at.startsWith(`${values[1]}/`)))
			at = `/${values[0]}${at.slice(values[1]!.length)}`;
	let found: Found = { host: undefined, writable: false };
	for (const { option, values } of options) {
		const place = values.at(-1)!;
		if (!option.match(/bind|tmpfs|proc$|dev$/) || !(at === place || at.startsWith(`${place}/`))) continue;
		found = option.includes('bind')
			? {
					host: values[0] === '/dev/null' ? undefined : `${values[0]}${at.slice(place.length)}`,
					writable: option === '--bind',
				}
			: { host: undefined, writable: false };
	}
	return found;
}

function egressOf(rendered: Rendered): EgressRules {
	return JSON.parse(rendered.files.find(({ path }) => path === 'egress-rules.json')!.content);
}

describe('bubblewrap', () => {
	test('an empty policy reaches nothing and mounts nothing of the host but the system and the workspace', () => {
		const rendered = bubblewrap.render(
			casePolicy('empty'),
			caseCapabilities({ binaries: { socat: '/usr/bin/socat' } }),
		);

		expect(egressOf(rendered).allow).toEqual([]);
		const sources = readOptions(rendered.args)!.filter(({ option }) => option.includes('bind'));
		expect(sources.map(({ values }) => values[0]).sort()).toEqual(
			[...systemPaths, '/srv/tappass/demo/workspace'].sort(),
		);
		expect(rendered.gaps).toEqual([]);
	});

	test.each([
		['directory', ['--perms', '0555', '--tmpfs', '/opt/data/secret', '--remount-ro', '/opt/data/secret']],
		['file', ['--ro-bind', '/dev/null', '/opt/data/secret']],
		[undefined, ['--perms', '0555', '--tmpfs', '/opt/data/secret', '--remount-ro', '/opt/data/secret']],
	] as const)('covers over a denied path of kind %s in a granted one', (kind, want) => {
		const { args } = bubblewrap.render(
			casePolicy('everything'),
			caseCapabilities({ path_kinds: kind === undefined ? {} : { '/opt/data/secret': kind } }),
		);

		expect(args.join('\n')).toContain(want.join('\n'));
	});

	test('mounts nothing over a denied path that is not there, and nothing read-only whose kind is not known', () => {
		const rendered = bubblewrap.render(
			casePolicy('everything'),
			caseCapabilities({ path_kinds: { '/opt/data/secret': 'absent' } }),
		);

		expect(rendered.args).not.toContain('/opt/data/secret');
		expect(rendered.args).not.toContain('/srv/tappass/demo/workspace/vendor');
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/workspace/vendor']);
	});

	test('refuses places where services listen, and the whole file system', () => {
		const policy = casePolicy('typical');
		const filesystem = { ...policy.filesystem, read_only: ['/', '/run/docker', '/proc/1', '/tmp/x11', '/var/run'] };
		const rendered = bubblewrap.render({ ...policy, filesystem }, caseCapabilities());

		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/', '/proc/1', '/run/docker', '/tmp/x11', '/var/run']);
	});

	test.each(['/usr', '/lib', '/usr/local/work', '/etc', '/proc/work', '/run'])(
		'makes no workspace of %s',
		(workspace) => {
			const base = casePolicy('typical');
			const policy = { ...base, filesystem: { workspace, read_only: [], deny_paths: [] } };
			const rendered = bubblewrap.render(policy, caseCapabilities());

			expect(rendered.args).not.toContain('--bind');
			expect(rendered.gaps.map(({ value }) => value)).toEqual([workspace]);
		},
	);

	test('what is read-only in a workspace below /tmp stays so', () => {
		const filesystem = { workspace: '/tmp/work', read_only: ['/tmp/work/vendor'], deny_paths: [] };
		const path_kinds = { '/srv/tappass/demo/workspace/vendor': 'directory' as const };
		const { args } = bubblewrap.render({ ...casePolicy('empty'), filesystem }, caseCapabilities({ path_kinds }));

		expect(lookUp(args, absolutePath('/tmp/work/a')).writable).toBe(true);
		expect(lookUp(args, absolutePath('/tmp/work/vendor/a'))).toMatchObject({ writable: false });
		expect(lookUp(args, absolutePath('/tmp/work/vendor/a')).host).toBeDefined();
	});

	test('without socat nothing is reachable, and each domain is a gap', () => {
		const rendered = bubblewrap.render(casePolicy('typical'), caseCapabilities({ binaries: {} }));

		expect(egressOf(rendered).allow).toEqual([]);
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['files.acme.com']);
	});

	test('counts a denied socat as none, under whichever name it is denied', () => {
		const base = casePolicy('typical');
		for (const deny_paths of [['/usr/bin/socat'], ['/bin'], ['/usr']]) {
			const rendered = bubblewrap.render(
				{ ...base, filesystem: { ...base.filesystem, deny_paths } },
				caseCapabilities(),
			);
			expect(egressOf(rendered).allow, deny_paths[0]!).toEqual([]);
		}
	});

	test('hides a denied file of the workspace under its name on the host too', () => {
		const policy = casePolicy('typical');
		const filesystem = { ...policy.filesystem, read_only: ['/srv'], deny_paths: ['/workspace/.env'] };
		const { args } = bubblewrap.render({ ...policy, filesystem }, caseCapabilities());

		for (const path of ['/workspace/.env', '/srv/tappass/demo/workspace/.env'])
			expect(lookUp(args, absolutePath(path)).host, path).toBe(undefined);
	});

	test('pins the directories above a hidden one, so that the agent cannot rename them', () => {
		const policy = casePolicy('typical');
		const filesystem = { ...policy.filesystem, deny_paths: ['/workspace/a/b/secret'] };
		const path_kinds = { '/srv/tappass/demo/workspace/a/b/secret': 'directory' } as const;
		const { args } = bubblewrap.render({ ...policy, filesystem }, caseCapabilities({ path_kinds }));

		const binds = readOptions(args)!.filter(({ option }) => option === '--bind');
		expect(binds.map(({ values }) => values[1])).toEqual(['/workspace', '/workspace/a', '/workspace/a/b']);
	});

	test('the command holds what the host adds, then the relay, then the agent', () => {
		const rendered = bubblewrap.render(casePolicy('typical'), caseCapabilities());
		const command = bubblewrapCommand(rendered, {
			files_dir: '/var/lib/tappass/x',
			egress_socket: '/var/lib/tappass/x.sock',
			keyring_dir: '/var/lib/tappass/k',
			env: { OPENAI_BASE_URL: 'http://inference.local:3128/v1' },
			command: ['node', 'agent.js'],
		});

		expect(command.slice(-2)).toEqual(['node', 'agent.js']);
		expect(command.join(' ')).toContain('--bind /var/lib/tappass/x.sock /run/tappass-egress.sock');
		expect(command.indexOf('--')).toBeGreaterThan(command.lastIndexOf('--remount-ro'));
	});

	test('any policy renders, the same twice, and never shows or opens more than the policy allows', () => {
		const kinds = fc.array(fc.constantFrom('directory', 'file', undefined), { minLength: 1, maxLength: 5 });
		const links = ['/bin', '/lib', '/lib32', '/lib64', '/libx32', '/sbin'];
		const system = [...systemPaths, ...links, ...Object.values(caseCapabilities().binaries)].map(absolutePath);
		fc.assert(
			fc.property(
				arbitraryPolicy,
				arbitraryCapabilities,
				kinds,
				anyPath,
				arbitraryHost,
				(policy, base, chosen, any, host) => {
					const near = nearbyPaths(policy);
					const path_kinds = Object.fromEntries(
						near.flatMap((path, index) => {
							const kind = chosen[index % chosen.length];
							return kind === undefined ? [] : [[pathText(path), kind] as const];
						}),
					);
					const capabilities = { ...base, path_kinds };
					const rendered = bubblewrap.render(policy, capabilities);
					expect(bubblewrap.check(rendered)).toEqual([]);
					expect(bubblewrap.render(policy, capabilities)).toEqual(rendered);

					const rules = pathRules(policy.filesystem, capabilities);
					for (const path of [any, ...near]) {
						const found = lookUp(rendered.args, path);
						if (found.host !== undefined && !isCovered(system, path))
							expect(mayRead(rules, path), pathText(path)).toBe(true);
						if (found.host !== undefined) expect(isCovered(rules.deny, path), pathText(path)).toBe(false);
						if (found.writable) expect(mayWrite(rules, path), pathText(path)).toBe(true);
					}
					const { allow, deny } = egressOf(rendered);
					const named = (list: readonly string[]): boolean =>
						list.some((text) => matchDomain(parseDomainPattern(text, 'deny').pattern!, host));
					const reaches = named(allow) && !named(deny);
					const isWhole = rendered.gaps.every(({ aspect }) => aspect !== 'network');
					const may = mayReach(domainRules(policy.network, capabilities), host);
					expect(reaches).toBe(may && isWhole);
				},
			),
		);
	});
});
