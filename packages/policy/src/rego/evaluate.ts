import type { Because, Diagnostic } from '@tappass/core';
import type { JsonValue, Program, ProvenanceEntry, Site } from '@tappass/rego';
import type { z } from 'zod';
import { diagnoseValue } from '../author/diagnose.ts';
import { baseName, type Place } from '../author/input.ts';
import { policyLimits } from '../limits.ts';
import { type Chain, type Contribution, emptyContribution, type Origin, type Stated } from '../resolve/contribution.ts';
import { contributionOf } from '../resolve/requirements.ts';
import { type PolicyInput, type PolicyOutput, policyOutputSchema } from './contract.ts';
import { attempt, type LevelProgram } from './level-program.ts';

/** How the chains of an origin go on from a rule: the floor, the person. Asked per file, since each file has its author. */
export type ChainEnd = (file: string) => readonly Chain[];

/** Who speaks. */
export interface Speaker {
	readonly origin: Origin;
	/** Names the decision rules in the effective pipeline: `org`, `pack:gdpr@1.0.0`. */
	readonly decisionOrigin: string;
	readonly end: ChainEnd;
	/** How trails name a file: the same wherever it lies on the machine that compiles. */
	readonly fileName: (file: string) => string;
}

/**
 * Evaluates the policy rules of one origin over `input` and types what they say. Every value knows the rule that said it.
 * @returns the contribution, or every value that the contract refuses, at the rule that made it
 */
export function evaluateLevel(
	program: LevelProgram,
	input: PolicyInput,
	speaker: Speaker,
): { readonly contribution: Contribution } | { readonly diagnostics: readonly Diagnostic[] } {
	const { origin, decisionOrigin } = speaker;
	const decisions =
		program.decisionSources.length === 0
			? []
			: [
					{
						origin: decisionOrigin,
						modules: [...program.decisionSources]
							// Where a file lies on the machine that compiles is no part of the policy; base names are unique in an origin.
							.map(({ file, source }) => ({ file: baseName(file), source }))
							.sort((a, b) => (a.file < b.file ? -1 : 1)),
					},
				];
	if (program.policy === undefined) return { contribution: { ...emptyContribution(origin), decisions } };
	const typed = typedOutput(program.policy, input);
	if ('diagnostics' in typed) return typed;
	return { contribution: { ...contribute(typed.value, typed.output, speaker, typed.sites), decisions } };
}

/** What is wrong with the values of rules of which the contract has refused the names: wrong types, conflicts. */
export function typeFaults(policy: Program, input: PolicyInput): readonly Diagnostic[] {
	const typed = typedOutput(policy, input, (issue) => issue.code !== 'unrecognized_keys');
	return 'diagnostics' in typed ? typed.diagnostics : [];
}

function typedOutput(
	policy: Program,
	input: PolicyInput,
	isTold: (issue: z.core.$ZodIssue) => boolean = () => true,
):
	| { readonly value: PolicyOutput; readonly output: unknown; readonly sites: Sites }
	| { readonly diagnostics: readonly Diagnostic[] } {
	const diagnostics: Diagnostic[] = [];
	const evaluation = attempt(
		() =>
			policy.evaluate('data.tappass.policy', {
				input: input as unknown as JsonValue,
				provenance: true,
				strict: true,
				limits: { stepsMax: policyLimits.regoStepsMax },
			}),
		diagnostics,
	);
	if (evaluation === undefined)
		return { diagnostics: diagnostics.map((each) => placed(withRivals(each, policy), policy)) };
	const sites = new Sites(evaluation.provenance ?? []);
	const output = recognised(evaluation.result);
	const special = specialKeys(output, []);
	if (special.length > 0)
		return {
			diagnostics: special.map((path) => ({
				code: 'schema_invalid',
				...sites.place(path, output),
				message: `${path.map(String).join('.')}: this name is reserved`,
				hint: 'choose another name',
			})),
		};
	const result = policyOutputSchema.safeParse(output);
	if (result.success) return { value: result.data, output, sites };
	const error = { issues: result.error.issues.filter(isTold) };
	return { diagnostics: diagnoseValue(policyOutputSchema, output, error, (path) => sites.place(path, output)) };
}

