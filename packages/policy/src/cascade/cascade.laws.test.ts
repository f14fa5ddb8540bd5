import { type Action, actions, levels, matchTool, parseToolPattern, type TrustLevel, trustLevels } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexCatalog } from '../catalog/catalog.ts';
import { compile } from '../compile/compile.ts';
import { type Contribution, ceilings, emptyContribution, type Stated } from '../resolve/contribution.ts';
import { cascade } from './cascade.ts';
import { patternKinds } from './patterns.ts';

const place = { file: 'x', row: 1, col: 1 };
const stated = <T>(value: T): Stated<T> => ({ value, chains: [], place });
const universe = { catalog: indexCatalog(new Map()), domains: new Map<string, readonly string[]>() };

const names = ['a.get_x', 'a.get_y', 'a.set_x', 'b.get_x', 'b.x.y', 'a.get', 'b.set_xy'];
const toolPattern = fc.constantFrom(...names, 'a.*', '*.get_*', '*.*', 'a.get_*', '*.*_x', '**', 'b.**', '*.set_x*');
const list = <T>(item: fc.Arbitrary<T>) => fc.uniqueArray(item, { maxLength: 4 });
const action = fc.constantFrom(...actions);
const step = fc.record({
	enabled: fc.boolean(),
	action,
	confidence: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
});

const contribution: fc.Arbitrary<Contribution> = fc
	.record({
		level: fc.constantFrom(...levels),
		kind: fc.constantFrom('operator', 'pack', 'concern', 'overlay', 'function'),
		allow: fc.option(list(toolPattern), { nil: undefined }),
		deny: list(toolPattern),
		tags: list(fc.constantFrom('A:1', 'A:2', 'B:1')),
		budget: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
		step: fc.option(step, { nil: undefined }),
		trust: fc.option(fc.constantFrom<TrustLevel>(...trustLevels), { nil: undefined }),
		right: fc.option(fc.constantFrom('deny', 'ro', 'rw'), { nil: undefined }),
		workspace: fc.option(fc.constantFrom('/w', '/w/a', '/w/a/b', '/v'), { nil: undefined }),
	})
	.map(
		({ level, kind, ...said }): Contribution => ({
			...emptyContribution({ level, kind, name: `${kind} ${JSON.stringify(said)}` }),
			allow: said.allow === undefined ? {} : { 'tools.allow': { items: said.allow.map(stated), place } },
			deny: { 'tools.deny': said.deny.map(stated), compliance_tags: said.tags.map(stated) },
			ceilings: said.budget === undefined ? {} : { [ceilings[0]!]: stated(said.budget) },
			steps:
				said.step === undefined
					? {}
					: {
							detect_pii: {
								enabled: stated(said.step.enabled),
								action: stated<Action>(said.step.action),
								parameters:
									said.step.confidence === undefined ? {} : { confidence_percent: stated(said.step.confidence) },
							},
						},
			schemas_acl: said.right === undefined ? {} : { db: { pii: stated(said.right) } },
			...(said.workspace === undefined ? {} : { workspace: stated(said.workspace) }),
			...(said.trust === undefined ? {} : { trust_level: stated<TrustLevel>(said.trust) }),
		}),
	);
const contributions = fc.array(contribution, { maxLength: 6 });
// One operator contribution for each level, as the resolver makes them.
const asResolved = contributions.map((all) =>
	all.filter(
		(each, position) =>
			each.origin.kind !== 'operator' ||
			all.findIndex(({ origin }) => origin.kind === 'operator' && origin.level === each.origin.level) === position,
	),
);

const inForce = { packs: [], function: null, categories: [] };
function derive(all: readonly Contribution[]) {
	const { merged, conflicts } = cascade(all, universe);
	const { compiled_policy, effective_pipeline } = compile(merged, universe, inForce);
	return { compiled_policy, effective_pipeline, conflicts };
}
function mayCall(
	tool: string,
	{ tools }: { readonly tools: { readonly allow: readonly string[]; readonly deny: readonly string[] } },
): boolean {
	const names = (pattern: string): boolean => matchTool(parseToolPattern(pattern).pattern!, tool);
	return tools.allow.some(names) && !tools.deny.some(names);
}

