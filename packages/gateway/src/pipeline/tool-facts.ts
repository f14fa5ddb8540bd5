import { TapPassError, type ToolFacts } from '@tappass/core';
import { argsDigest } from '../session/recent.ts';
import type { ToolCall } from './call.ts';
import { bound, type CallState } from './call-state.ts';
import type { Context } from './context.ts';

/** What is known of the tool that is called: by the catalog the policy was compiled with, or by what operators approved since. */
export async function factsOf(state: CallState, context: Context): Promise<ToolFacts | undefined> {
	state.facts ??= await findFacts(state, context, toolCall(state).tool);
	return state.facts;
}

export async function findFacts(state: CallState, { ports }: Context, tool: string): Promise<ToolFacts | undefined> {
	const { policy, rules } = bound(state);
	return rules.facts.get(tool) ?? (await ports.discovery.facts(policy.org_id, tool));
}

/** A tool that nobody knows anything about is taken for the worst there is. */
export function unknownFacts(name: string): ToolFacts {
	return { name, capabilities: [], slots: {}, effect: 'delete' };
}

/** The facts that step 19 found. A later step that finds none must not guess. */
export function knownFacts(state: CallState): ToolFacts {
	if (state.facts === undefined) throw new TapPassError('internal', { detail: 'the tool is not known' });
	return state.facts;
}

export function toolCall({ call }: CallState): ToolCall {
	if (call.kind !== 'tool')
		throw new TapPassError('internal', { detail: 'a step for tools looked at a call of a model' });
	return call;
}

/** SHA-256 of the canonical arguments, reckoned once. */
export function argsOf(state: CallState): string {
	state.args_sha256 ??= argsDigest(toolCall(state).args);
	return state.args_sha256;
}
