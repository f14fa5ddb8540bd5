import type { Rendered } from '@tappass/core';
import { parseDocument } from 'yaml';
import { z } from 'zod';

/**
 * The part of OpenShell's policy file that we write, closed. Read from github.com/NVIDIA/OpenShell:
 * `docs/reference/policy-schema.mdx` and `crates/openshell-policy/src` at v0.0.111, and the documents of v0.1.x.
 * Narrower than its parser on purpose: that takes any word for `enforcement`, and treats all but `enforce` as "log only".
 */
export interface OpenshellPolicy {
	readonly version: 1;
	readonly filesystem_policy: {
		readonly include_workdir: false;
		readonly read_only: readonly string[];
		readonly read_write: readonly string[];
	};
	readonly landlock: { readonly compatibility: 'hard_requirement' };
	readonly process: { readonly run_as_user: string; readonly run_as_group: string };
	/** Left out when nothing is reachable. */
	readonly network_policies?: Readonly<Record<string, NetworkPolicy>>;
}

export interface NetworkPolicy {
	readonly name: string;
	readonly endpoints: readonly {
		/** `*` is one label, `**` one or more; neither matches the bare domain. */
		readonly host: string;
		readonly ports: readonly number[];
		readonly protocol: 'rest';
		readonly enforcement: 'enforce';
		readonly access: 'full';
	}[];
	/** Empty would match nothing. */
	readonly binaries: readonly { readonly path: string }[];
}

/** Paths that one policy may list. */
export const pathsMax = 256;

const path = z
	.string()
	.max(4_096)
	.regex(/^\/[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]*$/)
	.refine((text) => !text.split('/').includes('..'), { error: 'no .. in a path' });
const host = z.string().regex(/^(?:\*\*\.(?=[^.]+\.))?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
const user = z.string().regex(/^(?:sandbox|[1-9][0-9]{0,9})$/);
const openshellPolicySchema: z.ZodType = z.strictObject({
	version: z.literal(1),
	filesystem_policy: z
		.strictObject({
			include_workdir: z.literal(false),
			read_only: z.array(path),
			read_write: z.array(path.refine((text) => text !== '/', { error: '/ cannot be writable' })),
		})
		.refine(({ read_only, read_write }) => read_only.length + read_write.length <= pathsMax, {
			error: `at most ${pathsMax} paths`,
		}),
	landlock: z.strictObject({ compatibility: z.literal('hard_requirement') }),
	process: z.strictObject({ run_as_user: user, run_as_group: user }),
	network_policies: z
		.record(
			z.string().regex(/^(?!_provider_)[a-z0-9_]+$/),
			z.strictObject({
				name: z.string().min(1),
				endpoints: z
					.array(
						z.strictObject({
							host,
							ports: z.array(z.int().min(1).max(65_535)).min(1),
							protocol: z.literal('rest'),
							enforcement: z.literal('enforce'),
							access: z.literal('full'),
						}),
					)
					.min(1),
				binaries: z.array(z.strictObject({ path: path.refine((text) => !/[*?[\]{}]/.test(text)) })).min(1),
			}),
		)
		.optional(),
});

const file = 'openshell-policy.yaml';

export function check(rendered: Rendered): readonly string[] {
	const content = rendered.files.find(({ path: name }) => name === file)?.content;
	if (content === undefined || rendered.files.length !== 1) return [`${file}: expected this file alone`];
	const document = parseDocument(content, { uniqueKeys: true, merge: false });
	if (document.errors.length + document.warnings.length > 0)
		return [...document.errors, ...document.warnings].map(({ message }) => `${file}: ${message}`);
	if (/(?:^|\s)[&*][A-Za-z]/.test(content.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'))) return [`${file}: no anchors`];
	const result = openshellPolicySchema.safeParse(document.toJS());
	return result.success
		? []
		: result.error.issues.map(({ path: at, message }) => `${file}#${at.join('/')}: ${message}`);
}
