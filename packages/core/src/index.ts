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
export { jsonPointer, parseBytesWith, parseWith, schemaDiagnostics } from './schema/parse.ts';
