import { emptyCompiledPolicy, type PathKind } from '@tappass/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities } from '../test-support/golden.ts';
import { bubblewrap } from './index.ts';
import { probedPaths } from './probed-paths.ts';

/** Every path whose kind a rendering asked for. */
function asked(policy: Parameters<typeof bubblewrap.render>[0], answer: PathKind | undefined): readonly string[] {
	const paths = new Set<string>();
	const path_kinds = new Proxy<Record<string, PathKind>>(
		{},
		{
			getOwnPropertyDescriptor: (_target, name) => {
				paths.add(String(name));
				return answer === undefined ? undefined : { value: answer, configurable: true, enumerable: true };
			},
			get: () => answer,
		},
	);
	bubblewrap.render(policy, { ...caseCapabilities(), path_kinds });
	return [...paths];
}

test('an empty policy asks for the links of the system and the workspace', () => {
	expect(probedPaths(emptyCompiledPolicy, caseCapabilities())).toEqual([
		'/bin',
		'/lib',
		'/lib32',
		'/lib64',
		'/libx32',
		'/sbin',
		'/srv/tappass/demo/workspace',
		'/var/lock',
		'/var/run',
	]);
});

test('rendering asks for nothing else, whatever it is told', () => {
	fc.assert(
		fc.property(
			arbitraryPolicy,
			fc.constantFrom('directory' as const, 'file' as const, 'absent' as const, undefined),
			fc.boolean(),
			(base, answer, nested) => {
				const { workspace, deny_paths, read_only } = base.filesystem;
				// Paths in the workspace, under its name inside and on the host, are the ones with two names.
				const inside = nested ? [`${workspace}/a/b`, '/srv/tappass/demo/workspace/c', '/bin/d'] : [];
				const filesystem = {
					workspace,
					deny_paths: [...deny_paths, ...inside],
					read_only: [...read_only, `${workspace}/e`],
				};
				const policy = { ...base, filesystem };
				const listed = probedPaths(policy, caseCapabilities());
				expect(asked(policy, answer).filter((path) => !listed.includes(path))).toEqual([]);
			},
		),
	);
});
