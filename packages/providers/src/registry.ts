import type { EnforcementPosition } from '@tappass/core';
import { bubblewrap } from './bubblewrap/index.ts';
import { claudeCode } from './claude-code/index.ts';
import { cline } from './cline/index.ts';
import { codex } from './codex/index.ts';
import { cursor } from './cursor/index.ts';
import { llmGateway } from './llm-gateway/index.ts';
import { mcpBroker } from './mcp-broker/index.ts';
import { monty } from './monty/index.ts';
import { nono } from './nono/index.ts';
import { openshell } from './openshell/index.ts';
import { sandboxExec } from './sandbox-exec/index.ts';
import { sandboxRuntime } from './sandbox-runtime/index.ts';
import type { Target } from './target.ts';

/** Every target, by position; a new one is one line here. */
export const targets: readonly Target[] = [
	llmGateway,
	mcpBroker,
	monty,
	bubblewrap,
	openshell,
	nono,
	sandboxRuntime,
	sandboxExec,
	claudeCode,
	codex,
	cursor,
	cline,
];

/** The target of that name, or undefined. */
export function findTarget(name: string): Target | undefined {
	return targets.find((target) => target.name === name);
}

/** The targets that may fill a position. */
export function targetsAt(position: EnforcementPosition): readonly Target[] {
	return targets.filter((target) => target.position === position);
}
