/**
 * Checks beyond what compiling needs, as passes over the lowered program: types, imports, keywords, deprecated builtins,
 * annotations, and in strict mode what is never used. Each is a function of the program; none stops the others.
 */
import type { Check, LProgram, LQuery } from '../compile/lowered.ts';
import type { Diagnostic } from '../errors.ts';
import { checkAnnotations } from './annotations.ts';
import { checkDeprecated } from './deprecated.ts';
import { checkDuplicateImports, checkUnusedImports } from './imports.ts';
import { checkKeywordOverrides } from './keywords.ts';
import { checkQueryTypes, checkTypes } from './type-checker.ts';
import { checkUnusedArguments, checkUnusedAssignments } from './unused.ts';

/** What is checked beyond the rules of the language. */
export interface CheckOptions {
	/**
	 * OPA's `--strict`: refuse unused imports, assigned variables and function arguments. Also checks types inside
	 * `every` and `not { … }`, where OPA looks at references only.
	 */
	readonly strict?: boolean;
}

/** The passes to hand to `compileModules`, in OPA's order. */
export function standardChecks(options: CheckOptions = {}): readonly Check[] {
	const strict = options.strict === true;
	return [
		checkKeywordOverrides,
		checkDuplicateImports,
		checkAnnotations,
		...(strict ? [checkUnusedImports, checkUnusedArguments, checkUnusedAssignments] : []),
		(program) => checkTypes(program, { closures: strict }),
		checkDeprecated,
	];
}

/** Checks a query against a program that has no errors. */
export function checkQuery(query: LQuery, program: LProgram, options: CheckOptions = {}): readonly Diagnostic[] {
	return checkQueryTypes(query, program, { closures: options.strict === true });
}
