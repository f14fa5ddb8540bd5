import {
	type Approval,
	type Aspect,
	actions,
	aspects,
	type BecauseTrail,
	type Constraint,
	canonicalJson,
	findStep,
	impliedParameter,
	jsonPointer,
	type ParameterValue,
	printBecause,
	type SchemaRight,
	type StepName,
	type StepParameter,
	stricterParameter,
	trustLevels,
} from '@tappass/core';
import { type PatternKind, patternKinds } from '../cascade/patterns.ts';
import type { CompileResult } from '../compile-policy.ts';

type Side = Pick<CompileResult, 'compiled_policy' | 'effective_pipeline' | 'because'>;

/** One difference between two compiled policies. */
export interface Change {
	/** An Aspect, or `pipeline` for what the gateway does beside. */
	readonly aspect: Aspect | 'pipeline';
	/** JSON pointer; entries of lists by value. */
	readonly path: string;
	/** `changed`: different, but neither allows more than the other in a way that can be told. */
	readonly change: 'stricter' | 'looser' | 'changed';
	readonly before: string | null;
	readonly after: string | null;
	/** What the change means. */
	readonly reason: string;
	/** The first link of the trail that causes it: of the new policy, or of the old one when something went away. */
	readonly because: string | null;
}

export interface PolicyDiff {
	readonly changes: readonly Change[];
	/** Per Aspect (and the pipeline): the strongest thing that happened to it. */
	readonly summary: Readonly<Record<Aspect | 'pipeline', 'same' | 'stricter' | 'looser' | 'mixed' | 'changed'>>;
}

/** What got stricter and what got looser from `a` to `b`, per Aspect. */
export function diff(a: Side, b: Side): PolicyDiff {
	const run = new Comparison(a, b);
	run.compare();
	const changes = [...run.changes].sort((x, y) => order(x) - order(y) || (x.path < y.path ? -1 : 1));
	const summary = Object.fromEntries(
		sections.map((section) => [section, strongest(changes.filter(({ aspect }) => aspect === section))]),
	) as PolicyDiff['summary'];
	return { changes, summary };
}

const sections: readonly (Aspect | 'pipeline')[] = [...aspects, 'pipeline'];
function order(change: Change): number {
	return sections.indexOf(change.aspect);
}
function strongest(changes: readonly Change[]): PolicyDiff['summary']['pipeline'] {
	const kinds = new Set(changes.map(({ change }) => change));
	if (kinds.has('stricter') && kinds.has('looser')) return 'mixed';
	if (kinds.has('looser')) return 'looser';
	if (kinds.has('stricter')) return 'stricter';
	return kinds.has('changed') ? 'changed' : 'same';
}

const rights: readonly SchemaRight[] = ['rw', 'ro', 'deny'];

class Comparison {
	readonly changes: Change[] = [];
	readonly #a: Side;
	readonly #b: Side;

	constructor(a: Side, b: Side) {
		this.#a = a;
		this.#b = b;
	}

