export { type Because, type BecauseTrail, printBecause, printTrail } from './because/because.ts';
export { canonicalBytes, canonicalJson, sha256Hex } from './canonical-json/canonical.ts';
export { type Json, type ParseOptions, parseJson } from './canonical-json/parse.ts';
export {
	type Aspect,
	allowDomainSchema,
	aspects,
	type BudgetAspect,
	budgetSchema,
	type CompiledPolicy,
	compiledPolicySchema,
	complianceTagSchema,
	emptyCompiledPolicy,
	type FilesystemAspect,
	filesystemSchema,
	type InterpreterAspect,
	interpreterSchema,
	type NetworkAspect,
	nameSchema,
	networkSchema,
	pathSchema,
	type SchemaRight,
	schemaRightSchema,
	type ToolsAspect,
	toolPatternSchema,
	toolsSchema,
} from './compiled-policy/compiled-policy.ts';
export { compiledPolicyJsonSchema } from './compiled-policy/json-schema.ts';
export {
	type Approval,
	approvalSchema,
	type Constraint,
	type ConstraintSubject,
	type ConstraintTarget,
	type ConstraintTest,
	constraintSchema,
	constraintTestSchema,
	type DecisionProgram,
	type EffectivePipeline,
	type EffectiveStep,
	type ModelRules,
	type ToolFacts,
} from './enforcement/enforcement.ts';
export { argumentsAt, mayPass, type RegexSearch, testArgument } from './enforcement/test-argument.ts';
export { type Diagnostic, type ErrorOptionsWithDetail, TapPassError } from './errors/error.ts';
export { exitCode, type Problem, printDiagnostic, toProblem } from './errors/problem.ts';
export { type ErrorCode, type ErrorRow, errorTable } from './errors/table.ts';
export {
	type AgentName,
	agentNameSchema,
	type Identity,
	identitySchema,
	type Level,
	levels,
	type OrgId,
	orgIdSchema,
	type ProjectName,
	projectNameSchema,
	type Role,
	type RuntimeId,
	roles,
	runtimeIdSchema,
	type SandboxId,
	sandboxIdSchema,
	type TeamId,
	type TrustLevel,
	teamIdSchema,
	trustLevels,
} from './identity/identity.ts';
export { limits } from './limits.ts';
export {
	coversDomain,
	type DomainPattern,
	domainText,
	intersectDomains,
	isIpAddress,
	matchDomain,
	normalizeHost,
	type ParsedDomainPattern,
	parseDomainPattern,
} from './match/domain.ts';
export {
	coversPath,
	intersectPaths,
	type ParsedPathPattern,
	type PathPattern,
	parsePathPattern,
	pathText,
	resolveHome,
} from './match/path.ts';
export {
	coversTool,
	intersectTools,
	isToolName,
	matchTool,
	type ParsedToolPattern,
	parseToolPattern,
	type ToolPattern,
	toolText,
} from './match/tool.ts';
export { fromWireName, toWireName } from './match/tool-names.ts';
export {
	type AcceptedGap,
	type CrossCuttingLayer,
	crossCuttingLayers,
	type EnforcementPosition,
	type Gap,
	type PathKind,
	type Provider,
	type RenderCapabilities,
	type Rendered,
	type RenderedFile,
	type Ring,
	type Runtime,
	renderCapabilitiesSchema,
	rings,
	runtimeSchema,
} from './runtime/runtime.ts';
export { nearest } from './schema/nearest.ts';
export { jsonPointer, parseBytesWith, parseWith, schemaDiagnostics } from './schema/parse.ts';
export { type DecisionField, type DecisionPhase, decisionFields } from './steps/decision-input.ts';
export { impliedParameter, isLooserParameter, type StepParameter, stricterParameter } from './steps/parameter.ts';
export {
	type Action,
	actions,
	type CallKind,
	findStep,
	type ParameterValue,
	type Phase,
	piiClasses,
	type StepDefinition,
	type StepName,
	stepParametersSchema,
	steps,
} from './steps/steps.ts';
export { instant, instantMs, parseDuration, parseInstant, parseSize } from './units/units.ts';
export { decideVerdict, type Finding, stricterAction, type Verdict } from './verdict/verdict.ts';
