import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson, matchTool, parseToolPattern, type ToolPattern } from '@tappass/core';
import { format } from '@tappass/rego';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from '../author/input.ts';
import { loadLibrary } from '../author/library.ts';
import { type CompileResult, compilePolicy } from '../compile-policy.ts';
import { PolicyMemo } from '../memo.ts';
import { type CompileRequest, isRefused, type PackChoice } from '../request.ts';
import { checkPack, type PackReport } from './check-pack.ts';
import { judgeCall } from './judge.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const policies = filesBelow(join(root, 'policies'), 'policies');
const packs = filesBelow(join(root, 'packs'), 'packs');
const shipped = [...policies, ...packs];
const { library, diagnostics } = loadLibrary(shipped);
const memo = new PolicyMemo();
const ids = [...library.packs.keys()].sort();
const everyPack = (level: PackChoice['level'], order: readonly string[] = ids): readonly PackChoice[] =>
	order.map((id) => ({ id, level }));

describe('the shipped Packs', () => {
	it('are the six that the documentation names, and load without a diagnostic', () => {
		expect(ids).toEqual(['eu-ai-act', 'gdpr', 'hipaa', 'nis2-dora', 'owasp-llm', 'pci-dss']);
		expect(diagnostics).toEqual([]);
	});

	it.each(ids)('%s passes its own check: references, both sides of every rule, tests and cases', (id) => {
		const report = checked(filesOf(id));

		expect(report.diagnostics).toEqual([]);
		expect(report.tests.tests.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
		expect(report.cases.filter(({ passed }) => !passed)).toEqual([]);
		expect(report.passed).toBe(true);
		expect(report.tests.passed).toBeGreaterThanOrEqual(15);
		expect(report.cases.length).toBeGreaterThanOrEqual(40);
	});

	it.each(packs.filter(({ file }) => /\/rules\/[^/]*(?<!_test)\.rego$/.test(file)).map(({ file }) => file))(
		'%s decides something: without its rules a case of the Pack fails',
		(rule) => {
			const [, id] = rule.split('/') as [string, string];
			const emptied = filesOf(id).map((file) =>
				file.file === rule ? { ...file, bytes: encode(`${/^package .+$/m.exec(text(file))![0]}\n`) } : file,
			);

			const report = checked(emptied);

			const reference = `rego:${rule.split('/').slice(2).join('/')}`;
			expect(report.cases.filter((each) => each.rule === reference && !each.passed).length).toBeGreaterThan(0);
		},
	);

	it.each(packs.filter(({ file }) => file.endsWith('.rego')).map((file): [string, string] => [file.file, text(file)]))(
		'%s is formatted',
		(file, source) => {
			expect(format(source, file)).toBe(source);
		},
	);

	it.each(ids)('%s has every clause and every gap in its README, as covered as pack.yaml says', (id) => {
		const readme = text(filesOf(id).find(({ file }) => file.endsWith('/README.md'))!);
		const { clauses, not_covered } = library.packs.get(id)!.document.value;

		for (const { clause, title, covered } of clauses)
			expect(readme).toMatch(
				new RegExp(`^\\| ${escapeRegex(clause)} \\| ${escapeRegex(title)}.*\\| ${covered} \\|`, 'm'),
			);
		for (const { clause, reason } of not_covered) expect(readme).toContain(`| ${clause} | ${reason} |`);
	});

	it.each(ids)('%s tags what it serves, so that evidence can be found by clause', (id) => {
		const { compliance_tags = [], clauses } = library.packs.get(id)!.document.value;

		expect(compliance_tags.length).toBeGreaterThanOrEqual(10);
		expect(new Set(clauses.map(({ clause }) => clause)).size).toBe(clauses.length);
	});

	it('owasp-llm has the ten risks of 2025 in order, and all ten names of 2023 as aliases', () => {
		const { clauses } = library.packs.get('owasp-llm')!.document.value;
		const names = (year: string): readonly string[] =>
			Array.from({ length: 10 }, (_, index) => `LLM${String(index + 1).padStart(2, '0')}:${year}`);
		const aliases = clauses.flatMap((clause) => clause.aliases ?? []).map((alias) => alias.split(' ')[0]!);

		expect(clauses.map(({ clause }) => clause)).toEqual(names('2025'));
		expect([...aliases].sort()).toEqual(names('2023'));
	});

	it('eu-ai-act says something of each of the Articles 9 to 17 and 26', () => {
		const { clauses } = library.packs.get('eu-ai-act')!.document.value;
		const articles = new Set(clauses.map(({ clause }) => Number(/^Art\. (\d+)/.exec(clause)![1])));

		for (const article of [9, 10, 11, 12, 13, 14, 15, 16, 17, 26])
			expect(articles.has(article), `${article}`).toBe(true);
	});
});

describe('the shipped Packs together', () => {
	const floors: readonly (readonly [string, readonly SourceFile[]])[] = [
		['no floor', []],
		['the baseline', [fileNamed('policies/baseline.rego')]],
		['the floor of Acme', [fileNamed('policies/acme-baseline.rego')]],
	];

	it.each([...library.functions.keys()].flatMap((id) => floors.map(([name, org]) => [id, name, org] as const)))(
		'contradict neither function %s nor %s',
		(id, _, org) => {
			for (const level of ['org', 'project', 'agent'] as const)
				compiled({ org, function: id, packs: everyPack(level) });
		},
	);

	it.each([...library.specs.keys()])('contradict no rule of the spec %s below the baseline', (id) => {
		const spec = fileNamed(`policies/sandbox-specs/${id}.yaml`);

		const { compiled_policy } = compiled({
			org: [fileNamed('policies/baseline.rego')],
			spec,
			specFiles: policies,
			packs: everyPack('org'),
		});

		expect(callable(compiled_policy).length).toBeGreaterThan(2);
	});

	it('give the same bytes in any order and however often they are named', () => {
		const request = { org: [fileNamed('policies/baseline.rego')], function: 'customer_support_emailer' };
		// A memo of its own each time: the same bytes must be made, not remembered.
		const made = (order: readonly string[]): string =>
			bytes(compiled({ ...request, packs: everyPack('org', order), memo: new PolicyMemo() }));
		const want = made(ids);
		const orders = [
			[...ids].reverse(),
			[...ids.slice(3), ...ids.slice(0, 3)],
			[...ids].sort((a, b) => (a.at(-1)! < b.at(-1)! ? -1 : 1)),
			[...ids, ...ids],
		];

		for (const order of orders) expect(made(order)).toBe(want);
	});

	it('give the same bytes by their aliases', () => {
		const aliases = ids.map((id) => library.packs.get(id)!.document.value.aliases?.at(-1) ?? id);

		expect(aliases).not.toEqual(ids);
		expect(bytes(compiled({ packs: everyPack('org', aliases) }))).toBe(bytes(compiled({ packs: everyPack('org') })));
	});

	it.each(ids)('lose something when %s is left out', (id) => {
		const all = compiled({ packs: everyPack('org') });
		const others = ids.filter((each) => each !== id);
		const without = compiled({ packs: everyPack('org', others) });

		expect(without.effective_pipeline.packs).toEqual(others);
		expect(all.effective_pipeline.decisions.map(({ origin }) => origin)).toContain(
			`pack:${id}@${library.packs.get(id)!.document.value.version}`,
		);
		const lost = all.compiled_policy.compliance_tags.filter(
			(tag) => !without.compiled_policy.compliance_tags.includes(tag),
		);
		expect(lost.length).toBeGreaterThan(0);
	});

	it.each(ids)('%s only takes away: nothing can be called with it that cannot be without', (id) => {
		const org = [fileNamed('policies/baseline.rego')];
		for (const job of ['customer_support_emailer', 'data_engineer_agent']) {
			const before = compiled({ org, function: job });
			const after = compiled({ org, function: job, packs: [{ id, level: 'org' }] });
			const allowed = callable(before.compiled_policy);

			expect(callable(after.compiled_policy).filter((tool) => !allowed.includes(tool))).toEqual([]);
			expect(after.compiled_policy.network.allow_domains).toEqual(before.compiled_policy.network.allow_domains);
		}
	});

	it('alone allow nothing', () => {
		const { compiled_policy } = compiled({ packs: everyPack('agent') });

		expect(callable(compiled_policy)).toEqual([]);
		expect(compiled_policy.network.allow_domains).toEqual([]);
	});

	// What one Pack refuses in its cases is refused with all of them.
	it.each(ids)('refuse every call that %s refuses', (id) => {
		const open = `package tappass.policy\n\ntools.allow contains "**"\n\nmodels.allow contains "gpt-*"\n`;
		const all = compiled({
			packs: everyPack('org'),
			agent: [{ file: 'open.rego', bytes: encode(open) }],
		});
		const strength = ['allow', 'notify', 'require_approval', 'deny'];
		const cases = library.packs.get(id)!.cases.flatMap(({ value }) => value.cases);
		for (const { name, call, expect: want } of cases) {
			if (call === undefined) continue;
			const { effect } = judgeCall(all, call);
			expect(strength.indexOf(effect), name).toBeGreaterThanOrEqual(strength.indexOf(want));
		}
	});

	it('leave a steward its everyday work', () => {
		const all = compiled({
			org: [fileNamed('policies/acme-baseline.rego')],
			project: [fileNamed('policies/collibra-steward.rego')],
			packs: [{ id: 'eu-ai-act', level: 'project' }],
			function: 'collibra_steward',
		});

		for (const name of ['collibra.create_column', 'collibra.get_asset', 'collibra.update_asset'])
			expect(judgeCall(all, { tool: { name }, args: { schema: 'customers' } }), name).toEqual({
				effect: 'allow',
				messages: [],
			});
	});
});

function filesOf(id: string): readonly SourceFile[] {
	return packs.filter(({ file }) => file.startsWith(`packs/${id}/`));
}

function checked(files: readonly SourceFile[]): PackReport {
	const report = checkPack(files, shipped);
	if (!('schema' in report)) throw new Error(JSON.stringify(report.diagnostics, undefined, 1));
	return report;
}

function compiled(request: Omit<CompileRequest, 'library'>): CompileResult {
	const result = compilePolicy({ library, memo, ...request });
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics, undefined, 1));
	return result;
}

