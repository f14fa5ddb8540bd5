import { type BecauseTrail, type Diagnostic, parseJson } from '@tappass/core';
import { decodeText } from '../author/input.ts';
import { type CompileResult, compilePolicy } from '../compile-policy.ts';
import { diff, type PolicyDiff } from '../preview/diff.ts';
import { explain } from '../preview/explain.ts';
import { type CompileRequest, isRefused, type PolicyFile, type Refused } from '../request.ts';

/** What `tappass policy compile --json` prints: no identity, so the same bytes offline, in eval and in production. */
export interface CompileOutput extends Pick<CompileResult, 'compiled_policy' | 'effective_pipeline' | 'because'> {
	readonly schema: 'tappass.policy.compile/1';
}
export interface ExplainOutput {
	readonly schema: 'tappass.policy.explain/1';
	readonly trails: readonly BecauseTrail[];
}
export interface DiffOutput extends PolicyDiff {
	readonly schema: 'tappass.policy.diff/1';
}

/** The printed form of a compile. Warnings are not in it: they go to stderr. */
export function compileOutput(result: CompileResult): CompileOutput {
	const { compiled_policy, effective_pipeline, because } = result;
	return { schema: 'tappass.policy.compile/1', compiled_policy, effective_pipeline, because };
}

/** `tappass policy explain <pointer>`: the trails behind a value of the request's policy. */
export function explainPolicy(request: CompileRequest, pointer: string): ExplainOutput | Refused {
	const result = compilePolicy(request);
	if (isRefused(result)) return result;
	const trails = explain(result, pointer);
	return isRefused(trails) ? trails : { schema: 'tappass.policy.explain/1', trails: trails as readonly BecauseTrail[] };
}

/**
 * `tappass policy diff A B`: what got stricter and what looser from A to B. Each side is the printed output of a compile
 * (`.json`), or a Rego file that is compiled in place of the org level of `base`.
 */
export function diffPolicies(a: PolicyFile, b: PolicyFile, base: CompileRequest): DiffOutput | Refused {
	const [before, after] = [sideOf(a, base), sideOf(b, base)];
	const diagnostics = [before, after].flatMap((side) => (isRefused(side) ? side.diagnostics : []));
	if (isRefused(before) || isRefused(after)) return { diagnostics };
	return { schema: 'tappass.policy.diff/1', ...diff(before, after) };
}

type Side = Pick<CompileResult, 'compiled_policy' | 'effective_pipeline' | 'because'>;

function sideOf(file: PolicyFile, base: CompileRequest): Side | Refused {
	if (!file.file.endsWith('.json')) return compilePolicy({ ...base, org: [file] });
	const decoded = decodeText(file);
	if ('diagnostic' in decoded) return { diagnostics: [decoded.diagnostic] };
	const document = parseJson(file.bytes) as unknown as Partial<CompileOutput>;
	if (document.schema === 'tappass.policy.compile/1') return document as CompileOutput;
	const diagnostic: Diagnostic = {
		code: 'schema_invalid',
		file: file.file,
		row: 1,
		col: 1,
		message: 'expected the output of tappass policy compile --json',
		hint: 'compile it first, or give the Rego file',
	};
	return { diagnostics: [diagnostic] };
}
