/**
 * How fast policies are decided and compiled, what provenance costs, how the package compares with Cedar, and how big
 * it is. Input is parsed before the clock starts and provenance is on, as in a gateway.
 */
import { compile, type EvaluateOptions, type Program } from '@tappass/rego';
import { measure, type Sample } from './measure.js';
import { cedarFigures } from './rego/cedar.js';
import { packageSize } from './rego/package-size.js';
import {
	argumentConstraint,
	type Case,
	domains,
	domainsBySuffix,
	manyRows,
	manyRules,
	policyOfLines,
	rbac,
	reasons,
} from './rego/policies.js';

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const thousand = time(manyRules(1_000));
	const ten = time(manyRules(10));
	const policies = {
		rbac: time(rbac),
		domains: time(domains),
		domains_by_suffix: time(domainsBySuffix),
		deny_with_reasons: time(reasons),
		rules_1000: thousand,
		rows_1000: time(manyRows(1_000)),
		arguments_2kb: time(argumentConstraint(2_048)),
		arguments_64kb: time(argumentConstraint(65_536), 2_000),
	};
	return {
		policies,
		rules_10: ten,
		rules_1000_to_10_ratio: round(thousand.p50_us / ten.p50_us),
		compile_5000_lines_ms: compileTime(),
		provenance_cost_percent: {
			rbac: provenanceCost(rbac),
			domains: provenanceCost(domains),
			deny_with_reasons: provenanceCost(reasons),
			rules_1000: provenanceCost(manyRules(1_000)),
			arguments_2kb: provenanceCost(argumentConstraint(2_048)),
		},
		cedar: await cedarFigures(),
		package: await packageSize(),
	};
}

/** Times one evaluation at a time, inputs in turn, after every answer was checked. */
function time(item: Case, ms = 1_500): Sample {
	const program = compile({ 'policy.rego': item.source });
	checkAnswers(item, program);
	const options = item.inputs.map((input): EvaluateOptions => ({ input, data: item.data, provenance: true }));
	let i = 0;
	return measure(() => {
		program.evaluate(item.path, options[i]!);
		i = i + 1 === options.length ? 0 : i + 1;
	}, ms);
}

function checkAnswers(item: Case, program: Program): void {
	for (const [i, input] of item.inputs.entries()) {
		const { result } = program.evaluate(item.path, { input, data: item.data, provenance: true });
		const answer = item.answers[i];
		const right = typeof answer === 'function' ? answer(result) : JSON.stringify(result) === JSON.stringify(answer);
		if (!right) throw new Error(`${item.path}: input ${i} gives ${JSON.stringify(result)}`);
	}
}

function compileTime(): { readonly lines: number; readonly p50: number; readonly first: number } {
	const sources = policyOfLines(5_000);
	const times: number[] = [];
	for (let i = 0; i < 9; i++) {
		const start = performance.now();
		compile(sources);
		times.push(performance.now() - start);
	}
	const lines = Object.values(sources).reduce((sum, text) => sum + text.split('\n').length - 1, 0);
	const [first] = times;
	return { lines, first: round(first!), p50: round(median(times)) };
}

/**
 * Percent that recording provenance adds: short batches with and without it in turn, so that both see the same machine,
 * and the median of the pairs.
 */
function provenanceCost(item: Case): number {
	const program = compile({ 'policy.rego': item.source });
	const batch = (provenance: boolean): number => {
		const start = performance.now();
		for (let round = 0; round < 5; round++) {
			for (const input of item.inputs) program.evaluate(item.path, { input, data: item.data, provenance });
		}
		return performance.now() - start;
	};
	for (let i = 0; i < 100; i++) {
		batch(true);
		batch(false);
	}
	const ratios: number[] = [];
	for (let i = 0; i < 400; i++) {
		// Which of the two goes first alternates too.
		const [a, b] = i % 2 === 0 ? [batch(true), batch(false)] : [batch(false), batch(true)].reverse();
		ratios.push(a! / b!);
	}
	return round((median(ratios) - 1) * 100);
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
