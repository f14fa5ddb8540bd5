import {
	type Action,
	type Approval,
	actions,
	type Constraint,
	canonicalJson,
	levels,
	matchTool,
	parseToolPattern,
	type SchemaRight,
	steps,
	type TrustLevel,
	trustLevels,
} from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexCatalog } from '../catalog/catalog.ts';
import { compile } from '../compile/compile.ts';
import {
	type AllowList,
	type Contribution,
	ceilings,
	emptyContribution,
	type Stated,
} from '../resolve/contribution.ts';
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
		rights: fc.dictionary(fc.constantFrom('pii', 'hr'), fc.constantFrom<SchemaRight>('deny', 'ro', 'rw')),
		models: fc.option(list(fc.constantFrom('a-*', 'a-1', 'a-2', 'b-1', 'b-*')), { nil: undefined }),
		domains: fc.option(list(fc.constantFrom('*.a.com', 'x.a.com', 'b.com')), { nil: undefined }),
		forbidden: list(fc.constantFrom('refund', 'code_execution')),
		constraint: fc.option(fc.record({ id: fc.constantFrom('c', 'd'), value: fc.integer({ min: 1, max: 3 }), action }), {
			nil: undefined,
		}),
		approval: fc.option(
			fc.record({
				id: fc.constantFrom('p', 'q'),
				approvers: fc.integer({ min: 1, max: 3 }),
				expires_minutes: fc.integer({ min: 1, max: 9 }),
			}),
			{ nil: undefined },
		),
		decision: fc.option(fc.constantFrom('deny', 'notify'), { nil: undefined }),
		workspace: fc.option(fc.constantFrom('/w', '/w/a', '/w/a/b', '/v'), { nil: undefined }),
	})
	.map(
		({ level, kind, ...said }): Contribution => ({
			...emptyContribution({ level, kind, name: `${kind} ${JSON.stringify(said)}` }),
			allow: {
				...(said.allow === undefined ? {} : { 'tools.allow': { items: said.allow.map(stated), place } }),
				...(said.models === undefined ? {} : { 'models.allow': { items: said.models.map(stated), place } }),
				...(said.domains === undefined ? {} : { 'network.allow_domains': { items: said.domains.map(stated), place } }),
			},
			deny: {
				'tools.deny': said.deny.map(stated),
				compliance_tags: said.tags.map(stated),
				forbidden_capabilities: said.forbidden.map(stated),
			},
			constraints: said.constraint === undefined ? [] : [stated(constraintOf(said.constraint))],
			approvals:
				said.approval === undefined ? [] : [stated<Approval>({ ...said.approval, target: { tools: ['a.get'] } })],
			decisions:
				said.decision === undefined ? [] : [{ origin: level, modules: [{ file: 'x.rego', source: said.decision }] }],
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
			schemas_acl: {
				db: Object.fromEntries(Object.entries(said.rights).map(([schema, right]) => [schema, stated(right)])),
			},
			...(said.workspace === undefined ? {} : { workspace: stated(said.workspace) }),
			...(said.trust === undefined ? {} : { trust_level: stated<TrustLevel>(said.trust) }),
		}),
	);
function constraintOf({
	id,
	value,
	action,
}: {
	readonly id: string;
	readonly value: number;
	readonly action: Action;
}): Constraint {
	return {
		id,
		target: { tools: ['a.get'] },
		subject: { parameter: 'amount' },
		test: { op: 'max', value },
		action,
	} as Constraint;
}
const contributions = fc.array(contribution, { maxLength: 6 });
// One operator contribution for each level, as the resolver makes them.
const asResolved = contributions.map((all) =>
	all.filter(
		(each, position) =>
			each.origin.kind !== 'operator' ||
			all.findIndex(({ origin }) => origin.kind === 'operator' && origin.level === each.origin.level) === position,
	),
);

