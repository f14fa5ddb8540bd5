export { findTarget, targets, targetsAt } from './registry.ts';
export type { Target } from './target.ts';
export { brokerName, brokerServer, canonicalTool, type NativeTool, splitTools, type ToolSplit } from './tool-names.ts';