function bytes({ compiled_policy, effective_pipeline, because }: CompileResult): string {
	return canonicalJson(JSON.parse(JSON.stringify({ compiled_policy, effective_pipeline, because })));
}

// Tools of the catalog that may be called: allowed by some pattern and denied by none.
function callable({ tools }: CompileResult['compiled_policy']): readonly string[] {
	const parsed = (patterns: readonly string[]): readonly ToolPattern[] =>
		patterns.flatMap((pattern) => parseToolPattern(pattern).pattern ?? []);
	const [allow, deny] = [parsed(tools.allow), parsed(tools.deny)];
	return library.catalog.names.filter(
		(tool) => allow.some((pattern) => matchTool(pattern, tool)) && !deny.some((pattern) => matchTool(pattern, tool)),
	);
}

function fileNamed(file: string): SourceFile {
	return policies.find((each) => each.file === file)!;
}

function text(file: SourceFile): string {
	return new TextDecoder().decode(file.bytes);
}

function encode(source: string): Uint8Array {
	return new TextEncoder().encode(source);
}

function escapeRegex(part: string): string {
	return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function filesBelow(folder: string, name: string): readonly SourceFile[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent): readonly SourceFile[] => {
		const path = join(folder, entry.name);
		const file = `${name}/${entry.name}`;
		return entry.isDirectory() ? filesBelow(path, file) : [{ file, bytes: readFileSync(path) }];
	});
}
