import type { Diagnostic } from '@tappass/core';
import { compileParsed, type Module, parseModule, RegoError } from '@tappass/rego';
import { baseName, decodeText, type SourceFile } from '../author/input.ts';
import type { RegoSource } from '../author/library.ts';
import { policyLimits } from '../limits.ts';
import { unsteadyBuiltins } from '../rego/contract.ts';
import { fromRego } from '../rego/diagnostics.ts';

/** One `test_` rule and what came of it. */
export interface RegoTest {
	/** `data.tappass.policy_test.test_denies_mail`. */
	readonly name: string;
	readonly file: string;
	readonly row: number;
	/** `todo`: the rule is named `todo_test_…` and did not run. */
	readonly outcome: 'pass' | 'fail' | 'error' | 'todo';
	readonly message?: string;
}
export interface TestReport {
	readonly schema: 'tappass.policy.test/1';
	readonly passed: number;
	readonly failed: number;
	readonly tests: readonly RegoTest[];
	/** Files that do not parse or compile; their tests did not run. */
	readonly diagnostics: readonly Diagnostic[];
}

/**
 * Runs the `test_` rules of all `*_test.rego` files. Each test file runs with the policy beside it (`a_test.rego` with
 * `a.rego`), since two policies in one folder are two programs; in a Pack's `rules/`, and where no file of that name is, with
 * every policy of its folder. No tests at all is a failure to be told by the caller: `tests` is empty.
 */
export function testPolicies(files: readonly SourceFile[]): TestReport {
	const diagnostics: Diagnostic[] = [];
	const sources = files
		.filter(({ file }) => file.endsWith('.rego'))
		.flatMap((file): readonly RegoSource[] => {
			const decoded = decodeText(file);
			if ('text' in decoded) return [{ file: file.file, source: decoded.text }];
			diagnostics.push(decoded.diagnostic);
			return [];
		})
		.sort((a, b) => (a.file < b.file ? -1 : 1));
	const tests = sources
		.filter(({ file }) => file.endsWith('_test.rego'))
		.flatMap((test) => runFile(test, subjectsOf(test, sources), diagnostics));
	const failed = tests.filter(({ outcome }) => outcome === 'fail' || outcome === 'error').length;
	const passed = tests.filter(({ outcome }) => outcome === 'pass').length;
	return { schema: 'tappass.policy.test/1', passed, failed, tests, diagnostics };
}

/** The policies that a test file runs with. */
export function subjectsOf<T extends { readonly file: string }>(test: T, sources: readonly T[]): readonly T[] {
	const folder = folderOf(test.file);
	const policies = sources.filter(({ file }) => folderOf(file) === folder && !file.endsWith('_test.rego'));
	const inPack = folder === 'rules' || folder.endsWith('/rules');
	const beside = policies.filter(({ file }) => baseName(file) === baseName(test.file).replace(/_test\.rego$/, '.rego'));
	return inPack || beside.length === 0 ? policies : beside;
}

function folderOf(file: string): string {
	return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}

function runFile(test: RegoSource, subjects: readonly RegoSource[], diagnostics: Diagnostic[]): readonly RegoTest[] {
	try {
		const modules = [...subjects, test].map(({ file, source }) => parseModule(source, file));
		const program = compileParsed(modules, { unsafeBuiltins: unsteadyBuiltins });
		const module = modules.at(-1)!;
		return testRules(module).map(({ path, row, name }) => {
			const base = { name: path, file: test.file, row };
			if (name.startsWith('todo_')) return { ...base, outcome: 'todo' as const };
			try {
				const { result } = program.evaluate(path, { limits: { stepsMax: policyLimits.regoStepsMax }, nowNs: 0n });
				return { ...base, outcome: result === true ? ('pass' as const) : ('fail' as const) };
			} catch (error) {
				if (!(error instanceof RegoError)) throw error;
				return { ...base, outcome: 'error' as const, message: error.message };
			}
		});
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		diagnostics.push(...error.diagnostics.map(fromRego));
		return [];
	}
}

function testRules(module: Module): readonly { readonly path: string; readonly name: string; readonly row: number }[] {
	const found = new Map<string, { readonly path: string; readonly name: string; readonly row: number }>();
	const prefix = module.package.path.terms.slice(1).map((term) => (term.kind === 'string' ? term.value : '_'));
	for (const rule of module.rules) {
		const [head] = rule.head.ref;
		const name = head?.kind === 'var' ? head.name : '';
		if (!/^(?:todo_)?test_/.test(name) || found.has(name)) continue;
		found.set(name, { path: ['data', ...prefix, name].join('.'), name, row: rule.loc.row });
	}
	return [...found.values()];
}