// An operator at each level, and nobody else.
const operatorsOnly = fc.tuple(contribution, contribution, contribution).map((three) =>
	three.map(
		(each, position): Contribution => ({
			...each,
			origin: { level: levels[position]!, kind: 'operator', name: levels[position]! },
		}),
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

const rights: readonly SchemaRight[] = ['rw', 'ro', 'deny'];
const schemas = ['pii', 'hr', 'other'];
// A server with an entry is closed.
function rightTo(schema: string, { tools }: ReturnType<typeof derive>['compiled_policy']): number {
	const acl = tools.schemas_acl['db'];
	return rights.indexOf(acl === undefined ? 'rw' : (acl[schema] ?? 'deny'));
}
function isWritten({ origin }: Contribution): boolean {
	return origin.kind === 'operator' || origin.kind === 'overlay';
}
function isAt(level: (typeof levels)[number]): (each: Contribution) => boolean {
	return ({ origin }) => origin.level === level;
}

describe('the laws of the cascade', () => {
	it('no level below relaxes what the level above has settled', () => {
		fc.assert(
			fc.property(asResolved, fc.constantFrom('org', 'project'), (all, lowest) => {
				const above = all.filter((each) => isAt('org')(each) || (lowest === 'project' && isAt('project')(each)));
				const [before, after] = [derive(above), derive(all)];
				const [a, b] = [before.compiled_policy, after.compiled_policy];
				const [x, y] = [before.effective_pipeline, after.effective_pipeline];
				const settled = (list: AllowList): boolean =>
					above.some((each) => isWritten(each) && each.allow[list] !== undefined);

				if (settled('tools.allow')) for (const tool of names) if (mayCall(tool, b)) expect(mayCall(tool, a)).toBe(true);
				for (const [list, inside, now] of [
					['models.allow', x.models.allow, y.models.allow],
					['network.allow_domains', a.network.allow_domains, b.network.allow_domains],
				] as const)
					if (settled(list))
						for (const entry of now) expect(inside.some((outer) => patternKinds[list].covers(outer, entry))).toBe(true);
				if (above.some((each) => isWritten(each) && each.ceilings['budget.tokens_per_day'] !== undefined))
					expect(b.budget.tokens_per_day).toBeLessThanOrEqual(a.budget.tokens_per_day);
				if (above.some((each) => isWritten(each) && each.trust_level !== undefined))
					expect(trustLevels.indexOf(y.trust_level)).toBeLessThanOrEqual(trustLevels.indexOf(x.trust_level));
				if (above.some((each) => isWritten(each) && each.workspace !== undefined))
					expect(patternKinds['filesystem.read_only'].covers(a.filesystem.workspace, b.filesystem.workspace)).toBe(
						true,
					);
				const grants = (each: Contribution): boolean =>
					Object.values(each.schemas_acl['db'] ?? {}).some(({ value }) => value !== 'deny');
				for (const schema of schemas)
					if (above.some((each) => isWritten(each) && grants(each)))
						expect(rightTo(schema, b)).toBeGreaterThanOrEqual(rightTo(schema, a));
				expect(y.forbidden_capabilities).toEqual(expect.arrayContaining([...x.forbidden_capabilities]));
				expect(b.tools.deny).toEqual(expect.arrayContaining([...a.tools.deny]));
				expect(y.decisions).toEqual(expect.arrayContaining([...x.decisions]));
				for (const { test, action: floor } of x.constraints)
					expect(
						y.constraints.some(
							(each) =>
								canonicalJson(each.test) === canonicalJson(test) &&
								actions.indexOf(each.action) >= actions.indexOf(floor),
						),
					).toBe(true);
				for (const { approvers, expires_minutes } of x.approvals)
					expect(
						y.approvals.some((each) => each.approvers >= approvers && each.expires_minutes <= expires_minutes),
					).toBe(true);
				expect(y.steps.detect_pii.enabled || !x.steps.detect_pii.enabled).toBe(true);
			}),
			{ numRuns: 400 },
		);
	});
	it('keeps every constraint and approval that someone states, at its strictest, under an id of its own', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const { effective_pipeline: pipeline } = derive(all);
				for (const { constraints, approvals, decisions } of all) {
					for (const { value } of constraints)
						expect(
							pipeline.constraints.some(
								({ test, action: held }) =>
									canonicalJson(test) === canonicalJson(value.test) &&
									actions.indexOf(held) >= actions.indexOf(value.action),
							),
						).toBe(true);
					for (const { value } of approvals)
						expect(
							pipeline.approvals.some(
								(each) => each.approvers >= value.approvers && each.expires_minutes <= value.expires_minutes,
							),
						).toBe(true);
					expect(pipeline.decisions).toEqual(expect.arrayContaining([...decisions]));
				}
				for (const rules of [pipeline.constraints, pipeline.approvals]) {
					expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
				}
				expect(new Set(pipeline.decisions.map((each) => canonicalJson(each))).size).toBe(pipeline.decisions.length);
			}),
		);
	});
	it('a step of every call never does less than it does unasked', () => {
		fc.assert(
			fc.property(asResolved, fc.constantFrom(...steps.filter(({ runs }) => runs === 'always')), (all, step) => {
				const about = all.map((each) => ({
					...each,
					steps:
						each.steps.detect_pii === undefined ? {} : { [step.name]: { ...each.steps.detect_pii, parameters: {} } },
				}));
				const { effective_pipeline, conflicts } = derive(about);

				expect(effective_pipeline.steps[step.name]).toMatchObject({ enabled: true, action: 'block' });
				const diluted = about.filter((each) => isWritten(each) && each.steps[step.name]?.action?.value === 'log');
				for (const { origin } of diluted)
					expect(conflicts.some(({ kind, below }) => kind === 'refused' && below.origin === origin)).toBe(true);
			}),
		);
	});
	it('never allows what one of the origins does not', () => {
		fc.assert(
			fc.property(asResolved, (all) => {
				const { compiled_policy: policy, effective_pipeline: pipeline } = derive(all);
				for (const { origin, allow, deny, ceilings: numbers, steps, trust_level, schemas_acl, workspace } of all) {
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
					if (workspace !== undefined && isWritten({ origin } as Contribution))
						expect(
							all.some((each) => each.workspace?.value === policy.filesystem.workspace),
							policy.filesystem.workspace,
						).toBe(true);
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
	it('reports every tool and schema that a level below asks for in vain', () => {
		fc.assert(
			fc.property(operatorsOnly, (operators) => {
				const { conflicts } = derive(operators);
				const told = (origin: Contribution['origin'], what: string): boolean =>
					conflicts.some((each) => each.what.startsWith(what) && each.below.origin === origin);
				for (const { origin, allow, schemas_acl } of operators) {
					const higher = operators.filter((other) => levels.indexOf(other.origin.level) < levels.indexOf(origin.level));
					for (const { value } of allow['tools.allow']?.items ?? []) {
						const covers = patternKinds['tools.allow'].covers;
						const denied = higher.some(({ deny }) => deny['tools.deny']!.some((entry) => covers(entry.value, value)));
						const outside = higher.some(
							(other) =>
								other.allow['tools.allow'] !== undefined &&
								!other.allow['tools.allow'].items.some((entry) => covers(entry.value, value)),
						);
						if (denied || outside) expect(told(origin, 'tools.allow')).toBe(true);
					}
					// Only operators speak, and none below: what is stricter than stated is so because of someone above.
					const onlyAbove = derive([...higher, ...operators.filter((each) => each.origin === origin)]).compiled_policy;
					for (const [schema, { value }] of Object.entries(schemas_acl['db'] ?? {}))
						if (rightTo(schema, onlyAbove) > rights.indexOf(value))
							expect(told(origin, 'tools.schemas_acl')).toBe(true);
				}
			}),
			{ numRuns: 200 },
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
