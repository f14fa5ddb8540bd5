import { type Diagnostic, steps } from '@tappass/core';
import type { Place, SourceFile } from '../author/input.ts';
import { type AuthoredPack, type Library, loadLibrary } from '../author/library.ts';
import { nameHint } from '../author/nearest.ts';
import type { Authored } from '../author/read-document.ts';
import type { PackCase, PackCasesDocument, PackClause } from '../author/types.ts';
import { type TestReport, testPolicies } from '../commands/test-policies.ts';
import { type CompileResult, compilePolicy } from '../compile-policy.ts';
import { isError, isRefused, sortDiagnostics } from '../request.ts';
import { judgeCall } from './judge.ts';

/** One case of the suite and what came of it. */
export interface CaseResult {
	readonly name: string;
	readonly rule: string;
	readonly file: string;
	readonly row: number;
	readonly expected: PackCase['expect'];
	readonly found: PackCase['expect'] | 'error';
	readonly passed: boolean;
	readonly messages: readonly string[];
}
export interface PackReport {
	readonly schema: 'tappass.pack.check/1';
	readonly pack: string;
	readonly version: string;
	readonly passed: boolean;
	readonly tests: TestReport;
	readonly cases: readonly CaseResult[];
	/** How far the regulation is covered, by clause. */
	readonly coverage: {
		readonly full: number;
		readonly partial: number;
		readonly none: number;
		readonly not_covered: number;
	};
	readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks a Pack folder whole: shape, references, that every clause leads to rules that exist, that every rule has an allowed
 * and a denied case, that its cases and Rego tests pass, and that it can be applied. `passed` is false on any error.
 * @param files every file of the folder, `pack.yaml` among them
 * @param shipped the shipped `policies/` and `packs/`; a Pack of the same folder name there is left out
 */
export function checkPack(
	files: readonly SourceFile[],
	shipped: readonly SourceFile[],
): PackReport | { readonly diagnostics: readonly Diagnostic[] } {
	const head = files.find(({ file }) => /(?:^|\/)pack\.ya?ml$/.test(file));
	if (head === undefined)
		return {
			diagnostics: [
				{
					code: 'not_found',
					message: 'the folder has no pack.yaml',
					hint: 'a Pack is a folder with pack.yaml, rules/, cases/ and README.md',
				},
			],
		};
	const own = new Set(files.map(({ file }) => file));
	const folder = head.file.includes('/') ? head.file.slice(0, head.file.lastIndexOf('/')) : '';
	const name = folder.slice(folder.lastIndexOf('/') + 1);
	const others = shipped.filter(
		({ file }) => !own.has(file) && !new RegExp(`(?:^|/)packs/${escapeRegex(name)}/`).test(file),
	);
	const { library, diagnostics: all } = loadLibrary([...files, ...others]);
	const diagnostics = all.filter(({ file }) => file === undefined || own.has(file));
	const pack = [...library.packs.values()].find(({ document }) => document.file === head.file);
	if (pack === undefined) return { diagnostics: sortDiagnostics(diagnostics) };
	diagnostics.push(...checkShape(pack, name), ...checkClauses(pack, library));
	const tests = testPolicies(files);
	diagnostics.push(...tests.diagnostics);
	const applied = applyAlone(pack, library, []);
	if (isRefused(applied)) diagnostics.push(...applied.diagnostics);
	const cases = isRefused(applied) ? [] : pack.cases.flatMap((suite) => runCases(suite, pack, library, applied));
	diagnostics.push(...checkBothSides(pack, library));
	const sorted = sortDiagnostics(diagnostics);
	const { id, version, clauses, not_covered } = pack.document.value;
	const count = (covered: PackClause['covered']): number =>
		clauses.filter((clause) => clause.covered === covered).length;
	return {
		schema: 'tappass.pack.check/1',
		pack: id,
		version,
		passed: !sorted.some(isError) && tests.failed === 0 && cases.every(({ passed }) => passed),
		tests,
		cases,
		coverage: { full: count('full'), partial: count('partial'), none: count('none'), not_covered: not_covered.length },
		diagnostics: sorted,
	};
}

function escapeRegex(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function checkShape(pack: AuthoredPack, folder: string): readonly Diagnostic[] {
	const { value, at } = pack.document;
	const found: Diagnostic[] = [];
	const say = (place: Place, message: string, hint: string): void => {
		found.push({ code: 'policy_invalid', ...place, message, hint });
	};
	if (folder !== '' && folder !== value.id)
		say(at(['id']), `the id is ${value.id}, the folder is named ${folder}`, `name the folder ${value.id}`);
	if (!pack.others.includes('README.md'))
		say(
			at([]),
			'the Pack has no README.md',
			'say which clause leads to which rule and evidence, and what is not covered',
		);
	for (const rule of pack.rules) {
		const tested = pack.tests.some(({ file }) => file === rule.file.replace(/\.rego$/, '_test.rego'));
		if (!tested)
			say(
				{ file: rule.file, row: 1, col: 1 },
				'the rule file has no test beside it',
				`write ${rule.file.replace(/\.rego$/, '_test.rego')}`,
			);
		const path = relative(pack, rule.file);
		if (!value.clauses.some(({ rules }) => rules.includes(`rego:${path}`)))
			say(
				{ file: rule.file, row: 1, col: 1 },
				'no clause names this rule file',
				`add rego:${path} to the rules of a clause`,
			);
	}
	return found;
}

function relative(pack: AuthoredPack, file: string): string {
	return pack.folder === '.' ? file : file.slice(pack.folder.length + 1);
}

// What the Pack brings into force, by the names that clauses and cases use.
function rulesOf(pack: AuthoredPack, library: Library): ReadonlySet<string> {
	const { id, bundles, forbidden_capabilities = [], compliance_tags = [] } = pack.document.value;
	const found = new Set<string>();
	const add = (kind: string, names: Iterable<string>): void => {
		for (const name of names) found.add(`${kind}:${name}`);
	};
	const requirements = (prefix: string, rules: typeof bundles): void => {
		add('step', Object.keys(rules.steps ?? {}));
		add(
			'constraint',
			(rules.constraints ?? []).map((rule) => `${prefix}.${rule.id}`),
		);
		add(
			'approval',
			(rules.approvals ?? []).map((rule) => `${prefix}.${rule.id}`),
		);
	};
	requirements(id, bundles);
	add('category', bundles.categories ?? []);
	add('forbidden', forbidden_capabilities);
	add('tag', compliance_tags);
	add(
		'rego',
		pack.rules.map(({ file }) => relative(pack, file)),
	);
	const concerns = new Set([
		...(bundles.concerns ?? []),
		...(bundles.categories ?? []).flatMap((category) => library.categories.get(category)?.value.concerns ?? []),
	]);
	for (const concern of concerns) {
		const rules = library.concerns.get(concern)?.value;
		if (rules === undefined) continue;
		add('concern', [concern]);
		requirements(concern, rules);
		add('forbidden', rules.forbidden_capabilities ?? []);
		add('tag', rules.compliance_tags ?? []);
	}
	return found;
}

function checkClauses(pack: AuthoredPack, library: Library): readonly Diagnostic[] {
	const { value, at } = pack.document;
	const known = rulesOf(pack, library);
	// Steps that run on every call serve clauses without being enabled by anyone.
	const always = (rule: string): boolean => rule.startsWith('step:') && alwaysSteps.has(rule.slice(5));
	return value.clauses.flatMap((clause, position) => {
		const found: Diagnostic[] = [];
		const say = (path: readonly PropertyKey[], message: string, hint?: string): void => {
			found.push({
				code: 'policy_invalid',
				...at(['clauses', position, ...path]),
				message,
				...(hint === undefined ? {} : { hint }),
			});
		};
		for (const [index, rule] of clause.rules.entries())
			if (!known.has(rule) && !always(rule)) say(['rules', index], `the Pack brings no ${rule}`, nameHint(rule, known));
		if (clause.covered !== 'none' && clause.rules.length === 0)
			say(
				['covered'],
				`${clause.clause} is ${clause.covered} but names no rule`,
				'name the rules, or write covered: none',
			);
		if (clause.covered !== 'none' && clause.evidence.length === 0)
			say(['evidence'], `${clause.clause} names no evidence`, 'say what an auditor can look at');
		if (clause.covered !== 'full' && clause.note === undefined)
			say(['covered'], `${clause.clause} is ${clause.covered} without a note`, 'say in note what is left to people');
		return found;
	});
}

// A rule that is only ever seen to allow (or to deny) is not shown to decide anything.
function checkBothSides(pack: AuthoredPack, library: Library): readonly Diagnostic[] {
	const { value, at } = pack.document;
	const known = rulesOf(pack, library);
	const cases = pack.cases.flatMap((suite) => suite.value.cases.map((example, index) => ({ example, suite, index })));
	const unknown = cases
		.filter(({ example }) => !known.has(example.rule))
		.map(({ example, suite, index }): Diagnostic => {
			const hint = nameHint(example.rule, known);
			return {
				code: 'policy_invalid',
				...suite.at(['cases', index, 'rule']),
				message: `the Pack brings no ${example.rule}`,
				...(hint === undefined ? {} : { hint }),
			};
		});
	const judged = /^(?:rego|constraint|approval|forbidden|step):/;
	const named = new Set(
		value.clauses.flatMap(({ rules }) => rules).filter((rule) => judged.test(rule) && known.has(rule)),
	);
	const missing = [...named].sort().flatMap((rule): readonly Diagnostic[] => {
		const own = cases.filter(({ example }) => example.rule === rule);
		const sides = {
			allowed: own.some(({ example }) => example.expect === 'allow'),
			denied: own.some(({ example }) => example.expect !== 'allow'),
		};
		return (['allowed', 'denied'] as const)
			.filter((side) => !sides[side])
			.map((side) => ({
				code: 'policy_invalid',
				...at(['clauses']),
				message: `${rule} has no ${side} case`,
				hint: 'add one to cases/*.yaml',
			}));
	});
	return [...unknown, ...missing];
}

function runCases(
	suite: Authored<PackCasesDocument>,
	pack: AuthoredPack,
	library: Library,
	applied: CompileResult,
): readonly CaseResult[] {
	return suite.value.cases.map((example, index) => {
		const place = suite.at(['cases', index]);
		const { found, messages } = runCase(example, pack, library, applied);
		const said = example.message === undefined || messages.some((message) => message.includes(example.message!));
		return {
			name: example.name,
			rule: example.rule,
			file: place.file,
			row: place.row,
			expected: example.expect,
			found,
			passed: found === example.expect && said,
			messages,
		};
	});
}

function runCase(
	example: PackCase,
	pack: AuthoredPack,
	library: Library,
	applied: CompileResult,
): { readonly found: CaseResult['found']; readonly messages: readonly string[] } {
	if (example.call !== undefined) {
		const { effect, messages } = judgeCall(applied, example.call);
		return { found: effect, messages };
	}
	const result = applyAlone(pack, library, [
		{ file: 'case.rego', bytes: new TextEncoder().encode(example.policy ?? '') },
	]);
	if (!isRefused(result)) return { found: 'allow', messages: [] };
	const errors = result.diagnostics.filter(isError);
	const contradicts = errors.every(({ code }) => code === 'policy_contradiction');
	return { found: contradicts ? 'deny' : 'error', messages: errors.map(({ message }) => message) };
}

// The Pack on the org level over an agent to which everything else is open: what is denied then, the Pack denies.
function applyAlone(
	pack: AuthoredPack,
	library: Library,
	agent: readonly SourceFile[],
): ReturnType<typeof compilePolicy> {
	const open = agent.length > 0 ? agent : [{ file: 'open.rego', bytes: new TextEncoder().encode(openAgent) }];
	return compilePolicy({ library, packs: [{ id: pack.document.value.id, level: 'org' }], agent: open });
}

const openAgent = `package tappass.policy

tools.allow contains "**"

models.allow contains name if some name in ["claude-*", "gpt-*"]
`;

const alwaysSteps: ReadonlySet<string> = new Set(steps.filter(({ runs }) => runs === 'always').map(({ name }) => name));