	compare(): void {
		const [a, b] = [this.#a.compiled_policy, this.#b.compiled_policy];
		this.#allow(
			'network',
			['network', 'allow_domains'],
			a.network.allow_domains,
			b.network.allow_domains,
			patternKinds['network.allow_domains'],
		);
		this.#deny('network', ['network', 'deny_categories'], a.network.deny_categories, b.network.deny_categories);
		const paths = patternKinds['filesystem.read_only'];
		this.#workspace(a.filesystem.workspace, b.filesystem.workspace, paths);
		this.#allow('filesystem', ['filesystem', 'read_only'], a.filesystem.read_only, b.filesystem.read_only, paths);
		this.#deny('filesystem', ['filesystem', 'deny_paths'], a.filesystem.deny_paths, b.filesystem.deny_paths, paths);
		const tools = patternKinds['tools.allow'];
		this.#allow('tools', ['tools', 'allow'], a.tools.allow, b.tools.allow, tools);
		this.#deny('tools', ['tools', 'deny'], a.tools.deny, b.tools.deny, tools);
		this.#schemas(a.tools.schemas_acl, b.tools.schemas_acl);
		this.#allow(
			'interpreter',
			['interpreter', 'host_functions'],
			a.interpreter.host_functions,
			b.interpreter.host_functions,
		);
		for (const key of ['memory_mb', 'cpu_time_ms', 'stack_depth'] as const)
			this.#ceiling('interpreter', ['interpreter', key], a.interpreter[key], b.interpreter[key]);
		for (const key of ['tokens_per_day', 'dollars_per_month', 'tool_calls_per_minute'] as const)
			this.#ceiling('budget', ['budget', key], a.budget[key], b.budget[key]);
		this.#set(
			'compliance',
			['compliance_tags'],
			a.compliance_tags,
			b.compliance_tags,
			'changed',
			'changed',
			'a tag enforces nothing by itself',
		);
		this.#pipeline();
	}

	#pipeline(): void {
		const [a, b] = [this.#a.effective_pipeline, this.#b.effective_pipeline];
		for (const name of Object.keys(b.steps) as StepName[]) this.#step(name);
		this.#allow('pipeline', ['models', 'allow'], a.models.allow, b.models.allow, patternKinds['models.allow']);
		this.#deny('pipeline', ['forbidden_capabilities'], a.forbidden_capabilities, b.forbidden_capabilities);
		const rank = (level: string): number => trustLevels.indexOf(level as never);
		if (a.trust_level !== b.trust_level)
			this.#say(
				'pipeline',
				['trust_level'],
				rank(b.trust_level) < rank(a.trust_level) ? 'stricter' : 'looser',
				a.trust_level,
				b.trust_level,
				'how far the agent may act by itself',
			);
		this.#rules('constraints', a.constraints, b.constraints);
		this.#rules('approvals', a.approvals, b.approvals);
		const origins = new Set([...a.decisions, ...b.decisions].map(({ origin }) => origin));
		for (const origin of [...origins].sort()) {
			const before = a.decisions.find((each) => each.origin === origin);
			const after = b.decisions.find((each) => each.origin === origin);
			if (canonicalJson(before?.modules ?? []) === canonicalJson(after?.modules ?? [])) continue;
			// Decision rules only deny, notify and ask for approval: more of them never allow more.
			const change = before === undefined ? 'stricter' : after === undefined ? 'looser' : 'changed';
			this.#say(
				'pipeline',
				['decisions', origin],
				change,
				before === undefined ? null : origin,
				after === undefined ? null : origin,
				'the decision rules of this origin',
			);
		}
	}

	#step(name: StepName): void {
		const a = this.#a.effective_pipeline.steps[name];
		const b = this.#b.effective_pipeline.steps[name];
		const path = ['steps', name];
		if (a.enabled !== b.enabled) {
			this.#say(
				'pipeline',
				path,
				b.enabled ? 'stricter' : 'looser',
				a.enabled ? a.action : 'off',
				b.enabled ? b.action : 'off',
				b.enabled ? 'the step is now part of every call' : 'the step no longer runs',
			);
			return;
		}
		if (a.enabled && a.action !== b.action)
			this.#say(
				'pipeline',
				path,
				actions.indexOf(b.action) > actions.indexOf(a.action) ? 'stricter' : 'looser',
				a.action,
				b.action,
				'what a finding does to the call',
			);
		for (const [key, parameter] of Object.entries(findStep(name)!.parameters)) {
			const [before, after] = [a.parameters[key], b.parameters[key]];
			const unasked = a.enabled ? impliedParameter(parameter) : undefined;
			const [x, y] = [before ?? unasked, after ?? unasked];
			const loosened = x !== undefined && (y === undefined || isTakenFrom(parameter, x, y));
			const tightened = y !== undefined && (x === undefined || isTakenFrom(parameter, y, x));
			if (!loosened && !tightened) continue;
			const change = loosened && tightened ? 'changed' : loosened ? 'looser' : 'stricter';
			this.#say(
				'pipeline',
				[...path, 'parameters', key],
				change,
				text(before),
				text(after),
				`stricter is: ${parameter.strict}`,
			);
		}
	}

	#rules(
		kind: 'constraints' | 'approvals',
		a: readonly (Constraint | Approval)[],
		b: readonly (Constraint | Approval)[],
	): void {
		for (const id of [...new Set([...a, ...b].map((rule) => rule.id))].sort()) {
			const before = a.find((rule) => rule.id === id);
			const after = b.find((rule) => rule.id === id);
			if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) continue;
			const change = before === undefined ? 'stricter' : after === undefined ? 'looser' : compareRules(before, after);
			this.#say(
				'pipeline',
				[kind, id],
				change,
				before === undefined ? null : canonicalJson(before),
				after === undefined ? null : canonicalJson(after),
				kind === 'constraints' ? 'a rule about arguments' : 'calls that a person must approve',
			);
		}
	}

	#allow(
		aspect: Change['aspect'],
		path: readonly string[],
		a: readonly string[],
		b: readonly string[],
		kind: PatternKind = exact,
	): void {
		for (const entry of a)
			if (!b.some((other) => kind.covers(other, entry)))
				this.#say(aspect, [...path, entry], 'stricter', entry, null, 'no longer allowed');
		for (const entry of b)
			if (!a.some((other) => kind.covers(other, entry)))
				this.#say(aspect, [...path, entry], 'looser', null, entry, 'now allowed');
	}

	#deny(
		aspect: Change['aspect'],
		path: readonly string[],
		a: readonly string[],
		b: readonly string[],
		kind: PatternKind = exact,
	): void {
		for (const entry of a)
			if (!b.some((other) => kind.covers(other, entry)))
				this.#say(aspect, [...path, entry], 'looser', entry, null, 'no longer denied');
		for (const entry of b)
			if (!a.some((other) => kind.covers(other, entry)))
				this.#say(aspect, [...path, entry], 'stricter', null, entry, 'now denied');
	}

	#set(
		aspect: Change['aspect'],
		path: readonly string[],
		a: readonly string[],
		b: readonly string[],
		gone: Change['change'],
		come: Change['change'],
		reason: string,
	): void {
		for (const entry of a) if (!b.includes(entry)) this.#say(aspect, [...path, entry], gone, entry, null, reason);
		for (const entry of b) if (!a.includes(entry)) this.#say(aspect, [...path, entry], come, null, entry, reason);
	}

	#ceiling(aspect: Aspect, path: readonly string[], a: number, b: number): void {
		if (a !== b)
			this.#say(aspect, path, b < a ? 'stricter' : 'looser', String(a), String(b), 'a ceiling; smaller is stricter');
	}

	#workspace(a: string, b: string, paths: PatternKind): void {
		if (a === b) return;
		const change = paths.covers(a, b) ? 'stricter' : paths.covers(b, a) ? 'looser' : 'changed';
		this.#say('filesystem', ['filesystem', 'workspace'], change, a, b, 'where the agent may write');
	}

	// A server without an entry is open, one with an entry is closed: a schema that it does not list is denied.
	#schemas(a: Side['compiled_policy']['tools']['schemas_acl'], b: typeof a): void {
		for (const server of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
			for (const schema of [...new Set([...Object.keys(a[server] ?? {}), ...Object.keys(b[server] ?? {})])].sort()) {
				const [x, y] = [a[server]?.[schema], b[server]?.[schema]];
				if (x === y) continue;
				this.#say(
					'tools',
					['tools', 'schemas_acl', server, schema],
					a[server] === undefined ? 'stricter' : b[server] === undefined ? 'looser' : compareRights(x, y),
					x ?? null,
					y ?? null,
					'the right to a schema; deny > ro > rw',
				);
			}
		}
	}

	#say(
		aspect: Change['aspect'],
		path: readonly string[],
		change: Change['change'],
		before: string | null,
		after: string | null,
		reason: string,
	): void {
		const pointer = jsonPointer(path);
		const trail: BecauseTrail | undefined =
			after === null ? this.#a.because[pointer] : (this.#b.because[pointer] ?? this.#a.because[pointer]);
		const link = trail?.chains[0]?.[0];
		this.changes.push({
			aspect,
			path: pointer,
			change,
			before,
			after,
			reason,
			because: link === undefined ? null : printBecause(link),
		});
	}
}