// The schemas skip such keys without a word, and a deny under one of them would be gone.
function specialKeys(value: unknown, path: readonly PropertyKey[]): readonly (readonly PropertyKey[])[] {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) =>
		key === '__proto__' || key === 'constructor' || key === 'prototype'
			? [[...path, key]]
			: specialKeys(inner, [...path, Array.isArray(value) ? Number(key) : key]),
	);
}

// What no single rule is to blame for (too many steps) stands at the first file of the program.
function placed(diagnostic: Diagnostic, { lowered }: Program): Diagnostic {
	const [file] = lowered.modules.map((module) => module.file).sort();
	return diagnostic.file !== undefined || file === undefined ? diagnostic : { ...diagnostic, file, row: 1, col: 1 };
}

// Two files of one level may state one value twice: which value, and where the other rule stands.
function withRivals(diagnostic: Diagnostic, { lowered }: Program): Diagnostic {
	if (diagnostic.code !== 'eval_conflict_error') return diagnostic;
	const group = lowered.groups.find(({ rules }) =>
		rules.some(({ loc }) => loc.file === diagnostic.file && loc.row === diagnostic.row && loc.col === diagnostic.col),
	);
	if (group === undefined) return diagnostic;
	const places = group.rules
		.filter(({ loc }) => loc.file !== diagnostic.file || loc.row !== diagnostic.row)
		.map(({ loc }) => `${loc.file}:${loc.row}:${loc.col}`);
	const name = group.name.replace(/^data\.tappass\.policy\./, '');
	return {
		...diagnostic,
		message: `${name}: ${diagnostic.message}`,
		hint: `it is also stated at ${places.join(', ')}; one level states a value once`,
	};
}

// Helper documents of the author's own are not output; misspelt keys were refused when the program was compiled.
function recognised(result: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
	const all = (result ?? {}) as Readonly<Record<string, JsonValue>>;
	const { shape } = policyOutputSchema as unknown as { readonly shape: Readonly<Record<string, unknown>> };
	return Object.fromEntries(Object.entries(all).filter(([key]) => Object.hasOwn(shape, key)));
}

function contribute(output: PolicyOutput, root: unknown, speaker: Speaker, sites: Sites): Contribution {
	const { origin, end, fileName } = speaker;
	const { pipeline, ...rest } = output;
	const rules = pipeline?.steps === undefined ? rest : { ...rest, steps: pipeline.steps };
	// Places double as identity: each value is asked for by its path, and its chains are those of the rules behind it.
	const at = (path: readonly PropertyKey[]): Place => sites.place(inOutput(path), root);
	const plain = contributionOf(rules, origin, [], at);
	const chained = <T>(stated: Stated<T>, path: readonly PropertyKey[]): Stated<T> => ({
		...stated,
		chains: sites
			.at(inOutput(path), root)
			.flatMap((site) => end(site.file).map((rest) => [ruleLink(site, fileName), ...rest])),
	});
	const list = (items: readonly Stated<string>[] | undefined, path: string): readonly Stated<string>[] =>
		(items ?? []).map((item, position) => chained(item, [...path.split('.'), position]));
	return {
		...plain,
		allow: mapValues(plain.allow, (stated, name) => ({ ...stated!, items: list(stated!.items, name) })),
		deny: mapValues(plain.deny, (items, name) => list(items, name)),
		ceilings: mapValues(plain.ceilings, (stated, name) => chained(stated!, name.split('.'))),
		steps: mapValues(plain.steps, (stated, name) => ({
			...(stated!.enabled === undefined ? {} : { enabled: chained(stated!.enabled, ['steps', name, 'enabled']) }),
			...(stated!.action === undefined ? {} : { action: chained(stated!.action, ['steps', name, 'action']) }),
			parameters: mapValues(stated!.parameters, (value, key) => chained(value, ['steps', name, 'parameters', key])),
		})),
		constraints: plain.constraints.map((stated, position) => chained(stated, ['constraints', position])),
		approvals: plain.approvals.map((stated, position) => chained(stated, ['approvals', position])),
		schemas_acl: mapValues(plain.schemas_acl, (schemas, server) =>
			mapValues(schemas, (stated, schema) => chained(stated, ['tools', 'schemas_acl', server, schema])),
		),
		...(plain.workspace === undefined ? {} : { workspace: chained(plain.workspace, ['filesystem', 'workspace']) }),
		...(plain.trust_level === undefined ? {} : { trust_level: chained(plain.trust_level, ['trust_level']) }),
	};
}

