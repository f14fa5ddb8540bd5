export { type BubblewrapHost, bubblewrapCommand } from './bubblewrap/command.ts';
export { probedPaths } from './bubblewrap/probed-paths.ts';
export type { EgressRules } from './bubblewrap/schema.ts';
export { type Coverage, coverageOf } from './coverage.ts';
export { findTarget, targets, targetsAt } from './registry.ts';
export {
	type ActiveDefence,
	type CheckedGap,
	checkRuntime,
	type InactiveDefence,
	type RuntimeCheck,
} from './runtime-check.ts';
export type { Target } from './target.ts';
export { brokerName, brokerServer, canonicalTool, type NativeTool, splitTools, type ToolSplit } from './tool-names.ts';