const exact: PatternKind = {
	canonical: (text) => text,
	covers: (outer, inner) => outer === inner,
	isOpen: () => false,
	intersect: (a, b) => (a === b ? [a] : []),
};
function text(value: unknown): string | null {
	return value === undefined ? null : JSON.stringify(value);
}
// Whether `now` lets through what `before` did not.
function isTakenFrom(parameter: StepParameter, before: ParameterValue, now: ParameterValue): boolean {
	return text(stricterParameter(parameter, before, now)) !== text(stricterParameter(parameter, now, now));
}
// Rules that are about different things are different; of one rule the action, or the people and the minutes, can be compared.
function compareRules(before: Constraint | Approval, after: Constraint | Approval): Change['change'] {
	const [x, y] = [strictnessOf(before), strictnessOf(after)];
	if (x.about !== y.about) return 'changed';
	const steps = x.ranks.map((rank, at) => y.ranks[at]! - rank);
	if (steps.every((step) => step === 0)) return 'changed';
	if (steps.every((step) => step >= 0)) return 'stricter';
	return steps.every((step) => step <= 0) ? 'looser' : 'changed';
}
function strictnessOf(rule: Constraint | Approval): { readonly about: string; readonly ranks: readonly number[] } {
	if ('action' in rule) {
		const { action, message: _, ...about } = rule;
		return { about: canonicalJson(about), ranks: [actions.indexOf(action)] };
	}
	const { approvers, expires_minutes, ...about } = rule;
	return { about: canonicalJson(about), ranks: [approvers, -expires_minutes] };
}
function compareRights(x: SchemaRight = 'deny', y: SchemaRight = 'deny'): Change['change'] {
	if (x === y) return 'changed';
	return rights.indexOf(y) > rights.indexOf(x) ? 'stricter' : 'looser';
}
