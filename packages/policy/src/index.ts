export { codePoints, type Place, printPlace, type SourceFile } from './author/input.ts';
export {
	type AuthoredConcern,
	type AuthoredPack,
	emptyLibrary,
	type Library,
	loadLibrary,
	type RegoSource,
} from './author/library.ts';
export { nameHint, nearestName } from './author/nearest.ts';
export { type Authored, isAuthored, readDocument } from './author/read-document.ts';
export { documentSchemas } from './author/schemas.ts';
export type {
	AuthoredDocument,
	CapabilityDocument,
	CatalogDocument,
	CatalogTool,
	CategoryDocument,
	ConcernDocument,
	Coverage,
	DomainCategoryDocument,
	FunctionDocument,
	OverlayDocument,
	OverlayRules,
	PackCase,
	PackCasesDocument,
	PackClause,
	PackDocument,
	Requirements,
	SandboxSpecDocument,
	StepRule,
	StepRules,
	TenantTool,
	TenantToolsDocument,
	ToolEffect,
	ToolTightening,
} from './author/types.ts';
export { type Catalog, type CatalogEntry, toolAliases } from './catalog/catalog.ts';
export { catalogWith } from './catalog/catalog-with.ts';
export {
	type CatalogList,
	type CatalogReport,
	checkCatalog,
	listCatalog,
	showTool,
	type ToolView,
} from './catalog/list-catalog.ts';
export { type CheckReport, checkPolicies } from './commands/check-policies.ts';
export { type FormatReport, formatPolicies } from './commands/format-policies.ts';
export {
	type CompileOutput,
	compileOutput,
	type DiffOutput,
	diffPolicies,
	type ExplainOutput,
	explainPolicy,
} from './commands/policy-commands.ts';
export { type RegoTest, type TestCoverage, type TestReport, testPolicies } from './commands/test-policies.ts';
export { type CompileResult, compilePolicy, type Narrowed, policyKey, specReferences } from './compile-policy.ts';
export { policyLimits } from './limits.ts';
export { PolicyMemo } from './memo.ts';
export { type CaseResult, checkPack, type PackReport } from './pack/check-pack.ts';
export { type Judgement, judgeCall } from './pack/judge.ts';
export { listPacks, type PackList, type PackSummary, type PackView, showPack } from './pack/list-packs.ts';
export { type Change, diff, type PolicyDiff } from './preview/diff.ts';
export { explain, printExplained } from './preview/explain.ts';
export { type Preview, type PreviewSection, preview } from './preview/preview.ts';
export { printDiff } from './preview/print-diff.ts';
export {
	type CompileRequest,
	isError,
	isRefused,
	type PackChoice,
	type PolicyFile,
	parsePackChoice,
	printMoment,
	type Refused,
	sortDiagnostics,
} from './request.ts';
