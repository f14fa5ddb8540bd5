import { type PathPattern, pathText, type Rendered } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { macosSystem } from '../additive-grants.ts';
import { absolutePath, hostRules, isCovered, mayRead, mayWrite, pathRules } from '../paths.ts';
import { arbitraryCapabilities, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { anyPath, nearbyPaths } from '../test-support/nearby-paths.ts';
import { sandboxExec } from './index.ts';
import { readProfile } from './schema.ts';

const macos = { os: 'macos' } as const;
holdGolden(sandboxExec, import.meta.dirname, macos);

/** How Seatbelt decides: the last rule that matches; nothing matches: denied. Links are followed before. */
function decides(rendered: Rendered, operation: string, path: PathPattern): boolean {
	const linked = ['etc', 'tmp', 'var'].includes(path.segments[0] ?? '');
	const text = pathText(linked ? { root: '/', segments: ['private', ...path.segments] } : path);
	const rules = readProfile(rendered.files[0]!.content)!;
	const last = rules.findLast(
		({ operations, filters }) =>
			operations.includes(operation) &&
			filters.some(
				(filter) =>
					(filter.kind === 'literal' && filter.path === text) ||
					(filter.kind === 'subpath' &&
						(filter.path === text || filter.path === '/' || text.startsWith(`${filter.path}/`))),
			),
	);
	return last?.effect === 'allow';
}

describe('sandbox-exec', () => {
	test('an empty policy opens no connection and no path but the system and the workspace', () => {
		const rendered = sandboxExec.render(casePolicy('empty'), caseCapabilities(macos));

		expect(rendered.files[0]!.content).not.toContain('network');
		expect(decides(rendered, 'file-write*', absolutePath('/srv/tappass/demo/workspace/x'))).toBe(true);
		for (const path of ['/Users/x', '/private/etc/ssl', '/'])
			expect(decides(rendered, 'file-write*', absolutePath(path)), path).toBe(false);
		expect(decides(rendered, 'file-read*', absolutePath('/Users/x'))).toBe(false);
	});

	test('denied paths are denied after everything is allowed, and read-only ones in the workspace for writing', () => {
		const rendered = sandboxExec.render(casePolicy('everything'), caseCapabilities(macos));
		const workspace = '/srv/tappass/demo/workspace';

		expect(decides(rendered, 'file-read*', absolutePath(`${workspace}/vendor/x`))).toBe(true);
		expect(decides(rendered, 'file-write*', absolutePath(`${workspace}/vendor/x`))).toBe(false);
		expect(decides(rendered, 'file-read*', absolutePath(`${workspace}/.env`))).toBe(false);
		expect(decides(rendered, 'file-read*', absolutePath('/opt/data/secret/key'))).toBe(false);
	});

	test('a read-only path of the workspace that cannot be named makes all of it read-only', () => {
		const base = casePolicy('typical');
		const filesystem = { ...base.filesystem, read_only: ['/workspace/é'], deny_paths: [] };
		const rendered = sandboxExec.render({ ...base, filesystem }, caseCapabilities(macos));

		expect(decides(rendered, 'file-write*', absolutePath('/srv/tappass/demo/workspace/x'))).toBe(false);
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/workspace', '/workspace/é', 'files.acme.com']);
	});

	test('a directory above a hidden one cannot be renamed', () => {
		const base = casePolicy('typical');
		const filesystem = { ...base.filesystem, deny_paths: ['/workspace/a/b/secret'] };
		const rendered = sandboxExec.render({ ...base, filesystem }, caseCapabilities(macos));

		const workspace = '/srv/tappass/demo/workspace';
		expect(readProfile(rendered.files[0]!.content)!.at(-1)).toEqual({
			effect: 'deny',
			operations: ['file-write-unlink'],
			filters: [workspace, `${workspace}/a`, `${workspace}/a/b`].map((path) => ({ kind: 'literal', path })),
		});
	});

	test('scratch space makes nothing writable that the policy names for reading, nor lets it be moved away', () => {
		const filesystem = { workspace: '/workspace', read_only: ['/tmp/a/data'], deny_paths: [] };
		const rendered = sandboxExec.render({ ...casePolicy('empty'), filesystem }, caseCapabilities(macos));

		expect(decides(rendered, 'file-write*', absolutePath('/private/tmp/b'))).toBe(true);
		expect(decides(rendered, 'file-write*', absolutePath('/private/tmp/a/data/x'))).toBe(false);
		expect(rendered.files[0]!.content).toContain('(literal "/private/tmp/a")');
	});

	test('each domain is a gap, since only addresses can be named', () => {
		const rendered = sandboxExec.render(casePolicy('typical'), caseCapabilities(macos));

		expect(rendered.gaps.map(({ value }) => value)).toEqual(['files.acme.com']);
	});

	test('a gateway on the machine itself is reachable', () => {
		const gateway = { gateway_url: 'http://127.0.0.1:8400/v1', mcp_url: 'http://localhost:8401/mcp' };
		const rendered = sandboxExec.render(casePolicy('typical'), caseCapabilities({ ...macos, ...gateway }));

		expect(rendered.files[0]!.content.match(/localhost:\d+/g)).toEqual(['localhost:8400', 'localhost:8401']);
	});

	test('a name that would end its quotes is a gap, and so is a grant around a denied one', () => {
		const base = casePolicy('typical');
		const filesystem = {
			...base.filesystem,
			read_only: ['/opt', '/a"b', '/back\\slash'],
			deny_paths: ['/opt/x") (allow default'],
		};
		const rendered = sandboxExec.render({ ...base, filesystem }, caseCapabilities(macos));

		expect(rendered.files[0]!.content).not.toContain('allow default');
		expect(rendered.gaps.map(({ value }) => value)).toEqual(['/a"b', '/back\\slash', '/opt', 'files.acme.com']);
	});

	test.each([
		['(deny default)', '(allow default)'],
		['(allow file-read* (literal "/")', '(allow file-read*'],
		['(allow process-fork', '(import "x")\n(allow process-fork'],
		['signal (target same-sandbox)', 'signal'],
	])('its own check refuses %s written as %s', (from, to) => {
		const rendered = sandboxExec.render(casePolicy('typical'), caseCapabilities(macos));
		const [file] = rendered.files;
		const content = file!.content.replace(from, to);

		expect(content).not.toBe(file!.content);
		expect(sandboxExec.check({ ...rendered, files: [{ ...file!, content }] })).not.toEqual([]);
	});

	test('any policy renders, the same twice, and never opens more than the policy allows', () => {
		const programs = Object.values(caseCapabilities().binaries);
		const system = [...macosSystem.read, ...macosSystem.write, ...programs, '/tmp', '/etc', '/var'].map(absolutePath);
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, anyPath, (policy, base, any) => {
				const capabilities = { ...base, ...macos };
				const rendered = sandboxExec.render(policy, capabilities);
				expect(sandboxExec.check(rendered)).toEqual([]);
				expect(sandboxExec.render(policy, capabilities)).toEqual(rendered);

				const rules = hostRules(pathRules(policy.filesystem, capabilities));
				// What the target grants by itself does not make writable what the policy names for reading.
				const heldSystem = rules.read_only.filter((one) => isCovered(system, one));
				for (const path of [any, ...nearbyPaths(policy)]) {
					const text = pathText(path);
					const reads = decides(rendered, 'file-read*', path);
					const writes = decides(rendered, 'file-write*', path);
					if (reads) expect(isCovered(rules.deny, path), text).toBe(false);
					if (reads && !isCovered(system, path)) expect(mayRead(rules, path), text).toBe(true);
					if (writes && (!isCovered(system, path) || isCovered(heldSystem, path)))
						expect(mayWrite(rules, path), text).toBe(true);
				}
			}),
		);
	});
});