// An overlay calls `steps` what Rego calls `pipeline.steps`.
function inOutput(path: readonly PropertyKey[]): readonly PropertyKey[] {
	return path[0] === 'steps' ? ['pipeline', ...path] : path;
}

function mapValues<K extends string, A, B>(
	record: Readonly<Partial<Record<K, A>>>,
	map: (value: A, key: K) => B,
): Record<K, B> {
	return Object.fromEntries(
		(Object.entries(record) as [K, A | undefined][]).flatMap(([key, value]) =>
			value === undefined ? [] : [[key, map(value, key)]],
		),
	) as Record<K, B>;
}

function ruleLink(site: Site, fileName: Speaker['fileName']): Because {
	const rule = site.path.replace(/^data\.tappass\.policy\./, '');
	const title = site.annotation?.title;
	return {
		kind: 'rule',
		rule,
		file: fileName(site.file),
		row: site.startRow,
		...(title === undefined ? {} : { title }),
	};
}

/** Which rules made the value at a path of the output. */
class Sites {
	readonly #root: SiteNode = { children: new Map(), members: new Map(), sites: [] };

	constructor(provenance: readonly ProvenanceEntry[]) {
		for (const entry of provenance) {
			const keys = pathKeys(entry.document).slice(3);
			let node = this.#root;
			for (const key of keys) {
				let child = node.children.get(key);
				if (child === undefined) {
					child = { children: new Map(), members: new Map(), sites: [] };
					node.children.set(key, child);
				}
				node = child;
			}
			const sites = entry.reasons.map(({ site }) => site);
			if (entry.key === undefined) node.sites.push(...sites);
			else {
				const member = memberKey(entry.key);
				node.members.set(member, [...(node.members.get(member) ?? []), ...sites]);
			}
		}
	}

	/** The rules behind the value at `path`, or behind the nearest value around it. */
	at(path: readonly PropertyKey[], root: unknown): readonly Site[] {
		let node: SiteNode | undefined = this.#root;
		let value: unknown = root;
		let best: readonly Site[] = [];
		for (const part of path) {
			if (node === undefined) break;
			if (node.sites.length > 0) best = node.sites;
			const inside: unknown =
				typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
			// A set arrives as an array: its member is known by its value, an object's entry by its key.
			const member = node.members.get(memberKey(Array.isArray(value) ? inside : String(part)));
			if (member !== undefined) best = member;
			node = node.children.get(String(part));
			value = inside;
		}
		if (node !== undefined && node.sites.length > 0) best = node.sites;
		return best.length > 0 || node === undefined ? best : firstBelow(node);
	}

	place(path: readonly PropertyKey[], root: unknown): Place {
		const [site] = this.at(path, root);
		return site === undefined
			? { file: '', row: 1, col: 1 }
			: { file: site.file, row: site.startRow, col: site.startCol };
	}
}

interface SiteNode {
	readonly children: Map<string, SiteNode>;
	readonly members: Map<string, readonly Site[]>;
	readonly sites: Site[];
}

function firstBelow(node: SiteNode): readonly Site[] {
	for (const sites of node.members.values()) return sites;
	for (const child of node.children.values()) {
		const found = child.sites.length > 0 ? child.sites : firstBelow(child);
		if (found.length > 0) return found;
	}
	return [];
}

function memberKey(value: unknown): string {
	return JSON.stringify(value, (_, inner: unknown) =>
		typeof inner === 'object' && inner !== null && !Array.isArray(inner)
			? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
			: inner,
	);
}

// `data.a["b-c"].d` → its keys, as the engine prints paths.
function pathKeys(path: string): readonly string[] {
	return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, quoted, plain]) =>
		quoted === undefined ? plain! : (JSON.parse(`"${quoted}"`) as string),
	);
}