describe('the laws of the cascade', () => {
	it('never allows what one of the origins does not', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const { compiled_policy: policy, effective_pipeline: pipeline } = derive(all);
				for (const { origin, allow, deny, ceilings: numbers, steps, trust_level, schemas_acl } of all) {
					for (const tool of names) {
						if (!mayCall(tool, policy)) continue;
						if (allow['tools.allow'] !== undefined)
							expect(
								allow['tools.allow'].items.some(({ value }) => matchTool(parseToolPattern(value).pattern!, tool)),
							).toBe(true);
						expect(deny['tools.deny']!.some(({ value }) => matchTool(parseToolPattern(value).pattern!, tool))).toBe(
							false,
						);
					}
					const budget = numbers['budget.tokens_per_day'];
					if (budget !== undefined) expect(policy.budget.tokens_per_day).toBeLessThanOrEqual(budget.value);
					const rule = steps.detect_pii;
					if (rule?.enabled?.value === true) expect(pipeline.steps.detect_pii.enabled).toBe(true);
					if (rule?.action !== undefined)
						expect(actions.indexOf(pipeline.steps.detect_pii.action)).toBeGreaterThanOrEqual(
							actions.indexOf(rule.action.value),
						);
					const confidence = rule?.parameters['confidence_percent'];
					if (confidence !== undefined)
						expect(pipeline.steps.detect_pii.parameters['confidence_percent']).toBeLessThanOrEqual(
							Number(confidence.value),
						);
					if (trust_level !== undefined)
						expect(trustLevels.indexOf(pipeline.trust_level)).toBeLessThanOrEqual(
							trustLevels.indexOf(trust_level.value),
						);
					const right = schemas_acl['db']?.['pii'];
					if (right !== undefined && (right.value !== 'rw' || origin.kind === 'operator'))
						expect(['rw', 'ro', 'deny'].indexOf(policy.tools.schemas_acl['db']!['pii']!)).toBeGreaterThanOrEqual(
							['rw', 'ro', 'deny'].indexOf(right.value),
						);
				}
			}),
			{ numRuns: 400 },
		);
	});
	it('gives no one who is no operator the power to grant', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const { compiled_policy } = derive(
					all.filter(({ origin }) => origin.kind !== 'operator' && origin.kind !== 'overlay'),
				);

				expect(compiled_policy.tools.allow).toEqual([]);
			}),
		);
	});
	it('adding an origin that does not grant never allows more', () => {
		fc.assert(
			fc.property(asResolved, contribution, (all, more) => {
				fc.pre(more.origin.kind !== 'operator' && more.origin.kind !== 'overlay');
				const [before, after] = [derive(all), derive([...all, more])];

				for (const tool of names)
					if (mayCall(tool, after.compiled_policy)) expect(mayCall(tool, before.compiled_policy)).toBe(true);
				expect(after.compiled_policy.budget.tokens_per_day).toBeLessThanOrEqual(
					before.compiled_policy.budget.tokens_per_day,
				);
			}),
		);
	});
	it('does not depend on the order of its input: Packs, concerns and levels in any order give the same bytes', () => {
		fc.assert(
			fc.property(
				asResolved.chain((all) =>
					fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length })),
				),
				([all, shuffled]) => {
					const strip = (all: readonly Contribution[]) => {
						const { compiled_policy, effective_pipeline } = derive(all);
						return { compiled_policy, effective_pipeline };
					};
					expect(strip(shuffled)).toEqual(strip(all));
				},
			),
			{ numRuns: 300 },
		);
	});
	it('applied twice changes nothing', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const once = derive(all);
				const again = derive([...all, ...all.filter(({ origin }) => origin.kind !== 'operator')]);

				expect(again.compiled_policy).toEqual(once.compiled_policy);
				expect(again.effective_pipeline).toEqual(once.effective_pipeline);
			}),
		);
	});
	it('unites deny-lists and tags in whatever order of levels', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const turned = all.map((each) => ({
					...each,
					origin: {
						...each.origin,
						level:
							each.origin.level === 'org'
								? ('agent' as const)
								: each.origin.level === 'agent'
									? ('org' as const)
									: each.origin.level,
					},
				}));

				expect(derive(turned).compiled_policy.compliance_tags).toEqual(derive(all).compiled_policy.compliance_tags);
				expect(derive(turned).compiled_policy.tools.deny).toEqual(derive(all).compiled_policy.tools.deny);
			}),
		);
	});
	it('reports every operator statement that does not hold as written', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const { compiled_policy, conflicts } = derive(all);
				for (const { origin, ceilings: numbers } of all) {
					const own = numbers['budget.tokens_per_day'];
					if (own === undefined || (origin.kind !== 'operator' && origin.kind !== 'overlay')) continue;
					const above = all.some(
						(other) =>
							levels.indexOf(other.origin.level) < levels.indexOf(origin.level) &&
							(other.ceilings['budget.tokens_per_day']?.value ?? Infinity) < own.value,
					);
					if (above)
						expect(
							conflicts.some(
								({ kind, what, below }) =>
									kind === 'refused' && what === 'budget.tokens_per_day' && below.origin === origin,
							),
						).toBe(true);
				}
				expect(compiled_policy.schema).toBe('tappass.compiled-policy/1');
			}),
		);
	});
});

describe('the intersection of patterns', () => {
	const segment = fc.stringMatching(/^[ab*]{1,4}$/).filter((text) => !text.includes('***'));
	const pattern = fc
		.array(segment, { minLength: 1, maxLength: 3 })
		.map((parts) => parts.join('.'))
		.filter((text) => parseToolPattern(text).pattern !== undefined);
	const tool = fc
		.array(fc.stringMatching(/^[ab]{1,3}$/), { minLength: 1, maxLength: 3 })
		.map((parts) => parts.join('.'));
	const matches = (text: string, name: string): boolean => matchTool(parseToolPattern(text).pattern!, name);

	it('of tools names exactly what both name', () => {
		fc.assert(
			fc.property(pattern, pattern, fc.array(tool, { minLength: 20, maxLength: 40 }), (a, b, samples) => {
				const both = patternKinds['tools.allow'].intersect(a, b);
				if (both === undefined) return;
				for (const name of samples)
					expect(
						both.some((text) => matches(text, name)),
						name,
					).toBe(matches(a, name) && matches(b, name));
			}),
			{ numRuns: 500 },
		);
	});
	it('of domains names exactly what both name', () => {
		const domain = fc.constantFrom('*.a.com', 'a.com', 'x.a.com', '*.x.a.com', 'y.x.a.com', 'b.com', '*.b.com');
		const hosts = ['a.com', 'x.a.com', 'y.x.a.com', 'z.y.x.a.com', 'b.com', 'q.b.com'];
		const kind = patternKinds['network.allow_domains'];
		fc.assert(
			fc.property(domain, domain, (a, b) => {
				for (const host of hosts)
					expect(kind.intersect(a, b)!.some((text) => kind.covers(text, host))).toBe(
						kind.covers(a, host) && kind.covers(b, host),
					);
			}),
		);
	});
});
