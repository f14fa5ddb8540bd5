import type { EvidenceFile } from '@tappass/audit';
import { parseJson, steps, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { limits } from '../limits.ts';
import type { InForce } from './clauses.ts';

const named = z.array(z.looseObject({ id: z.string() }));
const compiled = z.tuple([
	z.looseObject({ compliance_tags: z.array(z.string()) }),
	z.looseObject({
		steps: z.record(z.string(), z.looseObject({ enabled: z.boolean() })),
		constraints: named,
		approvals: named,
		forbidden_capabilities: z.array(z.string()),
		decisions: z.array(z.looseObject({ modules: z.array(z.looseObject({ file: z.string() })) })),
	}),
	z.unknown(),
]);
const link = z.looseObject({ kind: z.string(), id: z.string().optional(), file: z.string().optional() });

/** Path of a file that holds a compiled policy, its effective pipeline and its Because trails. */
export const compiledPath: RegExp = /^policy\/compiled\/([0-9a-f]{64})\.json$/;

/** The rules that a compiled policy of a pack has in force. @throws {TapPassError} server_unexpected */
export function inForceOf({ path, bytes }: EvidenceFile): InForce {
	const [policy, pipeline, because] = read(path, bytes);
	const links = linksIn(because);
	// Steps that run on every call are enabled by no one.
	const always = steps.filter(({ runs }) => runs === 'always').map(({ name }) => name);
	const enabled = Object.keys(pipeline.steps).filter((name) => pipeline.steps[name]!.enabled);
	const names = (kind: string, all: readonly string[]): readonly string[] => all.map((name) => `${kind}:${name}`);
	const ids = (all: readonly { readonly id: string }[]): readonly string[] => all.map(({ id }) => id);
	return {
		sha256: compiledPath.exec(path)?.[1] ?? path,
		rules: new Set([
			...names('step', [...always, ...enabled]),
			...names('tag', policy.compliance_tags),
			...names('constraint', ids(pipeline.constraints)),
			...names('approval', ids(pipeline.approvals)),
			...names('forbidden', pipeline.forbidden_capabilities),
			...links.flatMap(({ kind, id }) => (kind === 'concern' && id !== undefined ? [`concern:${id}`] : [])),
		]),
		files: [
			...links.flatMap(({ kind, file }) => (kind === 'rule' && file !== undefined ? [file] : [])),
			...pipeline.decisions.flatMap(({ modules }) => modules.map(({ file }) => file)),
		],
	};
}

// What a server hands out is a fault of the server when it cannot be read, and its nesting has a bound.
function read(path: string, bytes: Uint8Array): z.output<typeof compiled> {
	try {
		return compiled.parse(parseJson(bytes, { bytesMax: limits.answerBytesMax }));
	} catch (cause) {
		throw new TapPassError('server_unexpected', { detail: `${path} of the evidence is no compiled policy`, cause });
	}
}

// Wherever they stand in the trails.
function linksIn(value: unknown): readonly z.output<typeof link>[] {
	if (Array.isArray(value)) return value.flatMap(linksIn);
	if (typeof value !== 'object' || value === null) return [];
	const parsed = link.safeParse(value);
	return [...(parsed.success ? [parsed.data] : []), ...Object.values(value).flatMap(linksIn)];
}
