/** Rego v1: parse, compile, evaluate, and say why. Pure: no I/O, no clock, no randomness but what is handed in. */
export type { Annotation, Location, Module } from './ast/ast.ts';
export type { Builtin, BuiltinContext } from './builtins/builtin.ts';
export { BuiltinError, BuiltinLimitError, BuiltinTypeError } from './builtins/builtin.ts';
export { type BuiltinListing, type Capabilities, capabilities } from './builtins/capabilities.ts';
export { coreBuiltins } from './builtins/registry.ts';
export type { Check, LProgram, LRule, RuleGroup } from './compile/lowered.ts';
export { type Diagnostic, printDiagnostic, RegoError, type RegoErrorCode } from './errors.ts';
export type { Instrument, Look, Operand, ReadOperands } from './eval/instrument.ts';
export { defaultLimits, type Limits } from './eval/limits.ts';
export type { ProvenanceEntry, Reason, Site } from './eval/provenance.ts';
export {
	type Dependencies,
	dependencies,
	type Explanation,
	explain,
	type FailedExpression,
	printExplanation,
	type RuleExplanation,
	type SeenValue,
} from './explain/index.ts';
export { format } from './format/index.ts';
export { parseModule, parseQuery } from './parse/index.ts';
export {
	type Bindings,
	type CompileOptions,
	check,
	compile,
	compileParsed,
	type EvaluateOptions,
	type Evaluation,
	Program,
	type Sources,
} from './program.ts';
export {
	type CaseResult,
	type Coverage,
	type ExpressionCoverage,
	type FileCoverage,
	printTests,
	type RuleCoverage,
	runTests,
	type TestOptions,
	type TestReport,
	type TestResult,
} from './test-runner/index.ts';
export type { FunctionType, NamedType, Type } from './types/type.ts';
export { type JsonValue, parseJson, RegoObject, RegoSet, stringify, toJson, type Value } from './value/index.ts';
